"""With ``recreate_failed`` the create operator deletes what a failed creation left, and creates again, once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from airflow.sdk.exceptions import TaskDeferred

from airflow_masq.airflow_compat import AirflowFailException
from airflow_masq.triggers.environment_running import EnvironmentRunningTrigger
from tests.emulated_cloud import EmulatedCloud
from tests.operators.creating import ENVIRONMENT_ID, operator

if TYPE_CHECKING:
    from airflow_masq.airflow_compat import Context

pytestmark = pytest.mark.airflow


async def _wait(trigger: EnvironmentRunningTrigger) -> Any:  # noqa: ANN401 - an event's payload
    async for event in trigger.run():
        return event.payload
    return None


def run(**arguments: object) -> dict[str, Any]:
    """Run the task to its end, through its triggers."""
    task = operator(**arguments)
    context: Context = {}
    event: Any = None
    while True:
        try:
            return task.execute(context) if event is None else task.execute_complete(context, event)
        except TaskDeferred as deferral:
            event = asyncio.run(_wait(EnvironmentRunningTrigger(**deferral.trigger.serialize()[1])))


@pytest.mark.parametrize("deferrable", [False, True], ids=["in its slot", "deferred"])
def test_a_creation_that_fails_is_made_again_once(cloud: EmulatedCloud, *, deferrable: bool) -> None:
    """The first creation fails while the task waits for it; the second one is the environment."""
    cloud.faults.fail_creation(ENVIRONMENT_ID, grpc.StatusCode.RESOURCE_EXHAUSTED, "no quota")
    facts = run(recreate_failed="true", deferrable=deferrable)
    assert (facts["state"], facts["adopted"], facts["origin"]) == ("RUNNING", False, "created")
    assert (cloud.deletions, cloud.faults.count_calls("CreateEnvironment")) == (1, 2)


@pytest.mark.parametrize("deferrable", [False, True], ids=["in its slot", "deferred"])
def test_a_creation_that_fails_again_is_final(cloud: EmulatedCloud, *, deferrable: bool) -> None:
    """After the second failure the environment stays, and Airflow does not retry."""

    def fail_always(moment: str, method: str) -> None:
        if (moment, method) == ("before", "CreateEnvironment"):
            cloud.faults.fail_creation(ENVIRONMENT_ID, grpc.StatusCode.INTERNAL, "it broke")

    cloud.faults.observe = fail_always
    with pytest.raises(AirflowFailException, match=r"it broke.*one of this name was deleted since this run began"):
        run(recreate_failed=True, deferrable=deferrable)
    assert (cloud.deletions, cloud.faults.count_calls("CreateEnvironment")) == (1, 2)


@pytest.mark.parametrize("deferrable", [False, True], ids=["in its slot", "deferred"])
def test_without_recreate_failed_the_failure_is_final(cloud: EmulatedCloud, *, deferrable: bool) -> None:
    """The twin: by default nothing is deleted."""
    cloud.faults.fail_creation(ENVIRONMENT_ID, grpc.StatusCode.INTERNAL, "it broke")
    with pytest.raises(AirflowFailException, match="could not be created: INTERNAL: it broke; look at"):
        run(deferrable=deferrable)
    assert cloud.faults.count_calls("DeleteEnvironment") == 0


def test_an_unreadable_setting_is_refused_before_any_call(cloud: EmulatedCloud) -> None:
    """A misspelt setting does not delete anything."""
    with pytest.raises(AirflowFailException, match="recreate_failed: expected true or false, saw 'maybe'"):
        run(recreate_failed="maybe")
    assert cloud.faults.count_calls() == 0
