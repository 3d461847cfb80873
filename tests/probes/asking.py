"""One attempt of the HTTP probe, as its tests make it."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from airflow_masq.probes import Resolve, probe_http
from airflow_masq.probes.resolve import resolve_by_system
from tests.probes.servers import Behaviour, serving

if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence

    from airflow_masq.observation.observation import Observation

MORNING = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)


async def ask(
    url: str,
    *,
    timeout_seconds: float = 5,
    headers: Sequence[tuple[str, str]] = (),
    tls_context: ssl.SSLContext | None = None,
    resolve: Resolve = resolve_by_system,
) -> Observation:
    """Make one attempt."""
    return await probe_http(
        url,
        timeout_seconds=timeout_seconds,
        open_socket=socket.socket,
        now=lambda: MORNING,
        headers=headers,
        tls_context=tls_context,
        resolve=resolve,
    )


async def ask_once(behaviour: Behaviour, *, timeout_seconds: float = 5, reads_request: bool = True) -> Observation:
    """Make one attempt at a server that behaves so."""
    async with serving(behaviour, reads_request=reads_request) as server:
        return await ask(server.url(), timeout_seconds=timeout_seconds)
