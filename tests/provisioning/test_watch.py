"""One poll at a time: when an environment counts as running, when the wait continues, and when it is over."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import grpc
import pytest

from airflow_masq.clients.composer import ComposerClient
from airflow_masq.environment import EnvironmentResource
from airflow_masq.exceptions import (
    CloudRefusedError,
    CloudUnavailableError,
    EnvironmentFailedError,
    EnvironmentNotReadyError,
)
from airflow_masq.provisioning.watch import (
    TOLERATED_FAILURES,
    CreationWatch,
)
from tests.emulated_cloud import NAME, EmulatedCloud, environment_resource

if TYPE_CHECKING:
    from airflow_masq.environment.name import EnvironmentName


def watch_environment(
    client: ComposerClient, *, operation_name: str | None = None, deadline: float = 100
) -> CreationWatch:
    """Watch the environment, polling every 30 seconds."""
    return CreationWatch(
        client=client, name=NAME, operation_name=operation_name, deadline=deadline, poll_interval_seconds=30
    )


def start_creation(client: ComposerClient, *, deadline: float = 100) -> CreationWatch:
    """Start a creation and watch it."""
    operation = client.create(NAME, resource=EnvironmentResource.read(environment_resource()))
    return watch_environment(client, operation_name=operation.name, deadline=deadline)


def test_a_creation_continues_until_the_environment_runs(cloud: EmulatedCloud, client: ComposerClient) -> None:
    """While the state is CREATING the watch says no, once it is RUNNING it says yes."""
    cloud.hold_creations()
    watch = start_creation(client)
    assert not watch.poll()
    cloud.release_creations()
    cloud.settle()
    assert watch.poll()


def test_a_creation_without_a_known_operation_is_watched_by_its_state(
    cloud: EmulatedCloud, client: ComposerClient
) -> None:
    """A retry that does not know the operation of an earlier attempt sees the same."""
    cloud.hold_creations()
    start_creation(client)
    watch = watch_environment(client)
    assert not watch.poll()
    cloud.release_creations()
    cloud.settle()
    assert watch.poll()


@pytest.mark.parametrize(("words", "reason"), [("no quota", "no quota"), ("", "the API gave no reason")])
def test_a_failed_creation_says_why_and_what_to_do(
    cloud: EmulatedCloud, client: ComposerClient, words: str, reason: str
) -> None:
    """The operation's reason reaches the user, even where it is only a code."""
    cloud.faults.fail_creation(NAME.environment_id, grpc.StatusCode.RESOURCE_EXHAUSTED, words)
    watch = start_creation(client)
    cloud.settle()
    with pytest.raises(EnvironmentFailedError, match=f"RESOURCE_EXHAUSTED: {reason}; look at .* delete"):
        watch.poll()


def test_an_environment_in_state_error_is_not_waited_for(cloud: EmulatedCloud, client: ComposerClient) -> None:
    """An environment in ERROR ends the waiting at once."""
    cloud.put(NAME.environment_id, state="ERROR", masquerade=True)
    with pytest.raises(EnvironmentFailedError, match="is in state ERROR"):
        watch_environment(client).poll()


def test_an_environment_that_is_being_deleted_is_worth_another_try(
    cloud: EmulatedCloud, client: ComposerClient
) -> None:
    """The message does not say to delete what is being deleted: once it is gone, it can be created."""
    cloud.put(NAME.environment_id, state="DELETING", masquerade=True)
    with pytest.raises(
        EnvironmentNotReadyError, match="is being deleted; run the task again once it is gone"
    ) as caught:
        watch_environment(client).poll()
    assert "delete the environment" not in str(caught.value)


def test_the_reason_is_found_when_the_operation_ends_between_two_calls() -> None:
    """The state ERROR is seen before the operation's error: the reason is looked for once more."""
    from airflow_masq.clients.composer import OperationStatus  # noqa: PLC0415 - only here

    class EndsBetween(ComposerClient):
        """Answers as an API whose operation ends between the two calls of one look."""

        def __init__(self) -> None:
            self.operations = iter(
                [
                    OperationStatus(name="o", done=False, error=None),
                    OperationStatus(name="o", done=True, error="INTERNAL: it broke"),
                ]
            )

        def get_operation(self, operation_name: str) -> OperationStatus:
            """Answer with the next status."""
            assert operation_name == "o"
            return next(self.operations)

        def get(self, name: EnvironmentName) -> EnvironmentResource:
            """Answer with the state ERROR."""
            return EnvironmentResource.read({"name": str(name), "state": "ERROR"})

    with pytest.raises(EnvironmentFailedError, match="could not be created: INTERNAL: it broke"):
        watch_environment(EndsBetween(), operation_name="o").poll()


