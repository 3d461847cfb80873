"""What is found under the name decides: it is created, adopted, waited for, or refused; nothing is changed."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from airflow_masq.environment import EnvironmentResource
from airflow_masq.exceptions import (
    CloudRefusedError,
    CloudUnavailableError,
    EnvironmentFailedError,
    EnvironmentMismatchError,
    EnvironmentNotReadyError,
    InvalidInputError,
    MasqueradeNotEnabledError,
)
from airflow_masq.provisioning import (
    Attempt,
    CreationRequest,
    CreationStart,
    CreationSteps,
    CreationWatch,
    Origin,
    read_request,
    verify_environment,
)
from tests.emulated_cloud import NAME, EmulatedCloud, environment_resource
from tests.provisioning.doing import Stage

if TYPE_CHECKING:
    from airflow_masq.clients.composer import ComposerClient

ID = NAME.environment_id


def make_request(**config: Any) -> CreationRequest:  # noqa: ANN401 - a section is any JSON
    """Ask for the example environment."""
    return read_request(plan=None, environment=environment_resource(**config), default_project=lambda: NAME.project)


@pytest.fixture(autouse=True)
def _progress(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="airflow_masq")


@pytest.fixture
def stage(client: ComposerClient) -> Stage:
    """Give a clock that moves by pauses alone."""
    return Stage(client)


def start(stage: Stage, *, watch: CreationWatch | None = None, **settings: Any) -> CreationStart:  # noqa: ANN401 - the steps' own
    """Start a creation."""
    known = {"request": make_request(), "watch": watch or stage.watch()}
    return stage.do(CreationSteps(**{**known, **settings}).start())


def test_a_new_environment_is_created_with_the_agent(
    cloud: EmulatedCloud, stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """If there is no environment of that name, one is created, and the operation is known and logged."""
    watch = stage.watch()
    assert start(stage, watch=watch) == CreationStart(origin=Origin.CREATED, is_compared=True)
    assert watch.operation_name is not None
    assert f"Creating {NAME} ({watch.operation_name})" in caplog.text
    cloud.settle()
    found = stage.do(verify_environment(stage.watch()))
    assert found is not None
    assert found.masquerades
    assert f"{NAME} is running with the IP masquerade agent" in caplog.text


def test_what_comes_before_the_creation_is_done_once(cloud: EmulatedCloud, stage: Stage) -> None:
    """It is done after the look that found nothing and before the first call to create, and not before the second."""
    done: list[int] = []
    cloud.faults.fail_next("CreateEnvironment", grpc.StatusCode.UNAVAILABLE, "later")
    start(stage, before_creation=lambda: done.append(cloud.faults.count_calls("CreateEnvironment")))
    assert done == [0]
    assert cloud.faults.count_calls("CreateEnvironment") == 2


def test_nothing_is_done_before_an_adoption(cloud: EmulatedCloud, stage: Stage) -> None:
    """What exists is adopted without it."""
    cloud.put(ID, state="RUNNING", masquerade=True)
    done: list[bool] = []
    assert start(stage, before_creation=lambda: done.append(True)).origin is Origin.ADOPTED
    assert done == []


@pytest.mark.parametrize("state", ["CREATING", "RUNNING", "UPDATING"])
def test_an_environment_with_the_agent_is_adopted(
    cloud: EmulatedCloud, stage: Stage, caplog: pytest.LogCaptureFixture, state: str
) -> None:
    """An environment that is or will be running is taken over as it is, and the log says so."""
    cloud.put(ID, state=state, masquerade=True)
    before = stage.client.get(NAME)
    assert start(stage) == CreationStart(origin=Origin.ADOPTED, is_compared=state != "CREATING")
    assert stage.client.get(NAME) == before
    assert f"{NAME} exists in state {state}: adopted" in caplog.text


def test_the_operation_of_a_creation_under_way_is_found(cloud: EmulatedCloud, stage: Stage) -> None:
    """What another attempt is creating is followed by its operation, which knows why it may fail."""
    cloud.hold_creations()
    operation = stage.client.create(NAME, resource=EnvironmentResource.read(environment_resource()))
    watch = stage.watch()
    assert start(stage, watch=watch).origin is Origin.ADOPTED
    assert watch.operation_name == operation.name
    cloud.release_creations()


@pytest.mark.parametrize("state", ["RUNNING", "UPDATING"])
def test_a_working_environment_without_the_agent_is_refused(cloud: EmulatedCloud, stage: Stage, state: str) -> None:
    """The twin: without the agent it is refused at once, with the two ways out."""
    cloud.put(ID, state=state, masquerade=False)
    with pytest.raises(MasqueradeNotEnabledError) as caught:
        start(stage)
    assert str(caught.value) == (
        f"{NAME} exists without the IP masquerade agent and must be re-created: Composer enables the agent only "
        "when it creates an environment. Either choose a new name, or save a snapshot of this environment, delete it, "
        "run the task again and load the snapshot"
    )


def test_an_environment_that_is_being_created_may_not_show_all_yet(cloud: EmulatedCloud, stage: Stage) -> None:
    """Until the environment runs, a missing flag or field says nothing; a field that is there does."""
    cloud.put(ID, state="CREATING", masquerade=False, image="composer-2.13.9-airflow-2.10.5")
    request = make_request(environmentSize="ENVIRONMENT_SIZE_LARGE")
    [difference] = start(stage, request=request).differences
    assert difference.path[-1] == "imageVersion"
    ignoring = start(stage, request=request, on_mismatch="ignore")
    assert (ignoring.differences, ignoring.is_compared) == ((), True)


def test_what_is_being_deleted_is_waited_for_and_created(cloud: EmulatedCloud, stage: Stage) -> None:
    """The deletion is waited out with pauses in which a task may leave its slot, then a new one is created."""
    cloud.put(ID, state="DELETING", masquerade=False)
    stage.during = lambda number: cloud.remove(ID) if number == 1 else None
    assert start(stage).origin is Origin.CREATED
    assert [pause.is_wait for pause in stage.pauses] == [True, True]


def test_an_environment_in_state_error_is_refused(cloud: EmulatedCloud, stage: Stage) -> None:
    """In state ERROR a person has to look, and the reason is told."""
    cloud.faults.fail_creation(ID, grpc.StatusCode.INTERNAL, "it broke")
    start(stage)
    cloud.settle()
    with pytest.raises(EnvironmentFailedError, match="could not be created: INTERNAL: it broke"):
        start(stage)


def test_differences_from_the_plan_are_logged_and_returned(
    cloud: EmulatedCloud, stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """An adopted environment with another image is taken over, and the log says how it differs."""
    cloud.put(ID, state="RUNNING", masquerade=True, image="composer-2.13.9-airflow-2.10.5")
    [difference] = start(stage).differences
    assert str(difference).startswith("config.softwareConfig.imageVersion: planned ")
    assert f"{NAME} differs from the plan: {difference}" in caplog.text
    with pytest.raises(EnvironmentMismatchError, match=r"imageVersion.*can be updated.*set on_mismatch to warn$"):
        start(stage, on_mismatch="fail")


def test_many_differences_do_not_fill_the_log(
    cloud: EmulatedCloud, stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """Of very many differences fifty are told, and the rest is counted."""
    cloud.put(ID, state="RUNNING", masquerade=True)
    resource = {**environment_resource(), "labels": {f"label-{number}": "a" for number in range(60)}}
    request = read_request(plan=None, environment=resource, default_project=lambda: NAME.project)
    assert len(start(stage, request=request).differences) == 60
    assert caplog.text.count("differs from the plan: ") == 50
    assert "differs from the plan in 10 more fields" in caplog.text
    with pytest.raises(EnvironmentMismatchError, match="and 50 more") as caught:
        start(stage, request=request, on_mismatch="fail")
    assert len(str(caught.value)) < 2_000


def test_what_only_the_service_sets_does_not_fail(
    cloud: EmulatedCloud, stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """A plan made by describing another environment carries that one's cluster, which is told and accepted."""
    cloud.put(ID, state="RUNNING", masquerade=True)
    assert start(stage, request=make_request(gkeCluster="another"), on_mismatch="fail").origin is Origin.ADOPTED
    assert "differs from the plan: config.gkeCluster" in caplog.text


