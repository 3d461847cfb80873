"""Waits in the triggerer until an environment is running.

The trigger holds only names, settings and plain values, so it goes on in another triggerer after a restart: what it
needs to know it asks the API, and its deadline is a time of day. It must judge nothing; the worker verifies the
environment afterwards. The client's calls block, so they run in threads, each for at most ``api_timeout_seconds``.
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

Outcome = Literal["running", "try-again", "final"]
"""How the waiting ended: the environment runs, or one of the two families of ``airflow_masq.exceptions``."""


class EnvironmentRunningTrigger(BaseTrigger):
    """Fires once: with the outcome ``running``, or with the error that ended the waiting.

    :param name: the environment's full name.
    :param operation_name: the operation that creates it; ``None`` where another attempt started it.
    :param deadline: when to give up, in seconds since the epoch.
    :param gcp_conn_id: the Google connection.
    :param impersonation_chain: service account to impersonate, or a chain of them.
    :param poll_interval_seconds: the pause between two looks.
    :param api_timeout_seconds: how long one call may take.
    :param record: JSON values that the task knew before; the event gives them back. Airflow would keep them for the
        task (``next_kwargs``), but ``dag.test()`` of Airflow 3.3.2 loses those.
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
        """Give what the triggerer needs to make this trigger anew.

        :return: the class path, and the constructor's arguments as JSON-able values.
        """
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
        """Wait.

        :return: one event; its payload has ``outcome`` (see ``Outcome``), ``message``, ``name`` and ``record``.
        """
        try:
            await self._wait()
        except AirflowMasqError as error:
            outcome: Outcome = "try-again" if isinstance(error, TryAgainError) else "final"
            yield self._event(outcome, message=str(error))
        except Exception as error:
            self.log.exception("Waiting for %s broke down", self.environment_name)
            # The words of an error that nobody foresaw may hold anything, so only its kind goes to the task.
            kind = type(error).__name__
            message = f"waiting for {self.environment_name} broke down with {kind}; the triggerer's log has the rest"
            yield self._event("final", message=message)
        else:
            yield self._event("running", message="")

    async def _wait(self) -> None:
        from airflow_masq.environment.name import EnvironmentName  # noqa: PLC0415 - with them
        from airflow_masq.provisioning.watch import CreationWatch, seconds_to_next_look  # noqa: PLC0415 - Google's, slow

        # Reading a connection talks to the triggerer's main thread, which asgiref knows and asyncio's threads do not.
        client = await sync_to_async(self._connect)()
        name = EnvironmentName.parse(self.environment_name)
        watch = CreationWatch(client=client, name=name, operation_name=self.operation_name)
        with client:
            while True:
                if await asyncio.to_thread(watch.is_running):
                    return
                pause_seconds = seconds_to_next_look(
                    watch,
                    deadline=self.deadline,
                    poll_interval_seconds=self.poll_interval_seconds,
                    seconds_now=time.time(),
                )
                await asyncio.sleep(pause_seconds)

    def _connect(self) -> ComposerClient:
        from airflow_masq.hooks.composer import ComposerHook  # noqa: PLC0415 - Google's, slow

        return ComposerHook(
            gcp_conn_id=self.gcp_conn_id,
            impersonation_chain=self.impersonation_chain,
            api_timeout_seconds=self.api_timeout_seconds,
        ).get_conn()

    def _event(self, outcome: Outcome, *, message: str) -> TriggerEvent:
        return TriggerEvent(  # type: ignore[no-untyped-call] # Airflow's is untyped
            {"outcome": outcome, "message": message, "name": self.environment_name, "record": dict(self.record)}
        )
