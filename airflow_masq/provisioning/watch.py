"""Waits for an environment that is being created.

A worker that waits in its slot and a trigger that waits in the triggerer share this, and so does a retry that finds the
creation of an earlier attempt. The environment's own state decides; the operation only knows why a creation failed.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from airflow_masq.environment.name import EnvironmentName
from airflow_masq.exceptions import (
    CloudRefusedError,
    CloudUnavailableError,
    EnvironmentFailedError,
    EnvironmentNotFoundError,
    EnvironmentNotReadyError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_masq.clients.composer import ComposerClient

log = logging.getLogger(__name__)

TOLERATED_FAILURES = 10
"""How many calls in a row may go unanswered: a choice, five minutes at the default poll interval."""


class EnvironmentState(StrEnum):
    """The states of ``Environment.State`` in the Composer v1 API."""

    STATE_UNSPECIFIED = "STATE_UNSPECIFIED"
    CREATING = "CREATING"
    RUNNING = "RUNNING"
    UPDATING = "UPDATING"
    DELETING = "DELETING"
    ERROR = "ERROR"


CONTINUES: dict[str, str] = {
    EnvironmentState.CREATING: "its creation continues in the cloud",
    EnvironmentState.UPDATING: "its update continues in the cloud",
}
"""What the cloud still does in a state; of the other states it is not known."""


def make_creation_error(name: EnvironmentName, *, problem: str) -> EnvironmentFailedError:
    """Make the error for an environment that will not start without help; the problem follows its name."""
    return EnvironmentFailedError(
        f"{name} {problem}; look at the environment's page and at its logs in Cloud Logging, delete the environment, "
        "correct the cause and run the task again"
    )


def refuse_lost(name: EnvironmentName, *, state: str) -> None:
    """Refuse an environment whose state says that it will not start without help.

    :raises EnvironmentFailedError: it is in state ERROR.
    :raises EnvironmentNotReadyError: it is being deleted; once it is gone, it can be created.
    """
    if state == EnvironmentState.DELETING:
        raise EnvironmentNotReadyError(f"{name} is being deleted; run the task again once it is gone")
    if state == EnvironmentState.ERROR:
        raise make_creation_error(name, problem="is in state ERROR")


@dataclass(kw_only=True)
class CreationWatch:
    """Polls one environment until it is running.

    :param operation_name: the operation that creates it; ``None`` where another attempt started it.
    :param deadline: when to give up, in seconds on the caller's clock.
    :param state: the state in the last answer; ``None`` before the first one.
    :param unanswered: how many polls in a row got no answer.
    """

    client: ComposerClient
    name: EnvironmentName
    operation_name: str | None
    deadline: float
    poll_interval_seconds: float
    state: str | None = None
    unanswered: int = 0

    def poll(self) -> bool:
        """Ask once whether the environment is running; ``False`` if it is still on its way or nothing answered.

        :raises EnvironmentFailedError: the environment or its operation failed.
        :raises EnvironmentNotReadyError: the environment is being deleted, or has disappeared.
        :raises CloudUnavailableError: more than ``TOLERATED_FAILURES`` polls in a row got no answer.
        :raises CloudRefusedError: the API refused the call.
        """
        try:
            is_being_created = self._check_operation()
            self.state = self.client.get(self.name).state
            log.info("%s is in state %s", self.name, self.state)
            if self.state == EnvironmentState.ERROR:
                self._check_operation()  # it may have ended between the two calls, and knows the reason
        except EnvironmentNotFoundError as error:
            if not is_being_created:
                raise EnvironmentNotReadyError(
                    f"{self.name} disappeared during the wait (was it deleted?); run the task again to create it"
                ) from error
            log.info("%s has not appeared yet", self.name)
            self.unanswered = 0
            return False
        except CloudUnavailableError as error:
            self.unanswered += 1
            if self.unanswered > TOLERATED_FAILURES:
                raise
            log.warning("No answer (%d in a row, at most %d): %s", self.unanswered, TOLERATED_FAILURES, error)
            return False
        self.unanswered = 0
        refuse_lost(self.name, state=self.state)
        return self.state == EnvironmentState.RUNNING

    def wait(self, *, now: Callable[[], float], sleep: Callable[[float], None]) -> None:
        """Poll until the environment is running; blocks the thread.

        :raises EnvironmentNotReadyError: the deadline has passed.
        :raises AirflowMasqError: as ``poll`` raises it.
        """
        while not self.poll():
            sleep(self.choose_pause(now=now()))

    def choose_pause(self, *, now: float) -> float:
        """Return the seconds to pause before the next poll; the last pause ends at the deadline.

        :raises EnvironmentNotReadyError: the deadline has passed.
        """
        left = self.deadline - now
        if left <= 0:
            seen = f"state {self.state}" if self.state else "it has not appeared"
            continues = CONTINUES.get(self.state or "", "any operation that was started continues in the cloud")
            raise EnvironmentNotReadyError(
                f"{self.name} is not running yet ({seen}) and creation_timeout_seconds has passed; {continues}. Run "
                "the task again to continue waiting, or raise creation_timeout_seconds"
            )
        return min(self.poll_interval_seconds, left)

    def _check_operation(self) -> bool:
        """Return whether the operation is still running; raise if it failed."""
        if self.operation_name is None:
            return False
        try:
            operation = self.client.get_operation(self.operation_name)
        except CloudRefusedError as error:
            log.info("The operation cannot be read, so the environment's state decides: %s", error)
            self.operation_name = None
            return False
        if operation.error is not None:
            raise make_creation_error(self.name, problem=f"could not be created: {operation.error}")
        return not operation.done
