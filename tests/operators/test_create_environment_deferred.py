"""Deferred, the create operator leaves its slot, and verifies what its trigger waited for."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from airflow.sdk.exceptions import TaskDeferred

from airflow_masq.airflow_compat import AirflowException, AirflowFailException
from airflow_masq.operators.create_environment import DEFERRAL_GRACE_SECONDS
from airflow_masq.triggers.environment_running import EnvironmentRunningTrigger
from tests.emulated_cloud import LOCATION, PROJECT, EmulatedCloud, environment_resource
from tests.operators.creating import (
    ENVIRONMENT_ID,
    NAME,
    complete,
    execute,
    operator,
)

if TYPE_CHECKING:
    from airflow_masq.airflow_compat import Context

pytestmark = pytest.mark.airflow


def test_deferred_it_waits_in_the_triggerer(cloud: EmulatedCloud) -> None:
    """A deferrable task leaves its slot with a trigger that knows the operation, and a time limit of Airflow's own."""
    cloud.hold_creations()
    with pytest.raises(TaskDeferred) as caught:
        execute(deferrable=True)
    deferral = caught.value
    assert isinstance(deferral.trigger, EnvironmentRunningTrigger)
    assert deferral.trigger.environment_name == NAME
    assert str(deferral.trigger.operation_name).startswith(f"projects/{PROJECT}/locations/{LOCATION}/operations/")
    assert deferral.timeout is not None
    assert deferral.timeout.total_seconds() == pytest.approx(30 + DEFERRAL_GRACE_SECONDS, abs=5)
    cloud.release_creations()
    cloud.settle()
    facts = complete("running", record=deferral.trigger.serialize()[1]["record"])
    assert (facts["state"], facts["adopted"]) == ("RUNNING", False)


@pytest.mark.parametrize("deferrable", [False, True], ids=["in its slot", "deferred"])
def test_what_is_being_deleted_is_waited_for_and_then_created(cloud: EmulatedCloud, *, deferrable: bool) -> None:
    """An environment that is being deleted is not there for long; once it is gone, it is created."""
    cloud.put(ENVIRONMENT_ID, state="DELETING", masquerade=True)
    if not deferrable:
        with pytest.raises(AirflowException, match="its deletion continues in the cloud"):
            execute(creation_timeout_seconds=0.05)
        timer = threading.Timer(0.2, cloud.remove, args=[ENVIRONMENT_ID])
        timer.start()
        facts = execute()
        timer.join()
    else:
        with pytest.raises(TaskDeferred) as caught:
            execute(deferrable=True)
        assert isinstance(caught.value.trigger, EnvironmentRunningTrigger)
        assert caught.value.trigger.state == "DELETING"
        cloud.remove(ENVIRONMENT_ID)
        cloud.hold_creations()
        with pytest.raises(TaskDeferred) as caught:
            complete("gone")
        cloud.release_creations()
        cloud.settle()
        facts = complete("running", record=caught.value.trigger.serialize()[1]["record"])
    assert (facts["state"], facts["adopted"], facts["origin"]) == ("RUNNING", False, "created")


def test_deferrable_it_does_not_defer_for_what_runs_already(cloud: EmulatedCloud) -> None:
    """An environment that runs needs no triggerer."""
    cloud.put(ENVIRONMENT_ID, state="RUNNING", masquerade=True)
    assert execute(deferrable=True)["adopted"] is True


def test_after_the_waiting_the_agent_is_verified(cloud: EmulatedCloud) -> None:
    """A trigger that says "running" does not make a success of an environment without the agent."""
    cloud.put(ENVIRONMENT_ID, state="RUNNING", masquerade=False)
    with pytest.raises(AirflowFailException, match="must be re-created"):
        complete("running")


def test_an_update_after_the_waiting_is_waited_for(cloud: EmulatedCloud) -> None:
    """An environment that has left the state RUNNING since is waited for again."""
    cloud.put(ENVIRONMENT_ID, state="UPDATING", masquerade=True)
    with pytest.raises(TaskDeferred) as caught:
        complete("running")
    assert isinstance(caught.value.trigger, EnvironmentRunningTrigger)
    assert caught.value.trigger.record == {"adopted": False}


