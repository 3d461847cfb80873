"""The operator that applies a cluster's policy, against the lab's Composer, GKE, Compute and Kubernetes APIs."""

from __future__ import annotations

import json
import logging
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from airflow_masq.airflow_compat import AirflowException, AirflowFailException
from airflow_masq.network.live_policy import make_manifest
from airflow_masq.operators.gke_egress_nat_policy import GKEApplyEgressNATPolicyOperator
from lab.kubernetes import KubernetesEmulator, User
from lab.kubernetes.emulator import ClusterNode
from lab.kubernetes.resources import NODES as NODE_RESOURCE
from lab.kubernetes.status import make_forbidden
from tests.emulated_cloud import NAME, EmulatedCloud
from tests.emulated_kubernetes import NODES, PODS, SERVICES, connect_everything, create_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.airflow_compat import Context

pytestmark = pytest.mark.airflow

ANYONE = {"": User(name="anyone@example.com")}
"""A connection to an emulator has no credentials, so its requests carry no token."""

ERP = {"name": "erp", "observe": "http://172.20.0.10/ip", "expect": "node"}
PLAN: dict[str, Any] = {"environment": {"name": str(NAME)}, "targets": [ERP]}
GKE_DEFAULTS = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")


@pytest.fixture
def cluster(cloud: EmulatedCloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[KubernetesEmulator]:
    """Give an environment's cluster whose policy is GKE's default list, and a connection that leads to all APIs."""
    nodes = [ClusterNode(name="node-1", address="10.128.0.2", pod_cidr="192.168.0.0/26")]
    with KubernetesEmulator(tokens=ANYONE, nodes=nodes, default_destinations=GKE_DEFAULTS) as emulator:
        create_environment(cloud, emulator)
        monkeypatch.setenv("AIRFLOW_CONN_TEST_GOOGLE", connect_everything(cloud))
        monkeypatch.setattr("airflow_masq.operators.gke_egress_nat_policy.time.sleep", lambda _seconds: None)
        yield emulator


def execute(**arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - the operator's own
    """Execute the operator by hand."""
    context: Context = {}
    settings: dict[str, Any] = {"plan": PLAN, "gcp_conn_id": "test_google", "api_timeout_seconds": 5}
    return GKEApplyEgressNATPolicyOperator(task_id="apply", **settings | arguments).execute(context)


def list_live(cluster: KubernetesEmulator, name: str = "default") -> list[str]:
    """List the destinations of an object, as it is now."""
    policy = cluster.get_policy(name)
    assert policy is not None
    return [each["cidr"] for each in policy["spec"]["destinations"]]


def test_composers_policy_is_applied_once(cluster: KubernetesEmulator, capfd: pytest.CaptureFixture[str]) -> None:
    """The environment's policy takes the place of GKE's list; the diff is logged; a second run writes nothing."""
    result = execute()
    assert json.loads(json.dumps(result)) == result
    assert (result["changed"], result["dry_run"], result["refusals"]) == (True, False, [])
    assert result["effects"] == [{"target": "erp (172.20.0.10)", "before": "pod", "after": "node"}]
    assert list_live(cluster) == [PODS, NODES, SERVICES]
    assert set(cluster.list_non_masquerade()) == {PODS, NODES, SERVICES}
    told = capfd.readouterr().out
    for line in ("-10.0.0.0/8", "Effect on erp (172.20.0.10): pod address → node address", "Applied and read back."):
        assert f"] {line}" in told
    writes = cluster.faults.count("patch egressnatpolicies")
    again = execute()
    assert (again["changed"], again["diff"], again["after"]) == (False, "", result["after"])
    assert cluster.faults.count("patch egressnatpolicies") == writes
    told = capfd.readouterr().out
    assert "Nothing to change: the policy is in force already" in told
    assert "Applied" not in told


def test_the_result_tells_before_and_after(cluster: KubernetesEmulator) -> None:
    """The XCom has what was and what is, with who owns it, and links to the cluster."""
    pushed: dict[str, str] = {}
    instance = SimpleNamespace(xcom_push=lambda key, value: pushed.update({key: value}))
    context: Any = {"ti": instance}
    operator = GKEApplyEgressNATPolicyOperator(task_id="apply", plan=PLAN, gcp_conn_id="test_google")
    result = operator.execute(context)
    before, after = ({each["name"]: each for each in result[side]["objects"]} for side in ("before", "after"))
    assert before["default"]["destinations"] == list(GKE_DEFAULTS)
    assert after["default"]["destinations"] == [PODS, NODES, SERVICES]
    assert after["default"]["managers"] == ["airflow-masq"]
    assert before[cluster.fixed_name] == after[cluster.fixed_name]
    location, cluster_id = result["cluster"].split("/")[3::2]
    assert (
        result["cluster_url"]
        == pushed["cluster_url"]
        == (
            f"https://console.cloud.google.com/kubernetes/clusters/details/{location}/{cluster_id}/details"
            "?project=example-project"
        )
    )


def test_a_dry_run_writes_nothing(cluster: KubernetesEmulator) -> None:
    """A dry run shows the same diff, has the API server check it, and leaves everything as it is."""
    result = execute(dry_run="true")
    assert (result["changed"], result["dry_run"]) == (False, True)
    assert "+10.128.0.0/20" in result["diff"]
    assert result["after"]["objects"][0]["destinations"] == [PODS, NODES, SERVICES]
    assert list_live(cluster) == list(GKE_DEFAULTS)
    assert cluster.faults.count("patch egressnatpolicies") == 2  # one conflict with the creator, one check


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"destinations": [PODS]}, "MASQ301 .* The node range 10.128.0.0/20 is missing"),
        ({"destinations": f"{NODES}, {PODS}, 172.20.0.0/16"}, "MASQ307 .* 172.20.0.0/16 covers erp"),
        ({"destinations": ["0.0.0.0/0"]}, "MASQ308"),
        ({"destinations": ["10.128.0.1/20"]}, "aligned to its prefix, here 10.128.0.0/20"),
        (
            {"manifest": {**make_manifest("default", cidrs=[]), "spec": {"action": "NoSNAT", "destinations": ["x"]}}},
            "bare",
        ),
        ({"manifest": make_manifest("default", cidrs=[PODS], action="SNAT")}, "expected NoSNAT, the only action"),
        ({"manifest": make_manifest("gke-abc-1", cidrs=[PODS])}, "GKE's own cannot"),
        (
            {"manifest": make_manifest("default", cidrs=[PODS]), "destinations": [PODS]},
            "at most one of the two, saw both",
        ),
        ({"plan": {**PLAN, "policy": "none"}}, "masquerades nothing"),
        ({"on_findings": "stop"}, "on_findings: expected one of fail, warn, ignore"),
        ({"cluster_endpoint": "dns"}, r"cluster_endpoint: expected an endpoint that the cluster has \(public\)"),
        ({"plan": {"targets": [ERP]}}, "cluster: expected projects/P/locations/L/clusters/C, or a plan whose"),
        ({"cluster": "my-cluster"}, "cluster: expected projects/PROJECT/locations/LOCATION/clusters/CLUSTER"),
        ({"dry_run": "perhaps"}, "dry_run"),
    ],
)
def test_what_would_do_harm_is_refused(cluster: KubernetesEmulator, arguments: dict[str, Any], message: str) -> None:
    """A list that lacks ranges or covers a node-only target, and every mistake, fails for good; nothing is written."""
    with pytest.raises(AirflowFailException, match=message):
        execute(**arguments)
    assert list_live(cluster) == list(GKE_DEFAULTS)
    assert cluster.faults.count("patch egressnatpolicies") == 0


