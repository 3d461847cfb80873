"""The auditing DAG, run by Airflow's own ``dag.test()`` against the emulated Composer API."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from lab.cloud.errors import ApiError
from tests.emulated_cloud import LOCATION, PROJECT, EmulatedCloud, environment_resource
from tests.other_airflows import AIRFLOW_2, find_python, run_python

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from airflow.sdk import DAG

    from tests.airflow_runs import AirflowRunner, FinishedRun

pytestmark = pytest.mark.airflow

DAG_FILE = "audit_masquerade_fleet.py"
ASSET_URI = "x-airflow-masq://masquerade/audit"
COMPOSER_3_IMAGE = "composer-3-airflow-2.10.5-build.3"


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[EmulatedCloud]:
    """Give an emulated Composer API; the default Google connection leads to it."""
    with EmulatedCloud() as cloud:
        monkeypatch.setenv("AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT", cloud.airflow_connection)
        yield cloud


def run_audit(airflow: AirflowRunner, *, compare: bool = False, **params: object) -> FinishedRun:
    """Run the DAG for one region, compared with no other test's audit unless that is what is tested."""

    def change(dag: DAG) -> None:
        task: Any = dag.get_task("audit")
        task.previous = None if compare else "none"

    return airflow.run(DAG_FILE, conf={"regions": [LOCATION], **params}, change=change)


def event_of(run: FinishedRun) -> dict[str, Any]:
    """Give the one asset event of a run."""
    [event] = run.asset_events(ASSET_URI)
    return event


def test_a_fleet_is_audited(airflow: AirflowRunner, cloud: EmulatedCloud, capfd: pytest.CaptureFixture[str]) -> None:
    """The run lists what exists in the connection's project, in its log, its XCom and its event."""
    cloud.put("with-agent", state="RUNNING", masquerade=True)
    cloud.put("without", state="RUNNING", masquerade=False)
    run = run_audit(airflow)
    assert run.state == "success"
    audit = run.xcom("audit")
    assert [(each["environment_id"], each["masquerading"]) for each in audit["environments"]] == [
        ("without", "recreate"),
        ("with-agent", "masqueraded"),
    ]
    event = event_of(run)
    assert event["summary"] == "2 environments: 1 must be re-created, 1 masqueraded; no findings"
    assert (event["dag_id"], event["run_id"], event["task_id"]) == (run.dag_id, run.run_id, "audit")
    assert "must be re-created  without " in capfd.readouterr().out


def test_all_regions_are_asked_by_default(airflow: AirflowRunner, cloud: EmulatedCloud) -> None:
    """A run that names no region asks each of Composer's regions once."""
    run = airflow.run(DAG_FILE)
    assert (run.state, len(run.xcom("audit")["regions"])) == ("success", 41)
    assert cloud.faults.count_calls("ListEnvironments") == 41


def test_a_silent_region_fails_the_run_and_is_reported(airflow: AirflowRunner, cloud: EmulatedCloud) -> None:
    """A project that may not be asked is in the event and fails the last task; what was asked is there, too."""
    cloud.put("with-agent", state="RUNNING", masquerade=True)
    cloud.faults.close("projects/other", grpc.StatusCode.PERMISSION_DENIED, "The caller does not have permission")
    run = run_audit(airflow, projects=[PROJECT, "other"])
    assert run.state == "failed"
    assert run.task_states == {("audit", -1): "success", ("assert", -1): "failed"}
    event = event_of(run)
    assert [failure["project"] for failure in event["not_asked"]] == ["other"]
    assert [each["masquerading"] for each in event["environments"]] == ["masqueraded"]
    assert run_audit(airflow, projects=[PROJECT, "other"], on_incomplete="warn").state == "success"


def test_the_next_run_tells_what_has_changed(airflow: AirflowRunner, cloud: EmulatedCloud) -> None:
    """A run finds the audit of the run before in Airflow, and a change fails it if that is asked for."""
    cloud.put("stays", state="RUNNING", masquerade=True, uuid="1")
    cloud.put("goes", state="RUNNING", masquerade=True)
    first = run_audit(airflow)
    cloud.remove("goes")
    cloud.put("stays", state="RUNNING", masquerade=False, uuid="2")
    second = run_audit(airflow, compare=True, on_drift="fail")
    assert (first.state, second.state) == ("success", "failed")
    audit = second.xcom("audit")
    assert audit["compared_with"] == first.xcom("audit")["began"]
    assert {each["message"] for each in event_of(second)["drift"]} == {
        "has lost the agent",
        "was re-created: another environment has its name",
        "is gone",
    }
    assert run_audit(airflow, compare=True, on_drift="fail").xcom("audit")["drift"] == []


