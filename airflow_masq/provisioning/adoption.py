"""Starts a creation, or adopts the environment that exists under the name; it changes none, and deletes none unasked.

A creation takes about 25 minutes, so an attempt may find what an earlier one started. The stock operator reports any
running environment of that name as a success, with the agent or without [source: observed-stock-operator]. Here only an
environment with the agent is one.

What exists is looked at before anything is created: a healthy environment is adopted even where the service would no
longer create its like, since its image has left the list [source: composer-unsupported-image].
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from airflow_masq.clients.calls import Call, OperationStatus, create_environment, get_environment
from airflow_masq.environment import EnvironmentName, EnvironmentResource
from airflow_masq.environment.difference import ChangeKind, Difference, find_differences
from airflow_masq.exceptions import (
    CloudRefusedError,
    CloudUnavailableError,
    EnvironmentAlreadyExistsError,
    EnvironmentFailedError,
    EnvironmentMismatchError,
    EnvironmentNotFoundError,
    EnvironmentNotReadyError,
    MasqueradeNotEnabledError,
)
from airflow_masq.provisioning.changes import CLOCK_SKEW_SECONDS, RepeatedChange
from airflow_masq.provisioning.history import read_history
from airflow_masq.provisioning.recreation import Recreation
from airflow_masq.provisioning.request import CreationRequest, refuse_new_environment
from airflow_masq.provisioning.steps import Steps, ask
from airflow_masq.provisioning.watch import CreationWatch, EnvironmentState
from airflow_masq.reading import Place, Reaction
from airflow_masq.text import join_words

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

USABLE = frozenset({EnvironmentState.RUNNING, EnvironmentState.UPDATING})
"""States in which an environment works: "It remains usable" (``Environment.State`` in the Composer v1 API)."""

MOST_DIFFERENCES: Final = 50
"""How many differences are told one by one."""

_MOST_CONTRADICTIONS: Final = 3


class Origin(StrEnum):
    """Who created an environment."""

    CREATED = "created"
    CREATED_EARLIER = "created by an earlier call of this task (inferred)"
    ADOPTED = "adopted"


@dataclass(frozen=True, kw_only=True)
class CreationStart:
    """A creation that was started, or an environment that was found.

    :param differences: how a found environment differs from the plan.
    :param is_compared: whether all of its fields were compared; of one that is being created, some may not show yet.
    """

    origin: Origin
    differences: tuple[Difference, ...] = ()
    is_compared: bool = True


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """What is known of the task's own past, by which its own creation is told from another's.

    :param is_retry: an earlier try of this task may have created the environment.
    :param began: when the run began, in seconds since the epoch; ``None`` if it is not known.
    """

    is_retry: bool = False
    began: float | None = None


@dataclass(kw_only=True)
class CreationSteps:
    """The steps of one creation; ``run_steps`` does them.

    :param watch: learns the operation that creates the environment.
    :param on_mismatch: what differences between an adopted environment and the plan do: a ``Reaction``, or its word.
    :param recreate_since: an environment whose creation failed is deleted and created again, unless the run that began
        then, in seconds since the epoch, has done so already; ``None`` if nothing may be deleted.
    :param failure: how the creation that the run waited for ended; raised if it left no environment.
    :param before_creation: called once, before the first call to create, and before anything is deleted for it; it
        may raise.
    """

    request: CreationRequest
    watch: CreationWatch
    on_mismatch: str = Reaction.WARN
    attempt: Attempt = field(default_factory=Attempt)
    recreate_since: float | None = None
    failure: EnvironmentFailedError | None = None
    before_creation: Callable[[], None] | None = None
    _creation: RepeatedChange = field(init=False)
    _recreation: Recreation | None = field(default=None, init=False)
    _contradictions: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._creation = RepeatedChange(watch=self.watch)
        if self.recreate_since is not None:
            self._recreation = Recreation(watch=self.watch, since=self.recreate_since - CLOCK_SKEW_SECONDS)
        self.on_mismatch = Place(where="on_mismatch", value=self.on_mismatch).read_choice(Reaction)

    def run(self, *, note_start: Callable[[CreationStart | None], None]) -> Steps[EnvironmentResource]:
        """Start the creation and wait until the environment is running, from the beginning if it is gone by then.

        :param note_start: called with ``None`` when it begins, and each time it begins anew, and with what was started
            or found.
        :return: the environment, which runs with the agent.
        :raises AirflowMasqError: as ``start`` and ``await_environment`` raise it.
        """
        while True:
            note_start(None)
            started = yield from self.start()
            note_start(started)
            try:
                found = yield from await_environment(self.watch)
            except EnvironmentFailedError as error:
                if self._recreation is None:
                    raise
                self.watch.operation_name, self.failure = None, error
                continue
            # What was adopted while it was being created is adopted once more, now that all of its fields show.
            if found is not None and started.is_compared:
                return found

    def start(self) -> Steps[CreationStart]:
        """Look at what exists, and create the environment only if nothing does.

        :raises CannotMasqueradeError: nothing exists, and the service would not create it.
        :raises MasqueradeNotEnabledError: it exists, works, and lacks the agent.
        :raises EnvironmentMismatchError: it exists and differs from the plan, and ``on_mismatch`` is ``fail``.
        :raises EnvironmentFailedError: it exists in state ERROR, and is not deleted.
        :raises EnvironmentNotReadyError: it was still being deleted at the deadline.
        :raises InvalidInputError: the plan's environment cannot be sent.
        :raises CloudRefusedError: the API refused a call.
        :raises CloudUnavailableError: no answer; another attempt finds what was started.
        """
        creation = create_environment(self.request.name, resource=self.request.plan.environment)
        self.watch.is_at_stake |= self.attempt.is_retry
        while True:
            try:
                found = yield from self.watch.read(get_environment(self.request.name))
            except EnvironmentNotFoundError:
                if self.failure is not None:
                    raise self.failure from None
                self._check_creation()
                origin = yield from self._create(creation)
                if origin is not None:
                    return CreationStart(origin=origin)
                yield self._creation.make_backoff()
                continue
            self.watch.note_state(found)
            if found.state == EnvironmentState.ERROR:
                if not (yield from self._delete_failed(found)):
                    continue
            elif found.state != EnvironmentState.DELETING:
                return (yield from self._adopt(found))
            self.failure = None
            yield self.watch.make_wait()

    def _check_creation(self) -> None:
        """Refuse what the service would not create, before it is called and before anything is deleted for it."""
        refuse_new_environment(self.request)
        if self.before_creation is not None:
            self.before_creation()
            self.before_creation = None

    def _create(self, creation: Call[OperationStatus]) -> Steps[Origin | None]:
        """Create the environment, unless an earlier call did; ``None`` if it is to be looked at again."""
        if self._creation.failing_since is not None:
            running = (yield from read_history(self.watch)).find(verb="CREATE")
            if running is not None and not running.done:
                self.watch.operation_name = running.name
                return Origin.CREATED_EARLIER
        sent = self.watch.now()
        try:
            started = yield from ask(creation)
        except EnvironmentAlreadyExistsError as error:
            self._contradictions += 1
            if self._contradictions == _MOST_CONTRADICTIONS:
                message = f"the API says that {self.request.name} exists, and that it does not; run the task again"
                raise EnvironmentNotReadyError(message) from error
            return None
        except (CloudUnavailableError, CloudRefusedError) as error:
            self._creation.note_failure(error, sent=sent)
            return None
        self.watch.note_answer()
        self.watch.operation_name, self.watch.state = started.name, None
        log.info("Creating %s (%s)", self.request.name, started.name)
        return Origin.CREATED

    def _delete_failed(self, found: EnvironmentResource) -> Steps[bool]:
        """Begin to delete an environment in state ERROR where that is allowed.

        :return: whether it is being deleted; else it is to be looked at again.
        """
        recreation = self._recreation
        if recreation is None:
            return (yield from self.watch.explain_failure(found))
        self._check_creation()  # what could not be created again is not deleted
        self._compare(found, is_complete=False)
        if (yield from recreation.delete(found)):
            self.watch.state, self.watch.is_at_stake = EnvironmentState.DELETING, True
            return True
        yield recreation.make_backoff()
        return False

    def _adopt(self, found: EnvironmentResource) -> Steps[CreationStart]:
        name = self.request.name
        # While an environment is being created, its resource may not show the agent yet (not verified); then the agent
        # is verified once it is running.
        is_complete = found.state in USABLE
        if is_complete:
            require_agent(name, found=found)
        origin = Origin.ADOPTED
        may_be_own = self.attempt.is_retry or self._creation.failing_since is not None
        if may_be_own or not is_complete:
            operation = (yield from read_history(self.watch)).find(verb="CREATE", uuid=found.get_text("uuid"))
            began = self._creation.failing_since if self.attempt.began is None else self.attempt.began
            if operation is not None:
                self.watch.operation_name = None if operation.done else operation.name
                if may_be_own and began is not None and operation.began is not None and operation.began >= began:
                    origin = Origin.CREATED_EARLIER
        log.info("%s exists in state %s: %s", name, found.state, origin)
        return CreationStart(
            origin=origin,
            differences=self._compare(found, is_complete=is_complete),
            is_compared=is_complete or origin is not Origin.ADOPTED or self.on_mismatch == Reaction.IGNORE,
        )

    def _compare(self, found: EnvironmentResource, *, is_complete: bool) -> tuple[Difference, ...]:
        if self.on_mismatch == Reaction.IGNORE:
            return ()
        differences = find_differences(self.request.plan.environment, found=found)
        if not is_complete:  # what is not there yet may come
            differences = tuple(each for each in differences if each.found is not None)
        for difference in differences[:MOST_DIFFERENCES]:
            log.warning("%s differs from the plan: %s", self.request.name, difference)
        if len(differences) > MOST_DIFFERENCES:
            more = len(differences) - MOST_DIFFERENCES
            log.warning("%s differs from the plan in %d more fields", self.request.name, more)
        mismatches = [each for each in differences if each.kind is not ChangeKind.SERVICE]
        if mismatches and self.on_mismatch == Reaction.FAIL:
            raise EnvironmentMismatchError(
                f"{self.request.name} exists and differs from the plan: {join_words(mismatches)}; change the plan or "
                "the environment, or set on_mismatch to warn"
            )
        return differences


def require_agent(name: EnvironmentName, *, found: EnvironmentResource) -> None:
    """Refuse an environment without the agent, as the page "Enable the IP Masquerade agent" has it.

    A new one must be created, and a snapshot moves its contents [source: composer-agent-creation-only,
    composer-snapshots].

    :raises MasqueradeNotEnabledError: it lacks the agent.
    """
    if not found.masquerades:
        raise MasqueradeNotEnabledError(
            f"{name} exists without the IP masquerade agent and must be re-created: Composer enables the agent only "
            "when it creates an environment. Either choose a new name, or save a snapshot of this environment, delete "
            "it, run the task again and load the snapshot"
        )


def await_environment(watch: CreationWatch) -> Steps[EnvironmentResource | None]:
    """Wait until the environment is running, and verify the agent.

    :return: the environment; ``None`` if it was being deleted and is gone.
    :raises MasqueradeNotEnabledError: it lacks the agent.
    :raises AirflowMasqError: as ``CreationWatch.wait`` raises it.
    """
    found = yield from watch.wait()
    if found is not None:
        require_agent(watch.name, found=found)
        log.info("%s is running with the IP masquerade agent", watch.name)
    return found


def verify_environment(watch: CreationWatch) -> Steps[EnvironmentResource | None]:
    """Read the environment once more after a wait elsewhere; where it is not running any more, wait again.

    :return: the environment; ``None`` if it was being deleted and is gone.
    :raises MasqueradeNotEnabledError: it lacks the agent.
    :raises EnvironmentNotReadyError: it has disappeared, or was not running at the deadline.
    :raises AirflowMasqError: as ``CreationWatch.read`` and ``CreationWatch.wait`` raise it.
    """
    watch.is_at_stake = True
    while True:
        try:
            found = yield from watch.read(get_environment(watch.name))
        except EnvironmentNotFoundError as error:
            watch.note_absence(error)
            yield watch.make_backoff()
        else:
            break
    watch.note_state(found)
    if found.state != EnvironmentState.RUNNING:
        return (yield from await_environment(watch))
    require_agent(watch.name, found=found)
    log.info("%s is running with the IP masquerade agent", watch.name)
    return found
