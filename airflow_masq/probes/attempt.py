"""One attempt at one address of an observer: what all probes have in common.

Each attempt opens a fresh socket, because connection tracking keeps an old translation for an old connection. What a
network or a server does becomes an observation and is never raised. What the attempt learnt before it broke off, such
as the Pod's own address, is kept. Its time begins once it has a place among the others: an attempt that waited for its
turn has lost nothing.
"""

from __future__ import annotations

import errno
import os
import socket
import ssl
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Protocol

from netaddr import IPAddress

from airflow_masq.network.ranges import unmap
from airflow_masq.observation.observation import Failure, Observation
from airflow_masq.probes.exchange import Conversation, Exchange, ProbeError
from airflow_masq.text import escape

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow_masq.probes.observer_url import ObserverUrl
    from airflow_masq.probes.resolver import Resolved
    from airflow_masq.probes.session import Session

_FAILURE_OF_ERRNO: Final = {
    errno.ECONNREFUSED: Failure.REFUSED,
    errno.ECONNRESET: Failure.RESET,
    errno.ECONNABORTED: Failure.RESET,
    errno.EPIPE: Failure.RESET,
    errno.ETIMEDOUT: Failure.CONNECT_TIMEOUT,
    errno.EHOSTUNREACH: Failure.NO_ROUTE,
    errno.ENETUNREACH: Failure.NO_ROUTE,
    errno.ENETDOWN: Failure.NO_ROUTE,
    errno.EHOSTDOWN: Failure.NO_ROUTE,
    errno.EADDRNOTAVAIL: Failure.NO_ROUTE,  # no address of that family here
    errno.EAFNOSUPPORT: Failure.NO_ROUTE,
    errno.EINVAL: Failure.NO_ROUTE,  # a link-local IPv6 address without its zone, which names give at times
    errno.EACCES: Failure.NO_ROUTE,  # a local rule that rejects
    errno.EPERM: Failure.NO_ROUTE,
    errno.EMFILE: Failure.STARVED,  # this process, or this machine, has no file to spare
    errno.ENFILE: Failure.STARVED,
    errno.ENOBUFS: Failure.STARVED,
    errno.ENOMEM: Failure.STARVED,
}

_STARVED_PART: Final = 0.25
"""An attempt that ran out of time is our own fault where the loop stood still for this part of it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What is asked of an observer, at each of its addresses.

    :param observer: where it is.
    :param timeout_seconds: the longest that one attempt may take.
    :param nonce: whether each request carries a number that no cache can know.
    :param canary: whether a second request carries an invented address, which an honest observer ignores.
    :param headers: further request headers, which may hold credentials.
    :param tls_context: verifies the observer's certificate; ``None`` for the session's.
    :param shown_as: what the observation names instead of the URL, whose path is then taken for a secret; ``None`` for
        the URL.
    """

    observer: ObserverUrl
    timeout_seconds: float
    nonce: bool = True
    canary: bool = True
    headers: Sequence[tuple[str, str]] = ()
    tls_context: ssl.SSLContext | None = None
    shown_as: str | None = None

    @property
    def may_quote(self) -> bool:
        """Whether what the server sent may be shown; it might echo a secret of the request."""
        return not self.headers and self.shown_as is None


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """The address that an observer named, if any, and what in its reply shows a proxy or a cache in between."""

    address: IPAddress | None
    error: ProbeError | None = None
    intermediaries: tuple[str, ...] = ()


class AnswerReader(Conversation, Protocol):
    """A conversation whose answer is an address."""

    def read_answer(self) -> Answer:
        """Read what came, whether the conversation came to its end or not."""


async def make_attempt(
    question: Question,
    converse: Callable[[], AnswerReader],
    *,
    address: Resolved,
    is_encrypted: bool,
    session: Session,
) -> Observation:
    """Make one attempt at one address of an observer.

    :param converse: begins a fresh conversation; called once the attempt has its turn, so that those that wait hold
        little memory.
    :return: what was seen, or why nothing was.
    """
    async with session.slot():
        await session.await_turn()
        return await _Attempt(question, converse(), address=address, session=session).make(is_encrypted=is_encrypted)


