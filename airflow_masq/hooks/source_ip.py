"""Airflow's way to observers: connections in, observations out.

It runs where the task runs, and its probes leave with that Pod's address: it must never be handed to the triggerer,
which is another Pod. It repeats failed attempts and keeps each as an observation of its own; it judges nothing.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from airflow_masq.airflow_compat import AirflowNotFoundException, BaseHook
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.get_provider_info import CONNECTION_FORM
from airflow_masq.hooks.source_ip_connection import read_connection
from airflow_masq.observation.observation import TRANSIENT_FAILURES, Failure, Observation
from airflow_masq.probes import probe, probe_http
from airflow_masq.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_masq.plan import Target

_CONNECTION_SCHEME = "airflow://"
_Ask: TypeAlias = Callable[[], Awaitable[Observation]]


class SourceIpHook(BaseHook):
    """Asks observers which source address they see.

    :param source_ip_observer_conn_id: the connection that ``airflow://`` without a name means.
    """

    conn_name_attr: ClassVar[str] = "source_ip_observer_conn_id"
    default_conn_name: ClassVar[str] = "source_ip_observer_default"
    conn_type: ClassVar[str] = "source_ip_observer"
    hook_name: ClassVar[str] = "Source IP observer"

    def __init__(self, source_ip_observer_conn_id: str | None = None) -> None:
        super().__init__()
        self.source_ip_observer_conn_id = source_ip_observer_conn_id or self.default_conn_name

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """Describe the connection form.

        :return: Airflow's description of fields.
        """
        return {name.replace("-", "_"): value for name, value in CONNECTION_FORM.items()}

    def observe(
        self,
        observe_url: str = _CONNECTION_SCHEME,
        *,
        timeout_seconds: float = 5.0,
        attempts: int = 3,
        wait_seconds: float = 1.0,
    ) -> tuple[Observation, ...]:
        """Ask one observer.

        :param observe_url: ``http://``, ``https://`` or ``airflow://CONN_ID``; default this hook's own connection.
        :param timeout_seconds: for one attempt, default 5.
        :param attempts: the most attempts, default 3; only failures that may pass are tried again.
        :param wait_seconds: between attempts, default 1.
        :return: one observation for each attempt.
        """
        ask = self._ask(observe_url, timeout_seconds=timeout_seconds)
        return asyncio.run(_attempts(ask, attempts=attempts, wait_seconds=wait_seconds))

    def observe_all(
        self,
        targets: Sequence[Target],
        *,
        timeout_seconds: float = 5.0,
        attempts: int = 3,
        wait_seconds: float = 1.0,
    ) -> dict[str, tuple[Observation, ...]]:
        """Ask the observers of several targets, all at once.

        :param targets: the targets, their names unique.
        :param timeout_seconds: for one attempt, default 5.
        :param attempts: the most attempts for each, default 3; only failures that may pass are tried again.
        :param wait_seconds: between attempts, default 1.
        :return: the observations by the targets' names.
        """
        # Connections are read first: Airflow's own way to them must not be called inside an event loop.
        asks = [self._ask(target.observe, timeout_seconds=timeout_seconds) for target in targets]

        async def ask_all() -> list[tuple[Observation, ...]]:
            return await asyncio.gather(*(_attempts(ask, attempts=attempts, wait_seconds=wait_seconds) for ask in asks))

        return dict(zip((target.name for target in targets), asyncio.run(ask_all()), strict=True))

    def test_connection(self) -> tuple[bool, str]:
        """Ask this hook's own observer once, for the button in Airflow's connection form.

        :return: whether it answered with an address, and what it answered.
        """
        observation = self.observe(attempts=1)[0]
        if observation.observed is None:
            return False, f"{observation.failure}: {observation.detail}"
        return True, f"The observer sees {observation.observed} (asked from the API server, not from a worker)"

    def _ask(self, observe_url: str, *, timeout_seconds: float) -> _Ask:
        """Prepare what makes one attempt; a connection that cannot be used is that target's failure and no other's."""
        if not observe_url.startswith(_CONNECTION_SCHEME):
            return partial(probe, observe_url, timeout_seconds=timeout_seconds)
        conn_id = observe_url.removeprefix(_CONNECTION_SCHEME) or self.source_ip_observer_conn_id
        try:
            observer = read_connection(self.get_connection(conn_id), conn_id=conn_id)
        except Exception as error:  # noqa: BLE001 - secrets backends raise whatever they like
            return partial(_unusable, conn_id, detail=_one_line(error, conn_id))
        return partial(
            probe_http,
            observer.url,
            timeout_seconds=timeout_seconds,
            open_socket=socket.socket,
            now=_now,
            headers=observer.headers,
            tls_context=observer.tls_context,
            shown_as=_shown(conn_id),
        )


async def _attempts(ask: _Ask, *, attempts: int, wait_seconds: float) -> tuple[Observation, ...]:
    observations = [await ask()]
    while observations[-1].failure in TRANSIENT_FAILURES and len(observations) < attempts:
        await asyncio.sleep(wait_seconds)
        observations.append(await ask())
    return tuple(observations)


async def _unusable(conn_id: str, *, detail: str) -> Observation:
    return Observation(
        url=_shown(conn_id),
        destination=None,
        destination_port=None,
        local_address=None,
        observed=None,
        failure=Failure.UNUSABLE_TARGET,
        detail=detail,
        started_at=_now(),
        duration_seconds=0.0,
    )


def _shown(conn_id: str) -> str:
    return f"{_CONNECTION_SCHEME}{printable(conn_id, limit=250)}"


def _one_line(error: Exception, conn_id: str) -> str:
    """Say why a connection cannot be used; foreign errors may quote it, so only their type is named."""
    if isinstance(error, InvalidInputError):
        return str(error)
    # Airflow 3.3.2 calls a connection that it cannot read "not defined", too.
    seen = "none" if isinstance(error, AirflowNotFoundException) else f"{type(error).__name__} while reading it"
    return f"connection {printable(conn_id, limit=60)}: expected one that is defined and well-formed, saw {seen}"


def _now() -> datetime:
    return datetime.now(UTC)
