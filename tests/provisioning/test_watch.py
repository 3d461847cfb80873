"""One call at a time: when an environment counts as running, when the wait continues, and when it is over."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import grpc
import pytest

from airflow_masq.clients.calls import get_environment
from airflow_masq.environment import EnvironmentResource
from airflow_masq.exceptions import (
    AirflowMasqError,
    CloudRefusedError,
    CloudUnavailableError,
    EnvironmentFailedError,
    EnvironmentNotReadyError,
)
from airflow_masq.provisioning.history import read_history
from airflow_masq.provisioning.watch import EnvironmentState
from tests.emulated_cloud import NAME, EmulatedCloud, environment_resource
from tests.provisioning.doing import Stage

if TYPE_CHECKING:
    from airflow_masq.clients.composer import ComposerClient

ID = NAME.environment_id


@pytest.fixture(autouse=True)
def _progress(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="airflow_masq")


@pytest.fixture
def stage(client: ComposerClient) -> Stage:
    """Give a clock that moves by pauses alone."""
    return Stage(client)


def begin(stage: Stage) -> str:
    """Start a creation, and return its operation."""
    return stage.client.create(NAME, resource=EnvironmentResource.read(environment_resource())).name


def test_a_creation_is_one_call_a_look(cloud: EmulatedCloud, stage: Stage) -> None:
    """While the operation runs, it alone is read; the environment is read once it has ended."""
    cloud.hold_creations()
    watch = stage.watch(operation_name=begin(stage))

    def end_after_two(number: int) -> None:
        if number == 1:
            cloud.release_creations()
            cloud.settle()

    stage.during = end_after_two
    found = stage.do(watch.wait())
    assert found is not None
    assert found.state == watch.state == "RUNNING"
    assert [pause.seconds for pause in stage.pauses] == [30, 30]
    assert (cloud.faults.count_calls("GetOperation"), cloud.faults.count_calls("GetEnvironment")) == (3, 1)


@pytest.mark.parametrize("state", ["CREATING", "UPDATING"])
def test_without_a_known_operation_the_state_is_watched(cloud: EmulatedCloud, stage: Stage, state: str) -> None:
    """What another attempt started is watched by its state, and an update is waited for."""
    cloud.put(ID, state=state, masquerade=True)
    stage.during = lambda _number: cloud.put(ID, state="RUNNING", masquerade=True)
    assert stage.do(stage.watch().wait()) is not None
    assert (len(stage.pauses), cloud.faults.count_calls()) == (1, 2)


@pytest.mark.parametrize(
    ("status", "words", "reason"),
    [
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "no quota", "RESOURCE_EXHAUSTED: no quota"),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "", "RESOURCE_EXHAUSTED: the API gave no reason"),
        (grpc.StatusCode.OK, "", "the operation ended in an error without a reason"),
        (grpc.StatusCode.OK, "odd", "code 0: odd"),
    ],
)
@pytest.mark.parametrize("is_known", [True, False], ids=["known operation", "found operation"])
def test_a_failed_creation_says_why_and_what_to_do(
    cloud: EmulatedCloud, stage: Stage, status: grpc.StatusCode, words: str, reason: str, *, is_known: bool
) -> None:
    """The operation's reason reaches the user, whether the operation is known or has to be found."""
    cloud.faults.fail_creation(ID, status, words)
    operation_name = begin(stage)
    cloud.settle()
    with pytest.raises(EnvironmentFailedError) as caught:
        stage.do(stage.watch(operation_name=operation_name if is_known else None).wait())
    assert str(caught.value) == (
        f"{NAME} could not be created: {reason}; look at the environment's page and at its logs in Cloud Logging, "
        "delete the environment, correct the cause and run the task again"
    )


def test_the_reason_survives_one_error_of_the_operation(cloud: EmulatedCloud, stage: Stage) -> None:
    """If the operation cannot be read once, its reason is found again at the end."""
    cloud.faults.fail_creation(ID, grpc.StatusCode.INTERNAL, "it broke")
    operation_name = begin(stage)
    cloud.settle()
    cloud.faults.fail_next("GetOperation", grpc.StatusCode.NOT_FOUND, "forgotten")
    with pytest.raises(EnvironmentFailedError, match="could not be created: INTERNAL: it broke"):
        stage.do(stage.watch(operation_name=operation_name).wait())


def test_the_reason_is_that_of_this_environment(cloud: EmulatedCloud, stage: Stage) -> None:
    """The failed creation of a former environment of the name is not the reason."""
    cloud.faults.fail_creation(ID, grpc.StatusCode.INTERNAL, "long ago")
    begin(stage)
    cloud.settle()
    cloud.put(ID, state="ERROR", masquerade=True, uuid="another")
    with pytest.raises(EnvironmentFailedError, match="is in state ERROR; look at"):
        stage.do(stage.watch().wait())


