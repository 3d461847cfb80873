"""One attempt of the HTTP probe, as its tests make it."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow_masq.probes import OpenSocket, Resolve, Session, probe
from tests.probes.servers import Behaviour, serving

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_masq.observation.observation import Observation
    from airflow_masq.probes import Resolved

MORNING = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)


async def ask_all(
    url: str,
    *,
    timeout_seconds: float = 5,
    resolve: Resolve | None = None,
    open_socket: OpenSocket = socket.socket,
    **more: Any,  # noqa: ANN401 - what ``probe`` takes
) -> tuple[Observation, ...]:
    """Ask an observer, by default with a nonce and with a canary, and without further attempts."""
    async with Session(now=lambda: MORNING, resolve=resolve, open_socket=open_socket, rate_per_second=None) as session:
        return await probe(url, timeout_seconds=timeout_seconds, session=session, **more)


async def ask(
    url: str,
    *,
    canary: bool = False,
    nonce: bool = False,
    **more: Any,  # noqa: ANN401 - what ``ask_all`` takes
) -> Observation:
    """Make one attempt at one address, by default with one request, that is as plain as can be."""
    (seen,) = await ask_all(url, canary=canary, nonce=nonce, **more)
    return seen


async def ask_once(behaviour: Behaviour, *, timeout_seconds: float = 5, reads_request: bool = True) -> Observation:
    """Make one attempt at a server that behaves so."""
    async with serving(behaviour, reads_request=reads_request) as server:
        return await ask(server.url(), timeout_seconds=timeout_seconds)


def resolving(*addresses: str) -> Resolve:
    """Make a resolver that gives every name the same addresses."""

    async def resolve(_host: str, port: int) -> Sequence[Resolved]:
        return [
            (socket.AF_INET6, (address, port, 0, 0)) if ":" in address else (socket.AF_INET, (address, port))
            for address in addresses
        ]

    return resolve
