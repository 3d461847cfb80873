"""A byte stream over one connected socket, plain or under TLS.

A channel owns no socket and sets no deadline: the attempt opens, names and closes the socket. So TLS runs on memory
buffers, and no transport outlives the attempt. Every method raises ``OSError`` when the connection breaks;
``ssl.SSLError`` is one.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    import socket

_READ_BYTES: Final = 16 * 1024


class Channel(Protocol):
    """Sends and receives bytes."""

    async def send(self, data: bytes) -> None:
        """Send all of the bytes."""

    async def receive(self) -> bytes:
        """Wait for some bytes; none means that the other side has ended."""


class PlainChannel:
    """The stream of a connected, non-blocking socket."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    async def send(self, data: bytes) -> None:
        """Send all of the bytes."""
        await asyncio.get_running_loop().sock_sendall(self._connection, data)

    async def receive(self) -> bytes:
        """Wait for some bytes; none means that the other side has ended."""
        return await asyncio.get_running_loop().sock_recv(self._connection, _READ_BYTES)


class TlsChannel:
    """A TLS stream over another channel.

    :param carrier: carries the encrypted bytes.
    :param context: how the other side is verified.
    :param host: the name or address that its certificate must hold.
    """

    def __init__(self, carrier: Channel, *, context: ssl.SSLContext, host: str) -> None:
        self._carrier = carrier
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._carrier_has_ended = False

    async def shake_hands(self) -> None:
        """Complete the handshake, before anything else."""
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._exchange()
            else:
                await self._flush()
                return

    async def send(self, data: bytes) -> None:
        """Send all of the bytes."""
        self._tls.write(data)  # the buffer takes everything
        await self._flush()

    async def receive(self) -> bytes:
        """Wait for some bytes; none means that the other side has ended and said so.

        An end without TLS's own ending is an ``ssl.SSLError``: a reply may then have been cut
        [source: rfc-9112-tls-closure].
        """
        while True:
            try:
                data = self._tls.read(_READ_BYTES)  # empty once the other side's close_notify came
            except ssl.SSLWantReadError:
                await self._exchange()
                continue
            # Python 3.11 tells OpenSSL 3 to accept any end as a proper one (SSL_OP_IGNORE_UNEXPECTED_EOF, gh-95494).
            if not data and self._carrier_has_ended:
                raise ssl.SSLEOFError(ssl.SSL_ERROR_EOF, "the other side ended without TLS's own ending")
            return data

    async def _exchange(self) -> None:
        await self._flush()
        received = await self._carrier.receive()
        if received:
            self._incoming.write(received)
        else:
            self._carrier_has_ended = True
            self._incoming.write_eof()

    async def _flush(self) -> None:
        if self._outgoing.pending:
            await self._carrier.send(self._outgoing.read())
