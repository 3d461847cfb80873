"""Airflow 2, in environments of its own: what users import there can be imported, and the check DAG runs."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from tests.other_airflows import AIRFLOW_2, find_python, run_python

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.parametrize("version", AIRFLOW_2)

IMPORTS = """
import airflow
from airflow_masq.hooks.composer import ComposerHook
from airflow_masq.hooks.source_ip import SourceIpHook
from airflow_masq.operators.audit_assert import MasqueradeAuditAssertOperator
from airflow_masq.operators.audit_masquerade import CloudComposerAuditMasqueradeOperator
from airflow_masq.operators.create_environment import CloudComposerCreateMasqueradeEnvironmentOperator
from airflow_masq.operators.gke_egress_nat_policy import GKEApplyEgressNATPolicyOperator
from airflow_masq.operators.source_ip_assert import SourceIpAssertOperator
from airflow_masq.operators.source_ip_check import SourceIpCheckOperator
from airflow_masq.operators.source_ip_report import SourceIpReportOperator
from airflow_masq.operators.source_ip_sensor import SourceIpSensor
print("imported on", airflow.__version__)
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
assert len(bag.dags["provision_masquerade_environment"].get_task("create").operator_extra_links) == 3
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
    assert dag.is_paused_upon_creation, dag_id
    if "plan" in dag.params:
        schema = dag.params.get_param("plan").schema
        print(dag_id, schema["type"], schema["format"])
"""

EMPTY_FIELDS = """
from airflow.models.dagbag import DagBag
for dag_id, dag in sorted(DagBag(DAGS_FOLDER, include_examples=False).dags.items()):
    for name in dag.params:
        param = dag.params.get_param(name)
        if param.value in (None, []) and "null" not in param.schema["type"]:
            print("required", dag_id, name)
print("read")
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

from airflow.serialization.serialized_objects import SerializedDAG

def list_links(dag, instances):
    # The DAG as the database stores it is asked, as Airflow's web server does.
    stored = SerializedDAG.from_dict(SerializedDAG.to_dict(dag))
    for each in instances:
        task = stored.get_task(each.task_id)
        for name in sorted(task.extra_links):
            print("link", each.task_id, each.map_index, name, task.get_extra_links(each, name))

def run(answer, write):
    dag = DagBag(DAGS_FOLDER, include_examples=False).dags["check_source_ip"]
    dag.sync_to_db()
    dag.get_task("check").partial_kwargs["retries"] = 0
    with observer(answer) as service:
        plan = loopback_plan({"name": "erp", "observe": service.url, "expect": "node"})
        finished = dag.test(run_conf={"plan": write(plan), "instances": 2, "attempts": 1})
    print(finished.state, *sorted(f"{each.task_id}:{each.state}" for each in finished.get_task_instances()))
    return dag, finished

run(NODE_ADDRESS, json.dumps)
dag, finished = run(POD_ADDRESS, yaml.safe_dump)
print("run", finished.run_id)
list_links(dag, finished.get_task_instances())
with create_session() as session:
    for event in session.query(DatasetEvent).order_by(DatasetEvent.timestamp):
        [environment] = event.extra["environments"]
        changes = [f"{each['previous']}->{each['outcome']}" for each in environment["targets"] if each.get("changed")]
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


def test_hooks_and_operators_import(version: str, tmp_path: Path) -> None:
    """Every operator and hook can be imported on Airflow 2."""
    assert run_python(find_python(version), IMPORTS, home=tmp_path)[-1] == f"imported on {version}"


def test_the_dags_parse(version: str, tmp_path: Path) -> None:
    """The DAGs are found by Airflow 2, without import errors, and can be stored."""
    lines = run_python(find_python(version), DAG_FILES, home=tmp_path)
    assert lines[-5:] == [
        "apply_egress_nat_policy",
        "audit_masquerade_fleet",
        "check_source_ip",
        "check_source_ip_every_node",
        "provision_masquerade_environment",
    ]


def test_provider_info_is_accepted(version: str, tmp_path: Path) -> None:
    """Airflow 2's provider schema accepts what we say about ourselves."""
    assert run_python(find_python(version), PROVIDER_INFO, home=tmp_path)[-1] == "accepted"


def test_the_plans_field_takes_a_path_without_quotes(version: str, tmp_path: Path) -> None:
    """Airflow 2's form takes plain text where no type of the field is an object; all DAGs start paused."""
    assert run_python(find_python(version), PLAN_FIELD, home=tmp_path)[-4:] == [
        "apply_egress_nat_policy ['string', 'null'] multiline",
        "check_source_ip ['string', 'null'] multiline",
        "check_source_ip_every_node ['string', 'null'] multiline",
        "provision_masquerade_environment ['string', 'null'] multiline",
    ]


def test_the_forms_can_be_sent_as_they_are(version: str, tmp_path: Path) -> None:
    """Airflow 2's form refuses a field that is empty at first, unless its type may be null."""
    lines = run_python(find_python(version), EMPTY_FIELDS, home=tmp_path)
    assert [line for line in lines if line.startswith(("required ", "read"))] == ["read"]


def test_the_connection_form_has_its_fields(version: str, tmp_path: Path) -> None:
    """Airflow 2 draws the fields of the extra, and saves the form where they are left empty."""
    assert run_python(find_python(version), CONNECTION_FORM, home=tmp_path)[-1] == "True path headers ca_file"


def test_the_check_dag_runs(version: str, tmp_path: Path) -> None:
    """On Airflow 2 too, a source that was meant passes, another fails the run, and both leave their event and links."""
    settings = {"AIRFLOW__AIRFLOW_MASQ__CODE_PAGE_URL": "https://pages.example/{code}.md"}
    lines = run_python(find_python(version), CHECK_RUN, home=tmp_path, settings=settings)
    kinds = ("event ", "failed ", "success ")
    assert [line for line in lines if line.startswith(kinds)] == [
        "success assert:success check:success check:success instances:success report:success",
        "failed assert:failed check:success check:success instances:success report:success",
        "event example-environment PASS 1",
        "event example-environment FAIL 1 PASS->FAIL",
    ]
    [run_id] = [line.removeprefix("run ") for line in lines if line.startswith("run ")]
    query = urlencode({"dag_run_id": run_id, "task_id": "report", "tab": "logs"})
    for task in ("check 0", "check 1", "report -1", "assert -1"):
        assert f"link {task} Report of this run http://localhost:8080/dags/check_source_ip/grid?{query}" in lines
        assert f"link {task} What the code means https://pages.example/MASQ411.md" in lines


def test_verdicts_are_counted(version: str, tmp_path: Path) -> None:
    """Airflow 2 counts the metric with its tags."""
    counted = run_python(find_python(version), METRICS, home=tmp_path)[-1]
    assert counted == "[('airflow_masq.verdict', 2, {'outcome': 'PASS'})]"


def test_the_sensor_waits(version: str, tmp_path: Path) -> None:
    """On Airflow 2 the sensor waits while a Pod's address is seen, and is done with the node's."""
    assert run_python(find_python(version), SENSOR, home=tmp_path)[-1] == "reschedule False True"