def test_an_environment_that_does_not_appear_yet_is_waited_for(cloud: EmulatedCloud, client: ComposerClient) -> None:
    """Right after the request the environment may not be listed yet; its operation tells that it comes."""
    cloud.hold_creations()
    watch = start_creation(client)
    cloud.faults.fail_next("GetEnvironment", grpc.StatusCode.NOT_FOUND, "not yet")
    assert not watch.poll()


def test_an_environment_that_disappeared_is_not_waited_for(client: ComposerClient) -> None:
    """Without a running operation, an absent environment stays absent."""
    with pytest.raises(
        EnvironmentNotReadyError, match=r"disappeared during the wait \(was it deleted\?\); run the task again"
    ):
        watch_environment(client).poll()


def test_a_forgotten_operation_leaves_the_decision_to_the_state(cloud: EmulatedCloud, client: ComposerClient) -> None:
    """Where the API refuses to tell about the operation, the environment's state decides."""
    cloud.put(NAME.environment_id, state="RUNNING", masquerade=True)
    watch = watch_environment(client, operation_name=f"{NAME.parent}/operations/none")
    assert watch.poll()


def test_a_refusal_ends_the_waiting(cloud: EmulatedCloud, client: ComposerClient) -> None:
    """A permission that is missing does not come by waiting."""
    cloud.faults.fail_next("GetEnvironment", grpc.StatusCode.PERMISSION_DENIED, "no")
    with pytest.raises(CloudRefusedError, match="PERMISSION_DENIED"):
        watch_environment(client).poll()


def test_unanswered_polls_are_tolerated_up_to_a_bound(cloud: EmulatedCloud, client: ComposerClient) -> None:
    """An API that is away for a while does not end the waiting; one that stays away does."""
    cloud.put(NAME.environment_id, state="RUNNING", masquerade=True)
    cloud.faults.fail_next("GetEnvironment", grpc.StatusCode.UNAVAILABLE, "away", times=TOLERATED_FAILURES + 1)
    watch = watch_environment(client)
    assert [watch.poll() for _ in range(TOLERATED_FAILURES)] == [False] * TOLERATED_FAILURES
    with pytest.raises(CloudUnavailableError):
        watch.poll()
    assert watch.poll()
    assert watch.unanswered == 0


def test_waiting_pauses_between_polls_and_ends_when_it_runs(cloud: EmulatedCloud, client: ComposerClient) -> None:
    """The pauses are those asked for, and nothing is slept after the environment runs."""
    cloud.hold_creations()
    watch = start_creation(client)
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        cloud.release_creations()
        cloud.settle()

    watch.wait(now=lambda: 0.0, sleep=sleep)
    assert pauses == [30]


def test_waiting_ends_at_the_deadline(cloud: EmulatedCloud, client: ComposerClient) -> None:
    """When the time given is up, the message says that the creation continues and how to resume."""
    cloud.hold_creations()
    watch = start_creation(client, deadline=70)
    clock = itertools.count(0, 40)
    pauses: list[float] = []
    with pytest.raises(EnvironmentNotReadyError, match=r"its creation continues in the cloud\. Run the task again"):
        watch.wait(now=lambda: float(next(clock)), sleep=pauses.append)
    assert pauses == [30, 30]
    cloud.release_creations()


@pytest.mark.parametrize(("now", "pause"), [(0.0, 30.0), (70.0, 30.0), (95.0, 5.0)])
def test_the_last_pause_ends_at_the_deadline(client: ComposerClient, now: float, pause: float) -> None:
    """No pause is longer than the poll interval, and none goes past the deadline."""
    assert watch_environment(client, deadline=100).choose_pause(now=now) == pause


def test_at_the_deadline_there_is_no_pause_left(client: ComposerClient) -> None:
    """The wait is over when the deadline is reached, not only when it has passed."""
    with pytest.raises(EnvironmentNotReadyError):
        watch_environment(client, deadline=100).choose_pause(now=100.0)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("CREATING", r"\(state CREATING\) .* its creation continues"),
        ("UPDATING", r"\(state UPDATING\) .* its update continues"),
        (None, r"\(it has not appeared\) .* any operation that was started continues"),
    ],
)
def test_the_state_says_what_continues_after_the_deadline(
    cloud: EmulatedCloud, client: ComposerClient, state: str | None, words: str
) -> None:
    """An environment that is being updated is not said to be being created."""
    watch = watch_environment(client)
    if state is not None:
        cloud.put(NAME.environment_id, state=state, masquerade=True)
        assert not watch.poll()
    with pytest.raises(EnvironmentNotReadyError, match=words):
        watch.choose_pause(now=101.0)
