"""The hook, with Airflow's own connections and real observers on loopback."""

from __future__ import annotations

import base64
import json
import os
import socket
import struct
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowRuntimeError
from airflow.sdk.execution_time.comms import ErrorResponse
from netaddr import IPAddress

from airflow_masq.observation.observation import Canary, Failure
from airflow_masq.plan import Target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.hooks.source_ip import SourceIpHook
    from tests.airflow_runs import AirflowRunner

pytestmark = pytest.mark.airflow

LOOPBACK = IPAddress("127.0.0.1")
SECRET = "hunter2"
SCHEME = "schema: expected http or https (a path goes into the extra's field path), saw other text"
HOST_ALONE = "host: expected a host name or address alone; the scheme and the path have fields of their own"


class Observer(ThreadingHTTPServer):
    """Answers with the peer's address, and remembers the requests."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.silences = 0
        self.resets = 0
        self.echo_status: int | None = None
        self.closing = threading.Event()
        self.all_here: threading.Barrier | None = None

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])


class _Handler(BaseHTTPRequestHandler):
    server: Observer

    def do_GET(self) -> None:
        """Answer, unless this is one of the requests to be left without an answer."""
        path, _, _ = self.path.replace("&", "?").partition("?airflow-masq-nonce=")
        self.server.requests.append((path, dict(self.headers)))
        if self.server.all_here is not None:
            self.server.all_here.wait(10)
        if self.server.resets > 0:
            self.server.resets -= 1
            # Closed without lingering, a connection is reset (socket(7)).
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            os.close(self.connection.detach())
            return
        if self.server.silences > 0:
            self.server.silences -= 1
            self.server.closing.wait(10)
            return
        if self.server.echo_status is not None:
            self.send_response(self.server.echo_status, f"you asked for {self.path}")
            self.send_header("Location", self.path)
            self._finish(f"you asked for {self.path}")
            return
        self.send_response(200)
        self._finish(self.client_address[0])

    def _finish(self, body: str) -> None:
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Keep the tests' output clean."""


@pytest.fixture
def observer() -> Iterator[Observer]:
    """Run an observer."""
    with Observer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.closing.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def hook(airflow: AirflowRunner) -> SourceIpHook:  # noqa: ARG001 - Airflow's import is what is wanted of it
    """Give a hook."""
    from airflow_masq.hooks.source_ip import SourceIpHook  # noqa: PLC0415 - imports Airflow

    return SourceIpHook()


@pytest.fixture
def free_port() -> Iterator[int]:
    """Reserve a port on which nothing listens."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield reserved.getsockname()[1]


@contextmanager
def connection(monkeypatch: pytest.MonkeyPatch, **fields: Any) -> Iterator[str]:  # noqa: ANN401 - a connection's
    """Define a connection as Airflow reads it from the environment."""
    with monkeypatch.context() as patch:
        content = json.dumps({"conn_type": "source_ip_observer", **fields})
        patch.setenv("AIRFLOW_CONN_ERP_OBSERVER", content)
        yield "airflow://erp_observer"


def test_asks_an_observer_by_url(hook: SourceIpHook, observer: Observer) -> None:
    """An observer that answers is asked once."""
    (seen,) = hook.observe(f"http://127.0.0.1:{observer.port}/client-ip")
    assert (seen.observed, seen.destination_port) == (LOOPBACK, observer.port)


def test_asks_an_observer_by_connection(
    hook: SourceIpHook, observer: Observer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Host, port, path, headers and credentials come from the connection, and none ends in the observation."""
    fields: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": observer.port,
        "login": "masq",
        "password": SECRET,
        "extra": json.dumps({"path": f"/client-ip?key={SECRET}", "headers": {"X-Team": f"data-{SECRET}"}}),
    }
    with connection(monkeypatch, **fields) as url:
        (seen,) = hook.observe(url)
    assert seen.observed == LOOPBACK
    assert seen.url == "airflow://erp_observer"
    path, headers = observer.requests[0]
    assert path == f"/client-ip?key={SECRET}"
    assert headers["X-Team"] == f"data-{SECRET}"
    assert headers["Authorization"] == "Basic " + base64.b64encode(f"masq:{SECRET}".encode()).decode()
    assert SECRET not in repr(seen)


@pytest.mark.parametrize(
    ("status", "failure"), [(200, Failure.NO_ADDRESS), (302, Failure.REDIRECT), (500, Failure.HTTP_STATUS)]
)
def test_an_observer_that_echoes_the_connections_path_is_not_quoted(
    hook: SourceIpHook, observer: Observer, monkeypatch: pytest.MonkeyPatch, status: int, failure: Failure
) -> None:
    """A key in the path of a connection does not come back by way of what the server says."""
    observer.echo_status = status
    extra = json.dumps({"path": f"/{SECRET}"})
    with connection(monkeypatch, host="127.0.0.1", port=observer.port, extra=extra) as url:
        (seen,) = hook.observe(url)
    assert observer.requests[0][0] == f"/{SECRET}"
    assert seen.failure is failure
    assert "not shown" in seen.detail
    assert SECRET not in repr(seen)


