"""Airflow 3.1, in an environment of its own: what users import there can be imported, and the check DAG runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.other_airflows import AIRFLOW_3_1, find_python, run_python
from tests.test_airflow2 import IMPORTS, METRICS, PROVIDER_INFO, SENSOR

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = AIRFLOW_3_1

CHECK_RUN = """
import json, pathlib, warnings
warnings.simplefilter("ignore")
from airflow.utils.db import initdb
initdb()
from airflow.models.dagbag import DagBag
from airflow.models.asset import AssetEvent
from airflow.serialization.serialized_objects import SerializedDAG
from airflow.utils.session import create_session
from tests.local_observers import NODE_ADDRESS, POD_ADDRESS, loopback_plan, observer

bag = DagBag(DAGS_FOLDER, include_examples=False)
assert not bag.import_errors, bag.import_errors
for dag_id, dag in sorted(bag.dags.items()):
    restored = SerializedDAG.from_dict(json.loads(json.dumps(SerializedDAG.to_dict(dag))))
    print("parsed", dag_id, *sorted(task.task_id for task in restored.tasks))

def run(answer):
    dag = DagBag(DAGS_FOLDER, include_examples=False).dags["check_source_ip"]
    dag.get_task("check").partial_kwargs["retries"] = 0
    with observer(answer) as service:
        plan = loopback_plan({"name": "erp", "observe": service.url, "expect": "node"})
        finished = dag.test(run_conf={"plan": json.dumps(plan), "instances": 2, "attempts": 1})
    print("ran", finished.state, *sorted(f"{each.task_id}:{each.state}" for each in finished.get_task_instances()))

run(NODE_ADDRESS)
run(POD_ADDRESS)
with create_session() as session:
    for event in session.query(AssetEvent).order_by(AssetEvent.timestamp):
        [environment] = event.extra["environments"]
        print("event", environment["environment"], environment["outcome"], environment["nodes_seen"])
"""

NAMES = """
import sys, warnings
warnings.simplefilter("ignore")
from airflow.sdk import DAG, BaseHook, BaseOperator, Param, get_current_context, task
before = set(sys.modules)
import airflow_masq.airflow_compat
print("loaded", *sorted({"airflow.models.dag", "airflow.serialization.serialized_objects"} & {*sys.modules} - before))
"""

PLUGIN = """
from airflow import plugins_manager
plugins_manager.ensure_plugins_loaded()
print(sorted(plugins_manager.import_errors))
[plugin] = [each for each in plugins_manager.plugins if each.name == "airflow_masq"]
print([view["name"] for view in plugin.external_views], len(plugin.fastapi_apps))
"""


@pytest.mark.parametrize(
    ("program", "last"),
    [
        (IMPORTS, "imported on 3.1.8"),
        (PROVIDER_INFO, "accepted"),
        (METRICS, "[('airflow_masq.verdict', 2, {'outcome': 'PASS'})]"),
        (SENSOR, "reschedule False True"),
        (PLUGIN, "['Masquerade'] 1"),
    ],
    ids=["imports", "provider info", "metrics", "sensor", "plugin"],
)
def test_what_works_on_other_versions_works(version: str, tmp_path: Path, program: str, last: str) -> None:
    """Imports, the provider info, metrics, the sensor and the page's plugin work on Airflow 3.1."""
    assert run_python(find_python(version), program, home=tmp_path)[-1] == last


def test_the_check_dag_runs(version: str, tmp_path: Path) -> None:
    """On Airflow 3.1 all DAGs parse and can be stored, a source that was meant passes, and another fails the run."""
    lines = run_python(find_python(version), CHECK_RUN, home=tmp_path)
    kinds = ("parsed ", "ran ", "event ")
    assert [line for line in lines if line.startswith(kinds)] == [
        "parsed apply_egress_nat_policy apply",
        "parsed audit_masquerade_fleet assert audit",
        "parsed check_source_ip assert check instances report",
        "parsed check_source_ip_every_node assert check nodes report",
        "parsed provision_masquerade_environment create",
        "ran success assert:success check:success check:success instances:success report:success",
        "ran failed assert:failed check:success check:success instances:success report:success",
        "event example-environment PASS 1",
        "event example-environment FAIL 1",
    ]


def test_a_dag_file_does_not_load_the_servers_code(version: str, tmp_path: Path) -> None:
    """Airflow 3.1 lacks some errors in its SDK; only these come from elsewhere, since the server's code costs 80 ms."""
    assert run_python(find_python(version), NAMES, home=tmp_path)[-1] == "loaded"