def test_an_unknown_word_for_differences_is_refused(stage: Stage) -> None:
    """A misspelt setting is named before any call."""
    with pytest.raises(InvalidInputError, match="on_mismatch: expected one of fail, warn, ignore, saw 'explode'"):
        start(stage, on_mismatch="explode")


def test_an_environment_that_exists_for_one_call_only_is_worth_another_try(cloud: EmulatedCloud, stage: Stage) -> None:
    """If the API goes on to contradict itself, this try ends."""
    cloud.put(ID, state="RUNNING", masquerade=True)
    cloud.faults.fail_next("GetEnvironment", grpc.StatusCode.NOT_FOUND, "gone", times=3)
    with pytest.raises(EnvironmentNotReadyError, match=r"exists, and that it does not; run the task again$"):
        start(stage)


@pytest.mark.parametrize("takes_effect", [True, False])
@pytest.mark.parametrize("is_over", [True, False])
def test_a_creation_without_a_reply_is_looked_for(
    cloud: EmulatedCloud, stage: Stage, *, takes_effect: bool, is_over: bool
) -> None:
    """After a lost call nothing is created before the task has looked what the call did."""
    stage.now = 0.0  # before the emulator's clock
    if not is_over:
        cloud.hold_creations()
    lose = cloud.faults.lose_reply if takes_effect else cloud.faults.fail_next
    lose("CreateEnvironment", grpc.StatusCode.UNAVAILABLE, "lost")
    assert start(stage).origin is (Origin.CREATED_EARLIER if takes_effect else Origin.CREATED)
    assert cloud.faults.count_calls("CreateEnvironment") == (1 if takes_effect else 2)
    cloud.release_creations()


