"""One conversation over one socket, plain or under TLS, driven by the event loop's own callbacks.

    connect ─▶ [handshake] ─▶ opening ─▶ [pause ─▶ the rest] ─▶ replies ─▶ answered ─▶ the other side's end
    └────────────────────────────── one deadline on the clock over all of it ──────────────────────────────┘

What a hostile server sends must cost the other attempts nothing. So each event reads at most twice, 16 KB each, and the
loop turns; the bytes of the whole exchange are counted on the wire, the handshake included; and a timer ends it, which
needs no data to run. Transports and streams of asyncio are not used: they read TLS records, however small, until none
is left, and cost more time than the conversation itself.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
from typing import TYPE_CHECKING, Final, Protocol

from airflow_masq.observation.observation import Failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_masq.probes.resolver import SocketAddress

_READ_BYTES: Final = 16 * 1024
MOST_WIRE_BYTES: Final = 320 * 1024
"""Everything that may come in: twice the largest reply with its header, and a chain of certificates."""

EARLY_ANSWER: Final = "the observer answered before it had the whole request"

_END_SECONDS: Final = 0.1
"""How long an answered conversation waits for the other side's end, and for what should not come before it."""

_LEAST_PAUSE_SECONDS: Final = 0.05
_MOST_PAUSE_SECONDS: Final = 0.25
_ROUND_TRIPS_OF_A_PAUSE: Final = 1.5


class ProbeError(Exception):
    """An attempt ended without an address, for a reason that has a name.

    :param detail: the reason in one line, without credentials, and what the server sent escaped.
    """

    def __init__(self, failure: Failure, detail: str) -> None:
        super().__init__(detail)
        self.failure = failure


class Conversation(Protocol):
    """What a probe says to an observer and reads of it; without input or output."""

    def begin(self) -> tuple[bytes, bytes]:
        """Give what is sent first, and what is sent after a pause in which an honest observer says nothing.

        Both may be empty: the one where the other side begins, the other mostly.

        :raises ProbeError: when it cannot be said.
        """

    @property
    def is_answered(self) -> bool:
        """Whether the answer is complete, so that nothing more should come."""

    def receive(self, data: bytes) -> bytes:
        """Take what came, which is never empty.

        :return: what to send next, mostly none.
        :raises ProbeError: when it cannot be the answer.
        """

    def end(self, *, is_sure: bool) -> None:
        """Take the other side's end.

        :param is_sure: whether it was signed, as TLS's own ending is, so that nothing can have been cut off.
        :raises ProbeError: when the answer is not complete.
        """


