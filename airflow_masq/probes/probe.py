"""The one table of probes, and the one way to call any of them; a new scheme is a new file and a new row.

    URL ─▶ resolve once ─▶ every address, each in its own order of attempts ─▶ observations

A name may stand for several observers, and a load balancer may sit before each. So a name is resolved once, every
address is asked, and an attempt that is repeated asks the same address: another address' answer proves nothing of it.
"""

from __future__ import annotations

import asyncio
import itertools
import socket
from contextlib import nullcontext
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Protocol

from airflow_masq.observation.observation import TRANSIENT_FAILURES, Failure, Observation
from airflow_masq.probes.attempt import Question, read_socket_name
from airflow_masq.probes.http import ask_http
from airflow_masq.probes.observer_url import ObserverUrl, hide_credentials
from airflow_masq.probes.session import Session
from airflow_masq.text import escape

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Sequence
    from contextlib import AbstractAsyncContextManager

    from airflow_masq.probes.resolver import Resolved

MOST_ADDRESSES: Final = 16
"""How many addresses of one name are asked."""


class Ask(Protocol):
    """Asks an observer once, at one of its addresses."""

    def __call__(
        self, question: Question, *, address: Resolved, session: Session
    ) -> Awaitable[tuple[Observation, ...]]:
        """Ask; nothing that a network or a server does is raised."""


@dataclass(frozen=True, kw_only=True)
class Probe:
    """How observers of one URL scheme are asked."""

    ask: Ask
    default_port: int


PROBES: Final = MappingProxyType[str, Probe](
    {"http": Probe(ask=ask_http, default_port=80), "https": Probe(ask=ask_http, default_port=443)}
)
"""The probe for each URL scheme."""

_DEFAULT_PORTS: Final = {scheme: row.default_port for scheme, row in PROBES.items()}


async def probe(
    url: str,
    *,
    timeout_seconds: float,
    attempts: int = 1,
    wait_seconds: float = 1.0,
    nonce: bool = True,
    canary: bool = True,
    headers: Sequence[tuple[str, str]] = (),
    tls_context: ssl.SSLContext | None = None,
    shown_as: str | None = None,
    session: Session | None = None,
) -> tuple[Observation, ...]:
    """Ask the observer of a URL which source address it sees, at every address that its name has.

    :param url: the observer.
    :param timeout_seconds: the longest that one attempt may take, and that the name's resolution may.
    :param attempts: the most attempts at each address, default 1; only failures that may pass are tried again.
    :param wait_seconds: the pause before another attempt, default 1.
    :param nonce: whether each request carries a number that no cache can know, in its query; default ``True``.
    :param canary: whether an answer is tested by a second request, with an invented client address; default ``True``.
    :param headers: further request headers, which may hold credentials: where there are any, nothing that the server
        sent is quoted, since it might echo them.
    :param tls_context: verifies the server's certificate; default the session's.
    :param shown_as: one printable line that the observations name instead of the URL, whose path is then taken for a
        secret, so that nothing that the server sent is quoted either; default ``None``, the URL.
    :param session: what is shared with other probes; default one of its own.
    :return: one observation for each attempt at each address. If the observer's name has more than 16 addresses, one
        more observation says so.
    :raises ValueError: when ``timeout_seconds`` is not above 0.
    """
    if not timeout_seconds > 0:
        raise ValueError(f"timeout_seconds: expected a number above 0, saw {timeout_seconds}")
    owner: AbstractAsyncContextManager[Session] = Session() if session is None else nullcontext(session)
    async with owner as shared:
        try:
            observer = ObserverUrl.parse(url, default_ports=_DEFAULT_PORTS)
        except ValueError as error:
            shown = shown_as or hide_credentials(url)
            return (Observation.from_unusable_target(shown, detail=str(error), started_at=shared.now()),)
        question = Question(
            observer=observer,
            timeout_seconds=timeout_seconds,
            nonce=nonce,
            canary=canary,
            headers=headers,
            tls_context=tls_context,
            shown_as=shown_as,
        )
        survey = _Survey(question, attempts=attempts, wait_seconds=wait_seconds, session=shared)
        return await survey.ask_all()


