"""What to make of an environment that is being created, one look at a time.

A worker that waits in its slot and a trigger that waits in the triggerer share this, and so does a retry that finds the
creation of an earlier attempt going on: the environment's own state is the authority, the operation only knows the
reason of a failure. Clock and sleep are passed in; it must not create or change anything.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

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
    from airflow_masq.environment.name import EnvironmentName

log = logging.getLogger(__name__)

TOLERATED_FAILURES = 10
"""Unanswered looks in a row before waiting is given up: a choice, five minutes at the default poll interval."""


class EnvironmentState(StrEnum):
    """The states of ``Environment.State`` in the Composer v1 API."""

    STATE_UNSPECIFIED = "STATE_UNSPECIFIED"
    CREATING = "CREATING"
    RUNNING = "RUNNING"
    UPDATING = "UPDATING"
    DELETING = "DELETING"
    ERROR = "ERROR"


GOES_ON: dict[str, str] = {
    EnvironmentState.CREATING: "its creation goes on in the cloud",
    EnvironmentState.UPDATING: "an update of it goes on in the cloud",
}
"""What an environment that is not running waits for; elsewhere nobody knows."""

AFTER_A_FAILURE = (
    "look at the environment's page and at its logs in Cloud Logging, delete the environment, correct the cause and "
    "run the task again"
)


def environment_failed(name: EnvironmentName, *, problem: str) -> EnvironmentFailedError:
    """Say that an environment will not come up by itself, and what to do.

    :param name: the environment's name.
    :param problem: what is the matter with it, after its name.
    :return: the error to raise.
    """
    return EnvironmentFailedError(f"{name} {problem}; {AFTER_A_FAILURE}")


def being_deleted(name: EnvironmentName) -> EnvironmentNotReadyError:
    """Say that an environment is on its way out, and what to do.

    :param name: the environment's name.
    :return: the error to raise.
    """
    return EnvironmentNotReadyError(f"{name} is being deleted; run the task again once it is gone")


@dataclass(kw_only=True)
class CreationWatch:
    """Looks at one environment until it is running; remembers what it saw last, and how many looks went unanswered.

    :param client: where to ask.
    :param name: the environment.
    :param operation_name: the operation that creates it; ``None`` where another attempt started it.
    :param unanswered: looks in a row without an answer so far.
    :param state: the state that the environment was last seen in; ``None`` where it was not seen yet.
    """

    client: ComposerClient
    name: EnvironmentName
    operation_name: str | None = None
    unanswered: int = 0
    state: str | None = None

    def is_running(self) -> bool:
        """Look once.

        :return: the environment is running; ``False`` means that it is still on its way, or that there was no answer.
        :raises EnvironmentFailedError: it or its operation failed.
        :raises EnvironmentNotReadyError: somebody is deleting it, or it has disappeared.
        :raises CloudUnavailableError: too many looks in a row went unanswered.
        :raises CloudRefusedError: the API refuses to tell.
        """
        try:
            running = self._look()
        except CloudUnavailableError as error:
            self.unanswered += 1
            if self.unanswered > TOLERATED_FAILURES:
                raise
            log.warning("No answer (%d of at most %d in a row): %s", self.unanswered, TOLERATED_FAILURES, error)
            return False
        self.unanswered = 0
        return running

    def _look(self) -> bool:
        operation_goes_on = self._operation_goes_on()
        try:
            state = self.client.get(self.name).state
        except EnvironmentNotFoundError as error:
            if operation_goes_on:
                log.info("%s does not appear yet", self.name)
                return False
            raise EnvironmentNotReadyError(
                f"{self.name} has disappeared while it was waited for (somebody has deleted it?); run the task again "
                "to create it"
            ) from error
        self.state = state
        log.info("%s is in state %s", self.name, state)
        if state == EnvironmentState.DELETING:
            raise being_deleted(self.name)
        if state == EnvironmentState.ERROR:
            self._operation_goes_on()  # the operation may have ended since, and knows the reason
            raise environment_failed(self.name, problem="is in state ERROR")
        return state == EnvironmentState.RUNNING

    def _operation_goes_on(self) -> bool:
        if self.operation_name is None:
            return False
        try:
            operation = self.client.operation(self.operation_name)
        except CloudRefusedError as error:
            log.info("The operation tells nothing, the environment's state decides: %s", error)
            self.operation_name = None
            return False
        if operation.error is not None:
            raise environment_failed(self.name, problem=f"could not be created: {operation.error}")
        return not operation.done


def wait_until_running(
    watch: CreationWatch,
    *,
    deadline: float,
    poll_interval_seconds: float,
    now: Callable[[], float],
    sleep: Callable[[float], None],
) -> None:
    """Look again and again until the environment is running; blocks the thread.

    :param watch: what to look with.
    :param deadline: when to give up, on the clock ``now``, in seconds.
    :param poll_interval_seconds: the pause between two looks.
    :param now: the clock.
    :param sleep: sleeps for so many seconds.
    :raises EnvironmentNotReadyError: the deadline has passed.
    :raises AirflowMasqError: whatever ``CreationWatch.is_running`` raises.
    """
    while not watch.is_running():
        sleep(
            seconds_to_next_look(
                watch, deadline=deadline, poll_interval_seconds=poll_interval_seconds, seconds_now=now()
            )
        )


def seconds_to_next_look(
    watch: CreationWatch, *, deadline: float, poll_interval_seconds: float, seconds_now: float
) -> float:
    """Say how long to pause before the next look.

    :param watch: what has looked, for the message.
    :param deadline: when to give up, in seconds on the caller's clock.
    :param poll_interval_seconds: the usual pause.
    :param seconds_now: the time on the caller's clock.
    :return: the pause in seconds; the last one ends at the deadline.
    :raises EnvironmentNotReadyError: the deadline has passed.
    """
    left = deadline - seconds_now
    if left <= 0:
        seen = f"state {watch.state}" if watch.state else "it was not seen yet"
        goes_on = GOES_ON.get(watch.state or "", "what is under way goes on in the cloud")
        raise EnvironmentNotReadyError(
            f"{watch.name} is not running yet ({seen}) and the time given is up; {goes_on}: run the task again to go "
            "on waiting, or raise creation_timeout_seconds"
        )
    return min(poll_interval_seconds, left)