def test_a_creation_that_shows_only_in_its_operation_is_not_repeated(cloud: EmulatedCloud, stage: Stage) -> None:
    """Where the environment does not appear yet, the running operation tells that the lost call took effect."""
    cloud.hold_creations()
    cloud.faults.lose_reply("CreateEnvironment", grpc.StatusCode.DEADLINE_EXCEEDED, "lost")
    stage.during = lambda _number: cloud.faults.fail_next("GetEnvironment", grpc.StatusCode.NOT_FOUND, "not yet")
    watch = stage.watch()
    assert start(stage, watch=watch).origin is Origin.CREATED_EARLIER
    assert watch.operation_name is not None
    assert cloud.faults.count_calls("CreateEnvironment") == 1
    cloud.release_creations()


def test_the_first_call_without_a_reply_may_be_the_one_that_took_effect(cloud: EmulatedCloud, stage: Stage) -> None:
    """After two lost calls an environment that began after the first of them is the task's own."""
    stage.now = 0.0  # before the emulator's clock
    cloud.faults.lose_reply("CreateEnvironment", grpc.StatusCode.UNAVAILABLE, "lost")
    cloud.faults.fail_next("ListOperations", grpc.StatusCode.PERMISSION_DENIED, "no", times=3)

    def hide_it_once(number: int) -> None:
        stage.now = 1e12  # behind the emulator's clock
        if number == 0:
            cloud.faults.fail_next("GetEnvironment", grpc.StatusCode.NOT_FOUND, "not yet")
            cloud.faults.fail_next("CreateEnvironment", grpc.StatusCode.UNAVAILABLE, "lost")

    stage.during = hide_it_once
    watch = stage.watch(deadline=1e13, failure_tolerance_seconds=1e13)
    assert start(stage, watch=watch).origin is Origin.CREATED_EARLIER
    assert cloud.faults.count_calls("CreateEnvironment") == 2


@pytest.mark.parametrize(
    ("attempt", "origin"),
    [
        (Attempt(is_retry=True, began=0.0), Origin.CREATED_EARLIER),
        (Attempt(is_retry=True, began=1e12), Origin.ADOPTED),
        (Attempt(is_retry=True), Origin.ADOPTED),
        (Attempt(began=0.0), Origin.ADOPTED),
    ],
    ids=["began before", "began after", "not known", "first try"],
)
@pytest.mark.parametrize("is_over", [True, False])
def test_an_own_creation_is_told_apart(
    cloud: EmulatedCloud, stage: Stage, *, attempt: Attempt, origin: Origin, is_over: bool
) -> None:
    """Only a retry whose run began before the creation calls it its own."""
    if not is_over:
        cloud.hold_creations()
    start(stage)
    assert start(stage, attempt=attempt).origin is origin
    cloud.release_creations()


def test_an_api_that_does_not_answer_ends_the_try(cloud: EmulatedCloud, stage: Stage) -> None:
    """After ten minutes without an answer to the creation, another try has to continue."""
    cloud.faults.fail_next("CreateEnvironment", grpc.StatusCode.UNAVAILABLE, "away", times=100)
    cloud.faults.fail_next("ListOperations", grpc.StatusCode.PERMISSION_DENIED, "no", times=1000)
    with pytest.raises(CloudUnavailableError, match="away"):
        start(stage, watch=stage.watch(failure_tolerance_seconds=0.0))