@pytest.mark.parametrize(
    ("extra", "header"),
    [
        ({"path": None, "ca_file": None, "headers": None}, None),
        ({"path": "", "ca_file": "", "headers": ""}, None),
        ({"headers": {"X-Team": "data"}}, "data"),
        ({"headers": '{"X-Team": "data"}'}, "data"),
        ({"extra__source_ip_observer__headers": '{"X-Team": "data"}', "headers": '{"X-Team": "data"}'}, "data"),
    ],
    ids=["null", "empty", "object", "JSON text", "Airflow 2's button"],
)
def test_a_connection_is_read_as_a_form_saves_it(
    hook: SourceIpHook,
    observer: Observer,
    monkeypatch: pytest.MonkeyPatch,
    extra: dict[str, Any],
    header: str | None,
) -> None:
    """A field that was left empty, which a form saves as null, means the default; headers may be an object's text."""
    with connection(monkeypatch, host="127.0.0.1", port=observer.port, extra=json.dumps(extra)) as url:
        (seen,) = hook.observe(url)
    assert seen.observed == LOOPBACK
    path, headers = observer.requests[0]
    assert path == "/"
    assert headers.get("X-Team") == header


def test_an_address_without_a_name_means_the_hooks_own_connection(
    hook: SourceIpHook, observer: Observer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hook's own connection is the one that is asked where none is named."""
    own = type(hook)("erp_observer")
    with connection(monkeypatch, host="127.0.0.1", port=observer.port):
        assert own.observe()[0].observed == LOOPBACK
        assert own.observe("airflow://")[0].observed == LOOPBACK
    assert hook.source_ip_observer_conn_id == "source_ip_observer_default"


@pytest.mark.parametrize(
    ("fields", "detail"),
    [
        ({"host": ""}, f"{HOST_ALONE}, saw none"),
        ({}, f"{HOST_ALONE}, saw none"),
        ({"host": "http://a/"}, HOST_ALONE),
        ({"host": f"u:{SECRET}@a"}, HOST_ALONE),
        ({"host": "a", "schema": "ftp"}, SCHEME),
        ({"host": "a", "schema": SECRET}, SCHEME),
        ({"host": "a", "extra": '{"path": "client-ip"}'}, "extra.path: expected a path that begins with /"),
        ({"host": "a", "extra": '{"path": 1}'}, "extra.path: expected text, saw a number"),
        (
            {"host": "a", "extra": '{"verify": false}'},
            "extra.verify: expected one of path, headers, ca_file, saw 'verify'",
        ),
        (
            {"host": "a", "extra": '{"headers": ["a"]}'},
            "extra.headers: expected a mapping, saw a list",
        ),
        ({"host": "a", "extra": '{"headers": {"a": "b", "c": 1}}'}, "extra.headers.c: expected text, saw a number"),
        ({"host": "a", "extra": '{"headers": "[1]"}'}, "extra.headers: expected a mapping, saw a list"),
        (
            {"host": "a", "extra": f'{{"headers": "X-Key: {SECRET}"}}'},
            "extra.headers: expected a JSON object, saw text that is not JSON",
        ),
        ({"host": "a", "extra": f'["{SECRET}"]'}, "extra: expected a mapping, saw a list"),
        ({"host": "a", "extra": f'"{SECRET}"'}, "extra: expected a mapping, saw text"),
        ({"host": "a", "extra": f'{{"path": "/{SECRET}"'}, "extra: expected a JSON object, saw text that is not JSON"),
        ({"host": "a", "extra": '{"ca_file": "/nowhere.pem"}'}, "extra.ca_file: expected a PEM file, saw No such file"),
        ({"host": "a", "extra": '{"ca_file": "/dev/null"}'}, "extra.ca_file: expected a PEM file"),
    ],
)
def test_a_connection_that_describes_no_observer_is_named(
    hook: SourceIpHook, monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any], detail: str
) -> None:
    """One line says which field is wrong, what belongs there and what was seen."""
    with connection(monkeypatch, **fields) as url:
        (seen,) = hook.observe(url)
    assert seen.failure is Failure.UNUSABLE_TARGET
    assert seen.detail.startswith(f"connection erp_observer: {detail}")
    assert seen.url == "airflow://erp_observer"
    assert SECRET not in repr(seen)


