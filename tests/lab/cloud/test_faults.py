"""Faults on request: calls that fail or stall, creations that fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import pytest
from google.api_core import exceptions as google_errors
from google.cloud.orchestration.airflow.service_v1.types import Environment, OperationMetadata
from google.longrunning import operations_pb2  # type: ignore[import-untyped] # ships stubs without a py.typed marker

from lab.cloud import ComposerEmulator, Hooks

if TYPE_CHECKING:
    from google.cloud.orchestration.airflow.service_v1 import EnvironmentsAsyncClient

    from tests.lab.cloud.gate import Connect, Gate, MakeEnvironment

_NAME = "projects/example-project/locations/us-central1/environments/example-environment"


async def _create(
    emulator: ComposerEmulator, client: EnvironmentsAsyncClient, environment: Environment
) -> tuple[operations_pb2.Operation, Environment]:
    """Create an environment; return its operation and itself after the operation has ended."""
    parent = environment.name.partition("/environments/")[0]
    begun = await client.create_environment(parent=parent, environment=environment)
    await emulator.settle()
    operation = await client.get_operation(operations_pb2.GetOperationRequest(name=begun.operation.name))
    return operation, await client.get_environment(name=environment.name)


async def test_requested_failures_happen_as_often_as_requested(
    emulator: ComposerEmulator, client: EnvironmentsAsyncClient, make_environment: MakeEnvironment
) -> None:
    """Two requested failures affect the next two calls of that method, no other method and no third call."""
    emulator.add_environment(make_environment())
    emulator.faults.fail_next("GetEnvironment", grpc.StatusCode.PERMISSION_DENIED, "no, thank you", times=2)
    await client.list_environments(parent=_NAME.partition("/environments/")[0])
    for _ in range(2):
        with pytest.raises(google_errors.PermissionDenied, match="no, thank you"):
            await client.get_environment(name=_NAME)
    assert (await client.get_environment(name=_NAME)).name == _NAME


@pytest.mark.parametrize(
    ("place", "is_closed"),
    [
        ("projects/example-project", True),
        ("projects/example", False),
        ("projects/example-project/locations/us-central1", True),
        ("locations/us-central1", True),
        ("locations/us-central", False),
        ("locations/us-east1", False),
    ],
)
async def test_a_place_is_closed_until_it_is_opened(
    emulator: ComposerEmulator,
    client: EnvironmentsAsyncClient,
    make_environment: MakeEnvironment,
    place: str,
    *,
    is_closed: bool,
) -> None:
    """Every call for a closed project or region fails, and no other call, until the place is opened."""
    emulator.add_environment(make_environment())
    parent = _NAME.partition("/environments/")[0]
    emulator.faults.close(place, grpc.StatusCode.UNAVAILABLE, "closed")
    for _ in range(2):
        if is_closed:
            with pytest.raises(google_errors.ServiceUnavailable, match="closed"):
                await client.list_environments(parent=parent)
            with pytest.raises(google_errors.ServiceUnavailable, match="closed"):
                await client.get_environment(name=_NAME)
        else:
            await client.list_environments(parent=parent)
    emulator.faults.open(place)
    assert len((await client.list_environments(parent=parent)).environments) == 1


async def test_a_silent_region_is_slow_and_answers(
    gate: Gate, gated_emulator: ComposerEmulator, connect: Connect, parent: str
) -> None:
    """A call for a silent region waits and is answered then."""
    client = connect(gated_emulator)
    gated_emulator.faults.silence("locations/us-central1", 60.0)
    with pytest.raises(google_errors.DeadlineExceeded):
        await client.list_environments(parent=parent, timeout=0.2)
    gate.open()
    assert list((await client.list_environments(parent=parent)).environments) == []
    assert gate.requested == [60.0, 60.0]


async def test_failed_creation_call_creates_nothing(
    emulator: ComposerEmulator, client: EnvironmentsAsyncClient, parent: str, make_environment: MakeEnvironment
) -> None:
    """A creation call with a requested failure creates nothing."""
    emulator.faults.fail_next("CreateEnvironment", grpc.StatusCode.UNAVAILABLE, "try again")
    with pytest.raises(google_errors.ServiceUnavailable):
        await client.create_environment(parent=parent, environment=make_environment())
    with pytest.raises(google_errors.NotFound):
        await client.get_environment(name=_NAME)


async def test_stalled_call_waits_and_is_answered(
    gate: Gate, gated_emulator: ComposerEmulator, connect: Connect, make_environment: MakeEnvironment
) -> None:
    """A stalled call exceeds its caller's deadline; a call whose stall has ended is answered."""
    client = connect(gated_emulator)
    gated_emulator.add_environment(make_environment())
    gated_emulator.faults.stall_next("GetEnvironment", 60.0)
    with pytest.raises(google_errors.DeadlineExceeded):
        await client.get_environment(name=_NAME, timeout=0.2)
    assert gate.requested == [60.0]
    gated_emulator.faults.stall_next("GetEnvironment", 5.0)
    gate.open()
    assert (await client.get_environment(name=_NAME)).name == _NAME
    assert gate.requested == [60.0, 5.0]


