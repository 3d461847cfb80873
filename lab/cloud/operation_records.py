"""Long-running operations as messages: opened, succeeded, failed, each with Composer's metadata.

Names have the shape ``projects/P/locations/L/operations/UUID``:
https://github.com/hashicorp/terraform-provider-google/issues/7638 (read 2026-11-22).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.cloud.orchestration.airflow.service_v1.types import Environment, OperationMetadata
from google.longrunning import operations_pb2  # type: ignore[import-untyped] # ships stubs without a py.typed marker

from lab.cloud.names import parse_environment_name

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from google.protobuf.message import Message

    from lab.cloud.errors import ApiError


def opened(environment: Environment, *, kind: int, uuid: UUID, now: datetime) -> operations_pb2.Operation:
    """Open an operation on an environment.

    :param environment: the environment, with its UUID.
    :param kind: what is being done to it, one of ``OperationMetadata.Type``.
    :param uuid: the operation's identity.
    :param now: when it was asked for.
    """
    metadata = OperationMetadata(
        state=OperationMetadata.State.RUNNING,
        operation_type=kind,
        resource=environment.name,
        resource_uuid=environment.uuid,
        create_time=now,
    )
    parent = parse_environment_name(environment.name).parent
    operation = operations_pb2.Operation(name=f"{parent}/operations/{uuid}")
    operation.metadata.Pack(OperationMetadata.pb(metadata))
    return operation


def succeeded(operation: operations_pb2.Operation, *, response: Message, now: datetime) -> operations_pb2.Operation:
    """Return the operation as done, with its response."""
    done = _ended(operation, OperationMetadata.State.SUCCESSFUL, now)
    done.response.Pack(response)
    return done


def failed(operation: operations_pb2.Operation, *, error: ApiError, now: datetime) -> operations_pb2.Operation:
    """Return the operation as done, with its error."""
    done = _ended(operation, OperationMetadata.State.FAILED, now)
    done.error.code = error.code
    done.error.message = error.message
    return done


def _ended(operation: operations_pb2.Operation, state: int, now: datetime) -> operations_pb2.Operation:
    done = operations_pb2.Operation()
    done.CopyFrom(operation)
    done.done = True
    metadata = OperationMetadata.deserialize(operation.metadata.value)
    metadata.state = state
    metadata.end_time = now
    done.metadata.Pack(OperationMetadata.pb(metadata))
    return done
