"""A person finds what the create operator's task works on: by its links, and by its log where they end it."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import grpc
import pytest

from airflow_masq.airflow_compat import AirflowException, AirflowFailException
from tests.emulated_cloud import EmulatedCloud
from tests.operators.creating import ENVIRONMENT_ID, NAME, environments, make_context, operator

pytestmark = pytest.mark.airflow

CONSOLE = "https://console.cloud.google.com/"


def test_the_links_of_a_creation_are_pushed(cloud: EmulatedCloud) -> None:
    """The task's links lead to the environment and to the operation that creates it."""
    xcoms: dict[str, object] = {}
    operator().execute(make_context(try_number=1, began=datetime.now(tz=UTC), xcoms=xcoms))
    assert str(xcoms["console_url"]).startswith(f"{CONSOLE}composer/environments/detail/us-central1/{ENVIRONMENT_ID}")
    assert str(xcoms["operation_url"]).startswith(f"{CONSOLE}logs/query;query=resource.type")
    assert "operations%2F" in str(xcoms["operation_url"])
    assert len(cloud.list()) == 1


def test_a_task_that_fails_at_once_has_its_link(cloud: EmulatedCloud) -> None:
    """The environment's page is needed most where the environment is in state ERROR."""
    cloud.put(ENVIRONMENT_ID, state="ERROR", masquerade=True)
    xcoms: dict[str, object] = {}
    with pytest.raises(AirflowFailException):
        operator().execute(make_context(try_number=1, began=datetime.now(tz=UTC), xcoms=xcoms))
    assert set(xcoms) == {"console_url"}


def test_a_task_that_is_ended_says_what_goes_on_and_deletes_nothing(
    cloud: EmulatedCloud, capfd: pytest.CaptureFixture[str]
) -> None:
    """The log names the environment, its state, the operation, and commands that show them."""
    cloud.hold_creations()
    task = operator(creation_timeout_seconds=60)
    has_looked = threading.Event()
    cloud.faults.observe = lambda _moment, _method: (
        has_looked.set() if cloud.faults.count_calls("GetOperation") > 1 else None
    )
    waiting = threading.Thread(target=task.execute, args=({},))
    waiting.start()
    assert has_looked.wait(timeout=10)
    task.on_kill()
    assert [each["state"] for each in cloud.list()] == ["CREATING"]
    cloud.release_creations()
    waiting.join(timeout=10)
    printed = capfd.readouterr().out
    assert f"nothing was deleted or stopped in the cloud: {NAME} was last seen in state CREATING" in printed
    assert "gcloud composer operations describe" in printed
    assert cloud.faults.count_calls("DeleteEnvironment") == 0
    assert [each["state"] for each in environments()] == ["RUNNING"]


def test_a_task_that_is_ended_before_its_first_call_says_so(capfd: pytest.CaptureFixture[str]) -> None:
    """Where nothing was begun, nothing goes on."""
    operator().on_kill()
    assert "ended before it began to create anything" in capfd.readouterr().out


def test_a_task_that_gives_up_names_no_operation_that_has_ended(cloud: EmulatedCloud) -> None:
    """The twin of the links: an environment that is adopted while it runs has no operation under way."""
    cloud.put(ENVIRONMENT_ID, state="RUNNING", masquerade=True)
    cloud.faults.fail_next("GetEnvironment", grpc.StatusCode.UNAVAILABLE, "away")
    xcoms: dict[str, object] = {}
    operator().execute(make_context(try_number=1, began=datetime.now(tz=UTC), xcoms=xcoms))
    assert set(xcoms) == {"console_url"}
    cloud.faults.fail_next("GetEnvironment", grpc.StatusCode.UNAVAILABLE, "away", times=100)
    with pytest.raises(AirflowException, match="away") as caught:
        operator(failure_tolerance_seconds=0.01).execute(
            make_context(try_number=1, began=datetime.now(tz=UTC), xcoms=xcoms)
        )
    assert "operation" not in str(caught.value)
    assert set(xcoms) == {"console_url"}
