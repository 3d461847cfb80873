"""What a failed creation left is deleted and created again, once in a run; what may have run never is."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from airflow_masq.clients.calls import OperationStatus
from airflow_masq.environment import EnvironmentResource
from airflow_masq.exceptions import (
    CannotMasqueradeError,
    CloudRefusedError,
    CloudUnavailableError,
    EnvironmentFailedError,
    EnvironmentMismatchError,
)
from airflow_masq.provisioning import CreationStart, CreationSteps, Origin, lint_request, read_request
from airflow_masq.provisioning.history import History
from airflow_masq.provisioning.recreation import find_obstacle
from tests.emulated_cloud import NAME, EmulatedCloud, environment_resource
from tests.provisioning.doing import Stage

if TYPE_CHECKING:
    from airflow_masq.clients.composer import ComposerClient

ID = NAME.environment_id
RUN_BEGAN = 1000.0


@pytest.fixture(autouse=True)
def _progress(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="airflow_masq")


@pytest.fixture
def stage(client: ComposerClient) -> Stage:
    """Give a clock that moves by pauses alone, from long before the emulator's."""
    return Stage(client, now=RUN_BEGAN)


def make_steps(stage: Stage, **settings: Any) -> CreationSteps:  # noqa: ANN401 - the steps' own
    """Ask for the example environment, and allow to delete what failed."""
    request = read_request(plan=None, environment=environment_resource(), default_project=lambda: NAME.project)
    known = {"request": request, "watch": stage.watch(), "recreate_since": RUN_BEGAN}
    return CreationSteps(**{**known, **settings})


def start(stage: Stage, **settings: Any) -> CreationStart:  # noqa: ANN401 - the steps' own
    """Start a creation that may delete what failed."""
    return stage.do(make_steps(stage, **settings).start())


def fail_creation(cloud: EmulatedCloud, stage: Stage) -> str:
    """Leave an environment whose creation failed, and return its UUID."""
    cloud.faults.fail_creation(ID, grpc.StatusCode.RESOURCE_EXHAUSTED, "no quota")
    stage.client.create(NAME, resource=EnvironmentResource.read(environment_resource()))
    cloud.settle()
    [failed] = cloud.list()
    assert failed["state"] == "ERROR"
    return str(failed["uuid"])


