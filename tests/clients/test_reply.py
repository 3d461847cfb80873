"""What a REST API answers, whatever it is: read within a time limit and a size, by every client of such an API."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest
from google.oauth2.credentials import Credentials

from airflow_masq.clients import reply
from airflow_masq.clients.compute import ComputeClient
from airflow_masq.clients.identity import IdentityClient
from airflow_masq.clients.kubernetes import ClusterEndpoint, KubernetesClient
from airflow_masq.exceptions import AirflowMasqError, CloudRefusedError, CloudUnavailableError
from airflow_masq.facts import RegionalName
from tests.clients.answering_server import begin, send, serve

if TYPE_CHECKING:
    from collections.abc import Callable
    from http.server import BaseHTTPRequestHandler

SUBNETWORK = RegionalName(project="a-project", region="us-central1", kind="subnetworks", resource_id="default")


def send_without_end(part: bytes, *, pause_seconds: float) -> Callable[[BaseHTTPRequestHandler], None]:
    """Answer with a body that never ends."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        begin(handler)
        try:
            while True:
                handler.wfile.write(part)
                handler.wfile.flush()
                time.sleep(pause_seconds)
        except OSError:
            return

    return answer


def ask_compute(endpoint: str, *, api_timeout_seconds: float = 5) -> object:
    """Read a subnetwork through the client of Compute."""
    with ComputeClient(None, endpoint=endpoint, api_timeout_seconds=api_timeout_seconds) as client:
        return client.get_subnetwork(SUBNETWORK)


def ask_cluster(endpoint: str, *, api_timeout_seconds: float = 5) -> object:
    """List the nodes through the client of a cluster; TLS is left out here."""
    credentials = Credentials("token")  # type: ignore[no-untyped-call] # google-auth is partly untyped
    made = KubernetesClient(
        credentials, endpoint=ClusterEndpoint(url="https://127.0.0.1"), api_timeout_seconds=api_timeout_seconds
    )
    with made as client:
        client._url = endpoint
        return client.list_nodes()


both = pytest.mark.parametrize("ask", [ask_compute, ask_cluster])


@both
@pytest.mark.parametrize(
    "body", [b'{"items": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", b'{"items": ' + b"9" * 6000 + b"}", b"\xff{}", b""]
)
def test_what_python_cannot_read_is_no_answer(ask: Callable[..., object], body: bytes) -> None:
    """JSON that is nested or long beyond measure, and what is none, ends in one of our errors."""
    with serve(send(body)) as (endpoint, _asked), pytest.raises(AirflowMasqError):
        ask(endpoint)


@both
def test_a_body_that_comes_byte_by_byte_ends_at_the_time_limit(ask: Callable[..., object]) -> None:
    """The time limit is that of the whole answer, not of the next byte."""
    with (
        serve(send_without_end(b" ", pause_seconds=0.05)) as (endpoint, _asked),
        pytest.raises(CloudUnavailableError, match=r"did not end within 0\.5 s"),
    ):
        ask(endpoint, api_timeout_seconds=0.5)


@both
def test_a_body_without_end_is_not_kept(ask: Callable[..., object], monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that is too large is refused before it fills the memory, and asking again does not help."""
    monkeypatch.setattr(reply, "MOST_BYTES", 2**20)
    with (
        serve(send_without_end(b" " * 65536, pause_seconds=0)) as (endpoint, _asked),
        pytest.raises(CloudRefusedError, match="the answer has more than 1 MB; check that the endpoint"),
    ):
        ask(endpoint)


@both
def test_a_redirect_is_not_followed(ask: Callable[..., object]) -> None:
    """The request, which may carry a token, goes to one server alone."""

    def redirect(handler: BaseHTTPRequestHandler) -> None:
        begin(handler, status=302, headers={"Location": "/elsewhere"})
        handler.wfile.write(b"{}")

    with serve(redirect) as (endpoint, asked), pytest.raises(AirflowMasqError, match="302"):
        ask(endpoint)
    assert len(asked) == 1
    assert "elsewhere" not in asked[0].path


@both
def test_a_connection_that_breaks_is_no_answer(ask: Callable[..., object]) -> None:
    """Half an answer counts as none."""

    def break_off(handler: BaseHTTPRequestHandler) -> None:
        begin(handler, headers={"Content-Length": "1000"})
        handler.wfile.write(b'{"items": []')

    with serve(break_off) as (endpoint, _asked), pytest.raises(CloudUnavailableError):
        ask(endpoint)


def test_a_project_without_a_number_is_no_answer() -> None:
    """Names of service agents are not made from a number that nobody told."""
    with (
        serve(send(b'{"name": "projects/x"}')) as (endpoint, _asked),
        IdentityClient(None, endpoint=endpoint, api_timeout_seconds=5) as client,
        pytest.raises(CloudUnavailableError, match="reading projects/a-project: the answer has no project number"),
    ):
        client.get_project_number("a-project")


@pytest.mark.parametrize("is_same", [True, False])
def test_a_list_of_nodes_without_end_is_refused(is_same: bool) -> None:  # noqa: FBT001 - pytest gives it by position
    """Pages that never end are not read for ever, and the first ones do not count as all."""
    numbers = iter(range(10_000))

    def answer(handler: BaseHTTPRequestHandler) -> None:
        token = "again" if is_same else f"page-{next(numbers)}"
        send(json.dumps({"items": [], "metadata": {"continue": token}}).encode())(handler)

    with serve(answer) as (endpoint, asked), pytest.raises(CloudRefusedError, match="the list does not end"):
        ask_cluster(endpoint)
    assert len(asked) == (2 if is_same else 100)
