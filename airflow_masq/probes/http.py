"""The HTTP probe: one GET over one fresh socket, and the address that the observer's reply names.

    resolve ─▶ open socket ─▶ connect ─▶ (TLS) ─▶ GET, Connection: close ─▶ reply ─▶ address
    └──────────────────────── one deadline over all of it ───────────────────────┘

A fresh socket per attempt, because connection tracking keeps an old translation for an old connection. No proxies from
the environment and no redirects, because both put somebody else's address there. It must never raise for what a network
or a server does, nor let credentials, or what a server might echo of them, into an observation.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from airflow_masq.observation.echo_reply import AmbiguousReplyError, ReplyError, parse_echo_reply
from airflow_masq.observation.observation import Failure, Observation
from airflow_masq.probes.channel import Channel, PlainChannel, TlsChannel
from airflow_masq.probes.http_exchange import ExchangeError, HttpReply, exchange
from airflow_masq.probes.http_target import HttpTarget, parse_http_target, without_credentials
from airflow_masq.probes.resolve import Resolve, resolve_by_system
from airflow_masq.probes.sockets import OpenSocket, ip_and_port
from airflow_masq.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from netaddr import IPAddress

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

# Other 2xx do not promise that the body is what was asked for: 206 holds a part of it (RFC 9110 section 15.3).
_WHOLE_REPLIES: Final = frozenset({HTTPStatus.OK, HTTPStatus.NON_AUTHORITATIVE_INFORMATION})


@dataclass(kw_only=True)
class _Progress:
    """How far an attempt came; what it learnt stays known when it breaks off."""

    destination: tuple[IPAddress, int] | None = None
    local: tuple[IPAddress, int] | None = None
    connected: bool = False


@dataclass(frozen=True, kw_only=True)
class _Result:
    observed: IPAddress | None = None
    failure: Failure | None = None
    detail: str = ""


async def probe_http(
    url: str,
    *,
    timeout_seconds: float,
    open_socket: OpenSocket,
    now: Callable[[], datetime],
    headers: Sequence[tuple[str, str]] = (),
    resolve: Resolve = resolve_by_system,
    tls_context: ssl.SSLContext | None = None,
    shown_as: str | None = None,
) -> Observation:
    """Ask an HTTP observer once for the source address it sees.

    :param url: ``http://`` or ``https://``, without credentials.
    :param timeout_seconds: the longest the whole attempt may take, name resolution included.
    :param open_socket: opens the one socket of the attempt.
    :param now: the clock, with its time zone.
    :param headers: further request headers, which may hold credentials: where there are any, nothing that the server
        sent is quoted, since it might echo them.
    :param resolve: gives the first address of the host; default the system's resolver.
    :param tls_context: verifies the server's certificate; default Python's own, with the system's authorities.
    :param shown_as: one printable line that the observation names instead of the URL, whose path is then taken for a
        secret, so that nothing that the server sent is quoted either; default ``None``, the URL.
    :return: what was seen, or why nothing was.
    :raises ValueError: when ``timeout_seconds`` is not above 0.
    """
    if not timeout_seconds > 0:
        raise ValueError(f"timeout_seconds: expected a number above 0, saw {timeout_seconds}")
    loop = asyncio.get_running_loop()
    started_at, started = now(), loop.time()
    progress = _Progress()
    shown_url = shown_as or without_credentials(url)
    try:
        target = parse_http_target(url)
    except ValueError as error:
        result = _Result(failure=Failure.UNUSABLE_TARGET, detail=str(error))
    else:
        shown_url = shown_as or target.url
        attempt = _Attempt(
            target=target,
            progress=progress,
            open_socket=open_socket,
            headers=tuple(headers),
            resolve=resolve,
            tls_context=tls_context,
            may_quote=not headers and shown_as is None,
        )
        result = await attempt.make(timeout_seconds=timeout_seconds)
    return Observation(
        url=shown_url,
        destination=progress.destination[0] if progress.destination else None,
        destination_port=progress.destination[1] if progress.destination else None,
        local_address=progress.local[0] if progress.local else None,
        local_port=progress.local[1] if progress.local else None,
        observed=result.observed,
        failure=result.failure,
        detail=result.detail,
        started_at=started_at,
        duration_seconds=loop.time() - started,
    )


@dataclass(frozen=True, kw_only=True)
class _Attempt:
    """One attempt, from the name to the reply."""

    target: HttpTarget
    progress: _Progress
    open_socket: OpenSocket
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    resolve: Resolve
    tls_context: ssl.SSLContext | None
    may_quote: bool

    async def make(self, *, timeout_seconds: float) -> _Result:
        """Make the attempt; whatever happens becomes a result."""
        try:
            async with asyncio.timeout(timeout_seconds):
                return await self._ask()
        except TimeoutError:
            return self._timed_out(timeout_seconds)
        except ExchangeError as error:
            return _Result(failure=error.failure, detail=str(error))
        except ssl.SSLError as error:
            return _Result(failure=Failure.TLS, detail=_tls_detail(error))
        except OSError as error:
            failure = _FAILURE_OF_ERRNO.get(error.errno or 0, Failure.CRASHED)
            return _Result(failure=failure, detail=_os_detail(error, self.target))
        except Exception as error:  # noqa: BLE001 - a probe that crashes is an observation, not the end of the check
            return _Result(failure=Failure.CRASHED, detail=f"the probe crashed with {type(error).__name__}")

    async def _ask(self) -> _Result:
        target = self.target
        try:
            family, address = await self.resolve(target.host, target.port)
        except OSError as error:
            reason = printable(error.strerror or type(error).__name__)
            return _Result(failure=Failure.NAME_UNRESOLVED, detail=f"{target.host} was not resolved: {reason}")
        self.progress.destination = ip_and_port(address)
        with self.open_socket(family, socket.SOCK_STREAM) as connection:
            connection.setblocking(False)
            try:
                await asyncio.get_running_loop().sock_connect(connection, address)
                self.progress.connected = True
                self.progress.destination = ip_and_port(connection.getpeername())
            finally:
                self._note_local_address(connection)
            channel = await self._channel(connection)
            return self._read(await exchange(channel, target, headers=self.headers))

    def _note_local_address(self, connection: socket.socket) -> None:
        """Keep the socket's own address: routing has chosen it even where no answer came."""
        local, port = ip_and_port(connection.getsockname())
        if int(local) != 0:
            self.progress.local = (local, port)

    async def _channel(self, connection: socket.socket) -> Channel:
        plain = PlainChannel(connection)
        if not self.target.encrypted:
            return plain
        context = self.tls_context or ssl.create_default_context()
        channel = TlsChannel(plain, context=context, host=self.target.host)
        await channel.shake_hands()
        return channel

    def _read(self, reply: HttpReply) -> _Result:
        status = f"HTTP {reply.status}"
        if HTTPStatus.MULTIPLE_CHOICES <= reply.status < HTTPStatus.BAD_REQUEST:
            return _Result(failure=Failure.REDIRECT, detail=f"{status}{self._quoted(reply.location, before=' to ')}")
        is_partial = bool(reply.body) and reply.status not in _WHOLE_REPLIES
        if reply.status >= HTTPStatus.BAD_REQUEST or is_partial:
            return _Result(failure=Failure.HTTP_STATUS, detail=f"{status}{self._quoted(reply.phrase, before=' ')}")
        if reply.content_codings:
            codings = self._quoted(", ".join(reply.content_codings), before=": ")
            return _Result(
                failure=Failure.NO_ADDRESS, detail=f"expected a body without content coding, saw one{codings}"
            )
        try:
            return _Result(observed=parse_echo_reply(reply.body))
        except AmbiguousReplyError as error:
            return _Result(failure=Failure.SEVERAL_ADDRESSES, detail=self._reply_detail(error))
        except ReplyError as error:
            return _Result(failure=Failure.NO_ADDRESS, detail=self._reply_detail(error))

    def _reply_detail(self, error: ReplyError) -> str:
        return f"expected {error.expected}, saw {error.seen}{self._quoted(error.excerpt, before=': ')}"

    def _quoted(self, foreign: str | bytes, *, before: str) -> str:
        """Quote what the server sent, unless it may hold an echo of credentials."""
        if not foreign:
            return ""
        if not self.may_quote:
            return f"{before}(not shown, since it might echo a secret of the request)"
        return f'{before}"{foreign if isinstance(foreign, str) else printable(foreign)}"'

    def _timed_out(self, timeout_seconds: float) -> _Result:
        if self.progress.destination is None:
            return _Result(failure=Failure.NAME_UNRESOLVED, detail=f"no answer from DNS within {timeout_seconds:g} s")
        if self.progress.connected:
            return _Result(failure=Failure.REPLY_TIMEOUT, detail=f"connected, no reply within {timeout_seconds:g} s")
        return _Result(failure=Failure.CONNECT_TIMEOUT, detail=f"no answer within {timeout_seconds:g} s")


def _os_detail(error: OSError, target: HttpTarget) -> str:
    reason = os.strerror(error.errno).lower() if error.errno else type(error).__name__
    return f"{target.authority}: {reason}"


def _tls_detail(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"TLS failed: {printable(error.verify_message)}"
    # Only errors that OpenSSL raised have a reason; ours has words.
    reason = getattr(error, "reason", None) or error.strerror or type(error).__name__
    return f"TLS failed: {printable(reason)}"
