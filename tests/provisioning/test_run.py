"""A creation from its start to the running environment, begun anew where that is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc
import pytest

from airflow_masq.exceptions import EnvironmentFailedError
from airflow_masq.provisioning import CreationStart, CreationSteps, Origin, read_request
from tests.emulated_cloud import NAME, EmulatedCloud, environment_resource
from tests.provisioning.doing import Stage

if TYPE_CHECKING:
    from airflow_masq.clients.composer import ComposerClient

ID = NAME.environment_id


@pytest.fixture
def stage(client: ComposerClient, cloud: EmulatedCloud) -> Stage:
    """Give a clock that moves by pauses alone, in each of which the cloud ends what it does."""
    return Stage(client, during=lambda _number: cloud.settle())


def run(stage: Stage, **settings: Any) -> tuple[dict[str, Any], list[CreationStart | None]]:  # noqa: ANN401 - the steps' own
    """Run a creation; return the environment, and what was noted on the way."""
    request = read_request(plan=None, environment=environment_resource(), default_project=lambda: NAME.project)
    steps = CreationSteps(request=request, watch=stage.watch(deadline=stage.now + 1000), **settings)
    noted: list[CreationStart | None] = []
    return stage.do(steps.run(note_start=noted.append)).as_rest(), noted


def list_origins(noted: list[CreationStart | None]) -> list[Origin | None]:
    """List how each start went; ``None`` where one began."""
    return [None if start is None else start.origin for start in noted]


def test_a_creation_ends_with_the_running_environment(stage: Stage) -> None:
    """It is noted when a start begins and when it is known, so that no start is recorded before it is known."""
    environment, noted = run(stage)
    assert environment["state"] == "RUNNING"
    assert list_origins(noted) == [None, Origin.CREATED]


def test_what_was_adopted_too_early_is_compared_once_it_runs(cloud: EmulatedCloud, stage: Stage) -> None:
    """An environment that another is creating shows all of its fields only in the end, when it is adopted again."""
    cloud.put(ID, state="CREATING", masquerade=True)
    stage.during = lambda _number: cloud.put(ID, state="RUNNING", masquerade=True)
    environment, noted = run(stage)
    assert environment["state"] == "RUNNING"
    assert list_origins(noted) == [None, Origin.ADOPTED, None, Origin.ADOPTED]
    assert [start.is_compared for start in noted if start is not None] == [False, True]


def test_what_is_deleted_during_the_wait_is_created(cloud: EmulatedCloud, stage: Stage) -> None:
    """An environment that is being deleted by then is waited out, and created."""
    cloud.put(ID, state="UPDATING", masquerade=True)

    def delete(number: int) -> None:
        if number == 0:
            cloud.put(ID, state="DELETING", masquerade=True)
        elif number == 1:
            cloud.remove(ID)
        else:
            cloud.settle()

    stage.during = delete
    environment, noted = run(stage)
    assert environment["state"] == "RUNNING"
    assert list_origins(noted) == [None, Origin.ADOPTED, None, Origin.CREATED]


def test_a_creation_that_fails_ends_the_run(cloud: EmulatedCloud, stage: Stage) -> None:
    """Without the permission to create it again, the failure is the end."""
    cloud.faults.fail_creation(ID, grpc.StatusCode.RESOURCE_EXHAUSTED, "no quota")
    with pytest.raises(EnvironmentFailedError, match="could not be created: RESOURCE_EXHAUSTED: no quota"):
        run(stage)
    assert cloud.faults.count_calls("DeleteEnvironment") == 0


def test_a_creation_that_fails_is_begun_anew(cloud: EmulatedCloud, stage: Stage) -> None:
    """The twin: with the permission, what the failed creation left is deleted, and the environment created again."""
    cloud.faults.fail_creation(ID, grpc.StatusCode.RESOURCE_EXHAUSTED, "no quota")
    environment, noted = run(stage, recreate_since=0.0)
    assert environment["state"] == "RUNNING"
    assert list_origins(noted) == [None, Origin.CREATED, None, Origin.CREATED]
    assert cloud.faults.count_calls("DeleteEnvironment") == 1
