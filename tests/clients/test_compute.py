"""The client of Compute against the emulated API: what it reads, and every way in which it gets no answer."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import grpc
import pytest
from google.auth.credentials import AnonymousCredentials, Credentials
from netaddr import IPAddress

from airflow_masq.clients.compute import ComputeClient
from airflow_masq.exceptions import (
    CloudRefusedError,
    CloudUnavailableError,
    EnvironmentNotFoundError,
    InvalidInputError,
)
from airflow_masq.facts import RegionalName
from lab.cloud import COMPUTE, Nat
from tests.clients.answering_server import send, serve
from tests.emulated_cloud import LOCATION, PROJECT, EmulatedCloud

if TYPE_CHECKING:
    from collections.abc import Iterator

P = f"projects/{PROJECT}"
R = f"{P}/regions/{LOCATION}"
SUBNETWORK = RegionalName(project=PROJECT, region=LOCATION, kind="subnetworks", resource_id="default")


@pytest.fixture
def compute(cloud: EmulatedCloud) -> Iterator[ComputeClient]:
    """Give a client of the emulated API."""
    with ComputeClient(None, endpoint=cloud.compute_endpoint, api_timeout_seconds=5) as client:
        yield client


def test_subnetworks_routers_and_quotas_are_read(cloud: EmulatedCloud, compute: ComputeClient) -> None:
    """Each method gives values, with names in full."""
    cloud.vpc.add_address(f"{R}/addresses/a", address="203.0.113.7")
    nat = Nat(name="nat", addresses=[f"{R}/addresses/a"])
    cloud.vpc.add_router(f"{R}/routers/r", network=f"{P}/global/networks/default", nats=[nat])
    cloud.vpc.quotas["CPUS"] = (24.0, 23.0)
    subnetwork = compute.get_subnetwork(SUBNETWORK)
    assert (str(subnetwork.name), str(subnetwork.primary_range)) == (f"{R}/subnetworks/default", "10.128.0.0/20")
    (router,) = compute.list_routers(PROJECT, region=LOCATION)
    assert (str(router.name), router.network) == (f"{R}/routers/r", f"{P}/global/networks/default")
    (status,) = compute.get_nat_statuses(router.name)
    assert (status.name, status.manual) == ("nat", (IPAddress("203.0.113.7"),))
    cpus = compute.get_quotas(PROJECT, region=LOCATION)["CPUS"]
    assert (cpus.limit, cpus.usage) == (24.0, 23.0)


def test_all_pages_of_a_list_are_read(cloud: EmulatedCloud, compute: ComputeClient) -> None:
    """A list of more than a page, which has 500 entries, is read as a whole."""
    for number in range(502):
        cloud.vpc.add_router(f"{R}/routers/r{number}", network=f"{P}/global/networks/default")
    assert len(compute.list_routers(PROJECT, region=LOCATION)) == 502
    assert cloud.faults.count_calls("routers.list") == 2


def test_a_list_that_never_ends_is_refused() -> None:
    """An answer that always names another page is not followed for ever, and its first pages do not count as all."""
    with (
        serve(send(b'{"items": [{"name": "r"}], "nextPageToken": "again"}')) as (endpoint, asked),
        ComputeClient(None, endpoint=endpoint, api_timeout_seconds=5) as client,
        pytest.raises(CloudRefusedError, match=r"reading projects/.*/routers: the list does not end"),
    ):
        client.list_routers(PROJECT, region=LOCATION)
    assert len(asked) == 2


def test_a_missing_subnetwork_is_no_missing_environment(compute: ComputeClient) -> None:
    """NOT_FOUND of a subnetwork says nothing about the environment, and repeats Google's words."""
    name = RegionalName(project=PROJECT, region=LOCATION, kind="subnetworks", resource_id="x")
    with pytest.raises(CloudRefusedError, match=f"reading {name}: NOT_FOUND: The resource '{name}' was not") as caught:
        compute.get_subnetwork(name)
    assert not isinstance(caught.value, EnvironmentNotFoundError)
    assert caught.value.status == "NOT_FOUND"


def test_a_missing_permission_and_an_api_that_is_off_are_told_apart(
    cloud: EmulatedCloud, compute: ComputeClient
) -> None:
    """Both are PERMISSION_DENIED; the reason tells them apart."""
    cloud.access.deny(PROJECT, "compute.subnetworks.get")
    with pytest.raises(CloudRefusedError, match=r"Required 'compute\.subnetworks\.get' permission for") as denied:
        compute.get_subnetwork(SUBNETWORK)
    cloud.access.disable(PROJECT, COMPUTE)
    with pytest.raises(CloudRefusedError, match="Compute Engine API has not been used in project") as off:
        compute.get_subnetwork(SUBNETWORK)
    assert (denied.value.status, denied.value.reason) == ("PERMISSION_DENIED", "")
    assert (off.value.status, off.value.reason) == ("PERMISSION_DENIED", "SERVICE_DISABLED")


