"""The create operator runs on Airflow 2 and its Google providers, too."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.emulated_cloud import EmulatedCloud, environment_resource
from tests.other_airflows import AIRFLOW_2, find_python, run_python

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """
import asyncio, json, sys
from airflow.exceptions import TaskDeferred
from airflow_masq.operators.create_environment import CloudComposerCreateMasqueradeEnvironmentOperator
from airflow_masq.triggers.environment_running import EnvironmentRunningTrigger

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


@pytest.mark.parametrize("version", AIRFLOW_2)
def test_an_environment_is_created_with_airflow_2(version: str, tmp_path: Path) -> None:
    """On Airflow 2 the deferred operator creates, waits, verifies and returns the facts.

    Whether a triggerer runs is not known without a table of jobs, and read from it where there is one.
    """
    with EmulatedCloud(creation_seconds=0.2) as cloud:
        settings = {"AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT": cloud.airflow_connection}
        resource = json.dumps(environment_resource())
        printed = run_python(find_python(version), PROGRAM, resource, home=tmp_path, settings=settings)
    told = json.loads(printed[-1])
    assert told["known"] == [None, False, True]
    facts = told["facts"]
    assert (facts["state"], facts["enable_ip_masq_agent"], facts["adopted"]) == ("RUNNING", True, False)
    assert facts["unknown"] == []
    assert (facts["cluster"]["pods_per_node"], facts["node_ranges"]) == (32, ["10.128.0.0/20"])
