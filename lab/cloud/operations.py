"""The emulated ``google.longrunning.Operations`` of Composer: get, list, delete, and the operations themselves.

Composer's API has no cancel and no wait, so both answer UNIMPLEMENTED
[source: composer-operation-methods, long-running-operations].
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import grpc
from google.cloud.orchestration.airflow.service_v1.types import Environment, OperationMetadata
from google.longrunning import operations_pb2  # type: ignore[import-untyped] # ships stubs without a py.typed marker
from google.protobuf.empty_pb2 import Empty

from lab.cloud.dispatch import Method, Service
from lab.cloud.errors import ApiError, FailedPreconditionError
from lab.cloud.names import EnvironmentName, Parent
from lab.cloud.store import Store, cut_page

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from google.protobuf.message import Message

_SERVICE: Final = "google.longrunning.Operations"


def open_operation(environment: Environment, *, kind: int, uuid: UUID, now: datetime) -> operations_pb2.Operation:
    """Make a running operation on an environment; for its name see [source: composer-operation-name].

    :param environment: with its UUID.
    :param kind: one of ``OperationMetadata.Type``.
    :param uuid: the operation's own.
    """
    metadata = OperationMetadata(
        state=OperationMetadata.State.RUNNING,
        operation_type=kind,
        resource=environment.name,
        resource_uuid=environment.uuid,
        create_time=now,
    )
    parent = EnvironmentName.parse(environment.name).parent
    operation = operations_pb2.Operation(name=f"{parent}/operations/{uuid}")
    operation.metadata.Pack(OperationMetadata.pb(metadata))
    return operation


def end_operation(
    operation: operations_pb2.Operation, *, result: Message | ApiError, now: datetime
) -> operations_pb2.Operation:
    """Return a copy of the operation that is done, with a response or an error."""
    failed = isinstance(result, ApiError)
    metadata = OperationMetadata.deserialize(operation.metadata.value)
    metadata.state = OperationMetadata.State.FAILED if failed else OperationMetadata.State.SUCCESSFUL
    metadata.end_time = now
    done = operations_pb2.Operation(name=operation.name, done=True)
    done.metadata.Pack(OperationMetadata.pb(metadata))
    if isinstance(result, ApiError):
        done.error.code = result.code
        done.error.message = result.message
    else:
        done.response.Pack(result)
    return done


class Operations:
    """The handlers of the Operations service."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    def make_service(self) -> Service:
        """Return the table of methods."""
        pb = operations_pb2
        read_list, write_list = pb.ListOperationsRequest.FromString, pb.ListOperationsResponse.SerializeToString
        methods = (
            Method("GetOperation", pb.GetOperationRequest.FromString, self._get, pb.Operation.SerializeToString),
            Method("ListOperations", read_list, self._list, write_list),
            Method("DeleteOperation", pb.DeleteOperationRequest.FromString, self._delete, Empty.SerializeToString),
        )
        return Service(name=_SERVICE, methods=methods)

    def _get(self, request: operations_pb2.GetOperationRequest) -> operations_pb2.Operation:
        return self._store.get_operation(request.name)

    def _list(self, request: operations_pb2.ListOperationsRequest) -> operations_pb2.ListOperationsResponse:
        """List the operations of one location; ``name`` is the location, with or without ``/operations``."""
        if request.filter:
            raise ApiError(grpc.StatusCode.UNIMPLEMENTED, "The emulator does not filter operations.")
        found = self._store.list_operations(Parent.parse(request.name.removesuffix("/operations")))
        page, token = cut_page(found, page_size=request.page_size, page_token=request.page_token)
        return operations_pb2.ListOperationsResponse(operations=page, next_page_token=token)

    def _delete(self, request: operations_pb2.DeleteOperationRequest) -> Empty:
        """Delete an operation that is done [source: composer-operation-delete].

        How the service refuses other operations is not verified.
        """
        if not self._store.get_operation(request.name).done:
            raise FailedPreconditionError(f"Operation '{request.name}' is not done.")
        self._store.remove_operation(request.name)
        return Empty()