@pytest.mark.parametrize("word", ["warn", "ignore"])
def test_a_person_who_knows_better_may_go_on(
    cluster: KubernetesEmulator, caplog: pytest.LogCaptureFixture, word: str
) -> None:
    """With ``warn`` and ``ignore`` a list is applied in spite of reasons against it; ``warn`` says them."""
    result = execute(destinations=[PODS], on_findings=word)
    assert result["changed"]
    assert result["refusals"][0].startswith("MASQ301 ")
    assert list_live(cluster) == [PODS]
    warned = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert any("so the change goes on: MASQ301" in each for each in warned) == (word == "warn")


def test_another_owner_of_the_list_is_asked_first(
    cluster: KubernetesEmulator, caplog: pytest.LogCaptureFixture
) -> None:
    """A list that Terraform owns is left to it, unless the task is told to take it over."""
    cluster.put_policy("default", [PODS, "9.0.0.0/8"], manager="terraform")
    with pytest.raises(
        AirflowFailException, match=r'its list belongs to "terraform" using .* set on_conflict to "warn"'
    ):
        execute()
    assert list_live(cluster) == [PODS, "9.0.0.0/8"]
    with pytest.raises(AirflowFailException, match="belongs to"):
        execute(dry_run=True)
    result = execute(on_conflict="warn")
    assert "it is taken over" in caplog.text
    assert result["after"]["objects"][0]["managers"] == ["airflow-masq"]
    cluster.put_policy("default", [PODS], manager="terraform")
    caplog.clear()
    assert execute(on_conflict="ignore")["changed"]
    assert "taken over" not in caplog.text


