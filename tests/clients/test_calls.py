"""What the API's answers say, whichever of the two clients asked."""

from __future__ import annotations

import asyncio

import grpc
import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud.orchestration.airflow.service_v1.types import OperationMetadata
from google.longrunning import operations_pb2  # type: ignore[import-untyped] # ships stubs without a py.typed marker

from airflow_masq.clients import calls
from airflow_masq.clients.calls import OperationStatus, read_operation
from airflow_masq.clients.composer import AsyncComposerClient, ComposerClient
from airflow_masq.environment import EnvironmentResource
from airflow_masq.exceptions import CloudRefusedError, CloudUnavailableError, EnvironmentNotFoundError
from tests.emulated_cloud import NAME, EmulatedCloud, environment_resource


def make_operation(**metadata: object) -> operations_pb2.Operation:
    """Make an operation with metadata."""
    operation = operations_pb2.Operation(name="o", done=True)
    operation.metadata.Pack(OperationMetadata.pb(OperationMetadata(metadata)))
    return operation


def test_an_operation_says_what_it_does_to_what() -> None:
    """Target, verb and beginning come from the operation's metadata."""
    began = "1970-01-01T00:01:00Z"
    operation = make_operation(resource=str(NAME), resource_uuid="u", operation_type="CREATE", create_time=began)
    assert read_operation(operation) == OperationStatus(
        name="o", done=True, error=None, verb="CREATE", target=str(NAME), target_uuid="u", began=60.0
    )


def test_an_operation_of_another_kind_says_less() -> None:
    """Metadata of another service, broken ones, and a verb that is not known yet are left out."""
    assert read_operation(operations_pb2.Operation(name="o")) == OperationStatus(name="o", done=False, error=None)
    broken = make_operation(resource=str(NAME))
    broken.metadata.value = b"\xff"
    assert read_operation(broken).target == ""
    newer = make_operation(operation_type=99)
    assert read_operation(newer).verb == ""


@pytest.mark.parametrize(
    ("code", "message", "error"),
    [
        (8, "no quota", "RESOURCE_EXHAUSTED: no quota"),
        (8, "", "RESOURCE_EXHAUSTED: the API gave no reason"),
        (99, "odd", "code 99: odd"),
        (0, "odd", "code 0: odd"),
        (0, "", "the operation ended in an error without a reason"),
    ],
)
def test_an_error_is_never_ok(code: int, message: str, error: str) -> None:
    """An operation that ended in an error says so, with whatever it knows."""
    operation = make_operation()
    operation.error.SetInParent()
    operation.error.code, operation.error.message = code, message
    assert read_operation(operation).error == error


def test_an_operation_that_failed_without_an_error_is_no_success() -> None:
    """Where only the metadata say that it failed, that counts."""
    assert read_operation(make_operation(state="FAILED")).error == "the operation ended in an error without a reason"
    assert read_operation(make_operation(state="SUCCEEDED")).error is None


async def test_the_asynchronous_client_asks_as_the_blocking_one_does(cloud: EmulatedCloud) -> None:
    """Both make the same calls and read the same answers, and their errors are translated alike."""
    with ComposerClient(None, endpoint=cloud.endpoint) as blocking:
        started = blocking.create(NAME, resource=EnvironmentResource.read(environment_resource()))
        cloud.settle()
        found = blocking.get(NAME)
        listed = blocking.list_operations(NAME.parent)
    async with AsyncComposerClient(None, endpoint=cloud.endpoint, api_timeout_seconds=5) as client:
        assert await client.ask(calls.get_environment(NAME)) == found
        assert (await client.ask(calls.get_operation(started.name))).done
        assert await client.ask(calls.list_operations(NAME.parent)) == listed
        assert [each.name for each in listed.operations] == [started.name]
        cloud.remove(NAME.environment_id)
        with pytest.raises(EnvironmentNotFoundError, match="NOT_FOUND"):
            await client.ask(calls.get_environment(NAME))
        with pytest.raises(CloudRefusedError, match="NOT_FOUND"):
            await client.ask(calls.get_operation(f"{NAME.parent}/operations/none"))
        cloud.faults.fail_next("GetEnvironment", grpc.StatusCode.RESOURCE_EXHAUSTED, "slower")
        with pytest.raises(CloudUnavailableError) as caught:
            await client.ask(calls.get_environment(NAME))
        assert caught.value.status == "RESOURCE_EXHAUSTED"


async def test_the_asynchronous_client_gives_up_in_time(cloud: EmulatedCloud) -> None:
    """A call that stalls ends after its time limit."""
    cloud.faults.stall_next("GetEnvironment", 30)
    async with AsyncComposerClient(None, endpoint=cloud.endpoint, api_timeout_seconds=0.2) as client:
        with pytest.raises(CloudUnavailableError, match="DEADLINE_EXCEEDED"):
            await client.ask(calls.get_environment(NAME))


@pytest.mark.parametrize(
    ("endpoint", "host"), [(None, "composer.googleapis.com"), ("https://composer.example.com", "composer.example.com")]
)
async def test_the_asynchronous_client_asks_google_or_a_private_endpoint(endpoint: str | None, host: str) -> None:
    """Without an endpoint Google's public one is asked (no call is made here)."""
    credentials = AnonymousCredentials()  # type: ignore[no-untyped-call] # google-auth is partly untyped
    async with AsyncComposerClient(credentials, endpoint=endpoint) as client:
        assert client._client.api_endpoint.removesuffix(":443") == host
        await asyncio.sleep(0)