@pytest.mark.parametrize("status", ["UNAVAILABLE", "RESOURCE_EXHAUSTED", "INTERNAL"])
def test_trouble_that_passes_is_told_so_after_one_request(
    cloud: EmulatedCloud, compute: ComputeClient, status: str
) -> None:
    """The client asks once, and says that another try may help."""
    cloud.faults.fail_next("regions.get", grpc.StatusCode[status], "away")
    with pytest.raises(CloudUnavailableError) as caught:
        compute.get_quotas(PROJECT, region=LOCATION)
    assert caught.value.status == status
    assert cloud.faults.count_calls("regions.get") == 1


def test_a_silent_api_ends_at_the_time_limit(cloud: EmulatedCloud) -> None:
    """An API that does not answer in time counts as unavailable."""
    cloud.faults.stall_next("regions.get", 2.0)
    with (
        ComputeClient(None, endpoint=cloud.compute_endpoint, api_timeout_seconds=0.1) as client,
        pytest.raises(CloudUnavailableError),
    ):
        client.get_quotas(PROJECT, region=LOCATION)


@pytest.mark.parametrize("body", [b"<html>log in first</html>", b"[]", b""])
def test_an_answer_that_is_no_json_object_is_no_answer(body: bytes) -> None:
    """A login page of a proxy is not mistaken for an empty network."""
    with (
        serve(send(body)) as (endpoint, _asked),
        ComputeClient(None, endpoint=endpoint, api_timeout_seconds=5) as client,
        pytest.raises(CloudUnavailableError, match=r"no JSON object came back \(HTTP 200\)"),
    ):
        client.list_routers(PROJECT, region=LOCATION)


def test_an_error_without_words_is_an_error() -> None:
    """An error whose body tells nothing has its status."""
    with (
        serve(send(b"{}", status=403)) as (endpoint, _asked),
        ComputeClient(None, endpoint=endpoint, api_timeout_seconds=5) as client,
        pytest.raises(CloudRefusedError, match=r"PERMISSION_DENIED: no reason given \(HTTP 403\)"),
    ):
        client.get_quotas(PROJECT, region=LOCATION)


def test_a_plaintext_endpoint_gets_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """An emulator gets neither a token nor a request through the machine's proxy."""

    class Token(Credentials):
        def __init__(self) -> None:
            super().__init__()  # type: ignore[no-untyped-call] # google-auth is partly untyped
            self.token = "hunter2"

        def refresh(self, request: object) -> None:
            raise AssertionError(request)

    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with (
        serve(send(b"{}")) as (endpoint, asked),
        ComputeClient(Token(), endpoint=endpoint, api_timeout_seconds=5) as client,
    ):
        client.get_quotas(PROJECT, region=LOCATION)
    assert "Authorization" not in asked[0].headers
    assert asked[0].headers["User-Agent"].startswith("airflow-masq/")


def test_a_private_endpoint_is_reached_with_tls_only(cloud: EmulatedCloud) -> None:
    """An https endpoint is spoken to in TLS: a plaintext server there gets no request and no credentials."""
    endpoint = cloud.compute_endpoint.replace("http://", "https://")
    credentials = AnonymousCredentials()  # type: ignore[no-untyped-call] # google-auth is partly untyped
    with (
        ComputeClient(credentials, endpoint=endpoint, api_timeout_seconds=2) as client,
        pytest.raises(CloudUnavailableError),
    ):
        client.get_quotas(PROJECT, region=LOCATION)
    assert cloud.faults.count_calls() == 0


def test_an_endpoint_elsewhere_in_plain_text_is_refused() -> None:
    """No client is made for a plaintext endpoint on another machine."""
    with pytest.raises(InvalidInputError, match="compute_endpoint"):
        ComputeClient(None, endpoint="http://192.0.2.1:80")


def test_without_credentials_no_client_of_google_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Application Default Credentials the client says so, before any request."""
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "nowhere.json")
    with pytest.raises(CloudRefusedError, match="finding Application Default Credentials: UNAUTHENTICATED"):
        ComputeClient(None)


def test_the_client_does_not_import_googles_library_of_compute() -> None:
    """That library takes seconds and 100 MB for these few requests."""
    program = "import sys, airflow_masq.clients.compute; print('google.cloud.compute_v1' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=60)
    assert done.stdout == "False\n"
