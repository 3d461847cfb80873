"""The DAG that applies a cluster's policy, run by Airflow's own ``dag.test()`` against the lab's APIs."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from lab.kubernetes import KubernetesEmulator, User
from tests.emulated_cloud import NAME, EmulatedCloud
from tests.emulated_kubernetes import NODES, PODS, SERVICES, connect_everything, create_environment
from tests.other_airflows import AIRFLOW_2, find_python, run_python

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.airflow_runs import AirflowRunner

DAG_FILE = "apply_egress_nat_policy.py"
CONNECTION = "AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT"
PLAN: dict[str, Any] = {
    "environment": {"name": str(NAME)},
    "targets": [{"name": "erp", "observe": "http://172.20.0.10/ip", "expect": "node"}],
}

ON_AIRFLOW_2 = """
import json, sys, warnings
warnings.simplefilter("ignore")
from airflow.utils.db import initdb
initdb()
from airflow.models.dagbag import DagBag
dag = DagBag(DAGS_FOLDER, include_examples=False).dags["apply_egress_nat_policy"]
dag.sync_to_db()
dag.get_task("apply").retries = 0
for conf in json.loads(sys.argv[1]):
    finished = dag.test(run_conf=conf)
    [task] = finished.get_task_instances()
    result = task.xcom_pull("apply") or {}
    links = {name: dag.get_task("apply").get_extra_links(task, name) for name in dag.get_task("apply").extra_links}
    print("RUN", json.dumps([finished.state, result.get("changed"), result.get("diff"), links]))
"""


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[KubernetesEmulator]:
    """Give an environment's cluster with GKE's default list; the default Google connection leads to all APIs."""
    anyone = {"": User(name="anyone@example.com")}
    defaults = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
    with EmulatedCloud() as cloud, KubernetesEmulator(tokens=anyone, default_destinations=defaults) as emulator:
        create_environment(cloud, emulator)
        monkeypatch.setenv(CONNECTION, connect_everything(cloud))
        yield emulator


@pytest.mark.airflow
def test_a_run_shows_first_and_applies_then(
    airflow: AirflowRunner, cluster: KubernetesEmulator, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A run as it is triggered shows the diff; without the dry run it applies; the next one has nothing to change."""
    path = tmp_path / "plan.yaml"
    path.write_text(json.dumps(PLAN), encoding="utf-8")
    shown = airflow.run(DAG_FILE, conf={"plan": str(path)})
    assert shown.state == "success"
    assert (shown.xcom("apply")["changed"], shown.xcom("apply")["dry_run"]) == (False, True)
    assert "-172.16.0.0/12" in capfd.readouterr().out
    assert cluster.faults.count("list egressnatpolicies") == 1
    applied = airflow.run(DAG_FILE, conf={"plan": PLAN, "dry_run": False})
    result = applied.xcom("apply")
    assert (applied.state, result["changed"]) == ("success", True)
    assert applied.xcom("apply", key="_link_ClusterConsoleLink") == result["cluster_url"]
    assert set(cluster.list_non_masquerade()) == {NODES, PODS, SERVICES}
    again = airflow.run(DAG_FILE, conf={"plan": PLAN, "dry_run": False})
    assert (again.state, again.xcom("apply")["changed"]) == ("success", False)


@pytest.mark.airflow
def test_a_list_in_the_form_is_judged(airflow: AirflowRunner, cluster: KubernetesEmulator) -> None:
    """A list that covers a node-only target fails the run, and a good one is applied."""
    bad = airflow.run(DAG_FILE, conf={"plan": PLAN, "dry_run": False, "destinations": f"{NODES} {PODS} 172.16.0.0/12"})
    assert bad.state == "failed"
    good = airflow.run(DAG_FILE, conf={"plan": PLAN, "dry_run": False, "destinations": f"{NODES}, {PODS}"})
    assert good.state == "success"
    assert cluster.list_non_masquerade()[:2] == [NODES, PODS]


@pytest.mark.airflow
def test_a_misspelt_key_of_a_runs_conf_is_refused(airflow: AirflowRunner, cluster: KubernetesEmulator) -> None:
    """A key that is no param fails the run, instead of being ignored."""
    assert airflow.run(DAG_FILE, conf={"plan": PLAN, "dryrun": False}).state == "failed"
    assert cluster.faults.count("list egressnatpolicies") == 0


@pytest.mark.airflow
def test_the_form_explains_itself(airflow: AirflowRunner) -> None:
    """Every parameter has a title and a description, and a run is a dry one unless somebody says otherwise."""
    dag = airflow.load(DAG_FILE)
    for name in dag.params:
        parameter = dag.params.get_param(name)
        assert parameter.schema["title"], name
        assert str(parameter.description).endswith("."), name
    assert dag.params["dry_run"] is True
    assert dag.is_paused_upon_creation


@pytest.mark.parametrize("version", AIRFLOW_2)
def test_it_runs_on_airflow_2(version: str, cluster: KubernetesEmulator, tmp_path: Path) -> None:
    """On Airflow 2 and its Google providers a run shows, applies, and has nothing to change any more."""
    plan = json.dumps(PLAN)
    runs = json.dumps([{"plan": plan}, *[{"plan": plan, "dry_run": False}] * 2])
    settings = {CONNECTION: os.environ[CONNECTION]}
    printed = run_python(find_python(version), ON_AIRFLOW_2, runs, home=tmp_path, settings=settings)
    told = [json.loads(line.removeprefix("RUN ")) for line in printed if line.startswith("RUN ")]
    assert [each[:2] for each in told] == [["success", False], ["success", True], ["success", False]]
    assert told[0][2] == told[1][2] != told[2][2] == ""
    assert told[1][3]["Cluster in Google Cloud console"].startswith("https://console.cloud.google.com/kubernetes/")
    assert set(cluster.list_non_masquerade()) == {NODES, PODS, SERVICES}