def test_an_error_whose_reason_cannot_be_read_is_an_error_all_the_same(cloud: EmulatedCloud, stage: Stage) -> None:
    """Where the operations may not be listed, the message has the state alone."""
    cloud.put(ID, state="ERROR", masquerade=True)
    cloud.faults.fail_next("ListOperations", grpc.StatusCode.PERMISSION_DENIED, "no", times=3)
    with pytest.raises(EnvironmentFailedError, match="is in state ERROR; look at"):
        stage.do(stage.watch().wait())


def test_the_operations_of_many_pages_are_read(cloud: EmulatedCloud, stage: Stage) -> None:
    """The reason is found behind the operations of other environments, and of other projects' names."""
    cloud.faults.fail_creation(ID, grpc.StatusCode.INTERNAL, "on some page")
    begin(stage)
    for number in range(150):
        other = type(NAME)(project=NAME.project, location=NAME.location, environment_id=f"other-{number}")
        stage.client.create(other, resource=EnvironmentResource.read(environment_resource()))
    cloud.settle()
    with pytest.raises(EnvironmentFailedError, match="on some page"):
        stage.do(stage.watch().wait())
    assert cloud.faults.count_calls("ListOperations") == 2


@pytest.mark.parametrize("later", ["CHECK", "SAVE_SNAPSHOT"])
def test_the_failed_operation_is_told_apart_from_others(later: str) -> None:
    """An environment that an upgrade broke is not said to have never been created, whatever succeeded since."""
    from airflow_masq.clients.calls import OperationPage, OperationStatus  # noqa: PLC0415 - only here

    watch = Stage.watch(Stage(client=None))  # type: ignore[arg-type] # no call is made
    steps = watch.explain_failure(EnvironmentResource.read({"state": "ERROR"}))
    next(steps)
    operations = (
        OperationStatus(name="q", done=True, error=None, verb=later, target=str(NAME), began=3.0),
        OperationStatus(name="o", done=True, error="INTERNAL: broke", verb="UPDATE", target=str(NAME), began=2.0),
        OperationStatus(name="p", done=True, error=None, verb="CREATE", target=str(NAME), began=1.0),
    )
    with pytest.raises(EnvironmentFailedError, match=r"its last failed operation \(UPDATE\): INTERNAL: broke"):
        steps.send(OperationPage(operations=operations, next_page_token=""))


OTHER = f"{NAME.parent}/environments/other"


@pytest.mark.parametrize(
    ("listed", "found"),
    [
        ([{"began": 1.0}, {"began": 2.0}], 1),
        ([{"began": 2.0}, {"began": 1.0}], 0),
        ([{"began": 2.0}, {}], 0),
        ([{}, {"began": 2.0}], 1),
        ([{}, {"target": OTHER, "began": 2.0}], 0),
        ([{}, {"verb": "UPDATE", "began": 2.0}], 0),
        ([{}, {"target_uuid": "a former one", "began": 2.0}], 0),
        ([{"target_uuid": "this one"}], 0),
        ([{"target": OTHER}, {"verb": "DELETE"}], None),
    ],
)
def test_the_newest_operation_on_this_environment_is_found(listed: list[dict[str, object]], found: int | None) -> None:
    """Neither another environment's operation nor a former one's, nor one of another kind, is taken for this one's."""
    from airflow_masq.clients.calls import OperationPage, OperationStatus  # noqa: PLC0415 - only here

    known = {"done": True, "error": None, "verb": "CREATE", "target": str(NAME), "began": None}
    operations = [OperationStatus(**{"name": str(number), **known, **each}) for number, each in enumerate(listed)]  # type: ignore[arg-type] # cases
    steps = read_history(Stage.watch(Stage(client=None)))  # type: ignore[arg-type] # no call is made
    next(steps)
    with pytest.raises(StopIteration) as ended:
        steps.send(OperationPage(operations=tuple(operations), next_page_token=""))
    newest = ended.value.value.find(verb="CREATE", uuid="this one")
    assert newest == (None if found is None else operations[found])


def test_a_repeated_call_waits_with_jitter() -> None:
    """The pause before a call is repeated lies between half and one and a half of its base."""
    client: ComposerClient = None  # type: ignore[assignment] # no call is made
    base, low, high = (Stage.watch(Stage(client), random=lambda x=x: x).make_backoff().seconds for x in (0.5, 0.0, 1.0))
    assert (low, high) == (base / 2, base * 1.5)


def test_the_states_are_googles() -> None:
    """The states that are told apart here are those of the Composer API."""
    from google.cloud.orchestration.airflow.service_v1.types import Environment  # noqa: PLC0415 - only here

    assert {state.value for state in EnvironmentState} == set(Environment.State.__members__)


