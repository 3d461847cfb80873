"""The trigger waits in the triggerer as the operator waits in its slot, and tells how it ended."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from airflow_masq.triggers.environment_running import EnvironmentRunningTrigger
from tests.emulated_cloud import EmulatedCloud, environment_resource
from tests.other_airflows import run_python

if TYPE_CHECKING:
    from lab.cloud.faults import Moment

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
        "failure_tolerance_seconds": 60.0,
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
    deadline = time.time() + 60
    waiting = asyncio.create_task(payload(trigger(deadline=deadline)))
    done, _ = await asyncio.wait({waiting}, timeout=0.2)
    assert not done
    cloud.put("example-environment", state="RUNNING", masquerade=True)
    assert await waiting == {
        "outcome": "running",
        "message": "",
        "name": NAME,
        "deadline": deadline,
        "record": {"adopted": False},
    }


async def test_a_failed_environment_ends_the_wait(cloud: EmulatedCloud) -> None:
    """An environment in state ERROR does not come back by trying again; the operator may create it again."""
    cloud.put("example-environment", state="ERROR", masquerade=True)
    event = await payload(trigger())
    assert event["outcome"] == "failed"
    assert "is in state ERROR" in event["message"]


async def test_the_deadline_is_worth_another_try(cloud: EmulatedCloud) -> None:
    """When the time is up, the event says that another try continues to wait."""
    cloud.put("example-environment", state="CREATING", masquerade=True)
    event = await payload(trigger(deadline=time.time() - 1))
    assert event["outcome"] == "try-again"
    assert "continues in the cloud" in event["message"]


@pytest.mark.parametrize("status", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.PERMISSION_DENIED])
async def test_an_api_that_fails_for_a_while_is_tolerated(cloud: EmulatedCloud, status: grpc.StatusCode) -> None:
    """Some polls that fail, in whichever way, do not end the wait."""
    cloud.put("example-environment", state="RUNNING", masquerade=True)
    cloud.faults.fail_next("GetEnvironment", status, "away", times=12)
    assert (await payload(trigger()))["outcome"] == "running"


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(grpc.StatusCode.UNAVAILABLE, "try-again"), (grpc.StatusCode.PERMISSION_DENIED, "final")],
)
async def test_an_api_that_keeps_failing_ends_the_wait(
    cloud: EmulatedCloud, status: grpc.StatusCode, outcome: str
) -> None:
    """Failures in a row for longer than the tolerance end the wait as the last one says."""
    cloud.put("example-environment", state="RUNNING", masquerade=True)
    cloud.faults.fail_next("GetEnvironment", status, "away", times=1000)
    event = await payload(trigger(failure_tolerance_seconds=0.1))
    assert event["outcome"] == outcome
    assert f"reading {NAME}: {status.name}: away" in event["message"]


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


async def test_a_killed_trigger_says_what_goes_on(capfd: pytest.CaptureFixture[str]) -> None:
    """Where a person ends a deferred task, the triggerer's log names the environment and its operation."""
    await trigger(operation_name="projects/p/locations/l/operations/o-1", state="CREATING").on_kill()
    printed = capfd.readouterr().out
    assert f"nothing was deleted or stopped in the cloud: {NAME} was last seen in state CREATING" in printed
    assert "gcloud composer operations describe o-1" in printed


async def test_an_environment_that_is_being_deleted_is_waited_for(cloud: EmulatedCloud) -> None:
    """What is being deleted can be created once it is gone, and the event says so."""
    cloud.put("example-environment", state="DELETING", masquerade=True)
    waiting = asyncio.create_task(payload(trigger()))
    while cloud.faults.count_calls("GetEnvironment") < 2:  # the first one's answer has arrived
        await asyncio.wait({waiting}, timeout=0.01)
    assert not waiting.done()
    cloud.remove("example-environment")
    assert (await waiting)["outcome"] == "gone"


async def test_triggers_do_not_all_start_in_one_moment(cloud: EmulatedCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """A triggerer with very many triggers spreads their starts over a poll interval, or over five seconds."""
    cloud.put("example-environment", state="RUNNING", masquerade=True)
    spread: list[float] = []

    def choose_least(least: float, most: float) -> float:
        spread.append(most)
        return least

    monkeypatch.setattr("random.uniform", choose_least)
    for poll_interval_seconds in (0.5, 60.0):
        assert (await payload(trigger(poll_interval_seconds=poll_interval_seconds)))["outcome"] == "running"
    assert spread == [0.5, 5.0]


async def test_what_was_being_deleted_when_the_task_was_deferred_is_gone(cloud: EmulatedCloud) -> None:
    """A trigger that knows of the deletion needs not see it."""
    assert (await payload(trigger(state="DELETING")))["outcome"] == "gone"
    assert cloud.faults.count_calls("GetEnvironment") == 1


async def test_a_row_of_another_version_is_read() -> None:
    """A row that lacks settings, or has settings that this version does not know, makes a trigger."""
    older = EnvironmentRunningTrigger(name=NAME)
    assert older.deadline > time.time() + 3600
    newer = EnvironmentRunningTrigger(name=NAME, colour="blue", record="of another form")  # type: ignore[arg-type] # as a row may have it
    assert newer.record == {}
    assert set(newer.serialize()[1]) == set(older.serialize()[1])
    event = await payload(EnvironmentRunningTrigger(colour="blue"))
    assert event["outcome"] == "final"


async def test_many_triggers_on_a_silent_api_hold_no_thread(cloud: EmulatedCloud) -> None:
    """While calls of many triggers get no answer, asyncio's own threads are free for every other trigger."""
    cloud.put("example-environment", state="RUNNING", masquerade=True)
    before = threading.active_count()
    for _ in range(40):
        cloud.faults.stall_next("GetEnvironment", 30)
    all_asked = asyncio.Event()
    loop = asyncio.get_running_loop()

    def count(_moment: Moment, method: str) -> None:
        if cloud.faults.count_calls(method) == 40:
            loop.call_soon_threadsafe(all_asked.set)

    cloud.faults.observe = count
    waiting = [asyncio.create_task(payload(trigger(api_timeout_seconds=30.0))) for _ in range(40)]
    await all_asked.wait()
    began = time.monotonic()
    await asyncio.to_thread(lambda: None)
    assert time.monotonic() - began < 1
    assert threading.active_count() < before + 12  # the connectors, gRPC's own, and the one above
    for each in waiting:
        each.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


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


LOAD = """
import gc, json, sys, weakref
from airflow_masq.triggers import environment_running

class Node:
    pass

def count_left(number):
    nodes = [Node() for _ in range(number)]
    for node in nodes:
        node.itself = node
    left = [weakref.ref(node) for node in nodes]
    del nodes, node
    gc.collect()
    return sum(each() is not None for each in left)

before = [gc.get_freeze_count() > 0, "grpc" in sys.modules]
environment_running._load_libraries()
frozen = gc.get_freeze_count()
after = [frozen > 0, "grpc" in sys.modules, gc.isenabled(), count_left(10)]
environment_running._load_libraries()
print(json.dumps([before, after, gc.get_freeze_count() - frozen]))
"""


def test_loading_leaves_the_collector_on(tmp_path: Path) -> None:
    """What a triggerer has loaded is frozen once; garbage that comes later is collected as before."""
    printed = run_python(Path(sys.executable), LOAD, home=tmp_path)
    before, after, more = json.loads(printed[-1])
    assert before == [False, False]
    assert after == [True, True, True, 0]
    assert more <= 0
