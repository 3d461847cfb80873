"""One attempt at one observer: what all probes have in common.

    URL ─▶ resolve ─▶ open socket ─▶ connect ─▶ ask ─▶ address
           └──────── one deadline over all of it ────┘

Each attempt opens a fresh socket, because connection tracking keeps an old translation for an old connection. What a
network or a server does becomes an observation and is never raised. What the attempt learnt before it broke off, such
as the Pod's own address, is kept.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from netaddr import IPAddress

from airflow_masq.network.ranges import unmap
from airflow_masq.observation.observation import Failure, Observation
from airflow_masq.probes.observer_url import ObserverUrl, hide_credentials
from airflow_masq.text import printable

if TYPE_CHECKING:
    from datetime import datetime

OpenSocket: TypeAlias = Callable[[socket.AddressFamily, socket.SocketKind], socket.socket]
"""Opens a fresh, unconnected socket; a lab passes one that opens it inside a network namespace."""

SocketAddress: TypeAlias = tuple[str | int | bytes, ...]
Resolved: TypeAlias = tuple[socket.AddressFamily, SocketAddress]
Resolve: TypeAlias = Callable[[str, int], Awaitable[Resolved]]
"""Gives the first address of a host and port, or raises ``OSError``."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The address that an observer named, and what in its reply shows a proxy or a cache in between."""

    address: IPAddress
    intermediaries: tuple[str, ...] = ()


Ask: TypeAlias = Callable[[ObserverUrl, socket.socket], Awaitable[Answer]]
"""Asks the observer at the other end of a connected socket, and reads what it answers."""

_FAILURE_OF_ERRNO: Final = {
    errno.ECONNREFUSED: Failure.REFUSED,
    errno.ECONNRESET: Failure.RESET,
    errno.ECONNABORTED: Failure.RESET,
    errno.EPIPE: Failure.RESET,
    errno.EHOSTUNREACH: Failure.NO_ROUTE,
    errno.ENETUNREACH: Failure.NO_ROUTE,
    errno.ENETDOWN: Failure.NO_ROUTE,
    errno.EHOSTDOWN: Failure.NO_ROUTE,
    errno.EADDRNOTAVAIL: Failure.NO_ROUTE,  # no address of that family here
    errno.EACCES: Failure.NO_ROUTE,  # a local rule that rejects
    errno.EPERM: Failure.NO_ROUTE,
}


class ProbeError(Exception):
    """An attempt ended without an address, for a reason that has a name.

    :param detail: the reason in one line, without credentials, and what the server sent escaped.
    """

    def __init__(self, failure: Failure, detail: str) -> None:
        super().__init__(detail)
        self.failure = failure


