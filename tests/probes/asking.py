"""One attempt of the HTTP probe, as its tests make it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow_masq.probes import Session, probe
from tests.probes.servers import Behaviour, serving

if TYPE_CHECKING:
    from airflow_masq.observation.observation import Observation
    from airflow_masq.probes import Resolve

MORNING = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)


async def ask(
    url: str,
    *,
    timeout_seconds: float = 5,
    resolve: Resolve | None = None,
    canary: bool = False,
    nonce: bool = False,
    **more: Any,  # noqa: ANN401 - what ``probe`` takes
) -> Observation:
    """Make one attempt, by default with one request, that is as plain as can be."""
    async with Session(now=lambda: MORNING, resolve=resolve) as session:
        (seen,) = await probe(
            url, timeout_seconds=timeout_seconds, canary=canary, nonce=nonce, session=session, **more
        )
        return seen


async def ask_once(behaviour: Behaviour, *, timeout_seconds: float = 5, reads_request: bool = True) -> Observation:
    """Make one attempt at a server that behaves so."""
    async with serving(behaviour, reads_request=reads_request) as server:
        return await ask(server.url(), timeout_seconds=timeout_seconds)