def test_a_connection_that_does_not_exist_is_named(hook: SourceIpHook) -> None:
    """A missing connection is that target's error, and takes no other target with it."""
    (seen,) = hook.observe("airflow://no_such_connection")
    assert (seen.failure, seen.url) == (Failure.UNUSABLE_TARGET, "airflow://no_such_connection")
    assert seen.detail == "connection no_such_connection: expected one that is defined and well-formed, saw none"
    (odd,) = hook.observe("airflow://\x1b[31m" + "x" * 1_000)
    assert odd.detail.startswith(r"connection \x1b[31mxxx")
    assert odd.detail.isprintable()
    assert len(odd.detail) < 200


def test_a_connection_that_cannot_be_read_is_named(hook: SourceIpHook, monkeypatch: pytest.MonkeyPatch) -> None:
    """A definition that Airflow cannot read is not quoted, and not said to be missing only."""
    monkeypatch.setenv("AIRFLOW_CONN_ERP_OBSERVER", f'{{"host": "{SECRET}')
    (seen,) = hook.observe("airflow://erp_observer")
    assert seen.failure is Failure.UNUSABLE_TARGET
    assert seen.detail == "connection erp_observer: expected one that is defined and well-formed, saw none"


@pytest.mark.parametrize("error", [AirflowRuntimeError(ErrorResponse(detail={"a": SECRET})), PermissionError(SECRET)])
def test_any_error_of_a_look_up_is_that_targets_failure(
    hook: SourceIpHook, observer: Observer, error: Exception
) -> None:
    """A secrets backend that breaks takes no other target with it, and its words are not shown."""

    def broken(_conn_id: str) -> Any:  # noqa: ANN401 - never gives any
        raise error

    class Broken(type(hook)):  # type: ignore[misc] # mypy knows no computed base
        """A hook whose secrets backend breaks."""

        get_connection = staticmethod(broken)

    targets = [
        Target(name="secret", observe="airflow://erp_observer"),
        Target(name="plain", observe=f"http://127.0.0.1:{observer.port}/"),
    ]
    seen = Broken().observe_all(targets)
    assert seen["plain"][0].observed == LOOPBACK
    assert seen["secret"][0].failure is Failure.UNUSABLE_TARGET
    assert seen["secret"][0].detail.endswith(f"saw {type(error).__name__} while reading it")
    assert SECRET not in repr(seen)