def test_what_was_being_deleted_ends_the_wait_when_it_is_gone(cloud: EmulatedCloud, stage: Stage) -> None:
    """A deletion is waited out, and the result says that there is no environment any more."""
    cloud.put(ID, state="DELETING", masquerade=True)
    stage.during = lambda number: cloud.remove(ID) if number == 1 else None
    assert stage.do(stage.watch().wait()) is None
    assert len(stage.pauses) == 2


def test_an_environment_that_seems_absent_is_looked_at_again(
    cloud: EmulatedCloud, stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """Two answers that there is no environment do not end the wait."""
    cloud.put(ID, state="RUNNING", masquerade=True)
    cloud.faults.fail_next("GetEnvironment", grpc.StatusCode.NOT_FOUND, "not yet", times=2)
    assert stage.do(stage.watch().wait()) is not None
    assert caplog.text.count(f"{NAME} is not there; looking once more") == 2


@pytest.mark.parametrize("operation_name", [None, f"{NAME.parent}/operations/none"])
def test_an_environment_that_disappeared_is_not_waited_for(stage: Stage, operation_name: str | None) -> None:
    """What is absent three times stays absent, and an operation that the API does not know promises nothing."""
    with pytest.raises(
        EnvironmentNotReadyError,
        match=r"disappeared during the wait \(was it deleted\?\); run the task again to create it$",
    ):
        stage.do(stage.watch(operation_name=operation_name).wait())
    assert len(stage.pauses) == 2


FAILURES: list[tuple[grpc.StatusCode, type[AirflowMasqError]]] = [
    (grpc.StatusCode.UNAVAILABLE, CloudUnavailableError),
    (grpc.StatusCode.RESOURCE_EXHAUSTED, CloudUnavailableError),
    (grpc.StatusCode.PERMISSION_DENIED, CloudRefusedError),
    (grpc.StatusCode.UNAUTHENTICATED, CloudRefusedError),
    (grpc.StatusCode.INTERNAL, CloudUnavailableError),
]


@pytest.mark.parametrize("status", [status for status, _ in FAILURES], ids=lambda status: str(status.name))
@pytest.mark.parametrize("method", ["GetEnvironment", "GetOperation"])
def test_failures_of_any_kind_are_tolerated_for_a_time(
    cloud: EmulatedCloud, stage: Stage, caplog: pytest.LogCaptureFixture, method: str, status: grpc.StatusCode
) -> None:
    """Some failures in a row do not end the wait; the same failure is logged once."""
    operation_name = begin(stage)
    cloud.settle()
    cloud.faults.fail_next(method, status, "away", times=4)
    assert stage.do(stage.watch(operation_name=operation_name, deadline=5000.0).wait()) is not None
    assert caplog.text.count("away") == 1
    # An operation that cannot be read is left alone, or read again after the environment, which still is.
    assert ("The API answers again after 4 failed calls" in caplog.text) is (method == "GetEnvironment")


def test_an_operation_that_stays_silent_does_not_end_the_wait(cloud: EmulatedCloud, stage: Stage) -> None:
    """Where only the operations get no answer, every other look is at the environment, which tells the end."""
    operation_name = begin(stage)
    cloud.settle()
    cloud.put(ID, state="CREATING", masquerade=True)
    cloud.faults.fail_next("GetOperation", grpc.StatusCode.UNAVAILABLE, "away", times=1000)
    stage.during = lambda number: cloud.put(ID, state="RUNNING", masquerade=True) if number == 50 else None
    assert stage.do(stage.watch(operation_name=operation_name, deadline=5000.0).wait()) is not None
    assert stage.now > 1000 + 600


@pytest.mark.parametrize(("status", "error"), FAILURES, ids=lambda value: getattr(value, "name", ""))
def test_failures_in_a_row_end_the_wait_in_time(
    cloud: EmulatedCloud, stage: Stage, status: grpc.StatusCode, error: type[AirflowMasqError]
) -> None:
    """After ten minutes of failures the wait ends with the last one."""
    cloud.put(ID, state="RUNNING", masquerade=True)
    cloud.faults.fail_next("GetEnvironment", status, "away", times=100)
    began = stage.now
    with pytest.raises(error, match="away"):
        stage.do(stage.watch(deadline=5000.0).wait())
    assert 600 <= stage.now - began <= 600 + 30 * 8


def test_an_answer_begins_the_tolerance_anew(cloud: EmulatedCloud, stage: Stage) -> None:
    """Failures that are not in a row do not add up."""
    cloud.put(ID, state="CREATING", masquerade=True)
    watch = stage.watch(deadline=10_000.0, failure_tolerance_seconds=100.0)

    def fail_three_of_four(number: int) -> None:
        if number == 12:
            cloud.put(ID, state="RUNNING", masquerade=True)
        elif number % 4 == 0:
            cloud.faults.fail_next("GetEnvironment", grpc.StatusCode.UNAVAILABLE, "away", times=3)

    stage.during = fail_three_of_four
    assert stage.do(watch.wait()) is not None
    assert stage.now > 1000 + 300


def test_an_api_that_is_asked_too_often_is_asked_less(cloud: EmulatedCloud, stage: Stage) -> None:
    """After each refusal for a rate the pause doubles, up to eight times, and an answer ends that."""
    cloud.put(ID, state="CREATING", masquerade=True)
    cloud.faults.fail_next("GetEnvironment", grpc.StatusCode.RESOURCE_EXHAUSTED, "slower", times=4)
    stage.during = lambda number: cloud.put(ID, state="RUNNING", masquerade=True) if number == 4 else None
    assert stage.do(stage.watch(deadline=5000.0, failure_tolerance_seconds=1000.0).wait()) is not None
    assert [pause.seconds for pause in stage.pauses] == [60, 120, 240, 240, 30]


@pytest.mark.parametrize(("number", "seconds"), [(0.0, 22.5), (0.5, 30.0), (1.0, 37.5)])
def test_polls_are_spread(stage: Stage, number: float, seconds: float) -> None:
    """The pauses vary by a quarter, so that many tasks do not ask in the same moment."""
    pause = stage.watch(random=lambda: number).make_wait()
    assert (pause.seconds, pause.is_wait) == (seconds, True)


def test_repetitions_back_off(cloud: EmulatedCloud, stage: Stage) -> None:
    """A read that fails is repeated after one, two, four seconds, and so on, which is no wait for the cloud."""
    cloud.put(ID, state="RUNNING", masquerade=True)
    cloud.faults.fail_next("GetEnvironment", grpc.StatusCode.UNAVAILABLE, "away", times=7)
    assert stage.do(stage.watch().read(get_environment(NAME))).state == "RUNNING"
    assert [pause.seconds for pause in stage.pauses] == [1, 2, 4, 8, 16, 30, 30]
    assert not any(pause.is_wait for pause in stage.pauses)


def test_a_refused_read_is_made_three_times(cloud: EmulatedCloud, stage: Stage) -> None:
    """Before anything is at stake, a missing permission is told within seconds."""
    cloud.faults.fail_next("GetEnvironment", grpc.StatusCode.PERMISSION_DENIED, "no", times=10)
    with pytest.raises(CloudRefusedError, match="PERMISSION_DENIED"):
        stage.do(stage.watch().read(get_environment(NAME)))
    assert [pause.seconds for pause in stage.pauses] == [1, 2]


def test_a_refused_read_is_waited_out_where_a_creation_is_at_stake(cloud: EmulatedCloud, stage: Stage) -> None:
    """While a creation may be under way, a permission that is missing for minutes does not end the task."""
    cloud.put(ID, state="RUNNING", masquerade=True)
    cloud.faults.fail_next("GetEnvironment", grpc.StatusCode.PERMISSION_DENIED, "no", times=12)
    assert stage.do(stage.watch(is_at_stake=True).read(get_environment(NAME))).state == "RUNNING"
    cloud.faults.fail_next("GetEnvironment", grpc.StatusCode.PERMISSION_DENIED, "no", times=1000)
    began = stage.now
    with pytest.raises(CloudRefusedError, match="PERMISSION_DENIED"):
        stage.do(stage.watch(is_at_stake=True).read(get_environment(NAME)))
    assert 600 <= stage.now - began <= 640


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("CREATING", r"\(state CREATING\) .* its creation continues"),
        ("UPDATING", r"\(state UPDATING\) .* its update continues"),
        ("DELETING", r"\(state DELETING\) .* its deletion continues"),
        (None, r"\(it has not appeared\) .* any operation that was started continues"),
    ],
)
def test_the_wait_ends_at_the_deadline(cloud: EmulatedCloud, stage: Stage, state: str | None, words: str) -> None:
    """When the time is up, the message says what continues; the last look is at the deadline."""
    if state is None:
        cloud.faults.fail_next("GetEnvironment", grpc.StatusCode.UNAVAILABLE, "away", times=100)
    else:
        cloud.put(ID, state=state, masquerade=True)
    with pytest.raises(EnvironmentNotReadyError, match=words) as caught:
        stage.do(stage.watch().wait())
    assert str(caught.value).endswith("Run the task again to continue waiting, or raise creation_timeout_seconds")
    assert [pause.seconds for pause in stage.pauses] == [30, 30, 30, 10]