def test_a_retry_is_compared_with_the_run_before(airflow: AirflowRunner, cloud: EmulatedCloud) -> None:
    """An attempt that fails leaves its audit, with which the next attempt of the same run is not compared."""

    def change(dag: DAG) -> None:
        task: Any = dag.get_task("audit")
        task.on_incomplete = "fail"

    first = run_audit(airflow, compare=True)
    for _ in range(2):
        cloud.faults.fail_next("ListEnvironments", grpc.StatusCode.PERMISSION_DENIED, "not yet")
    second = airflow.run(DAG_FILE, conf={"regions": [LOCATION]}, change=change)
    assert (first.state, second.state, cloud.faults.count_calls("ListEnvironments")) == ("success", "success", 4)
    assert second.xcom("audit")["compared_with"] == first.xcom("audit")["began"]


def test_errors_fail_the_run_where_that_is_asked_for(airflow: AirflowRunner, cloud: EmulatedCloud) -> None:
    """An environment of Composer 3 is a finding of severity error."""
    cloud.put("three", state="RUNNING", masquerade=False, image=COMPOSER_3_IMAGE)
    assert run_audit(airflow).state == "success"
    assert run_audit(airflow, on_findings="fail").state == "failed"


def test_a_plan_is_compared(airflow: AirflowRunner, cloud: EmulatedCloud, tmp_path: Path) -> None:
    """An environment without the agent that its plan has is drift."""
    cloud.put("example-environment", state="RUNNING", masquerade=False)
    plan = {"environment": environment_resource(nodeConfig={"enableIpMasqAgent": True})}
    (tmp_path / "plan.yaml").write_text(json.dumps(plan), encoding="utf-8")
    run = run_audit(airflow, plans=[str(tmp_path / "plan.yaml")], on_drift="fail")
    assert run.state == "failed"
    [drift] = run.xcom("audit")["drift"]
    assert (drift["against"], drift["severity"]) == ("plan", "error")
    assert drift["message"] == "lacks the agent that the plan has, and that can be enabled only at creation"


def test_the_trigger_form_explains_itself(airflow: AirflowRunner) -> None:
    """Every field of the trigger form has a title, a description and a type; the DAG starts paused, and runs weekly."""
    dag = airflow.load(DAG_FILE)
    assert dag.is_paused_upon_creation
    dag.params.validate()
    for name in dag.params:
        param = dag.params.get_param(name)
        assert param.schema["title"], name
        assert param.schema["type"], name
        assert param.description, name


PROGRAM = """
import json, sys, warnings
warnings.simplefilter("ignore")
from airflow.models import DagBag
from airflow.utils.db import initdb
from airflow.utils.session import create_session
from airflow.models.dataset import DatasetEvent
import logging
initdb()
runs = []
from airflow_masq.operators.audit_masquerade import CloudComposerAuditMasqueradeOperator
from datetime import timedelta
for on_incomplete in ("warn", "fail"):
    dag = DagBag(DAGS_FOLDER, include_examples=False).dags["audit_masquerade_fleet"]
    dag.sync_to_db()
    task = dag.get_task("audit")
    task.on_incomplete, task.retry_delay = on_incomplete, timedelta(0)
    run = dag.test(run_conf={"regions": ["us-central1"]})
    audit = run.get_task_instance("audit").xcom_pull(task_ids="audit")
    runs.append({"state": str(run.state), "began": audit["began"], "compared_with": audit["compared_with"],
                 "environments": len(audit["environments"])})
with create_session() as session:
    events = [event.extra["summary"] for event in session.query(DatasetEvent).all()]
print("\\n" + json.dumps({"runs": runs, "events": events}))
"""


@pytest.mark.parametrize("version", AIRFLOW_2)
def test_it_runs_on_airflow_2(version: str, cloud: EmulatedCloud, tmp_path: Path) -> None:
    """On Airflow 2 the DAG audits, emits its event, and a retry of a second run is compared with the first run."""
    cloud.put("with-agent", state="RUNNING", masquerade=True)
    calls = itertools.count(1)

    def deny_second_run_once(moment: str, method: str) -> None:
        if (moment, method) == ("before", "ListEnvironments") and next(calls) in {2, 3}:
            raise ApiError(grpc.StatusCode.PERMISSION_DENIED, "not yet")

    cloud.faults.observe = deny_second_run_once
    settings = {"AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT": cloud.airflow_connection}
    printed = run_python(find_python(version), PROGRAM, home=tmp_path, settings=settings)
    told = json.loads(printed[-1])
    first, second = told["runs"]
    assert (first["state"], second["state"], first["environments"]) == ("success", "success", 1)
    assert (first["compared_with"], second["compared_with"]) == (None, first["began"])
    assert told["events"] == ["1 environment: 1 masqueraded; no findings"] * 2