def test_fault_for_an_unknown_method_is_refused() -> None:
    """A fault for a misspelt method, which would never happen, is refused."""
    faults = ComposerEmulator().faults
    with pytest.raises(ValueError, match="no method 'getEnvironment' is emulated; expected one of CreateEnvironment, "):
        faults.fail_next("getEnvironment", grpc.StatusCode.INTERNAL, "")
    with pytest.raises(ValueError, match="no method 'CancelOperation'"):
        faults.stall_next("CancelOperation", 1.0)


@pytest.mark.parametrize("message", ["could not initialize the Airflow database", ""])
async def test_failed_creation_leaves_an_environment_in_error(
    emulator: ComposerEmulator, client: EnvironmentsAsyncClient, make_environment: MakeEnvironment, message: str
) -> None:
    """A requested failure ends the operation with that error, even an empty one; another creation succeeds."""
    emulator.faults.fail_creation("example-environment", grpc.StatusCode.FAILED_PRECONDITION, message)
    operation, environment = await _create(emulator, client, make_environment())
    _, other = await _create(emulator, client, make_environment("other"))
    assert operation.done
    assert operation.WhichOneof("result") == "error"
    assert (operation.error.code, operation.error.message) == (9, message)
    assert OperationMetadata.deserialize(operation.metadata.value).state == OperationMetadata.State.FAILED
    assert environment.state == Environment.State.ERROR
    assert other.state == Environment.State.RUNNING


async def test_creation_can_lose_the_agent(
    emulator: ComposerEmulator, client: EnvironmentsAsyncClient, make_environment: MakeEnvironment
) -> None:
    """The next creation can lose the agent that was requested; the one after it has the agent."""
    emulator.faults.lose_agent("example-environment")
    _, first = await _create(emulator, client, make_environment(enable_ip_masq_agent=True))
    await client.delete_environment(name=first.name)
    await emulator.settle()
    _, second = await _create(emulator, client, make_environment(enable_ip_masq_agent=True))
    assert first.state == Environment.State.RUNNING
    assert not first.config.node_config.enable_ip_masq_agent
    assert second.config.node_config.enable_ip_masq_agent


async def test_hook_gets_the_whole_environment_before_it_is_running(
    connect: Connect, make_environment: MakeEnvironment
) -> None:
    """The hook gets the finished environment while it is CREATING, and cannot change it."""
    seen: list[tuple[bool, str, int]] = []

    async def on_running(environment: Environment) -> None:
        outside = await client.get_environment(name=environment.name)
        agent = environment.config.node_config.enable_ip_masq_agent
        seen.append((agent, environment.config.gke_cluster, outside.state))
        environment.config.node_config.enable_ip_masq_agent = False

    async with ComposerEmulator(hooks=Hooks(on_running=on_running)) as emulator:
        client = connect(emulator)
        _, found = await _create(emulator, client, make_environment(enable_ip_masq_agent=True))
    assert seen == [(True, found.config.gke_cluster, Environment.State.CREATING)]
    assert found.config.gke_cluster
    assert found.config.node_config.enable_ip_masq_agent


async def test_failing_hook_fails_the_creation(
    connect: Connect, make_environment: MakeEnvironment, caplog: pytest.LogCaptureFixture
) -> None:
    """If a hook raises, the creation ends in an error with the hook's message."""

    async def on_running(_environment: Environment) -> None:
        raise OSError("no namespaces here")

    async with ComposerEmulator(hooks=Hooks(on_running=on_running)) as emulator:
        operation, environment = await _create(emulator, connect(emulator), make_environment())
    assert (operation.error.code, operation.error.message) == (13, "OSError: no namespaces here")
    assert environment.state == Environment.State.ERROR
    assert operation.name in caplog.text