@pytest.mark.parametrize(
    ("status", "calls"), [(grpc.StatusCode.PERMISSION_DENIED, 3), (grpc.StatusCode.FAILED_PRECONDITION, 1)]
)
def test_a_refusal_is_passed_on(cloud: EmulatedCloud, stage: Stage, status: grpc.StatusCode, calls: int) -> None:
    """A refusal that may pass is tried three times, any other once."""
    cloud.faults.fail_next("CreateEnvironment", status, "no", times=10)
    with pytest.raises(CloudRefusedError, match=status.name):
        start(stage)
    assert cloud.faults.count_calls("CreateEnvironment") == calls


@pytest.mark.parametrize("status", [grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.UNAUTHENTICATED])
def test_a_refusal_after_a_lost_reply_is_waited_out(
    cloud: EmulatedCloud, stage: Stage, status: grpc.StatusCode
) -> None:
    """Where the creation may be under way, refusals of any call are tolerated for minutes, not three times."""
    cloud.faults.lose_reply("CreateEnvironment", grpc.StatusCode.UNAVAILABLE, "lost")

    def refuse(number: int) -> None:
        if number == 0:
            cloud.faults.fail_next("GetEnvironment", status, "spreading", times=8)

    stage.during = refuse
    assert start(stage).origin is Origin.CREATED_EARLIER


def test_a_creation_that_is_refused_after_a_lost_one_is_repeated(cloud: EmulatedCloud, stage: Stage) -> None:
    """Refusals that pass do not end the try where an earlier call may have taken effect."""
    cloud.faults.fail_next("CreateEnvironment", grpc.StatusCode.UNAVAILABLE, "lost")
    cloud.faults.fail_next("CreateEnvironment", grpc.StatusCode.PERMISSION_DENIED, "spreading", times=5)
    assert start(stage).origin is Origin.CREATED
    assert [pause.seconds for pause in stage.pauses] == [1, 2, 4, 8, 16, 30]


@pytest.mark.parametrize("status", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED])
def test_a_creation_that_keeps_failing_ends_in_time(
    cloud: EmulatedCloud, stage: Stage, status: grpc.StatusCode
) -> None:
    """Although every look in between is answered, calls to create are not repeated for ever, and ever more slowly."""
    cloud.faults.fail_next("CreateEnvironment", status, "away", times=10_000)
    began = stage.now
    with pytest.raises(CloudUnavailableError, match="away"):
        start(stage)
    assert 600 <= stage.now - began <= 640
    assert cloud.faults.count_calls("CreateEnvironment") < 30


def test_a_retry_waits_out_refusals(cloud: EmulatedCloud, stage: Stage) -> None:
    """An earlier try may have started the creation, so a retry does not give up after seconds."""
    cloud.put(ID, state="CREATING", masquerade=True)
    cloud.faults.fail_next("GetEnvironment", grpc.StatusCode.PERMISSION_DENIED, "spreading", times=8)
    assert start(stage, attempt=Attempt(is_retry=True)).origin is Origin.ADOPTED


def test_the_last_look_waits_out_refusals_and_absences(cloud: EmulatedCloud, stage: Stage) -> None:
    """After a creation of 25 minutes neither a refusal nor an API that forgets for a moment ends the task."""
    cloud.put(ID, state="RUNNING", masquerade=True)
    cloud.faults.fail_next("GetEnvironment", grpc.StatusCode.PERMISSION_DENIED, "spreading", times=8)
    cloud.faults.fail_next("GetEnvironment", grpc.StatusCode.NOT_FOUND, "not here", times=2)
    assert stage.do(verify_environment(stage.watch())) is not None
    assert not any(pause.is_wait for pause in stage.pauses)


@pytest.mark.parametrize("state", ["CREATING", "UPDATING"])
def test_what_is_not_running_any_more_is_waited_for(cloud: EmulatedCloud, stage: Stage, state: str) -> None:
    """An environment that left the state RUNNING is waited for again, and its agent verified."""
    cloud.put(ID, state=state, masquerade=True)
    stage.during = lambda _number: cloud.put(ID, state="RUNNING", masquerade=False)
    with pytest.raises(MasqueradeNotEnabledError, match=f"^{NAME} exists without the IP masquerade agent"):
        stage.do(verify_environment(stage.watch()))
    assert len(stage.pauses) == 1


def test_only_an_environment_with_the_agent_is_verified(cloud: EmulatedCloud, stage: Stage) -> None:
    """A running environment without the agent is no success."""
    cloud.put(ID, state="RUNNING", masquerade=False)
    with pytest.raises(MasqueradeNotEnabledError, match=f"^{NAME} exists without the IP masquerade agent"):
        stage.do(verify_environment(stage.watch()))
