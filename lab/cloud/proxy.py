"""A CONNECT proxy on loopback that forwards exactly one name to the emulator and refuses all others.

Google's clients insist on ``composer.googleapis.com:443``; gRPC's ``grpc_proxy`` variable makes them connect here
instead. The proxy opens connections to the emulator only, so no client that uses it can reach the outside.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections import deque
from typing import Final

_REQUEST_LINE: Final = re.compile(rb"CONNECT (?P<target>[!-~]+) HTTP/1\.[01]\r\n")
_HEAD_LIMIT_BYTES: Final = 8192
_HEAD_TIMEOUT_SECONDS: Final = 10.0
_CHUNK_BYTES: Final = 65536
_REMEMBERED_REFUSALS: Final = 100


class ConnectProxy:
    """Forwards one CONNECT target to one loopback port.

    :param host: the loopback address to listen on and to forward to.
    :param target: the only target that is accepted, ``host:port`` as the client writes it.
    :ivar refused: the last targets that were refused.
    """

    def __init__(self, *, host: str, target: str, forward_port: int) -> None:
        self._host = host
        self._target = target
        self._forward_port = forward_port
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self.refused: deque[str] = deque(maxlen=_REMEMBERED_REFUSALS)

    async def start(self) -> int:
        """Listen on a free port and return it."""
        self._server = await asyncio.start_server(self._accept, self._host, 0, limit=_HEAD_LIMIT_BYTES)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def stop(self) -> None:
        """Stop listening and drop every connection."""
        if self._server is not None:
            self._server.close()
        connections = tuple(self._connections)
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.create_task(self._serve(reader, writer))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_HEAD_TIMEOUT_SECONDS):
                request = _REQUEST_LINE.match(await reader.readuntil(b"\r\n\r\n"))
            target = request["target"].decode("ascii") if request else "(no CONNECT)"
            if target != self._target:
                self.refused.append(target)
                writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                await writer.drain()
                return
            server_reader, server_writer = await asyncio.open_connection(self._host, self._forward_port)
            try:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await asyncio.gather(_copy(reader, server_writer), _copy(server_reader, writer))
            finally:
                await _close(server_writer)
        except (ConnectionError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the client left, was too slow, or sent no request: drop the connection
        finally:
            await _close(writer)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass bytes on until one side ends, then end the other."""
    while chunk := await reader.read(_CHUNK_BYTES):
        writer.write(chunk)
        await writer.drain()
    if writer.can_write_eof():
        with contextlib.suppress(OSError):  # the other side has left, and asyncio did not notice
            writer.write_eof()


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()
