"""The DAG that checks every node, with the stock Kubernetes operator and a small Kubernetes API."""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from jinja2.nativetypes import NativeEnvironment

from airflow_masq.verdict import read_reports
from tests.local_observers import NODE_ADDRESS, loopback_plan, observer
from tests.operators.small_cluster import SmallCluster, small_cluster

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.airflow_runs import AirflowRunner, FinishedRun

pytestmark = pytest.mark.airflow

DAG_FILE = "check_source_ip_every_node.py"
OTHER_NODE_ADDRESS = "127.0.0.10"
AUTOPILOT = "admission webhook denied the request: [denied by autogke-node-affinity-selector-limitation]"


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallCluster]:
    """Run a cluster of two nodes that take Pods and three that take none."""
    with small_cluster("node-a", "node-b") as server:
        monkeypatch.setenv("AIRFLOW_CONN_KUBERNETES_DEFAULT", server.connection)
        yield server


def run(airflow: AirflowRunner, answer: str | None, *, first_answer: str | None = None) -> FinishedRun:
    """Run the DAG against an observer that gives this answer, and the first node another one."""
    with observer(answer, first_answer=first_answer) as service:
        plan = loopback_plan({"name": "erp", "observe": service.url, "expect": "node"})
        plan["network"]["node_ranges"] = ["127.0.0.8/29"]
        return airflow.run(DAG_FILE, conf={"plan": json.dumps(plan), "image": "registry.example/masq:1"})


def test_every_node_is_checked(airflow: AirflowRunner, cluster: SmallCluster) -> None:
    """A Pod on each node that takes Pods asks; the others are named with the reason, and count as not seen."""
    finished = run(airflow, OTHER_NODE_ADDRESS, first_answer=NODE_ADDRESS)
    assert finished.state == "success", finished.task_states
    [report] = read_reports(finished.xcom("report"))
    assert sorted((each.vantage.node_name, str(each.outcome)) for each in report.verdicts) == [
        ("node-a", "PASS"),
        ("node-b", "PASS"),
    ]
    assert report.coverage == "2 of 5 nodes seen."
    left_out = {"cordoned": "cordoned", "lost": "not ready", "windows": "runs windows"}
    assert finished.xcom("nodes", key="left_out") == left_out
    assert sorted(finished.shown_as["check"]) == ["node-a", "node-b"]
    assert {pod["spec"]["containers"][0]["image"] for pod in cluster.made} == {"registry.example/masq:1"}
    assert all(pod["spec"]["automountServiceAccountToken"] is False for pod in cluster.made)
    mounted = {each["name"]: each for each in cluster.made[0]["spec"]["volumes"]}["podinfo"]["downwardAPI"]["items"][0]
    assert (mounted["path"], mounted["fieldRef"]["fieldPath"]) == ("labels", "metadata.labels")
    assert cluster.pods == {}  # deleted when they have ended


@pytest.mark.parametrize(
    ("listed", "left_out", "total"),
    [(["a", "b"], {"c": "cordoned"}, 3), ([], {"c": "cordoned"}, 1), ([], {}, None), (None, None, None)],
)
def test_the_report_survives_a_listing_that_failed(
    airflow: AirflowRunner, listed: list[str] | None, left_out: dict[str, str] | None, total: int | None
) -> None:
    """Where the nodes could not be listed, the report still runs, with a number of nodes that is not known."""
    report: Any = airflow.load(DAG_FILE).get_task("report")
    instance = SimpleNamespace(xcom_pull=lambda *, task_ids, key="": left_out if task_ids and key else listed)
    rendered: object = NativeEnvironment().from_string(report.nodes_total).render(ti=instance)  # as Airflow renders it
    assert rendered == total


def test_a_wrong_address_fails_the_run(airflow: AirflowRunner, cluster: SmallCluster) -> None:
    """The Pod's own address fails the run at its last task, once per node."""
    finished = run(airflow, None)
    assert finished.state == "failed"
    assert finished.task_states[("assert", -1)] == "failed"
    [report] = read_reports(finished.xcom("report"))
    assert [str(each.outcome) for each in report.verdicts] == ["FAIL", "FAIL"]
    assert len(cluster.made) == 2


