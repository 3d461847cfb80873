"""The Operations service, called by Google's generated stub."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import pytest
from google.cloud.orchestration.airflow.service_v1.types import Environment, OperationMetadata
from google.longrunning import operations_pb2, operations_pb2_grpc  # type: ignore[import-untyped] # no py.typed marker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from lab.cloud import ComposerEmulator
    from tests.lab.cloud.gate import Connect, Gate, MakeEnvironment


@pytest.fixture
async def operations(gated_emulator: ComposerEmulator) -> AsyncIterator[operations_pb2_grpc.OperationsStub]:
    """Connect Google's generated stub of the Operations service."""
    async with grpc.aio.insecure_channel(gated_emulator.address) as channel:
        yield operations_pb2_grpc.OperationsStub(channel)


@pytest.fixture
async def operation_name(
    gated_emulator: ComposerEmulator, connect: Connect, parent: str, make_environment: MakeEnvironment
) -> str:
    """Start a creation and return the name of its operation."""
    begun = await connect(gated_emulator).create_environment(parent=parent, environment=make_environment())
    name: str = begun.operation.name
    return name


async def test_operation_describes_itself(
    operations: operations_pb2_grpc.OperationsStub, operation_name: str, parent: str
) -> None:
    """A running operation contains its type and its environment, and neither response nor error."""
    operation = await operations.GetOperation(operations_pb2.GetOperationRequest(name=operation_name))
    metadata = OperationMetadata.deserialize(operation.metadata.value)
    assert operation_name.startswith(f"{parent}/operations/")
    assert not operation.done
    assert operation.WhichOneof("result") is None
    assert metadata.operation_type == OperationMetadata.Type.CREATE
    assert metadata.state == OperationMetadata.State.RUNNING
    assert metadata.resource == f"{parent}/environments/example-environment"


async def test_response_of_an_operation_is_not_the_whole_environment(
    gated_emulator: ComposerEmulator, gate: Gate, operations: operations_pb2_grpc.OperationsStub, operation_name: str
) -> None:
    """The response of a creation is the environment without its cluster; a client must get it again for that."""
    gate.open()
    await gated_emulator.settle()
    operation = await operations.GetOperation(operations_pb2.GetOperationRequest(name=operation_name))
    metadata = OperationMetadata.deserialize(operation.metadata.value)
    environment = Environment.deserialize(operation.response.value)
    assert operation.done
    assert operation.response.Is(Environment.pb().DESCRIPTOR)
    assert environment.state == Environment.State.RUNNING
    assert not environment.config.gke_cluster
    assert metadata.state == OperationMetadata.State.SUCCESSFUL
    assert metadata.end_time >= metadata.create_time


async def test_only_finished_operations_are_deleted(
    gated_emulator: ComposerEmulator, gate: Gate, operations: operations_pb2_grpc.OperationsStub, operation_name: str
) -> None:
    """A running operation cannot be deleted; a finished one can, once."""
    request = operations_pb2.DeleteOperationRequest(name=operation_name)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await operations.DeleteOperation(request)
    assert refused.value.code() == grpc.StatusCode.FAILED_PRECONDITION
    gate.open()
    await gated_emulator.settle()
    await operations.DeleteOperation(request)
    with pytest.raises(grpc.aio.AioRpcError) as gone:
        await operations.DeleteOperation(request)
    assert gone.value.code() == grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize("suffix", ["", "/operations"])
async def test_operations_of_a_location_are_listed(
    operations: operations_pb2_grpc.OperationsStub, operation_name: str, parent: str, suffix: str
) -> None:
    """A location lists its operations; another location lists none."""
    listed = await operations.ListOperations(operations_pb2.ListOperationsRequest(name=parent + suffix))
    other = parent.replace("us-central1", "us-east1")
    listed_elsewhere = await operations.ListOperations(operations_pb2.ListOperationsRequest(name=other + suffix))
    assert [operation.name for operation in listed.operations] == [operation_name]
    assert not listed_elsewhere.operations


async def test_filters_are_refused_rather_than_ignored(
    operations: operations_pb2_grpc.OperationsStub, parent: str
) -> None:
    """A filter, which the emulator does not support, is refused."""
    request = operations_pb2.ListOperationsRequest(name=parent, filter="done=true")
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await operations.ListOperations(request)
    assert refused.value.code() == grpc.StatusCode.UNIMPLEMENTED


async def test_operations_cannot_be_cancelled(
    operations: operations_pb2_grpc.OperationsStub, operation_name: str
) -> None:
    """Like Composer, the emulator offers no way to cancel a creation."""
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await operations.CancelOperation(operations_pb2.CancelOperationRequest(name=operation_name))
    assert refused.value.code() == grpc.StatusCode.UNIMPLEMENTED