def test_an_ipv6_host_and_https_are_read_from_a_connection(
    hook: SourceIpHook, observer: Observer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An IPv6 address gets its brackets, and a port without TLS fails as TLS."""
    with connection(monkeypatch, host="::1", port=9) as url:
        (seen,) = hook.observe(url, attempts=1)
        assert (str(seen.destination), seen.destination_port) == ("::1", 9)
    with connection(monkeypatch, host="127.0.0.1", port=observer.port, schema="https") as url:
        assert hook.observe(url)[0].failure is Failure.TLS


def test_failures_that_may_pass_are_tried_again_and_all_are_kept(hook: SourceIpHook, observer: Observer) -> None:
    """A start-up race that settles shows as failed attempts before the answer."""
    observer.silences = 2
    seen = hook.observe(f"http://127.0.0.1:{observer.port}/", attempts=5, wait_seconds=0, timeout_seconds=0.5)
    assert [each.failure for each in seen] == [Failure.REPLY_TIMEOUT, Failure.REPLY_TIMEOUT, None]
    assert len({each.local_port for each in seen}) == 3


def test_a_reset_connection_is_tried_again(hook: SourceIpHook, observer: Observer) -> None:
    """A middlebox that resets the first connections of a Pod does not decide about the rest."""
    observer.resets = 2
    seen = hook.observe(f"http://127.0.0.1:{observer.port}/", attempts=5, wait_seconds=0)
    assert [each.failure for each in seen] == [Failure.RESET, Failure.RESET, None]


def test_a_refused_connection_is_tried_again(hook: SourceIpHook, free_port: int) -> None:
    """An observer that is not up yet is asked until the attempts are used up."""
    seen = hook.observe(f"http://127.0.0.1:{free_port}/", attempts=3, wait_seconds=0)
    assert [each.failure for each in seen] == [Failure.REFUSED] * 3


@pytest.mark.parametrize("status", [200, 302, 500])
def test_an_answer_that_is_no_address_is_not_asked_for_again(
    hook: SourceIpHook, observer: Observer, status: int
) -> None:
    """Text, redirects and error pages are what the observer has to say."""
    observer.echo_status = status
    assert len(hook.observe(f"http://127.0.0.1:{observer.port}/", attempts=5, wait_seconds=0)) == 1
    assert len(observer.requests) == 1


def test_attempts_end_at_their_number(hook: SourceIpHook, observer: Observer) -> None:
    """An observer that never answers is asked as often as was said."""
    observer.silences = 9
    seen = hook.observe(f"http://127.0.0.1:{observer.port}/", attempts=2, wait_seconds=0, timeout_seconds=0.5)
    assert [each.failure for each in seen] == [Failure.REPLY_TIMEOUT] * 2


def test_failures_that_stay_are_not_tried_again(hook: SourceIpHook) -> None:
    """What another attempt cannot change is asked once."""
    (seen,) = hook.observe("http://10.1/", attempts=5)
    assert seen.failure is Failure.UNUSABLE_TARGET


def test_all_targets_are_asked_at_once(hook: SourceIpHook, observer: Observer) -> None:
    """Three observers that wait for each other all answer, so none was asked after another."""
    observer.all_here = threading.Barrier(3)
    names = ["a", "b", "c"]
    targets = [Target(name=name, observe=f"http://127.0.0.1:{observer.port}/{name}") for name in names]
    bad = Target(name="bad", observe="airflow://no_such_connection")
    seen = hook.observe_all([*targets, bad], timeout_seconds=8)
    assert list(seen) == [*names, "bad"]
    assert [seen[name][0].observed for name in names] == [LOOPBACK] * 3
    assert seen["bad"][0].failure is Failure.UNUSABLE_TARGET
    assert hook.observe_all([]) == {}


def test_the_connection_form_can_try_the_observer(
    hook: SourceIpHook, observer: Observer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The button says what the observer answers, or why there is no answer."""
    own = type(hook)("erp_observer")
    with connection(monkeypatch, host="127.0.0.1", port=observer.port):
        works, message = own.test_connection()
    assert works
    assert message.startswith("The observer sees 127.0.0.1")
    works, message = own.test_connection()
    assert not works
    assert message.startswith("No source address was seen: this connection: expected one that is defined")


def test_the_connection_form_hides_no_field_that_is_read(hook: SourceIpHook) -> None:
    """A field that the hook reads can be filled in."""
    behaviour = type(hook).get_ui_field_behaviour()
    assert behaviour["hidden_fields"] == []
    assert set(json.loads(behaviour["placeholders"]["extra"])) == {"path", "headers", "ca_file"}


def test_a_target_switches_nonce_and_canary_off(hook: SourceIpHook, observer: Observer) -> None:
    """What the plan says of a target reaches its observer, and a target that says nothing is asked with both."""
    url = f"http://127.0.0.1:{observer.port}"
    plain = Target(name="plain", observe=f"{url}/plain", nonce=False, canary=False)
    proven = Target(name="proven", observe=f"{url}/proven")
    seen = hook.observe_all([plain, proven], concurrency=1, rate_per_second=None)
    (first,), (second,) = seen["plain"], seen["proven"]
    assert (first.nonce_sent, first.canary) == (False, Canary.NOT_ASKED)
    assert (second.nonce_sent, second.canary) == (True, Canary.IGNORED)
    assert [path for path, _ in observer.requests].count("/plain") == 1
    (own,) = hook.observe(f"{url}/own", nonce=False, canary=False)
    assert (own.nonce_sent, own.canary) == (False, Canary.NOT_ASKED)


def test_targets_of_one_connection_share_it(
    hook: SourceIpHook, observer: Observer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that many targets name is read once, with its certificates."""
    reads: list[str] = []

    class Counting(type(hook)):  # type: ignore[misc] # mypy knows no computed base
        """A hook that tells which connections are read."""

        @classmethod
        def get_connection(cls, conn_id: str) -> Any:  # noqa: ANN401 - Airflow's own
            reads.append(conn_id)
            return super().get_connection(conn_id)

    with connection(monkeypatch, host="127.0.0.1", port=observer.port) as url:
        seen = Counting().observe_all([Target(name=f"t{number}", observe=url) for number in range(5)])
    assert reads == ["erp_observer"]
    assert [each.observed for (each,) in seen.values()] == [LOOPBACK] * 5


@pytest.mark.parametrize(
    ("host", "number", "is_warned"),
    [("203.0.113.10", 33, False), ("8.8.8.8", 32, False), ("8.8.8.8", 33, True), ("any.invalid", 33, True)],
)
def test_a_check_that_could_use_up_cloud_nats_ports_warns(
    hook: SourceIpHook, capfd: pytest.CaptureFixture[str], host: str, number: int, *, is_warned: bool
) -> None:
    """More than 64 connections to one public destination may themselves be what gets no answer."""
    targets = [Target(name=f"t{each}", observe=f"http://{host}/{each}") for each in range(number)]
    capfd.readouterr()
    hook._warn_of_many_connections(targets)
    shown = "".join(capfd.readouterr())
    assert (f"The check makes 66 connections to {host} port 80." in shown) == is_warned
