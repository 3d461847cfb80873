"""Waits in the triggerer until an environment is running; the worker verifies the environment afterwards.

The trigger holds only names, settings and plain values, so another triggerer can continue it after a restart. Its calls
are asynchronous, so a silent API holds no thread and no other trigger waits. Only the imports of Google's libraries and
the search for credentials need a thread, once for each trigger, from a pool of this module's own.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import random
import sys
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, Self

from airflow.triggers.base import BaseTrigger, TriggerEvent
from asgiref.sync import sync_to_async

from airflow_masq.clients.client import DEFAULT_API_TIMEOUT_SECONDS
from airflow_masq.exceptions import AirflowMasqError, EnvironmentFailedError, TryAgainError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from google.auth.credentials import Credentials

    from airflow_masq.hooks.composer import ComposerHook

WaitResult = Literal["running", "gone", "failed", "try-again", "final"]
"""How the wait ended: the environment is running; it was deleted and can be created; its creation failed; or another
error of one of the families in ``airflow_masq.exceptions``."""

DEFAULT_TIMEOUT_SECONDS: Final = 7200.0
"""How long a trigger waits whose row has no deadline."""

LONGEST_START_DELAY_SECONDS: Final = 5.0
"""How far the starts of triggers are spread at most: a choice."""

_LOADING: Final = threading.Lock()

# Starts no thread before the first trigger asks for one.
_CONNECTORS: Final = ThreadPoolExecutor(max_workers=4, thread_name_prefix="airflow-masq-connect")


@dataclass(frozen=True, kw_only=True)
class WaitEnd:
    """What a trigger's event says; another version of this package may have made it, with other keys.

    :param outcome: a ``WaitResult``, or anything else.
    :param message: the error; a placeholder where there is none.
    :param name: the environment's full name; empty if it is not told.
    :param deadline: when the task gives up, in seconds since the epoch; ``None`` if it is not told.
    :param record: what the task knew when it was deferred; empty if it knew nothing.
    """

    outcome: object
    message: str
    name: str
    deadline: float | None
    record: Mapping[str, Any]

    @classmethod
    def read(cls, event: Mapping[str, Any]) -> Self:
        """Read an event's payload."""
        name, deadline, record = event.get("name"), event.get("deadline"), event.get("record")
        return cls(
            outcome=event.get("outcome"),
            message=str(event.get("message") or "the wait ended without a reason; see the triggerer's log"),
            name=name if isinstance(name, str) else "",
            deadline=deadline if isinstance(deadline, int | float) else None,
            record=record if isinstance(record, Mapping) else {},
        )


