"""The oldest Airflow that we support, in an environment of its own: what users import there can be imported there."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.airflow_env import DAGS_FOLDER, airflow_settings

REPOSITORY = Path(__file__).resolve().parent.parent
PYTHON = REPOSITORY / ".venv-airflow2" / "bin" / "python"

pytestmark = pytest.mark.skipif(
    not PYTHON.exists(), reason="no .venv-airflow2 (Airflow 2.10.5) here; scripts/test makes it"
)

IMPORTS = """
import airflow
assert airflow.__version__.startswith("2.10."), airflow.__version__
from airflow_masq.hooks.composer import ComposerHook
from airflow_masq.hooks.source_ip import SourceIpHook
from airflow_masq.operators.create_environment import CloudComposerCreateMasqueradeEnvironmentOperator
from airflow_masq.operators.source_ip_assert import SourceIpAssertOperator
from airflow_masq.operators.source_ip_check import SourceIpCheckOperator
from airflow_masq.operators.source_ip_report import SourceIpReportOperator
from airflow_masq.operators.source_ip_sensor import SourceIpSensor
print("imported")
"""

DAG_FILES = """
from airflow.models.dagbag import DagBag
bag = DagBag(DAGS_FOLDER, include_examples=False)
assert not bag.import_errors, bag.import_errors
from airflow.serialization.serialized_objects import SerializedDAG
for dag_id, dag in sorted(bag.dags.items()):
    SerializedDAG.to_dict(dag)
    print(dag_id)
from airflow_masq.airflow_compat import BaseOperatorLink
assert len(bag.dags["provision_masquerade_environment"].get_task("create").operator_extra_links) == 2
"""

PROVIDER_INFO = """
import json, pathlib, airflow, jsonschema
from airflow_masq.get_provider_info import get_provider_info
schema = json.loads((pathlib.Path(airflow.__file__).parent / "provider_info.schema.json").read_text())
jsonschema.validate(get_provider_info(), schema)
print("accepted")
"""

CONNECTION_FORM = """
import json, pathlib, airflow, jsonschema
from airflow_masq.hooks.source_ip import SourceIpHook
from wtforms import Form
from werkzeug.datastructures import MultiDict
path = pathlib.Path(airflow.__file__).parent / "customized_form_field_behaviours.schema.json"
schema = json.loads(path.read_text())
jsonschema.validate(SourceIpHook.get_ui_field_behaviour(), schema)
fields = SourceIpHook.get_connection_form_widgets()
form = type("ConnectionForm", (Form,), fields)(MultiDict({name: "" for name in fields}))
print(form.validate(), *form.data)
"""

PLAN_FIELD = """
from airflow.models.dagbag import DagBag
for dag_id, dag in sorted(DagBag(DAGS_FOLDER, include_examples=False).dags.items()):
    schema = dag.params.get_param("plan").schema
    print(dag_id, schema["type"], schema["format"], dag.is_paused_upon_creation)
"""

CHECK_RUN = """
import json, warnings, yaml
warnings.simplefilter("ignore")
from airflow.utils.db import initdb
initdb()
from airflow.models.dagbag import DagBag
from airflow.models.dataset import DatasetEvent
from airflow.utils.session import create_session
from tests.local_observers import NODE_ADDRESS, POD_ADDRESS, loopback_plan, observer

def run(answer, write):
    dag = DagBag(DAGS_FOLDER, include_examples=False).dags["check_source_ip"]
    dag.sync_to_db()
    dag.get_task("check").partial_kwargs["retries"] = 0
    with observer(answer) as service:
        plan = loopback_plan({"name": "erp", "observe": service.url, "expect": "node"})
        finished = dag.test(run_conf={"plan": write(plan), "instances": 2, "attempts": 1})
    print(finished.state, *sorted(f"{each.task_id}:{each.state}" for each in finished.get_task_instances()))

