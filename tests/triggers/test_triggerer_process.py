"""A real ``airflow triggerer`` carries a deferred creation to its end, also if one is killed in the middle.

this process ── emulated API
      ├─ dag.test() of the provisioning DAG, whose task is deferred into the database
      └─ airflow triggerer, killed, and another one
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.airflow_env import airflow_settings
from tests.emulated_cloud import EmulatedCloud, environment_resource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(300)]

REPOSITORY = Path(__file__).resolve().parent.parent.parent

# Runs the DAG as dag.test() does, but leaves the trigger to a triggerer: dag.test() would run it itself.
RUN_DAG = """
import json, sys
from airflow.sdk.definitions import dag as dags
from tests.airflow_runs import AirflowRunner

run_task = dags._run_task
dags._run_task = lambda *, ti, task, run_triggerer: run_task(ti=ti, task=task)
run = AirflowRunner().run(
    "provision_masquerade_environment.py",
    conf={
        "plan": json.dumps({"environment": json.loads(sys.argv[1])}),
        "gcp_conn_id": "test_google",
        "deferrable": True,
        "poll_interval_seconds": 1,
    },
)
print(json.dumps({"state": run.state, "facts": run.xcom("create")}))
"""


@pytest.fixture
def settings(cloud: EmulatedCloud, tmp_path: Path) -> dict[str, str]:
    """Give the environment of an Airflow whose triggerers count as dead two seconds after their last heartbeat."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PYTHON"))}
    return {
        **own,
        **airflow_settings(tmp_path),
        "AIRFLOW_CONN_TEST_GOOGLE": cloud.airflow_connection,
        "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "1",
        "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "2",
        "PYTHONPATH": str(REPOSITORY),
    }


@contextmanager
def run_process(command: list[str], *, settings: Mapping[str, str], output: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a process with all that it starts, and kill all of it at the end."""
    with (
        output.open("w") as log,
        subprocess.Popen(
            command, env=settings, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True
        ) as process,
    ):
        try:
            yield process
        finally:
            kill(process)


def kill(process: subprocess.Popen[str]) -> None:
    """Kill a process and all that it started, at once."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=10)


def wait_until(is_so: Callable[[], bool], *, process: subprocess.Popen[str]) -> None:
    """Wait for a fact while a process runs; the test's own time limit ends it."""
    while not is_so():
        assert process.poll() is None, "the process that should bring this about has ended"
        time.sleep(0.05)


def test_a_deferred_creation_survives_its_triggerer(
    cloud: EmulatedCloud, settings: dict[str, str], tmp_path: Path
) -> None:
    """The first triggerer is killed while it waits; the second takes the trigger over, and the run succeeds."""
    cloud.hold_creations()
    triggerer = [sys.executable, "-m", "airflow", "triggerer", "--skip-serve-logs"]
    runner = [sys.executable, "-c", RUN_DAG, json.dumps(environment_resource())]

    def count() -> int:
        return cloud.faults.count_calls("GetOperation")

    with run_process(runner, settings=settings, output=tmp_path / "runner.log") as run:
        wait_until(lambda: count() > 0, process=run)  # the task's own look, before it is deferred
        with run_process(triggerer, settings=settings, output=tmp_path / "first.log") as first:
            wait_until(lambda: count() > 2, process=first)
            kill(first)
        after_death = count()
        with run_process(triggerer, settings=settings, output=tmp_path / "second.log") as second:
            wait_until(lambda: count() > after_death, process=second)
            cloud.release_creations()
            printed, _ = run.communicate()
    assert run.returncode == 0, (tmp_path / "runner.log").read_text()[-2000:]
    told = json.loads(printed.splitlines()[-1])
    [environment] = cloud.list()
    assert told["state"] == "success"
    assert (told["facts"]["uuid"], told["facts"]["state"]) == (environment["uuid"], "RUNNING")
    assert (told["facts"]["adopted"], told["facts"]["origin"]) == (False, "created")
    assert cloud.faults.count_calls("CreateEnvironment") == 1
