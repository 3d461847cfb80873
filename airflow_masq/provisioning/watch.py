"""Watches an environment until it is running, without input or output: it says which one call is next.

    operation known ──▶ GetOperation ──running──▶ pause
          │                  │ ended, or unreadable (unanswered: at the next look)
          ▼                  ▼
      (unknown) ──────▶ GetEnvironment ──▶ RUNNING  the end
                             │             CREATING, UPDATING, DELETING  pause
                             │             gone after DELETING  the end, it can be created
                             ▼
                           ERROR ──▶ ListOperations, which know the reason

A worker that waits in its slot and a trigger that waits in the triggerer share this, and so does a retry that finds the
creation of an earlier attempt. The environment's own state decides; the operation is cheaper to read and knows why a
creation failed.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NoReturn, TypeVar

from airflow_masq.clients.calls import Call, get_environment, get_operation
from airflow_masq.environment import EnvironmentResource
from airflow_masq.environment.name import EnvironmentName
from airflow_masq.exceptions import (
    CloudRefusedError,
    CloudUnavailableError,
    EnvironmentFailedError,
    EnvironmentNotFoundError,
    EnvironmentNotReadyError,
)
from airflow_masq.provisioning.history import read_history
from airflow_masq.provisioning.steps import Pause, Steps, ask
from airflow_masq.text import format_count

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

T = TypeVar("T")

FAILURE_TOLERANCE_SECONDS: Final = 600.0
"""How long the API may fail in a row before a wait ends: a choice."""

ATTEMPTS_AFTER_REFUSALS: Final = 3
"""How often a call that the API refuses is made while nothing is at stake yet: a choice."""

MOST_ABSENCES: Final = 3
"""How often in a row an environment may not appear before it counts as gone: a choice."""

_FIRST_BACKOFF_SECONDS: Final = 1.0
_LONGEST_BACKOFF_SECONDS: Final = 30.0
_GREATEST_SLOWDOWN: Final = 8.0


class EnvironmentState(StrEnum):
    """The states of ``Environment.State`` in the Composer v1 API."""

    STATE_UNSPECIFIED = "STATE_UNSPECIFIED"
    CREATING = "CREATING"
    RUNNING = "RUNNING"
    UPDATING = "UPDATING"
    DELETING = "DELETING"
    ERROR = "ERROR"


CONTINUES: Final[dict[str, str]] = {
    EnvironmentState.CREATING: "its creation continues in the cloud",
    EnvironmentState.UPDATING: "its update continues in the cloud",
    EnvironmentState.DELETING: "its deletion continues in the cloud",
}
"""What the cloud still does in a state; of the other states it is not known."""


@dataclass(kw_only=True)
class CreationWatch:
    """Watches one environment. Its methods are steps, which ``run_steps`` does.

    :param operation_name: the operation that creates it; ``None`` if it is not known.
    :param deadline: when to give up, in seconds on the clock ``now``.
    :param failure_tolerance_seconds: how long calls may fail in a row.
    :param random: gives numbers from 0 to 1, for jitter.
    :param state: the environment's state in the last answer; ``None`` before the first one.
    :param is_at_stake: a creation of this task may be under way, so a refusal that may pass is tolerated as long as any
        other failure. Else a refusal, of a missing permission for example, is told within seconds.
    """

    name: EnvironmentName
    operation_name: str | None
    deadline: float
    poll_interval_seconds: float
    now: Callable[[], float]
    random: Callable[[], float]
    failure_tolerance_seconds: float = FAILURE_TOLERANCE_SECONDS
    state: str | None = None
    is_at_stake: bool = False
    _failing_since: float | None = field(default=None, init=False)
    _failures: int = field(default=0, init=False)
    _last_failure: str = field(default="", init=False)
    _slowdown: float = field(default=1.0, init=False)
    _absences: int = field(default=0, init=False)
    _is_operation_silent: bool = field(default=False, init=False)

    def wait(self) -> Steps[EnvironmentResource | None]:
        """Look, one call a time, until the environment is running.

        :return: the environment; ``None`` if it was being deleted and is gone, so that it can be created.
        :raises EnvironmentFailedError: the environment or its operation failed.
        :raises EnvironmentNotReadyError: the deadline has passed, or the environment has disappeared.
        :raises CloudUnavailableError: calls have failed for ``failure_tolerance_seconds``, the last one like this.
        :raises CloudRefusedError: the same.
        """
        while True:
            if not (yield from self._is_operation_running()):
                try:
                    found = yield from ask(get_environment(self.name))
                except EnvironmentNotFoundError as error:
                    self.note_answer()
                    if self.state == EnvironmentState.DELETING:
                        return None
                    self.note_absence(error)
                except (CloudUnavailableError, CloudRefusedError) as error:
                    self.note_failure(error)
                else:
                    self.note_answer()
                    self.note_state(found)
                    if self.state == EnvironmentState.RUNNING:
                        return found
                    if self.state == EnvironmentState.ERROR:
                        yield from self.explain_failure(found)
            yield self.make_wait()

    def read(self, call: Call[T], *, is_optional: bool = False) -> Steps[T]:
        """Make a call that changes nothing, and repeat it after short pauses where it fails.

        :param is_optional: nothing is lost without the answer, so refusals are never waited out.

        :raises EnvironmentNotFoundError: that is an answer.
        :raises CloudUnavailableError: there was no answer for ``failure_tolerance_seconds``.
        :raises CloudRefusedError: the call was refused ``ATTEMPTS_AFTER_REFUSALS`` times, or, where a creation is at
            stake, for ``failure_tolerance_seconds``.
        """
        refusals = 0
        while True:
            try:
                answer = yield from ask(call)
            except EnvironmentNotFoundError:
                self.note_answer()
                raise
            except CloudUnavailableError as error:
                self.note_failure(error)
            except CloudRefusedError as error:
                refusals += 1
                if refusals == ATTEMPTS_AFTER_REFUSALS and not (self.is_at_stake and not is_optional):
                    raise
                self.note_failure(error)
            else:
                self.note_answer()
                return answer
            yield self.make_backoff()

    def explain_failure(self, found: EnvironmentResource, *, remark: str = "") -> Steps[NoReturn]:
        """Raise the error of an environment in state ERROR, with the reason that its last failed operation knows.

        :param remark: what else there is to say.
        :raises EnvironmentFailedError: always.
        """
        history = yield from read_history(self)
        last = history.find(uuid=found.get_text("uuid"), is_failed=True)
        problem = "is in state ERROR"
        if last is not None and last.verb == "CREATE":
            problem = f"could not be created: {last.error}"
        elif last is not None:
            problem = f"is in state ERROR; its last failed operation ({last.verb or 'unknown'}): {last.error}"
        raise self._make_failure(f"{problem}. {remark}" if remark else problem)

    def make_wait(self) -> Pause:
        """Make the pause before the next look: the poll interval with jitter, longer while the API asks for less.

        :raises EnvironmentNotReadyError: the deadline has passed.
        """
        left = self.deadline - self.now()
        if left <= 0:
            seen = f"state {self.state}" if self.state else "it has not appeared"
            continues = CONTINUES.get(self.state or "", "any operation that was started continues in the cloud")
            raise EnvironmentNotReadyError(
                f"{self.name} is not running yet ({seen}) and creation_timeout_seconds has passed; {continues}. Run "
                "the task again to continue waiting, or raise creation_timeout_seconds"
            )
        seconds = self.poll_interval_seconds * self._slowdown * (0.75 + 0.5 * self.random())
        return Pause(seconds=min(seconds, left), is_wait=True)

    def make_backoff(self, *, failures: int | None = None) -> Pause:
        """Make the pause before a call is repeated: it doubles with each failure in a row, with jitter.

        :param failures: how often the call has failed (default: all calls that failed in a row).
        """
        failures = self._failures if failures is None else failures
        base = min(_FIRST_BACKOFF_SECONDS, self.poll_interval_seconds)
        most = min(_LONGEST_BACKOFF_SECONDS, self.poll_interval_seconds * _GREATEST_SLOWDOWN)
        seconds = min(base * 2.0 ** min(max(failures - 1, 0), 10), most)
        return Pause(seconds=seconds * (0.5 + self.random()), is_wait=False)

    def note_state(self, found: EnvironmentResource) -> None:
        """Remember the state, and log it."""
        log.info("%s is in state %s", self.name, found.state)
        self.state, self._absences = found.state, 0

    def note_absence(self, error: EnvironmentNotFoundError) -> None:
        """Tolerate that the environment does not appear: an API that forgot it for a moment remembers it again.

        :raises EnvironmentNotReadyError: it did not appear ``MOST_ABSENCES`` times in a row.
        """
        self._absences += 1
        if self._absences == MOST_ABSENCES:
            raise EnvironmentNotReadyError(
                f"{self.name} disappeared during the wait (was it deleted?); run the task again to create it"
            ) from error
        log.info("%s is not there; looking once more", self.name)

    def note_failure(self, error: CloudUnavailableError | CloudRefusedError) -> None:
        """Tolerate a failed call, unless calls have failed for too long; log it where it is another failure.

        :raises CloudUnavailableError: calls have failed for ``failure_tolerance_seconds``.
        :raises CloudRefusedError: the same.
        """
        now = self.now()
        if self._failing_since is None:
            self._failing_since = now
        self._failures += 1
        if now - self._failing_since >= self.failure_tolerance_seconds:
            raise error
        if error.status == "RESOURCE_EXHAUSTED":
            self._slowdown = min(self._slowdown * 2, _GREATEST_SLOWDOWN)
        if str(error) != self._last_failure:
            log.warning(
                "%s. The task keeps trying, and fails if no call succeeds for %.0f s",
                error,
                self.failure_tolerance_seconds,
            )
        self._last_failure = str(error)

    def note_answer(self) -> None:
        """Forget the failures before an answer."""
        if self._failures:
            log.info("The API answers again after %s", format_count(self._failures, noun="failed call"))
        self._failing_since, self._failures, self._last_failure, self._slowdown = None, 0, "", 1.0

    def _is_operation_running(self) -> Steps[bool]:
        """Look at the operation if it is known; ``False`` if the environment is to be looked at."""
        if self.operation_name is None or self._is_operation_silent:
            self._is_operation_silent = False
            return False
        try:
            operation = yield from ask(get_operation(self.operation_name))
        except CloudRefusedError as error:
            # The operation may have been forgotten, or the refusal may pass. Either way the environment's state tells
            # the end, and the operations can be listed for the reason.
            log.info("The operation cannot be read, so the environment's state decides: %s", error)
            self.operation_name = None
            return False
        except CloudUnavailableError as error:
            self.note_failure(error)
            self._is_operation_silent = True  # the next look is at the environment, which may answer
            return True
        self.note_answer()
        if operation.error is not None:
            raise self._make_failure(f"could not be created: {operation.error}")
        if operation.done:
            log.info("%s is done", self.operation_name)
            self.operation_name = None
            return False
        self.state = EnvironmentState.CREATING
        log.info("%s is being created", self.name)
        return True

    def _make_failure(self, problem: str) -> EnvironmentFailedError:
        return EnvironmentFailedError(
            f"{self.name} {problem}; look at the environment's page and at its logs in Cloud Logging, delete the "
            "environment, correct the cause and run the task again"
        )
