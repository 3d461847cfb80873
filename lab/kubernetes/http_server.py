"""The API over HTTPS on loopback, a thread for each connection; watches stream until their client leaves.

A request is answered in the order: a fault that was ordered, discovery, then the call.
"""

from __future__ import annotations

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit

from lab.kubernetes.calls import Calls, Request, Target, name_verb
from lab.kubernetes.faults import ReplyLostError
from lab.kubernetes.status import PageNotFoundError, StatusError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

    from lab.kubernetes.faults import Faults
    from lab.kubernetes.store import Store

_LONGEST_BODY_BYTES: Final = 3 * 1024 * 1024
_WATCH_SECONDS: Final = 1800.0
_POLL_SECONDS: Final = 0.02  # how soon the server notices that it is to stop


class HttpsServer:
    """The server of one cluster; a context manager.

    :param context: the TLS settings with the server's certificate.
    :param pages: the answers of discovery, by their paths.
    """

    def __init__(
        self,
        *,
        context: ssl.SSLContext,
        calls: Calls,
        pages: Mapping[str, Mapping[str, Any]],
        store: Store,
        faults: Faults,
    ) -> None:
        handler = type("Handler", (_Handler,), {"calls": calls, "pages": pages, "store": store, "faults": faults})
        self._server = _TlsServer(("127.0.0.1", 0), handler, context=context)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_POLL_SECONDS,), name="emulated-kubernetes", daemon=True
        )

    @property
    def port(self) -> int:
        """The port."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening, and drop every connection."""
        self._server.shutdown()
        self._thread.join()
        self._server.drop_connections()
        self._server.server_close()


class _TlsServer(ThreadingHTTPServer):
    """Makes each handshake in the connection's own thread, and knows its connections."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handler: Any, *, context: ssl.SSLContext) -> None:  # noqa: ANN401 - made by type()
        super().__init__(address, handler)
        self._context = context
        self._connections: set[ssl.SSLSocket] = set()

    def get_request(self) -> tuple[ssl.SSLSocket, Any]:
        connection, address = self.socket.accept()
        wrapped = self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        self._connections.add(wrapped)
        return wrapped, address

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - socketserver's own type is wider than TLS
        self._connections.discard(request)
        super().shutdown_request(request)

    def drop_connections(self) -> None:
        for connection in tuple(self._connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # it has ended meanwhile

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - socketserver's own types
        """Ignore clients that left, or that do not believe the certificate."""


class _Handler(BaseHTTPRequestHandler):
    calls: Calls
    pages: Mapping[str, Mapping[str, Any]]
    store: Store
    faults: Faults

    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_GET(self) -> None:
        self._answer()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - named by http.server

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - named by http.server
        """Log nothing."""

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > _LONGEST_BODY_BYTES:
            self.close_connection = True
            return
        url = urlsplit(self.path)
        request = Request(
            method=self.command,
            path=url.path,
            query={name: values[-1] for name, values in parse_qs(url.query).items()},
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(length),
        )
        try:
            page = self.pages.get(request.path.rstrip("/")) if request.method == "GET" else None
            if page is not None:
                self._send(200, page)
                return
            target = self.calls.find_target(request.path)
            verb = name_verb(request, target)
            call = f"{verb} {target.resource.plural}"
            self.faults.pass_moment("before", call)
            self.calls.authorize(request, target, verb=verb)
            if verb == "watch":
                self._watch(request, target)
                return
            answer = self.calls.handle(request, target)
            self.faults.pass_moment("after", call)
            self._send(answer.code, answer.body, warnings=answer.warnings)
        except StatusError as error:
            self._send(error.code, error.make_body())
        except PageNotFoundError:
            self._send_bytes(404, b"404 page not found\n", media_type="text/plain; charset=utf-8")
        except ReplyLostError:
            self.close_connection = True

    def _watch(self, request: Request, target: Target) -> None:
        """Stream changes: first what exists, unless a version is given, then what happens."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        version = int(request.query.get("resourceVersion") or 0)
        if not version:
            with self.store.lock:
                version = self.store.version
                listed = self.store.list(target.resource, target.namespace)
            for each in listed:
                self._send_event("ADDED", each)
        timeout_seconds = float(request.query.get("timeoutSeconds") or _WATCH_SECONDS)
        while (events := self.store.wait_for_events(version, timeout_seconds=timeout_seconds)) is not None:
            for event in events:
                version = max(version, event.version)
                if event.key[0] == target.resource.plural and target.namespace in ("", event.key[1]):
                    self._send_event(event.kind, event.value)
            if not events:
                break
        self.wfile.write(b"0\r\n\r\n")

    def _send_event(self, kind: str, value: Mapping[str, Any]) -> None:
        line = json.dumps({"type": kind, "object": value}).encode() + b"\n"
        self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
        self.wfile.flush()

    def _send(self, code: int, body: Mapping[str, Any], *, warnings: tuple[str, ...] = ()) -> None:
        self._send_bytes(code, json.dumps(body).encode() + b"\n", media_type="application/json", warnings=warnings)

    def _send_bytes(self, code: int, body: bytes, *, media_type: str, warnings: tuple[str, ...] = ()) -> None:
        self.send_response(code)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        for warning in warnings:  # [source: k8s-field-validation]
            quoted = json.dumps(warning)
            self.send_header("Warning", f"299 - {quoted}")
        self.end_headers()
        self.wfile.write(body)