class _Attempt:
    """An attempt as far as it came."""

    def __init__(self, question: Question, conversation: AnswerReader, *, address: Resolved, session: Session) -> None:
        self.question = question
        self.conversation = conversation
        self.family, self.address = address
        self.session = session
        self.local_address: IPAddress | None = None
        self.local_port: int | None = None
        self.is_connected = False
        self.stalled_seconds = session.watch.stalled_seconds

    async def make(self, *, is_encrypted: bool) -> Observation:
        question, session = self.question, self.session
        started_at, started = session.now(), session.loop.time()
        destination, destination_port = read_socket_name(self.address)
        error: Exception | None = None
        try:
            await self._converse(is_encrypted=is_encrypted, deadline=started + question.timeout_seconds)
        except Exception as caught:  # noqa: BLE001 - a probe that crashes is an observation, not the end of the check
            error = caught
        answer = self.conversation.read_answer()
        error = error or answer.error
        failure, detail = (None, "") if error is None else self._name_failure(error)
        return Observation(
            url=question.shown_as or question.observer.text,
            destination=destination,
            destination_port=destination_port,
            local_address=self.local_address,
            local_port=self.local_port,
            observed=answer.address if error is None else None,
            intermediaries=answer.intermediaries,
            failure=failure,
            detail=detail,
            started_at=started_at,
            duration_seconds=session.loop.time() - started,
            nonce_sent=question.nonce,
        )

    async def _converse(self, *, is_encrypted: bool, deadline: float) -> None:
        context = (self.question.tls_context or self.session.tls_context) if is_encrypted else None
        with self.session.open_socket(self.family, socket.SOCK_STREAM) as connection:
            connection.setblocking(False)
            exchange = Exchange(
                self.conversation, connection=connection, tls_context=context, host=self.question.observer.host
            )
            try:
                await exchange.run(self.address, deadline=deadline)
            finally:
                self.is_connected = exchange.is_connected
                # Routing has chosen the socket's own address even where no answer came.
                local_address, local_port = read_socket_name(connection.getsockname())
                if int(local_address) != 0:
                    self.local_address, self.local_port = local_address, local_port

    def _name_failure(self, error: Exception) -> tuple[Failure, str]:
        """Give the name and the detail of what ended the attempt."""
        if isinstance(error, ProbeError):
            return error.failure, str(error)
        if isinstance(error, TimeoutError) and not error.errno:
            return self._name_timeout()
        if isinstance(error, ssl.SSLError):
            # Only errors that OpenSSL raised have the first two; ours has words.
            words = (getattr(error, "verify_message", None), getattr(error, "reason", None), error.strerror)
            return Failure.TLS, f"TLS failed: {escape(next(filter(None, words), type(error).__name__))}"
        if isinstance(error, OSError):
            reason = os.strerror(error.errno).lower() if error.errno else type(error).__name__
            failure = _FAILURE_OF_ERRNO.get(error.errno or 0, Failure.CRASHED)
            return failure, f"{self.question.observer.authority}: {reason}"
        return Failure.CRASHED, f"the probe crashed with {type(error).__name__}"

    def _name_timeout(self) -> tuple[Failure, str]:
        timeout_seconds = self.question.timeout_seconds
        stalled_seconds = self.session.watch.stalled_seconds - self.stalled_seconds
        if stalled_seconds >= _STARVED_PART * timeout_seconds:
            return Failure.STARVED, (
                f"this process was held up for {stalled_seconds:.1f} s of the {timeout_seconds:g} s, so the observer's "
                "silence shows nothing: give the worker more CPU, or lower the concurrency"
            )
        if self.is_connected:
            return Failure.REPLY_TIMEOUT, f"connected, no reply within {timeout_seconds:g} s"
        return Failure.CONNECT_TIMEOUT, f"no answer within {timeout_seconds:g} s"


def read_socket_name(name: Sequence[object]) -> tuple[IPAddress, int]:
    """Read address and port of a socket's name: IPv4 where IPv6 only wraps it, and without a zone."""
    return _read_address(str(name[0])), int(str(name[1]))


@lru_cache(maxsize=4096)  # a Pod has one address, and asks the same observers again
def _read_address(text: str) -> IPAddress:
    address, _, _zone = text.partition("%")
    return unmap(IPAddress(address))