def test_nothing_is_written_where_one_object_is_refused(cluster: KubernetesEmulator) -> None:
    """Of two objects, the first is not written if the second belongs to somebody else."""
    cluster.put_policy("extra", ["9.0.0.0/8"], manager="terraform")
    wanted = [make_manifest("default", cidrs=[PODS, NODES]), make_manifest("extra", cidrs=["9.1.0.0/16"])]
    with pytest.raises(AirflowFailException, match="EgressNATPolicy extra was not changed"):
        execute(manifest=wanted)
    assert list_live(cluster) == list(GKE_DEFAULTS)
    assert execute(manifest=wanted, on_conflict="warn")["changed"]
    assert (list_live(cluster), list_live(cluster, "extra")) == ([PODS, NODES], ["9.1.0.0/16"])


def test_a_list_can_be_put_beside_the_default(cluster: KubernetesEmulator) -> None:
    """Under another name a list adds to the others, and they are named as staying in force."""
    result = execute(destinations=["9.0.0.0/8"], policy_name="extra")
    assert list_live(cluster, "extra") == ["9.0.0.0/8"]
    assert list_live(cluster) == list(GKE_DEFAULTS)
    assert any("further objects stay in force" in remark for remark in result["remarks"])


def test_a_change_that_is_undone_at_once_is_told(cluster: KubernetesEmulator) -> None:
    """Where another writer sets the list back before it is read, the task fails, may be retried, and shows the diff."""

    def undo(moment: str, call: str) -> None:
        if (moment, call) == ("after", "patch egressnatpolicies") and list_live(cluster) == [PODS, NODES, SERVICES]:
            cluster.put_policy("default", GKE_DEFAULTS, manager="other")

    cluster.faults.observe = undo
    with pytest.raises(AirflowException, match=r"(?s)another writer changed it again.*\+10\.0\.0\.0/8") as caught:
        execute()
    assert not isinstance(caught.value, AirflowFailException)


def test_short_trouble_is_got_over(cluster: KubernetesEmulator, cloud: EmulatedCloud) -> None:
    """Two failures of each call in a row, a lost reply and a busy GKE do not fail the task."""
    for call in ("list egressnatpolicies", "list nodes", "patch egressnatpolicies"):
        cluster.faults.fail_next(call, times=2)
    cluster.faults.lose_next_reply("patch egressnatpolicies")
    cloud.faults.fail_next("GetEnvironment", grpc.StatusCode.UNAVAILABLE, "busy")
    cloud.faults.fail_next("GetCluster", grpc.StatusCode.UNAVAILABLE, "busy")
    assert execute(on_conflict="warn")["changed"]
    assert list_live(cluster) == [PODS, NODES, SERVICES]


def test_long_trouble_may_be_tried_again(cluster: KubernetesEmulator, cloud: EmulatedCloud) -> None:
    """An API that stays away fails the task so that Airflow retries it, whichever API it is."""
    cluster.faults.fail_next("list egressnatpolicies", times=3)
    for _ in range(2):
        with pytest.raises(AirflowException, match="trying again may help") as caught:
            execute()
        assert not isinstance(caught.value, AirflowFailException)
        for _ in range(6):
            cloud.faults.fail_next("GetCluster", grpc.StatusCode.UNAVAILABLE, "busy")