def test_a_misspelt_key_of_a_runs_conf_is_refused(airflow: AirflowRunner, cluster: SmallCluster) -> None:
    """A key that is no param fails the checks with the nearest one, and no Pod is made."""
    plan = loopback_plan({"name": "erp", "observe": "http://127.0.0.1:1/", "expect": "node"})
    finished = airflow.run(DAG_FILE, conf={"plan": json.dumps(plan), "imagee": "registry.example/masq:1"})
    assert (finished.state, cluster.made) == ("failed", [])
    assert finished.xcom("check", key="reason", map_index=0).endswith("(did you mean image?), saw 'imagee'")


def test_a_cluster_that_refuses_is_quoted(airflow: AirflowRunner, cluster: SmallCluster) -> None:
    """Where Pods may not choose their node, the report says so, with what to use instead; nothing counts as seen."""
    cluster.refuses = AUTOPILOT
    finished = run(airflow, NODE_ADDRESS)
    assert finished.state == "failed"
    [report] = read_reports(finished.xcom("report"))
    assert report.verdicts == ()
    assert "autogke-node-affinity-selector-limitation" in report.problems[0]
    assert "use the DAG check_source_ip there" in report.problems[0]


def test_a_pod_that_does_not_start_says_why(airflow: AirflowRunner, cluster: SmallCluster) -> None:
    """Where Kubernetes cannot pull the image, the report says so in Kubernetes' words, and what to look at."""
    cluster.cannot_pull = "manifest for registry.example/masq:1 not found"
    finished = run(airflow, NODE_ADDRESS)
    assert finished.state == "failed"
    [report] = read_reports(finished.xcom("report"))
    assert "the Pod did not start: Image cannot be pulled, unable to start: ErrImagePull" in report.problems[0]
    assert "ErrImagePull manifest for registry.example/masq:1 not found. Check the image reg" in report.problems[0]


def test_without_the_provider_a_message_says_what_is_missing(
    airflow: AirflowRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The DAG parses without the provider cncf.kubernetes, and its first task says what to install."""
    loaded = [name for name in sys.modules if name.startswith(("airflow.providers.cncf", "kubernetes"))]
    for name in loaded:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "airflow.providers.cncf", None)
    airflow.load(DAG_FILE)
    from airflow.sdk.exceptions import AirflowFailException  # noqa: PLC0415 - imports Airflow, which takes seconds

    from airflow_masq.operators.source_ip_node_check import list_nodes  # noqa: PLC0415

    with pytest.raises(AirflowFailException, match=r"^apache-airflow-providers-cncf-kubernetes: expected it to be"):
        list_nodes()


@pytest.mark.usefixtures("airflow")
def test_a_cluster_that_does_not_answer_is_asked_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody listens at the cluster's address, Airflow retries, and the message says what to check."""
    from airflow.sdk.exceptions import AirflowException  # noqa: PLC0415 - imports Airflow, which takes seconds

    from airflow_masq.operators.source_ip_node_check import list_nodes  # noqa: PLC0415

    with small_cluster("node-a") as server:
        monkeypatch.setenv("AIRFLOW_CONN_KUBERNETES_DEFAULT", server.connection)
    with pytest.raises(
        AirflowException, match=r"listing the cluster's nodes: no answer: .*check the address"
    ) as caught:
        list_nodes()
    assert type(caught.value) is AirflowException


@pytest.mark.usefixtures("airflow")
def test_a_list_of_nodes_is_read_to_its_end(cluster: SmallCluster) -> None:
    """Every page of a large cluster's nodes counts, and a list that never ends is refused, since it is not all."""
    from airflow.sdk.exceptions import AirflowFailException  # noqa: PLC0415 - imports Airflow, which takes seconds

    from airflow_masq.operators.source_ip_node_check import list_nodes  # noqa: PLC0415

    cluster.page_size = 1
    assert list_nodes()[0] == ["node-a", "node-b"]
    cluster.page_size = 0
    with pytest.raises(AirflowFailException, match="listing the cluster's nodes: the list does not end"):
        list_nodes()
