"""A CONNECT proxy on loopback that leads exactly one name to the emulator and refuses every other.

Google's clients insist on ``composer.googleapis.com:443``; gRPC's ``grpc_proxy`` variable makes them come here instead.
The proxy opens connections to the emulator only, so nothing that is pointed at it can reach the outside.
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
    :param target: the only acceptable target, ``host:port`` as the client says it.
    :param forward_port: where that target is led.
    """

    def __init__(self, *, host: str, target: str, forward_port: int) -> None:
        self._host = host
        self._target = target
        self._forward_port = forward_port
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self.refused: deque[str] = deque(maxlen=_REMEMBERED_REFUSALS)
        """The last targets that were asked for and refused."""

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
            if await self._is_welcome(reader):
                await self._tunnel(reader, writer)
            else:
                writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                await writer.drain()
        except (ConnectionError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # a client that leaves, dawdles or babbles is simply dropped
        finally:
            await _close(writer)

    async def _is_welcome(self, reader: asyncio.StreamReader) -> bool:
        """Read the request's head and judge its target."""
        async with asyncio.timeout(_HEAD_TIMEOUT_SECONDS):
            head = await reader.readuntil(b"\r\n\r\n")
        request = _REQUEST_LINE.match(head)
        target = request["target"].decode("ascii") if request else "(no CONNECT)"
        if target == self._target:
            return True
        self.refused.append(target)
        return False

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(self._host, self._forward_port)
        try:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await asyncio.gather(_pump(reader, there_writer), _pump(there_reader, writer))
        finally:
            await _close(there_writer)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass bytes on until one side ends, then end the other."""
    while chunk := await reader.read(_CHUNK_BYTES):
        writer.write(chunk)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()