class Exchange:
    """Carries one conversation over one socket.

    :param connection: fresh and non-blocking; the caller closes it.
    :param tls_context: verifies the other side; ``None`` for a plain connection.
    :param host: the name or address that its certificate must hold.
    """

    __slots__ = (
        "_connection", "_conversation", "_done", "_file", "_incoming", "_is_encrypted", "_is_reading", "_is_writing",
        "_loop", "_opening", "_outgoing", "_started", "_timers", "_tls", "_unsent", "_wire_bytes", "_withheld",
        "is_connected",
    )  # fmt: skip

    def __init__(
        self,
        conversation: Conversation,
        *,
        connection: socket.socket,
        tls_context: ssl.SSLContext | None,
        host: str,
    ) -> None:
        self.is_connected = False
        self._conversation = conversation
        self._connection = connection
        self._file = connection.fileno()  # asyncio would write the whole socket into an exception that it catches
        self._loop = asyncio.get_running_loop()
        self._done: asyncio.Future[None] = self._loop.create_future()
        self._timers: list[asyncio.TimerHandle] = []
        self._unsent = b""
        self._is_writing = False
        self._is_reading = False
        self._opening = self._withheld = b""
        self._wire_bytes = 0
        self._started = self._loop.time()
        self._is_encrypted = tls_context is None  # a plain connection has nothing to wait for
        self._tls: ssl.SSLObject | None = None
        if tls_context is not None:
            self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            self._tls = tls_context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)

    async def run(self, address: SocketAddress, *, deadline: float) -> None:
        """Connect, and carry the conversation to its end.

        :param deadline: on the loop's clock.
        :raises TimeoutError: at the deadline.
        :raises ProbeError: what the conversation refused.
        :raises OSError: what the network or TLS did.
        """
        self._opening, self._withheld = self._conversation.begin()
        self._timers.append(self._loop.call_at(deadline, self._expire))
        try:
            number = self._connection.connect_ex(address)
            if number not in {0, errno.EINPROGRESS}:
                raise OSError(number, os.strerror(number))
            self._is_writing = True
            self._loop.add_writer(self._file, self._run, self._take_connection)
            await self._done
        finally:
            self._detach()

    def _run(self, step: Callable[[], None]) -> None:
        if self._done.done():
            return
        try:
            step()
        except Exception as error:  # noqa: BLE001 - whatever it is, it ends this attempt and no other
            self._finish(error)

    def _finish(self, error: BaseException | None = None) -> None:
        if self._done.done():
            return
        self._detach()
        if error is None:
            self._done.set_result(None)
        else:
            self._done.set_exception(error)

    def _detach(self) -> None:
        for timer in self._timers:
            timer.cancel()
        if self._is_writing:
            self._is_writing = False
            self._loop.remove_writer(self._file)
        if self._is_reading:
            self._is_reading = False
            self._loop.remove_reader(self._file)

    def _expire(self) -> None:
        self._finish(TimeoutError())

    def _take_connection(self) -> None:
        number = self._connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number:
            raise OSError(number, os.strerror(number))
        self.is_connected = True
        self._is_reading = True
        self._loop.add_reader(self._file, self._run, self._read)
        self._is_writing = False
        self._loop.remove_writer(self._file)
        if self._tls is None:
            self._begin()
        else:
            self._shake_hands()

    def _begin(self) -> None:
        """Send the opening, or the first part of it."""
        self._is_encrypted = True
        if self._opening and self._has_early_data():
            raise ProbeError(Failure.NOT_HTTP, EARLY_ANSWER)
        if self._withheld:
            round_trip = self._loop.time() - self._started
            pause = min(max(_LEAST_PAUSE_SECONDS, _ROUND_TRIPS_OF_A_PAUSE * round_trip), _MOST_PAUSE_SECONDS)
            self._timers.append(self._loop.call_later(pause, self._run, self._send_withheld))
            # Else Nagle's algorithm keeps the second part until the first is acknowledged.
            self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._send(self._opening)

    def _has_early_data(self) -> bool:
        """Whether the other side has said something before it was asked."""
        try:
            return bool(self._connection.recv(1, socket.MSG_PEEK) if self._tls is None else self._tls.read(1))
        except (BlockingIOError, ssl.SSLError):  # nothing yet, or an end that is told when it is read
            return False

    def _send_withheld(self) -> None:
        data, self._withheld = self._withheld, b""
        self._send(data)

    def _send(self, data: bytes) -> None:
        if not data:
            return
        if self._tls is None:
            self._unsent += data
        else:
            self._tls.write(data)  # the buffer takes everything
        self._flush()

    def _flush(self) -> None:
        if self._tls is not None and self._outgoing.pending:
            self._unsent += self._outgoing.read()
        if self._unsent:
            try:
                sent = self._connection.send(self._unsent)
            except BlockingIOError:
                sent = 0
            self._unsent = self._unsent[sent:]
        if bool(self._unsent) != self._is_writing:
            self._is_writing = not self._is_writing
            if self._is_writing:
                self._loop.add_writer(self._file, self._run, self._flush)
            else:
                self._loop.remove_writer(self._file)

    def _read(self) -> None:
        was_answered = self._conversation.is_answered
        self._read_once()
        if was_answered or self._done.done() or not self._conversation.is_answered:
            return
        self._read_once()  # most observers end at once
        if not self._done.done():
            self._timers.append(self._loop.call_later(_END_SECONDS, self._finish))

    def _read_once(self) -> None:
        try:
            data = self._connection.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError:  # a reset behind a complete answer takes nothing of it back
            if not self._conversation.is_answered:
                raise
            data = b""
        self._wire_bytes += len(data)
        if self._wire_bytes > MOST_WIRE_BYTES:
            raise ProbeError(Failure.TOO_LARGE, f"more than {MOST_WIRE_BYTES} bytes came")
        if self._tls is None:
            self._take(data, has_ended=not data, is_sure=False)
            return
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()
        if not self._is_encrypted:
            self._shake_hands()
        if self._is_encrypted:
            self._decrypt(has_ended=not data)

    def _shake_hands(self) -> None:
        if self._tls is None:  # never called so; it tells the type
            return
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._flush()
        except ssl.SSLError:
            self._flush_alert()
            raise
        else:
            self._begin()

    def _flush_alert(self) -> None:
        """Tell the other side why the handshake failed, as far as it listens."""
        try:
            self._flush()
        except OSError:
            return

    def _decrypt(self, *, has_ended: bool) -> None:
        if self._tls is None:  # never called so; it tells the type
            return
        parts = []
        is_closed = False
        try:
            while part := self._tls.read(_READ_BYTES):
                parts.append(part)
            is_closed = True  # the other side's close_notify came, or its end
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            if not (has_ended and self._conversation.is_answered):
                raise
        if parts:
            self._take(b"".join(parts), has_ended=False, is_sure=False)
        # What came may need an answer of TLS itself, such as that to a KeyUpdate.
        self._flush()
        if self._done.done() or not (is_closed or has_ended):
            return
        # Python 3.11 tells OpenSSL 3 to accept any end as a proper one (SSL_OP_IGNORE_UNEXPECTED_EOF, gh-95494).
        # An end without TLS's own ending may have cut the reply [source: rfc-9112-tls-closure].
        if has_ended and not self._conversation.is_answered:
            raise ssl.SSLEOFError(ssl.SSL_ERROR_EOF, "the server closed the connection without closing TLS first")
        self._take(b"", has_ended=True, is_sure=not has_ended)

    def _take(self, data: bytes, *, has_ended: bool, is_sure: bool) -> None:
        """Give the conversation what came."""
        if data:
            if self._withheld:
                raise ProbeError(Failure.NOT_HTTP, EARLY_ANSWER)
            self._send(self._conversation.receive(data))
        if has_ended:
            self._conversation.end(is_sure=is_sure)
            self._finish()
