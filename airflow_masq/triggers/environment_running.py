"""Waits in the triggerer until an environment is running; the worker verifies the environment afterwards.

The trigger holds only names, settings and plain values, so another triggerer can continue it after a restart. The
client's calls block, so they run in threads, each for at most ``api_timeout_seconds``.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Literal

from asgiref.sync import sync_to_async

from airflow_masq.airflow_compat import BaseTrigger, TriggerEvent
from airflow_masq.exceptions import AirflowMasqError, TryAgainError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from airflow_masq.clients.composer import ComposerClient

WaitResult = Literal["running", "try-again", "final"]
"""How the wait ended: the environment is running, or an error of one of the families in ``airflow_masq.exceptions``."""


class EnvironmentRunningTrigger(BaseTrigger):
    """Fires once: with the outcome ``running``, or with the error that ended the wait.

    :param name: the environment's full name, ``projects/PROJECT/locations/REGION/environments/ID``.
    :param operation_name: the full name of the operation that creates it; ``None`` where another attempt started it.
    :param deadline: when to give up, in seconds since the epoch.
    :param gcp_conn_id: the Google connection.
    :param impersonation_chain: the service account to impersonate, or a chain of them; ``None`` for the connection's.
    :param poll_interval_seconds: the pause between two polls, in seconds.
    :param api_timeout_seconds: the time limit of one API call, in seconds.
    :param record: JSON values that the task knew when it was deferred; the event returns them. (``next_kwargs`` would
        keep them, too, but ``dag.test()`` of Airflow 3.3.2 loses those.)
    """

    def __init__(
        self,
        *,
        name: str,
        operation_name: str | None,
        deadline: float,
        gcp_conn_id: str,
        impersonation_chain: str | Sequence[str] | None,
        poll_interval_seconds: float,
        api_timeout_seconds: float,
        record: Mapping[str, Any],
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # Airflow's base is untyped
        self.environment_name = name
        self.operation_name = operation_name
        self.deadline = deadline
        self.gcp_conn_id = gcp_conn_id
        self.impersonation_chain = impersonation_chain
        self.poll_interval_seconds = poll_interval_seconds
        self.api_timeout_seconds = api_timeout_seconds
        self.record = record

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path, and the constructor's arguments as JSON values."""
        chain = self.impersonation_chain
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                "name": self.environment_name,
                "operation_name": self.operation_name,
                "deadline": self.deadline,
                "gcp_conn_id": self.gcp_conn_id,
                "impersonation_chain": chain if chain is None or isinstance(chain, str) else list(chain),
                "poll_interval_seconds": self.poll_interval_seconds,
                "api_timeout_seconds": self.api_timeout_seconds,
                "record": dict(self.record),
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Poll until the environment is running or an error ends the wait.

        :return: one event; its payload has ``outcome`` (see ``WaitResult``), ``message`` (empty if the environment is
            running), ``name`` and ``record``.
        """
        outcome: WaitResult
        try:
            await self._wait()
            outcome, message = "running", ""
        except AirflowMasqError as error:
            outcome, message = "try-again" if isinstance(error, TryAgainError) else "final", str(error)
        except Exception as error:
            # The text of an unexpected error may hold anything, so only its type goes to the task.
            self.log.exception("Waiting for %s failed", self.environment_name)
            outcome = "final"
            message = f"waiting for {self.environment_name} failed with {type(error).__name__}; see the triggerer's log"
        yield TriggerEvent(  # type: ignore[no-untyped-call] # Airflow's is untyped
            {"outcome": outcome, "message": message, "name": self.environment_name, "record": dict(self.record)}
        )

    async def _wait(self) -> None:
        from airflow_masq.environment.name import EnvironmentName  # noqa: PLC0415 - parsing a DAG file must stay cheap
        from airflow_masq.hooks.composer import ComposerHook  # noqa: PLC0415 - Google's libraries take seconds
        from airflow_masq.provisioning.watch import CreationWatch  # noqa: PLC0415 - with them

        def connect() -> ComposerClient:
            return ComposerHook(
                gcp_conn_id=self.gcp_conn_id,
                impersonation_chain=self.impersonation_chain,
                api_timeout_seconds=self.api_timeout_seconds,
            ).get_conn()

        # Reading a connection talks to the triggerer's main thread, which asgiref knows and asyncio's threads do not.
        client = await sync_to_async(connect)()
        with client:
            watch = CreationWatch(
                client=client,
                name=EnvironmentName.parse(self.environment_name),
                operation_name=self.operation_name,
                deadline=self.deadline,
                poll_interval_seconds=self.poll_interval_seconds,
            )
            while True:
                if await asyncio.to_thread(watch.poll):
                    return
                await asyncio.sleep(watch.choose_pause(now=time.time()))
