"""The create operator against an API that fails, and against its own earlier tries."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import grpc
import pytest

from airflow_masq.airflow_compat import AirflowException, AirflowFailException
from airflow_masq.exceptions import EnvironmentFailedError
from tests.emulated_cloud import IMAGE, EmulatedCloud, environment_resource
from tests.operators.creating import (
    ENVIRONMENT_ID,
    environments,
    execute,
    make_context,
    operator,
)

pytestmark = pytest.mark.airflow


@pytest.mark.parametrize(
    ("try_number", "began_before", "origin"),
    [
        (2, True, "created by an earlier call of this task (inferred)"),
        (2, False, "adopted"),
        (1, True, "adopted"),
    ],
    ids=["a retry", "a retry of a later run", "a first try"],
)
@pytest.mark.usefixtures("cloud")
def test_what_an_earlier_try_created_is_not_called_adopted(*, try_number: int, began_before: bool, origin: str) -> None:
    """A retry that finds what was created since the run began infers that it is the run's own, and says so."""
    began = datetime.now(tz=UTC) - timedelta(seconds=1)
    execute()
    context = make_context(try_number=try_number, began=began if began_before else datetime.now(tz=UTC))
    facts = operator().execute(context)
    assert (facts["origin"], facts["adopted"]) == (origin, origin == "adopted")


def test_a_lost_reply_to_the_creation_is_found_again(cloud: EmulatedCloud) -> None:
    """If the creation started and its reply was lost, the same try finds it and creates nothing else."""
    cloud.hold_creations()
    cloud.faults.lose_reply("CreateEnvironment", grpc.StatusCode.UNAVAILABLE, "lost")
    timer = threading.Timer(0.3, cloud.release_creations)
    timer.start()
    facts = execute()
    timer.join()
    assert facts["origin"] == "created by an earlier call of this task (inferred)"
    assert cloud.faults.count_calls("CreateEnvironment") == 1


def test_the_reason_is_found_after_a_crash(cloud: EmulatedCloud) -> None:
    """A retry that finds a failed environment, and knows no operation, still says why it failed."""
    cloud.faults.fail_creation(ENVIRONMENT_ID, grpc.StatusCode.RESOURCE_EXHAUSTED, "no quota")
    with pytest.raises(AirflowFailException, match="no quota"):
        execute()
    with pytest.raises(AirflowFailException, match="could not be created: RESOURCE_EXHAUSTED: no quota"):
        execute()


@pytest.mark.parametrize(("words", "reason"), [("no quota", "no quota"), ("", "the API gave no reason")])
def test_a_creation_that_fails_is_final_and_says_why(cloud: EmulatedCloud, words: str, reason: str) -> None:
    """The operation's reason reaches the task's log, even where it is only a code."""
    cloud.faults.fail_creation(ENVIRONMENT_ID, grpc.StatusCode.RESOURCE_EXHAUSTED, words)
    with pytest.raises(AirflowFailException, match=f"RESOURCE_EXHAUSTED: {reason}") as caught:
        execute()
    assert isinstance(caught.value.__context__, EnvironmentFailedError)


def test_an_api_that_is_away_while_waiting_is_tolerated(cloud: EmulatedCloud) -> None:
    """A few unanswered polls do not fail a creation of 25 minutes."""
    cloud.faults.fail_next("GetOperation", grpc.StatusCode.UNAVAILABLE, "away", times=2)
    cloud.faults.stall_next("GetEnvironment", 30)
    assert execute(api_timeout_seconds=0.2)["state"] == "RUNNING"


@pytest.mark.parametrize("status", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.PERMISSION_DENIED])
@pytest.mark.parametrize("method", ["GetEnvironment", "CreateEnvironment", "GetOperation"])
def test_a_call_that_fails_for_a_moment_does_not_fail_the_try(
    cloud: EmulatedCloud, method: str, status: grpc.StatusCode
) -> None:
    """Whichever call fails, and however: it is made again in the same try, and one environment is created."""
    cloud.faults.fail_next(method, status, "away", times=2)
    assert execute()["adopted"] is False
    assert len(environments()) == 1


def test_an_api_that_stays_away_is_worth_another_try(cloud: EmulatedCloud) -> None:
    """A request that gets no answer for longer than the tolerance fails this try only."""
    cloud.faults.fail_next("GetEnvironment", grpc.StatusCode.UNAVAILABLE, "away", times=1000)
    with pytest.raises(AirflowException, match="UNAVAILABLE") as caught:
        execute(failure_tolerance_seconds=0.1)
    assert not isinstance(caught.value, AirflowFailException)


@pytest.mark.parametrize(
    ("status", "calls"), [(grpc.StatusCode.PERMISSION_DENIED, 3), (grpc.StatusCode.INVALID_ARGUMENT, 1)]
)
def test_a_refusal_by_the_api_is_final(cloud: EmulatedCloud, status: grpc.StatusCode, calls: int) -> None:
    """What the API refuses is final: at once if the request is wrong, else after three calls."""
    cloud.faults.fail_next("CreateEnvironment", status, "composer.environments.create", times=10)
    with pytest.raises(AirflowFailException, match=r"composer\.environments\.create"):
        execute()
    assert cloud.faults.count_calls("CreateEnvironment") == calls


def test_a_message_that_is_too_large_is_final(cloud: EmulatedCloud) -> None:
    """No repetition makes a description smaller than the API's limit."""
    big = environment_resource(softwareConfig={"imageVersion": IMAGE, "envVariables": {"BIG": "x" * 5_000_000}})
    with pytest.raises(AirflowFailException, match=r"larger than max.*smaller") as caught:
        execute(environment=big, on_findings="ignore")
    assert "trying again" not in str(caught.value)
    assert cloud.faults.count_calls("GetEnvironment") == 1


def test_an_environment_that_seems_absent_for_one_call_is_adopted(cloud: EmulatedCloud) -> None:
    """What the first look does not show and the creation refuses is looked at again."""
    cloud.put(ENVIRONMENT_ID, state="RUNNING", masquerade=True)
    cloud.faults.fail_next("GetEnvironment", grpc.StatusCode.NOT_FOUND, "gone")
    assert execute()["adopted"] is True