def test_a_failed_creation_is_deleted_and_created_again(
    cloud: EmulatedCloud, stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says what is deleted and why; what is there in the end is another environment."""
    uuid = fail_creation(cloud, stage)
    assert start(stage).origin is Origin.CREATED
    cloud.settle()
    [environment] = cloud.list()
    assert environment["state"] == "RUNNING"
    assert environment["uuid"] != uuid
    assert cloud.faults.count_calls("DeleteEnvironment") == 1
    assert (
        f"Deleting {NAME} (UUID {uuid}) to create it again, since recreate_failed is set: its creation failed "
        "(RESOURCE_EXHAUSTED: no quota) and nothing was done to it since, so it never ran"
    ) in caplog.text


def test_without_the_permission_nothing_is_deleted(cloud: EmulatedCloud, stage: Stage) -> None:
    """The twin: an environment in state ERROR fails the task, and stays."""
    fail_creation(cloud, stage)
    with pytest.raises(EnvironmentFailedError, match="could not be created: RESOURCE_EXHAUSTED: no quota; look at"):
        start(stage, recreate_since=None)
    assert cloud.faults.count_calls("DeleteEnvironment") == 0


def test_one_run_deletes_once(cloud: EmulatedCloud, stage: Stage) -> None:
    """If the second creation fails as well, it stays, and the task ends; a later run may delete again."""
    fail_creation(cloud, stage)
    cloud.faults.fail_creation(ID, grpc.StatusCode.INTERNAL, "again")
    start(stage)
    cloud.settle()
    message = (
        r"INTERNAL: again\. recreate_failed does not delete it, since one of this name was deleted since this run began"
    )
    for _ in range(2):
        with pytest.raises(EnvironmentFailedError, match=message):
            start(stage)
    assert cloud.faults.count_calls("DeleteEnvironment") == 1
    assert start(stage, recreate_since=4e9).origin is Origin.CREATED  # a run that began later
    assert cloud.faults.count_calls("DeleteEnvironment") == 2


@pytest.mark.parametrize("state", ["CREATING", "RUNNING", "UPDATING"])
def test_what_is_not_in_state_error_is_never_deleted(cloud: EmulatedCloud, stage: Stage, state: str) -> None:
    """The permission means nothing for an environment that works or is about to."""
    cloud.put(ID, state=state, masquerade=True)
    assert start(stage).origin is Origin.ADOPTED
    assert cloud.faults.count_calls("DeleteEnvironment") == 0


def test_what_recovers_before_the_call_is_not_deleted(cloud: EmulatedCloud, stage: Stage) -> None:
    """The last look is right before the deletion."""
    fail_creation(cloud, stage)

    def recover(moment: str, method: str) -> None:
        if (moment, method) == ("after", "ListOperations"):
            cloud.put(ID, state="RUNNING", masquerade=True)

    cloud.faults.observe = recover
    assert start(stage).origin is Origin.ADOPTED
    assert cloud.faults.count_calls("DeleteEnvironment") == 0


@pytest.mark.parametrize("is_late", [True, False])
def test_what_is_gone_before_the_call_is_created(cloud: EmulatedCloud, stage: Stage, *, is_late: bool) -> None:
    """If another deletes the environment first, there is only the creation left to do."""
    fail_creation(cloud, stage)
    looks = 0

    def remove(moment: str, method: str) -> None:
        nonlocal looks
        looks += (moment, method) == ("before", "GetEnvironment")
        if (looks, moment, method) == (2, "before", "DeleteEnvironment" if is_late else "GetEnvironment"):
            cloud.remove(ID)

    cloud.faults.observe = remove
    assert start(stage).origin is Origin.CREATED
    assert cloud.faults.count_calls("DeleteEnvironment") == int(is_late)


def test_what_cannot_be_created_again_is_not_deleted(cloud: EmulatedCloud, stage: Stage) -> None:
    """A plan whose image is no longer offered would leave nothing at all."""
    fail_creation(cloud, stage)
    old = environment_resource(softwareConfig={"imageVersion": "composer-2.1.3-airflow-2.3.4"})
    request = read_request(plan=None, environment=old, default_project=lambda: NAME.project)
    request = lint_request(request, on_findings="fail")
    with pytest.raises(CannotMasqueradeError, match="MASQ116"):
        start(stage, request=request)
    assert cloud.faults.count_calls("DeleteEnvironment") == 0


def test_what_a_preflight_refuses_is_not_deleted(cloud: EmulatedCloud, stage: Stage) -> None:
    """The preflight of the creation comes before the deletion, and comes once."""
    fail_creation(cloud, stage)
    asked: list[int] = []

    def refuse() -> None:
        asked.append(cloud.faults.count_calls("DeleteEnvironment"))
        raise CannotMasqueradeError("no quota")

    with pytest.raises(CannotMasqueradeError):
        start(stage, before_creation=refuse)
    assert cloud.faults.count_calls("DeleteEnvironment") == 0
    start(stage, before_creation=lambda: asked.append(cloud.faults.count_calls("DeleteEnvironment")))
    assert asked == [0, 0]


@pytest.mark.parametrize("on_mismatch", ["fail", "warn"])
def test_a_failed_environment_that_differs_is_deleted_unless_differences_fail(
    cloud: EmulatedCloud, stage: Stage, *, on_mismatch: str
) -> None:
    """A plan that was corrected since differs from what failed; whoever wants no difference gets no deletion."""
    fail_creation(cloud, stage)
    resource = environment_resource(nodeConfig={"network": "projects/example-project/global/networks/corrected"})
    request = read_request(plan=None, environment=resource, default_project=lambda: NAME.project)
    if on_mismatch == "fail":
        with pytest.raises(EnvironmentMismatchError, match=r"nodeConfig\.network"):
            start(stage, request=request, on_mismatch=on_mismatch)
    else:
        assert start(stage, request=request, on_mismatch=on_mismatch).origin is Origin.CREATED
    assert cloud.faults.count_calls("DeleteEnvironment") == int(on_mismatch == "warn")


def test_where_the_operations_cannot_be_read_nothing_is_deleted(cloud: EmulatedCloud, stage: Stage) -> None:
    """Only the operations tell whether an environment has ever run."""
    fail_creation(cloud, stage)
    cloud.faults.fail_next("ListOperations", grpc.StatusCode.PERMISSION_DENIED, "no", times=100)
    with pytest.raises(EnvironmentFailedError, match="no operation that can be listed tells that its creation failed"):
        start(stage)
    assert cloud.faults.count_calls("DeleteEnvironment") == 0


def test_what_once_ran_is_not_deleted(cloud: EmulatedCloud, stage: Stage) -> None:
    """An environment that an update or a deletion broke has an Airflow database."""
    stage.client.create(NAME, resource=EnvironmentResource.read(environment_resource()))
    cloud.settle()
    [environment] = cloud.list()
    cloud.put(ID, state="ERROR", masquerade=True, uuid=environment["uuid"])
    with pytest.raises(EnvironmentFailedError, match="its creation succeeded, so it has run, and its Airflow database"):
        start(stage)
    assert cloud.faults.count_calls("DeleteEnvironment") == 0


@pytest.mark.parametrize("takes_effect", [True, False])
@pytest.mark.parametrize(
    "status", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.FAILED_PRECONDITION]
)
def test_a_deletion_without_an_answer_is_looked_for(
    cloud: EmulatedCloud, stage: Stage, status: grpc.StatusCode, *, takes_effect: bool
) -> None:
    """A lost call is made again only if it did nothing."""
    fail_creation(cloud, stage)
    lose = cloud.faults.lose_reply if takes_effect else cloud.faults.fail_next
    lose("DeleteEnvironment", status, "lost")
    assert start(stage).origin is Origin.CREATED
    assert cloud.faults.count_calls("DeleteEnvironment") == (1 if takes_effect else 2)


@pytest.mark.parametrize(
    ("status", "error", "calls"),
    [
        (grpc.StatusCode.PERMISSION_DENIED, CloudRefusedError, range(3, 4)),
        (grpc.StatusCode.INVALID_ARGUMENT, CloudRefusedError, range(1, 2)),
        (grpc.StatusCode.UNAVAILABLE, CloudUnavailableError, range(10, 30)),
    ],
)
def test_a_deletion_that_keeps_failing_ends_the_try(
    cloud: EmulatedCloud, stage: Stage, status: grpc.StatusCode, error: type[Exception], calls: range
) -> None:
    """A refusal is told within seconds, and a call without an answer is repeated for minutes, not for ever."""
    fail_creation(cloud, stage)
    cloud.faults.fail_next("DeleteEnvironment", status, "no", times=1000)
    with pytest.raises(error, match=f"deleting {NAME}: {status.name}: no"):
        start(stage)
    assert cloud.faults.count_calls("DeleteEnvironment") in calls


def test_a_creation_that_failed_and_left_nothing_is_not_repeated(cloud: EmulatedCloud, stage: Stage) -> None:
    """Where there is nothing to delete, the failure of the creation that the run waited for stands."""
    assert cloud.list() == []
    failure = EnvironmentFailedError("could not be created: no quota")
    with pytest.raises(EnvironmentFailedError, match="no quota"):
        start(stage, failure=failure)
    assert cloud.faults.count_calls("CreateEnvironment") == 0


def operation(verb: str, **settings: Any) -> OperationStatus:  # noqa: ANN401 - the status' own
    """Make an operation on the environment ``own``, begun 100 seconds after the run, which ended in an error."""
    known = {"name": verb, "done": True, "error": "INTERNAL: broke", "target_uuid": "own", "began": RUN_BEGAN + 100}
    return OperationStatus(**{**known, "verb": verb, **settings})


FAILED = operation("CREATE", began=RUN_BEGAN - 500)


@pytest.mark.parametrize(
    ("operations", "is_complete", "obstacle"),
    [
        ([FAILED], True, ""),
        ([operation("DELETE", began=RUN_BEGAN - 100), FAILED], True, ""),
        ([operation("DELETE", target_uuid="other", error=None, began=RUN_BEGAN - 600), FAILED], True, ""),
        ([operation("UPDATE", target_uuid="other"), FAILED], True, ""),
        ([FAILED], False, "no operation that can be listed"),
        ([], True, "no operation that can be listed"),
        ([operation("CREATE", target_uuid="")], True, "no operation that can be listed"),
        ([operation("CREATE", target_uuid="other")], True, "no operation that can be listed"),
        ([operation("CREATE", done=False)], True, "no operation that can be listed"),
        ([operation("CREATE", error=None)], True, "its creation succeeded"),
        ([operation("DELETE"), FAILED], True, "its deletion failed: INTERNAL: broke"),
        (
            [operation("DELETE", target_uuid="other", error=None), FAILED],
            True,
            "one of this name was deleted since this run began",
        ),
        (
            [operation("DELETE", target_uuid="", began=None), FAILED],
            True,
            "one of this name was deleted since this run began",
        ),
        ([operation("UPDATE"), FAILED], True, "UPDATE was begun after its creation failed"),
        ([operation("UPDATE", error=None, done=False), FAILED], True, "UPDATE was begun"),
        ([operation("LOAD_SNAPSHOT", target_uuid=""), FAILED], True, "LOAD_SNAPSHOT was begun"),
        ([operation("", began=None), FAILED], True, "an unknown operation was begun"),
    ],
)
def test_what_the_operations_tell_decides(
    *, operations: list[OperationStatus], is_complete: bool, obstacle: str
) -> None:
    """Only an environment whose creation failed, to which nothing was done since, is deleted, and only once."""
    history = History(operations=tuple(operations), is_complete=is_complete)
    found = find_obstacle(history, uuid="own", since=RUN_BEGAN)
    assert found.startswith(obstacle)
    assert bool(found) is bool(obstacle)


def test_an_environment_without_a_uuid_is_not_deleted() -> None:
    """Without a UUID no operation is known to be this environment's."""
    history = History(operations=(operation("CREATE", target_uuid=""),), is_complete=True)
    assert find_obstacle(history, uuid="", since=RUN_BEGAN)


def test_a_deletion_that_does_not_show_yet_is_waited_for(cloud: EmulatedCloud, stage: Stage) -> None:
    """Where the operation says that the environment is being deleted and its state does not, nothing is called."""
    fail_creation(cloud, stage)
    stale = cloud.list()[0]
    stage.client.delete(NAME)
    cloud.settle()
    cloud.put(ID, state="ERROR", masquerade=True, uuid=stale["uuid"])
    stage.during = lambda number: cloud.remove(ID) if number == 1 else None
    assert start(stage).origin is Origin.CREATED
    assert cloud.faults.count_calls("DeleteEnvironment") == 1
    assert [pause.is_wait for pause in stage.pauses] == [True, True]
