"""One poll at a time: when an environment counts as running, when the wait continues, and when it is over."""

from __future__ import annotations

import itertools
import logging
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
    EnvironmentState,
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
    with pytest.raises(EnvironmentFailedError) as caught:
        watch.poll()
    assert str(caught.value) == (
        f"{NAME} could not be created: RESOURCE_EXHAUSTED: {reason}; look at the environment's page and at its logs in "
        "Cloud Logging, delete the environment, correct the cause and run the task again"
    )


def test_the_states_are_googles() -> None:
    """The states that are told apart here are those of the Composer API."""
    from google.cloud.orchestration.airflow.service_v1.types import Environment  # noqa: PLC0415 - only here

    assert {state.value for state in EnvironmentState} == set(Environment.State.__members__)


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
        EnvironmentNotReadyError, match=r"is being deleted; run the task again once it is gone$"
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


def test_an_environment_that_has_not_appeared_is_waited_for(
    cloud: EmulatedCloud, client: ComposerClient, caplog: pytest.LogCaptureFixture
) -> None:
    """Right after the request the environment may not be listed yet; a running operation says that it will be."""
    caplog.set_level(logging.INFO, logger="airflow_masq")
    cloud.hold_creations()
    watch = start_creation(client)
    cloud.faults.fail_next("GetEnvironment", grpc.StatusCode.UNAVAILABLE, "away")
    assert watch.poll() is False
    assert watch.unanswered == 1
    cloud.faults.fail_next("GetEnvironment", grpc.StatusCode.NOT_FOUND, "not yet")
    assert watch.poll() is False
    assert watch.unanswered == 0  # that was an answer
    assert f"{NAME} has not appeared yet" in caplog.text


def test_an_environment_that_disappeared_is_not_waited_for(client: ComposerClient) -> None:
    """Without a running operation, an absent environment stays absent."""
    with pytest.raises(
        EnvironmentNotReadyError,
        match=r"disappeared during the wait \(was it deleted\?\); run the task again to create it$",
    ):
        watch_environment(client).poll()


def test_a_forgotten_operation_leaves_the_decision_to_the_state(cloud: EmulatedCloud, client: ComposerClient) -> None:
    """Where the API refuses to tell about the operation, the environment's state decides."""
    cloud.put(NAME.environment_id, state="RUNNING", masquerade=True)
    watch = watch_environment(client, operation_name=f"{NAME.parent}/operations/none")
    assert watch.poll()
    assert watch.operation_name is None  # it is not asked for again


def test_a_forgotten_operation_does_not_promise_an_environment(client: ComposerClient) -> None:
    """If neither the operation nor the environment exists, nothing is waited for."""
    watch = watch_environment(client, operation_name=f"{NAME.parent}/operations/none")
    with pytest.raises(EnvironmentNotReadyError, match="disappeared during the wait"):
        watch.poll()


def test_a_refusal_ends_the_waiting(cloud: EmulatedCloud, client: ComposerClient) -> None:
    """A permission that is missing does not come by waiting."""
    cloud.faults.fail_next("GetEnvironment", grpc.StatusCode.PERMISSION_DENIED, "no")
    with pytest.raises(CloudRefusedError, match="PERMISSION_DENIED"):
        watch_environment(client).poll()


def test_unanswered_polls_are_tolerated_up_to_a_bound(
    cloud: EmulatedCloud, client: ComposerClient, caplog: pytest.LogCaptureFixture
) -> None:
    """An API that is away for a while does not end the waiting; one that stays away for five minutes does."""
    assert TOLERATED_FAILURES * 30 == 5 * 60
    cloud.put(NAME.environment_id, state="RUNNING", masquerade=True)
    cloud.faults.fail_next("GetEnvironment", grpc.StatusCode.UNAVAILABLE, "away", times=TOLERATED_FAILURES + 1)
    watch = watch_environment(client)
    assert [watch.poll() for _ in range(TOLERATED_FAILURES)] == [False] * TOLERATED_FAILURES
    assert f"No answer ({TOLERATED_FAILURES} in a row, at most {TOLERATED_FAILURES}): reading {NAME}: " in caplog.text
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
    with pytest.raises(EnvironmentNotReadyError, match="its creation continues in the cloud") as caught:
        watch.wait(now=lambda: float(next(clock)), sleep=pauses.append)
    assert str(caught.value) == (
        f"{NAME} is not running yet (state CREATING) and creation_timeout_seconds has passed; its creation continues "
        "in the cloud. Run the task again to continue waiting, or raise creation_timeout_seconds"
    )
    assert pauses == [30, 30]
    cloud.release_creations()


@pytest.mark.parametrize(("now", "pause"), [(0.0, 30.0), (70.0, 30.0), (95.0, 5.0), (99.5, 0.5)])
def test_the_last_pause_ends_at_the_deadline(client: ComposerClient, now: float, pause: float) -> None:
    """No pause is longer than the poll interval, and none goes past the deadline."""
    assert watch_environment(client, deadline=100).next_pause(now=now) == pause


def test_at_the_deadline_there_is_no_pause_left(client: ComposerClient) -> None:
    """The wait is over when the deadline is reached, not only when it has passed."""
    with pytest.raises(EnvironmentNotReadyError):
        watch_environment(client, deadline=100).next_pause(now=100.0)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("CREATING", r"\(state CREATING\) .*; its creation continues in the cloud\. Run "),
        ("UPDATING", r"\(state UPDATING\) .*; its update continues in the cloud\. Run "),
        (None, r"\(it has not appeared\) .*; whatever was started continues in the cloud\. Run "),
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
        watch.next_pause(now=101.0)