class EnvironmentRunningTrigger(BaseTrigger):
    """Fires once: with the outcome ``running``, or with the error that ended the wait.

    A row that another version of this package wrote may lack settings, which get their defaults, or have more, which
    are ignored.

    :param name: the environment's full name, ``projects/PROJECT/locations/REGION/environments/ID``.
    :param operation_name: the full name of the operation that creates it; ``None`` if it is not known.
    :param deadline: when to give up, in seconds since the epoch; ``None`` for two hours after the start.
    :param gcp_conn_id: the Google connection.
    :param impersonation_chain: the service account to impersonate, or a chain of them; ``None`` for the connection's.
    :param poll_interval_seconds: the pause between two polls, in seconds.
    :param api_timeout_seconds: the time limit of one API call, in seconds (default 60).
    :param failure_tolerance_seconds: how long calls may fail in a row, in seconds.
    :param state: the environment's state when the task was deferred; ``None`` if it is not known.
    :param record: JSON values that the task knew when it was deferred; the event returns them. (``next_kwargs`` would
        keep them, too, but ``dag.test()`` of Airflow 3.3.2 loses those.)
    """

    def __init__(
        self,
        *,
        name: str = "",
        operation_name: str | None = None,
        deadline: float | None = None,
        gcp_conn_id: str = "google_cloud_default",
        impersonation_chain: str | Sequence[str] | None = None,
        poll_interval_seconds: float = 30.0,
        api_timeout_seconds: float = DEFAULT_API_TIMEOUT_SECONDS,
        failure_tolerance_seconds: float = 600.0,
        state: str | None = None,
        record: Mapping[str, Any] | None = None,
        **_of_another_version: Any,  # noqa: ANN401 - any JSON
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # Airflow's base is untyped
        self.environment_name = name
        self.operation_name = operation_name
        self.deadline = time.time() + DEFAULT_TIMEOUT_SECONDS if deadline is None else deadline
        self.gcp_conn_id = gcp_conn_id
        self.impersonation_chain = impersonation_chain
        self.poll_interval_seconds = poll_interval_seconds
        self.api_timeout_seconds = api_timeout_seconds
        self.failure_tolerance_seconds = failure_tolerance_seconds
        self.state = state
        self.record = dict(record) if isinstance(record, Mapping) else {}

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
                "failure_tolerance_seconds": self.failure_tolerance_seconds,
                "state": self.state,
                "record": self.record,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Poll until the environment is running, or gone, or an error ends the wait.

        :return: one event; its payload has ``outcome`` (see ``WaitResult``), ``message`` (empty if there is no error),
            ``name``, ``deadline`` and ``record``.
        """
        outcome: WaitResult
        message = ""
        try:
            outcome = "running" if await self._wait() else "gone"
        except EnvironmentFailedError as error:
            outcome, message = "failed", str(error)
        except AirflowMasqError as error:
            outcome, message = "try-again" if isinstance(error, TryAgainError) else "final", str(error)
        except Exception as error:
            # The text of an unexpected error may hold anything, so only its type goes to the task.
            self.log.exception("Waiting for %s failed", self.environment_name)
            outcome = "final"
            message = f"waiting for {self.environment_name} failed with {type(error).__name__}; see the triggerer's log"
        yield TriggerEvent(  # type: ignore[no-untyped-call] # Airflow's is untyped
            {
                "outcome": outcome,
                "message": message,
                "name": self.environment_name,
                "deadline": self.deadline,
                "record": self.record,
            }
        )

    async def on_kill(self) -> None:
        """Say what goes on in the cloud and how to find it, where Airflow tells that a person ended the task (3.3)."""
        from airflow_masq.environment.name import EnvironmentName  # noqa: PLC0415 - parsing a DAG file must stay cheap
        from airflow_masq.environment.whereabouts import describe_abandoned  # noqa: PLC0415 - as above

        name = EnvironmentName.parse(self.environment_name)
        text = describe_abandoned(name, operation_name=self.operation_name, state=self.state)
        self.log.warning("%s", text)

    async def _wait(self) -> bool:
        """Wait until the environment is running, or, if it was being deleted, gone."""
        # A triggerer starts all of its triggers at once.
        longest = min(self.poll_interval_seconds, LONGEST_START_DELAY_SECONDS)
        await asyncio.sleep(random.uniform(0, longest))  # noqa: S311 - no secret
        # sync_to_async, and not asyncio's own threads: a connection is read through the loop that asgiref knows
        # [source: observed-trigger-threads].
        connect = sync_to_async(self._connect, thread_sensitive=False, executor=_CONNECTORS)
        hook, credentials = await connect()

        # All of it was imported in the thread.
        from airflow_masq.environment.name import EnvironmentName  # noqa: PLC0415 - parsing a DAG file must stay cheap
        from airflow_masq.provisioning import CreationWatch, run_steps_async  # noqa: PLC0415 - with it

        watch = CreationWatch(
            name=EnvironmentName.parse(self.environment_name),
            operation_name=self.operation_name,
            deadline=self.deadline,
            poll_interval_seconds=self.poll_interval_seconds,
            failure_tolerance_seconds=self.failure_tolerance_seconds,
            now=time.time,
            random=random.random,
            state=self.state,
        )
        async with hook.make_async_client(credentials) as client:
            return await run_steps_async(watch.wait(), client=client, sleep=asyncio.sleep) is not None

    def _connect(self) -> tuple[ComposerHook, Credentials]:
        """Import what takes seconds, and find what may need the network."""
        _load_libraries()
        from airflow_masq.hooks.composer import ComposerHook  # noqa: PLC0415 - Google's libraries take seconds

        hook = ComposerHook(
            gcp_conn_id=self.gcp_conn_id,
            impersonation_chain=self.impersonation_chain,
            api_timeout_seconds=self.api_timeout_seconds,
        )
        return hook, hook.find_credentials()


def _load_libraries() -> None:
    """Load Google's libraries and what decides, once in a process, outside of its event loop.

    They are 50,000 objects that stay, beside 200,000 of Airflow's. That growth has Python's collector walk all of them,
    with every thread waiting: 0.15 s each time on an idle core [source: observed-collector-pauses]. So what is there
    already is frozen, and then what was loaded. Frozen objects are freed as before when nothing refers to them any
    more; only cycles among those of this one moment would stay. Later garbage is collected as before, and faster.
    """
    with _LOADING:
        if "airflow_masq.hooks.composer" in sys.modules:
            return
        gc.freeze()
        importlib.import_module("airflow_masq.provisioning")
        importlib.import_module("airflow_masq.hooks.composer")
        gc.freeze()