run(NODE_ADDRESS, json.dumps)
run(POD_ADDRESS, yaml.safe_dump)
with create_session() as session:
    for event in session.query(DatasetEvent).order_by(DatasetEvent.timestamp):
        [environment] = event.extra["environments"]
        changes = [f"{each['previous']}->{each['outcome']}" for each in environment["changed"]]
        print("event", environment["environment"], environment["outcome"], environment["nodes_seen"], *changes)
"""

METRICS = """
from airflow.stats import Stats
from airflow_masq.airflow_compat import count_in_metrics
counted = []
class Backend:
    def incr(self, stat, count=1, rate=1, *, tags=None):
        counted.append((stat, count, tags))
Stats.instance = Backend()
count_in_metrics("airflow_masq.verdict", count=2, tags={"outcome": "PASS"})
print(counted)
"""

SENSOR = """
from airflow_masq.operators.source_ip_sensor import SourceIpSensor
from tests.local_observers import NODE_ADDRESS, POD_ADDRESS, loopback_plan, observer
with observer(NODE_ADDRESS, first_answer=POD_ADDRESS) as late:
    plan = loopback_plan({"name": "erp", "observe": late.url, "expect": "node"})
    sensor = SourceIpSensor(task_id="wait", plan=plan)
    print(sensor.mode, *(bool(sensor.poke({})) for _ in range(2)))
"""


def run(code: str, *, home: Path) -> list[str]:
    """Run Python in the Airflow 2 environment, from the repository, and give the last lines that it printed."""
    settings = airflow_settings(home)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PYTHON"))}
    finished = subprocess.run(
        [PYTHON, "-c", f"DAGS_FOLDER = {str(DAGS_FOLDER)!r}\n{code}"],
        cwd=REPOSITORY,
        env={**environment, **settings, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr[-2000:]
    return finished.stdout.splitlines()


def test_hooks_and_operators_import(tmp_path: Path) -> None:
    """Every operator and hook can be imported on Airflow 2.10.5."""
    assert run(IMPORTS, home=tmp_path)[-1] == "imported"


def test_the_check_dag_parses(tmp_path: Path) -> None:
    """The checker DAG is found by Airflow 2.10.5, without import errors, and can be stored."""
    assert "check_source_ip" in run(DAG_FILES, home=tmp_path)


def test_provider_info_is_accepted(tmp_path: Path) -> None:
    """Airflow 2.10.5's provider schema accepts what we say about ourselves."""
    assert run(PROVIDER_INFO, home=tmp_path)[-1] == "accepted"


def test_the_plans_field_takes_a_path_without_quotes(tmp_path: Path) -> None:
    """Airflow 2's form takes plain text where no type of the field is an object; both DAGs start paused."""
    assert run(PLAN_FIELD, home=tmp_path)[-2:] == [
        "check_source_ip ['string', 'null'] multiline True",
        "provision_masquerade_environment ['string', 'null'] multiline True",
    ]


def test_the_connection_form_has_its_fields(tmp_path: Path) -> None:
    """Airflow 2.10.5 draws the fields of the extra, and saves the form where they are left empty."""
    assert run(CONNECTION_FORM, home=tmp_path)[-1] == "True path headers ca_file"


def test_the_check_dag_runs(tmp_path: Path) -> None:
    """On Airflow 2.10.5 too, a source that was meant passes, another fails the run, and both leave their event."""
    kinds = ("event ", "failed ", "success ")
    assert [line for line in run(CHECK_RUN, home=tmp_path) if line.startswith(kinds)] == [
        "success assert:success check:success check:success instances:success report:success",
        "failed assert:failed check:success check:success instances:success report:success",
        "event example-environment PASS 1",
        "event example-environment FAIL 1 PASS->FAIL",
    ]


def test_verdicts_are_counted(tmp_path: Path) -> None:
    """Airflow 2.10.5 counts the metric with its tags."""
    assert run(METRICS, home=tmp_path)[-1] == "[('airflow_masq.verdict', 2, {'outcome': 'PASS'})]"


def test_the_sensor_waits(tmp_path: Path) -> None:
    """On Airflow 2.10.5 the sensor waits while a Pod's address is seen, and is done with the node's."""
    assert run(SENSOR, home=tmp_path)[-1] == "reschedule False True"
