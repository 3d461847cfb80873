"""The one table of probes, and the one way to call any of them; a new scheme is a new file and a new row."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Protocol

from airflow_masq.observation.observation import Observation
from airflow_masq.probes.attempt import OpenSocket
from airflow_masq.probes.http import probe_http
from airflow_masq.probes.observer_url import hide_credentials
from airflow_masq.text import printable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class Probe(Protocol):
    """Makes one attempt at one observer."""

    def __call__(
        self, url: str, *, timeout_seconds: float, open_socket: OpenSocket, now: Callable[[], datetime]
    ) -> Awaitable[Observation]:
        """Ask one observer once; nothing that a network or a server does is raised."""


PROBES: Final = MappingProxyType[str, Probe]({"http": probe_http, "https": probe_http})
"""The probe for each URL scheme."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


async def probe(
    url: str,
    *,
    timeout_seconds: float,
    open_socket: OpenSocket = socket.socket,
    now: Callable[[], datetime] = _utc_now,
) -> Observation:
    """Make one attempt at the observer of a URL, with the probe for its scheme.

    :param url: the observer.
    :param timeout_seconds: the longest the whole attempt may take.
    :param open_socket: opens the one socket of the attempt, default ``socket.socket``.
    :param now: the clock, with its time zone; default the system's, in UTC.
    :return: what was seen, or why nothing was.
    :raises ValueError: when ``timeout_seconds`` is not above 0.
    """
    scheme = url.partition(":")[0].lower()
    if scheme in PROBES:
        return await PROBES[scheme](url, timeout_seconds=timeout_seconds, open_socket=open_socket, now=now)
    detail = f"expected a URL that begins with {', '.join(PROBES)}, saw {printable(scheme, limit=40)}"
    return Observation.of_unusable_target(hide_credentials(url), detail=detail, started_at=now())