async def resolve_by_system(host: str, port: int) -> Resolved:
    """Ask the system's resolver for the first address of a name, or of an address in its usual notation.

    ``loop.getaddrinfo`` uses the event loop's executor, and ``asyncio.run`` waits for its threads: a resolver that
    stalls for a minute would stall a probe that was given five seconds. So this starts its own daemon thread.

    :return: the address family, and what ``connect`` takes.
    :raises OSError: when the name has no address, or the resolver does not answer.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Resolved] = loop.create_future()

    def settle(found: Resolved | OSError) -> None:
        if answer.done():  # the deadline was first
            return
        if isinstance(found, OSError):
            answer.set_exception(found)
        else:
            answer.set_result(found)

    def ask() -> None:
        found: Resolved | OSError
        try:
            family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            found = family, address
        except OSError as error:
            found = error
        except UnicodeError as error:  # a label of more than 63 characters
            found = OSError(str(error))
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(settle, found)

    threading.Thread(target=ask, name="airflow-masq-resolve", daemon=True).start()
    return await answer


async def make_attempt(
    url: str,
    ask: Ask,
    *,
    default_ports: Mapping[str, int],
    timeout_seconds: float,
    open_socket: OpenSocket,
    now: Callable[[], datetime],
    resolve: Resolve = resolve_by_system,
    shown_as: str | None = None,
) -> Observation:
    """Make one attempt at an observer.

    :param default_ports: the schemes that ``ask`` speaks, each with its own port.
    :param timeout_seconds: the longest the whole attempt may take, name resolution included.
    :param now: the clock, with its time zone.
    :param shown_as: one printable line that the observation names instead of the URL; default ``None``, the URL.
    :return: what was seen, or why nothing was.
    :raises ValueError: when ``timeout_seconds`` is not above 0.
    """
    if not timeout_seconds > 0:
        raise ValueError(f"timeout_seconds: expected a number above 0, saw {timeout_seconds}")
    loop = asyncio.get_running_loop()
    started_at, started = now(), loop.time()
    try:
        observer = ObserverUrl.parse(url, default_ports=default_ports)
    except ValueError as error:
        shown = shown_as or hide_credentials(url)
        return Observation.of_unusable_target(shown, detail=str(error), started_at=started_at)
    attempt = _Attempt(observer=observer)
    answer, failure, detail = None, None, ""
    try:
        async with asyncio.timeout(timeout_seconds):
            answer = await attempt.run(ask, open_socket=open_socket, resolve=resolve)
    except Exception as error:  # noqa: BLE001 - a probe that crashes is an observation, not the end of the check
        failure, detail = attempt.name_failure(error, timeout_seconds=timeout_seconds)
    return Observation(
        url=shown_as or observer.text,
        destination=attempt.destination,
        destination_port=attempt.destination_port,
        local_address=attempt.local_address,
        local_port=attempt.local_port,
        observed=answer.address if answer else None,
        intermediaries=answer.intermediaries if answer else (),
        failure=failure,
        detail=detail,
        started_at=started_at,
        duration_seconds=loop.time() - started,
    )


@dataclass(kw_only=True)
class _Attempt:
    """An attempt as far as it came."""

    observer: ObserverUrl
    destination: IPAddress | None = None
    destination_port: int | None = None
    local_address: IPAddress | None = None
    local_port: int | None = None
    connected: bool = False

    async def run(self, ask: Ask, *, open_socket: OpenSocket, resolve: Resolve) -> Answer:
        host = self.observer.host
        try:
            family, address = await resolve(host, self.observer.port)
        except OSError as error:
            reason = printable(error.strerror or type(error).__name__)
            raise ProbeError(Failure.NAME_UNRESOLVED, f"{host} was not resolved: {reason}") from error
        self.destination, self.destination_port = _read_socket_name(address)
        with open_socket(family, socket.SOCK_STREAM) as connection:
            connection.setblocking(False)
            try:
                await asyncio.get_running_loop().sock_connect(connection, address)
                self.connected = True
                self.destination, self.destination_port = _read_socket_name(connection.getpeername())
            finally:
                # Routing has chosen the socket's own address even where no answer came.
                local_address, local_port = _read_socket_name(connection.getsockname())
                if int(local_address) != 0:
                    self.local_address, self.local_port = local_address, local_port
            return await ask(self.observer, connection)

    def name_failure(self, error: Exception, *, timeout_seconds: float) -> tuple[Failure, str]:
        """Give the name and the detail of what ended the attempt."""
        if isinstance(error, ProbeError):
            return error.failure, str(error)
        if isinstance(error, TimeoutError):
            if self.destination is None:
                failure, what = Failure.NAME_UNRESOLVED, "no answer from DNS"
            elif self.connected:
                failure, what = Failure.REPLY_TIMEOUT, "connected, no reply"
            else:
                failure, what = Failure.CONNECT_TIMEOUT, "no answer"
            return failure, f"{what} within {timeout_seconds:g} s"
        if isinstance(error, ssl.SSLError):
            # Only errors that OpenSSL raised have the first two; ours has words.
            words = (getattr(error, "verify_message", None), getattr(error, "reason", None), error.strerror)
            return Failure.TLS, f"TLS failed: {printable(next(filter(None, words), type(error).__name__))}"
        if isinstance(error, OSError):
            reason = os.strerror(error.errno).lower() if error.errno else type(error).__name__
            return _FAILURE_OF_ERRNO.get(error.errno or 0, Failure.CRASHED), f"{self.observer.authority}: {reason}"
        return Failure.CRASHED, f"the probe crashed with {type(error).__name__}"


def _read_socket_name(name: Sequence[object]) -> tuple[IPAddress, int]:
    """Read address and port of a socket's name: IPv4 where IPv6 only wraps it, and without a zone."""
    address, _, _zone = str(name[0]).partition("%")
    return unmap(IPAddress(address)), int(str(name[1]))
