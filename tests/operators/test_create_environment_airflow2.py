"""The create operator runs on the oldest Airflow and Google provider that are supported, too."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.airflow_env import airflow_settings
from tests.emulated_cloud import EmulatedCloud, environment_resource

REPOSITORY = Path(__file__).resolve().parent.parent.parent
PYTHON = REPOSITORY / ".venv-airflow2" / "bin" / "python"

pytestmark = pytest.mark.skipif(
    not PYTHON.exists(), reason="no .venv-airflow2 (Airflow 2.10.5) here; scripts/test makes it"
)

PROGRAM = """
import asyncio, json, sys
import airflow
from airflow.exceptions import TaskDeferred
from airflow_masq.operators.create_environment import CloudComposerCreateMasqueradeEnvironmentOperator
from airflow_masq.triggers.environment_running import EnvironmentRunningTrigger

assert airflow.__version__.startswith("2.10."), airflow.__version__
operator = CloudComposerCreateMasqueradeEnvironmentOperator(
    task_id="create", environment=json.loads(sys.argv[1]), poll_interval_seconds=0.05, deferrable=True,
    creation_timeout_seconds=60,
)

async def event_of(trigger):
    async for event in trigger.run():
        return event

try:
    operator.execute({})
except TaskDeferred as deferral:
    _, settings = deferral.trigger.serialize()
    event = asyncio.run(event_of(EnvironmentRunningTrigger(**settings)))
    facts = operator.execute_complete({}, event.payload)

from airflow import settings
from airflow.jobs.job import Job
from airflow.utils import timezone
from airflow.utils.session import create_session
from airflow_masq.operators.triggerer import is_triggerer_running

known = [is_triggerer_running()]
Job.__table__.create(settings.engine)
known.append(is_triggerer_running())
with create_session() as session:
    job = Job(job_type="TriggererJob", state="running")
    job.latest_heartbeat = timezone.utcnow()
    session.add(job)
known.append(is_triggerer_running())
print(json.dumps({"facts": facts, "known": known}))
"""


def test_an_environment_is_created_with_airflow_2(tmp_path: Path) -> None:
    """On Airflow 2.10.5 the deferred operator creates, waits, verifies and returns the facts.

    Whether a triggerer runs is not known without a table of jobs, and read from it where there is one.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PYTHON"))}
    with EmulatedCloud(creation_seconds=0.2) as cloud:
        settings = {"AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT": cloud.airflow_connection, "PYTHONPATH": str(REPOSITORY)}
        finished = subprocess.run(
            [PYTHON, "-c", PROGRAM, json.dumps(environment_resource())],
            env={**environment, **airflow_settings(tmp_path), **settings},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )
    assert finished.returncode == 0, finished.stderr[-2000:]
    told = json.loads(finished.stdout.splitlines()[-1])
    assert told["known"] == [None, False, True]
    facts = told["facts"]
    assert (facts["state"], facts["enable_ip_masq_agent"], facts["adopted"]) == ("RUNNING", True, False)
