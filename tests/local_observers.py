"""Real observers on loopback for the tests of the checker: a truthful one, a lying one, one that never answers."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

LOOPBACK = "127.0.0.1"

#: The plan of a cluster whose one Pod has the address that loopback sockets have, and whose one node has another.
POD_ADDRESS = LOOPBACK
NODE_ADDRESS = "127.0.0.9"


class Observer(ThreadingHTTPServer):
    """An HTTP service on loopback that answers with a source address.

    :param answer: what to say; ``None`` says the address that the connection really comes from.
    :param first_answer: what to say to the first request instead.
    :ivar questions_seen: how many requests came, without those that test the observer with an invented header.
    :ivar last_path: the path of the last request, without its query.
    :ivar last_headers: its headers.
    """

    daemon_threads = True

    def __init__(self, answer: str | None, *, first_answer: str | None = None) -> None:
        super().__init__((LOOPBACK, 0), _Handler)
        self.answer = answer
        self.first_answer = first_answer
        self.closing = threading.Event()
        self.requests_seen = 0
        self.questions_seen = 0
        self.authorizations_seen: list[str] = []
        self.last_path = ""
        self.last_headers: dict[str, str] = {}

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{LOOPBACK}:{self.server_address[1]}/client-ip"


class _Handler(BaseHTTPRequestHandler):
    server: Observer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer with an address, or with nothing before the observer closes."""
        self.server.requests_seen += 1
        self.server.questions_seen += "X-Forwarded-For" not in self.headers
        self.server.last_path, self.server.last_headers = self.path.partition("?")[0], dict(self.headers)
        self.server.authorizations_seen += self.headers.get_all("Authorization", [])
        if self.server.answer == "":
            self.server.closing.wait(60)
            return
        first = self.server.first_answer if self.server.questions_seen == 1 else None
        body = (first or self.server.answer or self.client_address[0]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Keep the tests' output clean."""


@contextmanager
def observer(answer: str | None = None, *, first_answer: str | None = None) -> Iterator[Observer]:
    """Run an observer.

    :param answer: what it says; by default the truth; an empty text means that it never answers.
    :param first_answer: what it says to the first request instead; by default the same.
    :return: the observer, until the block ends.
    """
    with Observer(answer, first_answer=first_answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, name="observer")
        thread.start()
        try:
            yield server
        finally:
            server.closing.set()
            server.shutdown()
            thread.join()


def loopback_plan(*targets: dict[str, Any]) -> dict[str, Any]:
    """Write the plan of a cluster on loopback.

    :param targets: the plan's targets.
    :return: the plan as a mapping.
    """
    return {
        "environment": {
            "name": "projects/example-project/locations/us-central1/environments/example-environment",
            "config": {"nodeConfig": {"enableIpMasqAgent": True}},
        },
        "cluster": {"pods_per_node": 32},
        "network": {"node_ranges": [f"{NODE_ADDRESS}/32"], "pod_ranges": [f"{POD_ADDRESS}/32"]},
        "targets": list(targets),
    }
