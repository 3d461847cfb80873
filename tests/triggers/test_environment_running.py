"""The trigger waits in the triggerer as the operator waits in its slot, and tells how it ended."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import grpc
import pytest

from airflow_masq.provisioning.watch import TOLERATED_FAILURES
from airflow_masq.triggers.environment_running import EnvironmentRunningTrigger
from tests.emulated_cloud import EmulatedCloud, environment_resource

pytestmark = pytest.mark.airflow

NAME = str(environment_resource()["name"])


def trigger(**changes: object) -> EnvironmentRunningTrigger:
    """Make a trigger that polls often and waits long enough."""
    settings: dict[str, Any] = {
        "name": NAME,
        "operation_name": None,
        "deadline": time.time() + 60,
        "gcp_conn_id": "test_google",
        "impersonation_chain": None,
        "poll_interval_seconds": 0.01,
        "api_timeout_seconds": 5.0,
        "record": {"adopted": False},
    }
    return EnvironmentRunningTrigger(**{**settings, **changes})


async def payload(trigger: EnvironmentRunningTrigger) -> dict[str, Any]:
    """Run a trigger to its one event."""
    [event] = [event async for event in trigger.run()]
    assert isinstance(event.payload, dict)
    return event.payload


async def test_it_fires_when_the_environment_runs(cloud: EmulatedCloud) -> None:
    """While the environment is being created nothing fires; once it runs, the event says so."""
    cloud.put("example-environment", state="CREATING", masquerade=True)
    waiting = asyncio.create_task(payload(trigger()))
    done, _ = await asyncio.wait({waiting}, timeout=0.2)
    assert not done
    cloud.put("example-environment", state="RUNNING", masquerade=True)
    assert await waiting == {
        "outcome": "running",
        "message": "",
        "name": NAME,
        "record": {"adopted": False},
    }


async def test_a_failed_environment_is_final(cloud: EmulatedCloud) -> None:
    """An environment in state ERROR does not come back by trying again."""
    cloud.put("example-environment", state="ERROR", masquerade=True)
    event = await payload(trigger())
    assert event["outcome"] == "final"
    assert "is in state ERROR" in event["message"]


async def test_the_deadline_is_worth_another_try(cloud: EmulatedCloud) -> None:
    """When the time is up, the event says that another try continues to wait."""
    cloud.put("example-environment", state="CREATING", masquerade=True)
    event = await payload(trigger(deadline=time.time() - 1))
    assert event["outcome"] == "try-again"
    assert "continues in the cloud" in event["message"]


async def test_an_api_that_is_away_for_a_while_is_tolerated(cloud: EmulatedCloud) -> None:
    """Some unanswered polls do not end the wait."""
    cloud.put("example-environment", state="RUNNING", masquerade=True)
    cloud.faults.fail_next("GetEnvironment", grpc.StatusCode.UNAVAILABLE, "away", times=TOLERATED_FAILURES)
    assert (await payload(trigger()))["outcome"] == "running"


async def test_an_api_that_stays_away_is_worth_another_try(cloud: EmulatedCloud) -> None:
    """Too many unanswered polls end the wait, for now."""
    cloud.put("example-environment", state="RUNNING", masquerade=True)
    cloud.faults.fail_next("GetEnvironment", grpc.StatusCode.UNAVAILABLE, "away", times=TOLERATED_FAILURES + 1)
    assert (await payload(trigger()))["outcome"] == "try-again"


async def test_a_stalling_api_does_not_block_the_other_triggers(cloud: EmulatedCloud) -> None:
    """While one trigger's call stalls, the event loop serves everybody else."""
    cloud.put("example-environment", state="RUNNING", masquerade=True)
    cloud.faults.stall_next("GetEnvironment", 0.5)
    waiting = asyncio.create_task(payload(trigger()))
    turns = 0
    while not waiting.done():
        await asyncio.wait({waiting}, timeout=0.01)
        turns += 1
    assert (await waiting)["outcome"] == "running"
    assert turns > 10


async def test_a_cancelled_trigger_ends(cloud: EmulatedCloud) -> None:
    """A triggerer that shuts down is not held up, and nothing fires."""
    cloud.put("example-environment", state="CREATING", masquerade=True)
    waiting = asyncio.create_task(payload(trigger(poll_interval_seconds=60.0)))
    await asyncio.wait({waiting}, timeout=0.1)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_an_environment_that_is_being_deleted_is_worth_another_try(cloud: EmulatedCloud) -> None:
    """What is being deleted can be created once it is gone."""
    cloud.put("example-environment", state="DELETING", masquerade=True)
    event = await payload(trigger())
    assert event["outcome"] == "try-again"
    assert event["message"].endswith("is being deleted; run the task again once it is gone")


async def test_a_missing_connection_is_final() -> None:
    """A trigger without its connection tells its task so instead of breaking down."""
    event = await payload(trigger(gcp_conn_id="not_defined"))
    assert event["outcome"] == "final"
    assert event["message"].startswith("connection not_defined: expected one that is defined")


async def test_every_failure_becomes_an_event(cloud: EmulatedCloud) -> None:
    """An unexpected error ends the task for good, and the task gets its type, not its text."""
    cloud.put("example-environment", state="CREATING", masquerade=True)
    event = await payload(trigger(deadline="soon"))
    assert event["outcome"] == "final"
    assert event["message"] == f"waiting for {NAME} failed with TypeError; see the triggerer's log"