class _Survey:
    """One observer, asked at all of its addresses."""

    def __init__(self, question: Question, *, attempts: int, wait_seconds: float, session: Session) -> None:
        self._question = question
        self._ask = PROBES[question.observer.scheme].ask
        self._attempts = attempts
        self._wait_seconds = wait_seconds
        self._session = session

    async def ask_all(self) -> tuple[Observation, ...]:
        """Resolve the name, then ask every address of it."""
        found = await self._resolve()
        failures: tuple[Observation, ...] = ()
        while isinstance(found, Observation):
            failures += (found,)
            if len(failures) >= self._attempts:
                return failures
            await self._pause()
            found = await self._resolve()
        asked, further = found[:MOST_ADDRESSES], found[MOST_ADDRESSES:]
        if len(asked) == 1:
            return (*failures, *await self._ask_address(asked[0]))
        by_address = await asyncio.gather(*map(self._ask_address, asked))
        observations = (*failures, *itertools.chain.from_iterable(by_address))
        if further:
            host = self._question.observer.host
            asked_so_far = f"{host} has {len(found)} addresses, of which {MOST_ADDRESSES} were asked"
            detail = f"{asked_so_far}: name the others in targets of their own"
            observations = (*observations, self._fail(Failure.UNUSABLE_TARGET, detail))
        return observations

    async def _pause(self) -> None:
        await asyncio.sleep(self._session.vary(self._wait_seconds))

    async def _ask_address(self, address: Resolved) -> tuple[Observation, ...]:
        observations = await self._ask(self._question, address=address, session=self._session)
        made = 1
        while observations[-1].failure in TRANSIENT_FAILURES and made < self._attempts:
            await self._pause()
            observations += await self._ask(self._question, address=address, session=self._session)
            made += 1
        return observations

    async def _resolve(self) -> Sequence[Resolved] | Observation:
        """Give the addresses of the observer, each once; or why there is none."""
        observer, timeout_seconds, session = self._question.observer, self._question.timeout_seconds, self._session
        literal = _read_literal(observer.host, port=observer.port)
        if literal is not None:
            return [literal]
        async with session.slot():
            started, stalled_seconds = session.loop.time(), session.watch.stalled_seconds
            has_room = session.has_room_to_resolve
            try:
                async with asyncio.timeout(timeout_seconds):
                    found = await session.resolve(observer.host, observer.port)
            except TimeoutError:
                is_ours = not has_room or session.watch.stalled_seconds - stalled_seconds > timeout_seconds / 4
                failure = Failure.STARVED if is_ours else Failure.NAME_UNRESOLVED
                detail = f"no answer from DNS within {timeout_seconds:g} s"
                if is_ours:
                    detail = f"this process was too busy to resolve {observer.host} within {timeout_seconds:g} s"
                return self._fail(failure, detail, started=started)
            except OSError as error:
                reason = escape(error.strerror or type(error).__name__)
                detail = f"{observer.host} was not resolved: {reason}"
                return self._fail(Failure.NAME_UNRESOLVED, detail, started=started)
        if not found:
            return self._fail(Failure.NAME_UNRESOLVED, f"{observer.host} has no address", started=started)
        by_address = {read_socket_name(address)[0]: (family, address) for family, address in reversed(found)}
        return list(reversed(by_address.values()))

    def _fail(self, failure: Failure, detail: str, *, started: float | None = None) -> Observation:
        """Observe what ended before an address was asked."""
        question, session = self._question, self._session
        return Observation(
            url=question.shown_as or question.observer.text,
            destination=None,
            destination_port=None,
            local_address=None,
            observed=None,
            failure=failure,
            detail=detail,
            started_at=session.now(),
            duration_seconds=0.0 if started is None else session.loop.time() - started,
        )


def _read_literal(host: str, *, port: int) -> Resolved | None:
    """Read an address that needs no DNS; ``None`` for a name."""
    for family, address in ((socket.AF_INET, (host, port)), (socket.AF_INET6, (host, port, 0, 0))):
        try:
            socket.inet_pton(family, host)
        except OSError:
            continue
        return family, address
    return None
