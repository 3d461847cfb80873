"""The provisioning DAG, run by Airflow's own ``dag.test()`` against the emulated Composer API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import grpc
import pytest
import yaml

from tests.emulated_cloud import EmulatedCloud, environment_resource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from airflow.sdk import DAG

    from tests.airflow_runs import AirflowRunner, FinishedRun

pytestmark = pytest.mark.airflow

DAG_FILE = "provision_masquerade_environment.py"
ENVIRONMENT_ID = "example-environment"
PLAN = {"environment": environment_resource()}


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[EmulatedCloud]:
    """Give an emulated Composer API; the default Google connection leads to it."""
    with EmulatedCloud(creation_seconds=0.2) as cloud:
        monkeypatch.setenv("AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT", cloud.airflow_connection)
        yield cloud


def provision(airflow: AirflowRunner, *, deferrable: bool = False, **params: object) -> FinishedRun:
    """Run the DAG, looking more often than every 30 seconds."""

    def change(dag: DAG) -> None:
        task: Any = dag.get_task("create")
        task.poll_interval_seconds = 0.05

    return airflow.run(DAG_FILE, conf={"deferrable": deferrable, **params}, change=change)


@pytest.mark.parametrize("deferrable", [False, True], ids=["in its slot", "deferred"])
@pytest.mark.usefixtures("cloud")
def test_a_plan_becomes_an_environment(airflow: AirflowRunner, tmp_path: Path, *, deferrable: bool) -> None:
    """A plan file's path is enough: the run creates, waits, verifies and leaves the facts; a second run adopts."""
    path = tmp_path / "plan.yaml"
    path.write_text(json.dumps(PLAN), encoding="utf-8")
    run = provision(airflow, plan=str(path), deferrable=deferrable)
    assert run.state == "success"
    facts = run.xcom("create")
    assert (facts["state"], facts["enable_ip_masq_agent"], facts["adopted"]) == ("RUNNING", True, False)
    assert run.xcom("create", key="_link_ComposerConsoleLink") == facts["console_url"]
    operation_link = "https://console.cloud.google.com/logs/query;query=resource.type%3D%22cloud_composer_environment"
    assert run.xcom("create", key="_link_ComposerOperationLink").startswith(operation_link)
    assert run.xcom("create", key="_link_ComposerAirflowLink") == facts["airflow_uri"]
    again = provision(airflow, plan=str(path), deferrable=deferrable).xcom("create")
    assert (again["uuid"], again["adopted"]) == (facts["uuid"], True)


@pytest.mark.usefixtures("cloud")
def test_a_plan_can_be_given_in_the_form(airflow: AirflowRunner) -> None:
    """The plan itself as JSON does as well as a path."""
    run = provision(airflow, plan=PLAN)
    assert run.state == "success"
    assert run.xcom("create")["name"] == PLAN["environment"]["name"]


def test_a_plan_that_is_none_is_refused_by_the_form(airflow: AirflowRunner) -> None:
    """The published schema is the parameter's: a misspelt key is refused when the run is triggered."""
    from airflow.exceptions import ParamValidationError  # noqa: PLC0415 - takes seconds, only tests of DAGs need it

    with pytest.raises(ParamValidationError, match="'netwrok' was unexpected"):
        provision(airflow, plan={**PLAN, "netwrok": {}})


@pytest.mark.usefixtures("cloud")
@pytest.mark.parametrize("write", [json.dumps, yaml.safe_dump], ids=["JSON", "YAML"])
def test_a_plan_can_be_pasted(airflow: AirflowRunner, write: Callable[[object], str]) -> None:
    """The plan's text, pasted into the field, does as well as its path."""
    run = provision(airflow, plan=write(PLAN))
    assert run.state == "success"
    assert run.xcom("create")["name"] == PLAN["environment"]["name"]


@pytest.mark.usefixtures("cloud")
def test_a_run_without_a_plan_finds_it(airflow: AirflowRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scheduled run, whose field is empty, takes the plan of the Airflow Variable."""
    path = tmp_path / "plan.yaml"
    path.write_text(json.dumps(PLAN), encoding="utf-8")
    monkeypatch.setenv("AIRFLOW_VAR_AIRFLOW_MASQ_PLAN", str(path))
    run = provision(airflow)
    assert run.state == "success"
    assert run.xcom("create")["name"] == PLAN["environment"]["name"]


def test_a_misspelt_key_of_a_runs_conf_is_refused(airflow: AirflowRunner, capfd: pytest.CaptureFixture[str]) -> None:
    """A key that is no param fails the run with the nearest one, instead of being ignored."""
    assert provision(airflow, plna=PLAN).state == "failed"
    assert "saw 'plna'" in (log := capfd.readouterr().out)
    assert "(did you mean plan?)" in log


@pytest.mark.parametrize(("masquerade", "state"), [(False, "failed"), (True, "success")])
def test_an_existing_environment_needs_the_agent(
    airflow: AirflowRunner, cloud: EmulatedCloud, *, masquerade: bool, state: str
) -> None:
    """An environment without the agent fails the run; its twin with the agent does not."""
    cloud.put(ENVIRONMENT_ID, state="RUNNING", masquerade=masquerade)
    assert provision(airflow, plan=PLAN).state == state


def test_trouble_that_passes_is_retried(airflow: AirflowRunner, cloud: EmulatedCloud) -> None:
    """An API that is away for a moment does not fail the run."""
    cloud.faults.fail_next("CreateEnvironment", grpc.StatusCode.UNAVAILABLE, "away")
    assert provision(airflow, plan=PLAN).state == "success"


@pytest.mark.usefixtures("cloud")
def test_a_plan_that_cannot_work_fails_before_anything_is_created(
    airflow: AirflowRunner, capfd: pytest.CaptureFixture[str]
) -> None:
    """Composer 3 is refused with the rule's code; nothing was created that a later, better plan would meet."""
    environment = {**PLAN["environment"], "config": {"softwareConfig": {"imageVersion": "composer-3-airflow-2.10.5"}}}
    assert provision(airflow, plan={"environment": environment}).state == "failed"
    assert "MASQ101" in capfd.readouterr().out
    assert provision(airflow, plan=PLAN).xcom("create")["adopted"] is False


def test_the_form_explains_itself(airflow: AirflowRunner) -> None:
    """Every parameter has a title and a description, and the DAG's page says what it does."""
    dag = airflow.load(DAG_FILE)
    for name in dag.params:
        parameter = dag.params.get_param(name)
        assert parameter.schema["title"], name
        assert str(parameter.description).endswith("."), name
    assert type(dag.timetable).__name__ == "OnceTimetable"
    assert dag.is_paused_upon_creation