def test_without_the_nodes_and_the_subnetwork_the_plan_helps(
    cluster: KubernetesEmulator, cloud: EmulatedCloud, capfd: pytest.CaptureFixture[str]
) -> None:
    """Where the node ranges cannot be read, the plan's count, and GKE's own object says whether they are right."""
    cloud.access.deny("example-project", "compute.subnetworks.get")
    plan = {**PLAN, "network": {"node_ranges": [NODES]}}
    assert execute(plan=plan)["changed"]
    assert "roles/compute.networkViewer in project example-project would show it" in capfd.readouterr().out
    wrong = {**PLAN, "network": {"node_ranges": ["10.77.0.0/20"]}}
    with pytest.raises(
        AirflowFailException, match=r"network\.node_ranges: 10\.77\.0\.0/20 is not among the cluster's ranges"
    ):
        execute(plan=wrong, destinations=["10.77.0.0/20", PODS])
    cluster.tokens[""] = User(name="anyone@example.com", verbs=("get", "list"))
    with pytest.raises(AirflowFailException, match=r"container\.thirdPartyObjects\.update"):
        execute(plan=plan, destinations=[NODES, PODS])


def test_a_cluster_and_a_list_are_enough(
    cluster: KubernetesEmulator,
    cloud: EmulatedCloud,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Without a plan the cluster's own ranges are asked, and the log says that no target is judged."""
    monkeypatch.delenv("AIRFLOW_MASQ_PLAN", raising=False)
    (environment,) = cloud.list()
    name = environment["config"]["gkeCluster"]
    result = execute(plan=None, cluster=name, destinations=[NODES, PODS])
    assert (result["cluster"], result["changed"]) == (name, True)
    assert "There is no plan, so no target is judged" in capfd.readouterr().out
    with pytest.raises(AirflowFailException, match=r"The Pod range 192\.168\.0\.0/16 is missing"):
        execute(plan=None, cluster=name, destinations=[NODES])
    with pytest.raises(AirflowFailException, match="expected a plan in the task or the run"):
        execute(plan=None, cluster=name)
    assert list_live(cluster) == [NODES, PODS]


def test_nodes_that_may_not_be_listed_stop_nothing(cluster: KubernetesEmulator) -> None:
    """Where the nodes may not be listed, they are not compared with the ranges, and the policy is applied."""
    cluster.faults.fail_next("list nodes", make_forbidden(NODE_RESOURCE, name="", text="no"))
    assert execute()["changed"]
    cluster.put_object(NODE_RESOURCE, {"metadata": {"name": "x"}, "spec": {"podCIDR": "10.77.0.0/26"}})
    with pytest.raises(
        AirflowFailException, match=r"node x has the Pod block 10\.77\.0\.0/26, outside the plan's ranges"
    ):
        execute(destinations=[NODES, PODS])


def test_a_standard_cluster_is_told(cloud: EmulatedCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cluster that has no such objects is refused with the reason."""
    monkeypatch.setattr("airflow_masq.operators.gke_egress_nat_policy.time.sleep", lambda _seconds: None)
    with KubernetesEmulator(tokens=ANYONE, autopilot=False) as standard:
        create_environment(cloud, standard)
        with pytest.raises(AirflowFailException, match="the cluster knows no EgressNATPolicy: it must be an Autopilot"):
            execute(plan={**PLAN, "network": {"node_ranges": [NODES]}})


def test_an_environment_without_a_cluster_is_told(cloud: EmulatedCloud) -> None:
    """Composer 3 has no cluster in the project, and an environment that is still being created has none yet."""
    cloud.put(NAME.environment_id, state="RUNNING", masquerade=False, image="composer-3-airflow-2.10.5")
    with pytest.raises(AirflowFailException, match="imageVersion: expected Composer 1 or 2"):
        execute()
    cloud.put(NAME.environment_id, state="CREATING", masquerade=True)
    with pytest.raises(AirflowFailException, match="gkeCluster: expected projects/PROJECT"):
        execute()


def test_a_misspelt_run_setting_is_refused() -> None:
    """With strict_conf a run whose conf has an unknown key fails before anything is asked."""
    context: Any = {"dag": SimpleNamespace(params={"plan": 1}), "dag_run": SimpleNamespace(conf={"dryrun": True})}
    operator = GKEApplyEgressNATPolicyOperator(task_id="apply", strict_conf=True)
    with pytest.raises(AirflowFailException, match="expected one of plan"):
        operator.execute(context)
