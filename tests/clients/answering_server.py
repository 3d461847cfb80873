"""A server on loopback that answers as a test says, whatever is asked of it."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from email.message import Message


class Asked(NamedTuple):
    """A request that came."""

    path: str
    headers: Message


@contextmanager
def serve(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[tuple[str, list[Asked]]]:
    """Serve on loopback; give the endpoint and what was asked for."""
    asked: list[Asked] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked.append(Asked(self.path, self.headers))
            answer(self)

        def log_message(self, *_words: object) -> None:
            """Keep standard error clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def begin(handler: BaseHTTPRequestHandler, *, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
    """Send a status and headers; the connection ends with the body."""
    handler.send_response(status)
    for name, value in {"Connection": "close", **(headers or {})}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.close_connection = True


def send(body: bytes, *, status: int = 200) -> Callable[[BaseHTTPRequestHandler], None]:
    """Answer with a body."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        begin(handler, status=status)
        handler.wfile.write(body)

    return answer