@pytest.mark.parametrize(
    "event",
    [{}, {"outcome": "running"}, {"name": NAME}, {"outcome": "new word", "colour": 1}, {"outcome": ["running"]}],
)
def test_an_event_of_another_version_is_understood(cloud: EmulatedCloud, event: dict[str, Any]) -> None:
    """An event that lacks what this version needs leads to a look at what exists."""
    cloud.put(ENVIRONMENT_ID, state="RUNNING", masquerade=True)
    context: Context = {}
    assert operator(deferrable=True).execute_complete(context, event, colour="blue")["adopted"] is True


def test_the_last_look_is_repeated(cloud: EmulatedCloud) -> None:
    """One passing error at the end does not fail a creation of 25 minutes."""
    cloud.put(ENVIRONMENT_ID, state="RUNNING", masquerade=True)
    cloud.faults.fail_next("GetEnvironment", grpc.StatusCode.PERMISSION_DENIED, "passing", times=8)
    assert complete("running")["state"] == "RUNNING"


def test_an_environment_that_is_gone_at_the_last_look_is_worth_another_try(cloud: EmulatedCloud) -> None:
    """What was running and has disappeared is created by another try."""
    assert cloud.faults.count_calls() == 0
    with pytest.raises(AirflowException, match=r"disappeared .* run the task again to create it"):
        complete("running")


@pytest.mark.parametrize(("is_running", "defers"), [(True, True), (None, True), (False, False)])
def test_a_task_is_not_deferred_where_no_triggerer_runs(
    cloud: EmulatedCloud,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    *,
    is_running: bool | None,
    defers: bool,
) -> None:
    """Without a triggerer the task says so and waits in its slot; where that is not known, it is deferred."""
    monkeypatch.setattr("airflow_masq.operators.create_environment.is_triggerer_running", lambda: is_running)
    cloud.put(ENVIRONMENT_ID, state="CREATING", masquerade=True)
    with pytest.raises(TaskDeferred if defers else AirflowException):
        execute(deferrable=True, creation_timeout_seconds=30 if defers else 0.05)
    assert ("no triggerer runs" in capfd.readouterr().out) is not defers


@pytest.mark.parametrize(("outcome", "raised"), [("final", AirflowFailException), ("try-again", AirflowException)])
def test_the_triggers_outcome_decides_about_retries(outcome: str, raised: type[Exception]) -> None:
    """What the trigger found final is not retried, what may pass is."""
    with pytest.raises(raised, match="the reason") as caught:
        complete(outcome, message="the reason")
    assert type(caught.value) is raised


@pytest.mark.parametrize("deferrable", [False, True], ids=["in its slot", "deferred"])
@pytest.mark.parametrize("on_mismatch", ["fail", "warn"])
def test_what_shows_only_at_the_end_is_compared_at_the_end(
    cloud: EmulatedCloud, *, on_mismatch: str, deferrable: bool
) -> None:
    """An environment that another is creating may not show all fields yet; once it runs, all are compared."""
    cloud.put(ENVIRONMENT_ID, state="CREATING", masquerade=True)
    settings: dict[str, Any] = {"on_mismatch": on_mismatch, "deferrable": deferrable}
    settings["environment"] = environment_resource(environmentSize="ENVIRONMENT_SIZE_LARGE")

    def finish() -> dict[str, Any]:
        if not deferrable:
            timer = threading.Timer(0.2, cloud.put, [ENVIRONMENT_ID], {"state": "RUNNING", "masquerade": True})
            timer.start()
            try:
                return execute(**settings)
            finally:
                timer.join()
        with pytest.raises(TaskDeferred) as caught:
            execute(**settings)
        cloud.put(ENVIRONMENT_ID, state="RUNNING", masquerade=True)
        record = caught.value.trigger.serialize()[1]["record"]
        return complete("running", record=record, **settings)

    if on_mismatch == "fail":
        with pytest.raises(AirflowFailException, match="environmentSize"):
            finish()
    else:
        [difference] = finish()["differences"]
        assert difference.startswith("config.environmentSize: planned 'ENVIRONMENT_SIZE_LARGE', found None")
