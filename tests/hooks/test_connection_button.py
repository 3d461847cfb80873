"""The button "Test" of a connection, where something stands between Airflow and the observer."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, ClassVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.airflow


class _Proxied(BaseHTTPRequestHandler):
    added: ClassVar[dict[str, str]] = {}
    trusts_clients: ClassVar[bool] = False

    def do_GET(self) -> None:
        """Answer with the peer's address, and with the header that a proxy adds."""
        told = self.headers.get("X-Forwarded-For", "") if self.trusts_clients else ""
        body = (told or self.client_address[0]).encode()
        self.send_response(200)
        for name, value in {**self.added, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Keep the tests' output clean."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[_Proxied]]:
    """Run an observer on loopback, and give Airflow a connection that leads to it."""

    class Handler(_Proxied):
        added: ClassVar[dict[str, str]] = {}

    with HTTPServer(("127.0.0.1", 0), Handler) as observer:
        thread = threading.Thread(target=observer.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        connection = {"conn_type": "source_ip_observer", "host": "127.0.0.1", "port": observer.server_address[1]}
        monkeypatch.setenv("AIRFLOW_CONN_BUTTON", json.dumps(connection))
        yield Handler
        observer.shutdown()
        thread.join()


def press_button() -> tuple[bool, str]:
    """Do what Airflow does for the button."""
    from airflow_masq.hooks.source_ip import SourceIpHook  # noqa: PLC0415 - imports Airflow, which takes seconds

    return SourceIpHook("button").test_connection()


def test_a_proxy_in_between_is_no_success(server: type[_Proxied]) -> None:
    """Where the reply shows a proxy, the button names it and says that the address may be the proxy's."""
    server.added = {"Via": "1.1 squid"}
    works, message = press_button()
    assert not works
    assert message.startswith(
        "The observer answered with 127.0.0.1, but the reply shows something in between (response header via)"
    )
    assert "this may be the address of a proxy" in message


def test_an_observer_that_repeats_clients_is_no_success(server: type[_Proxied]) -> None:
    """Where the observer repeats an invented header, the button says so, since a proxy could make it say anything."""
    server.trusts_clients = True
    works, message = press_button()
    assert not works
    assert message.startswith("The observer answered with 127.0.0.1, but it repeats an invented address")


@pytest.mark.usefixtures("server")
def test_an_observer_without_a_proxy_is_a_success() -> None:
    """The twin: the same observer without the proxy's header works."""
    works, message = press_button()
    assert works
    assert message.startswith("The observer sees 127.0.0.1")
