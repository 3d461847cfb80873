"""Where a probe ran: nothing but a worker's Pod speaks for the workers."""

from __future__ import annotations

import dataclasses

import pytest
from netaddr import IPNetwork

from airflow_masq.observation.observation import Failure
from airflow_masq.observation.vantage import Component, Surroundings
from airflow_masq.verdict import Outcome, judge, judge_targets
from tests.verdict.scenes import (
    NODE,
    POD,
    dataclass_ranges,
    failed,
    plan,
    saw,
    target,
    vantage,
    verdict_of,
)


@pytest.mark.parametrize("own", ["127.0.0.1", "169.254.7.7"])
def test_loopback_is_no_pod_even_where_the_plan_names_no_pods(own: str) -> None:
    """A check from a desk or over loopback proves nothing about workers, also if the plan is incomplete."""
    where = plan(ranges=dataclass_ranges(pod=()))
    seen = [saw(own, local=own)]
    for need in (target(expect="pod"), target(allowed=["0.0.0.0/0"])):
        assert judge(need, seen, vantage=vantage(pod_ip=own), plan=where).code == "MASQ432"


def test_a_triggerer_passes_nothing_for_the_workers() -> None:
    """The right address seen from the triggerer proves nothing, and the same seen from a worker passes."""
    triggerer = vantage(component=Component.TRIGGERER)
    verdict = verdict_of(saw(NODE), need=target(expect="node"), at=triggerer)
    assert (verdict.code, verdict.outcome) == ("MASQ431", Outcome.INCONCLUSIVE)
    assert verdict_of(saw(NODE), need=target(expect="node")).outcome is Outcome.PASS
    assert verdict_of(saw(POD), need=target(expect="node"), at=triggerer).outcome is Outcome.FAIL


@pytest.mark.parametrize(
    ("local", "pod_ranges", "code"),
    [
        (POD, ["192.168.0.0/16"], "MASQ401"),
        ("10.128.0.2", ["192.168.0.0/16"], "MASQ432"),  # a Pod on the host network
        ("10.128.0.2", [], "MASQ432"),
        ("172.20.0.99", ["192.168.0.0/16"], "MASQ432"),  # somebody's desk
        ("127.0.0.1", ["192.168.0.0/16"], "MASQ432"),
        ("192.168.0.2", [], "MASQ434"),  # the plan leaves the Pod range to Google
        ("2001:db8::2", ["192.168.0.0/16"], "MASQ434"),  # the plan says nothing about IPv6
        ("2001:db8::2", ["192.168.0.0/16", "2001:db8::/48"], "MASQ401"),
    ],
)
def test_only_a_pods_view_passes(local: str, pod_ranges: list[str], code: str) -> None:
    """A node, or a desk, has a node's or an allowed address anyway, which proves nothing about workers."""
    ranges = dataclass_ranges(pod=tuple(map(IPNetwork, pod_ranges)))
    verdict = judge(target(expect="node"), [saw(NODE, local=local)], vantage=vantage(), plan=plan(ranges=ranges))
    assert verdict.code == code


@pytest.mark.parametrize("own", ["10.128.0.2", "10.129.0.2"])
def test_no_node_of_any_range_passes_for_a_pod(own: str) -> None:
    """Where the plan names no Pod range, an address in any of its node ranges is still no Pod's."""
    ranges = dataclass_ranges(pod=(), node=(IPNetwork("10.128.0.0/20"), IPNetwork("10.129.0.0/20")))
    seen = [saw(NODE, local=own)]
    assert judge(target(expect="node"), seen, vantage=vantage(), plan=plan(ranges=ranges)).code == "MASQ432"


def test_an_own_address_that_is_not_known_passes_nothing() -> None:
    """Where no socket's own address is known, the vantage's stands in; without any, nothing passes."""
    unknown = saw(NODE, local=None)
    assert verdict_of(unknown, need=target(expect="node")).outcome is Outcome.PASS
    nowhere = verdict_of(unknown, need=target(expect="node"), at=vantage(pod_ip=None))
    assert (nowhere.code, nowhere.outcome) == ("MASQ432", Outcome.INCONCLUSIVE)
    assert nowhere.reason.endswith("but the probe's own address is not known.")
    assert verdict_of(unknown, need=target(expect="node"), at=vantage(pod_ip="10.128.0.9")).code == "MASQ432"


def test_a_pod_address_names_its_node() -> None:
    """The node is the block of Pod addresses that the vantage's own lies in, whichever socket was used."""
    need = target(expect="node")
    assert verdict_of(saw(NODE), need=need, at=vantage(pod_ip="192.168.0.77")).node == "192.168.0.64/26"
    assert verdict_of(saw(NODE, local="2001:db8::7"), need=need).node == "192.168.0.0/26"


def test_a_block_of_unknown_size_names_no_node() -> None:
    """Where the plan does not say how many Pods a node runs, a Pod's address does not tell its node; IPv6's does."""
    where = dataclasses.replace(plan(), knows_pods_per_node=False)
    need = target(expect="node")
    assert judge(need, [saw(NODE)], vantage=vantage(), plan=where).node is None
    sixth = judge(need, [saw(NODE)], vantage=vantage(pod_ip="2001:db8::1:7"), plan=where)
    assert sixth.node == "2001:db8::1:0/112"


def test_only_workers_name_a_node() -> None:
    """The triggerer, a desk and a Pod on its node's network do not count as nodes that were seen."""
    need = target(expect="node")
    for at in (
        vantage(component=Component.TRIGGERER),
        vantage(component=Component.UNKNOWN),
        vantage(pod_ip="10.128.0.2"),
        vantage(pod_ip=None),
    ):
        assert verdict_of(saw(NODE, local=None), need=need, at=at).node is None


@pytest.mark.parametrize("component", sorted(set(Component) - {Component.WORKER, Component.UNKNOWN}))
def test_no_other_component_speaks_for_workers(component: Component) -> None:
    """The scheduler, the web server and the others have Pod addresses, too, and pass nothing."""
    verdict = verdict_of(saw(NODE), need=target(expect="node"), at=vantage(component=component))
    assert (verdict.code, verdict.outcome) == ("MASQ431", Outcome.INCONCLUSIVE)
    assert f"but from the {component}, which is not a worker: run" in verdict.reason


AIRFLOW = {"AIRFLOW_HOME": "/opt/airflow", "KUBERNETES_SERVICE_HOST": "10.96.0.1"}
COMPOSER = {**AIRFLOW, "COMPOSER_ENVIRONMENT": "example"}


@pytest.mark.parametrize(
    ("hostname", "variables", "local", "code"),
    [
        ("airflow-worker-7k2xq", COMPOSER, POD, "MASQ401"),
        ("airflow-k8s-worker-check-x1", COMPOSER | {"AIRFLOW_IS_K8S_EXECUTOR_POD": "True"}, POD, "MASQ401"),
        ("airflow-scheduler-5f-x", COMPOSER, POD, "MASQ431"),
        ("airflow-webserver-5f-x", COMPOSER, POD, "MASQ431"),
        ("airflow-triggerer-5f-x", COMPOSER, POD, "MASQ431"),
        ("my-triggerer-0", AIRFLOW, POD, "MASQ431"),
        ("my-worker-0", AIRFLOW, POD, "MASQ401"),
        ("some-program-5f-x", {"KUBERNETES_SERVICE_HOST": "10.96.0.1"}, POD, "MASQ433"),
        ("laptop", {"AIRFLOW_HOME": "/home/someone/airflow"}, "172.20.0.99", "MASQ432"),
        ("laptop", {"AIRFLOW_HOME": "/home/someone/airflow"}, POD, "MASQ433"),  # its network is also 192.168.0.0/16
        ("airflow-worker-7k2xq", COMPOSER, "172.20.0.99", "MASQ432"),
    ],
)
def test_what_a_process_knows_of_itself_decides(
    hostname: str, variables: dict[str, str], local: str, code: str
) -> None:
    """The same right address passes from a worker's Pod alone: no scheduler, web server, triggerer or laptop."""
    report = judge_targets(
        [target(expect="node")],
        {"erp": (saw(NODE, local=local),)},
        surroundings=Surroundings(hostname=hostname, variables=variables),
        plan=plan(),
        environment="example",
    )
    assert report.verdicts[0].code == code
    assert report.outcome is (Outcome.PASS if code == "MASQ401" else Outcome.INCONCLUSIVE)
    assert len(report.nodes_seen) == (code == "MASQ401")


def test_what_nothing_shows_to_be_a_worker_passes_nothing() -> None:
    """A Pod of the cluster that may be anything is INCONCLUSIVE, with the next step; what it leaks is a FAIL."""
    at = vantage(component=Component.UNKNOWN)
    verdict = verdict_of(saw(NODE), need=target(expect="node"), at=at)
    assert (verdict.code, verdict.outcome) == ("MASQ433", Outcome.INCONCLUSIVE)
    assert "or set AIRFLOW_MASQ_COMPONENT=worker in a Pod that represents one" in verdict.reason
    assert verdict_of(saw(POD), need=target(expect="node"), at=at).outcome is Outcome.FAIL


def test_a_desk_without_pod_ranges_fails_nothing() -> None:
    """Where neither the plan nor the machine tells that this is a Pod, an unchanged address is no leak."""
    where = plan(ranges=dataclass_ranges(pod=()))
    at = vantage(component=Component.UNKNOWN, pod_ip="172.31.0.9")
    seen = [saw("172.31.0.9", local="172.31.0.9")]
    assert judge(target(expect="node"), seen, vantage=at, plan=where).code == "MASQ433"


def test_a_nodes_address_in_overlapping_ranges_passes_nothing() -> None:
    """Where Pod and node ranges overlap, an address that arrives unchanged may be a node's own."""
    where = plan(ranges=dataclass_ranges(pod=(IPNetwork("10.128.0.0/16"),)))
    seen = [saw("10.128.0.7", local="10.128.0.7")]
    verdict = judge(target(expect="node"), seen, vantage=vantage(pod_ip="10.128.0.7"), plan=where)
    assert (verdict.code, verdict.outcome) == ("MASQ432", Outcome.INCONCLUSIVE)
    assert "is a node's, so this proves nothing about Pods" in verdict.reason


@pytest.mark.parametrize(
    ("own", "component"),
    [
        ("172.20.0.99", Component.UNKNOWN),  # a desk
        ("127.0.0.1", Component.WORKER),
        ("10.128.0.2", Component.WORKER),  # a Pod on the host network
    ],
)
@pytest.mark.parametrize("seen", [POD, NODE, None])
def test_a_check_off_the_cluster_blames_no_node(own: str, component: Component, seen: str | None) -> None:
    """A check from a desk, loopback or a node's own network gives one finding and one next step, about the vantage."""
    observation = failed(Failure.CONNECT_TIMEOUT, local=own) if seen is None else saw(seen, local=own)
    verdict = verdict_of(observation, need=target(expect="node"), at=vantage(pod_ip=own, component=component))
    assert (verdict.code, verdict.outcome) == ("MASQ432", Outcome.INCONCLUSIVE)
    assert verdict.reason.endswith(
        f"the probe's own address {own} is in no Pod range of the plan, so this proves nothing about workers."
    )
    assert (verdict.findings, verdict.prediction) == ((), None)
    assert "node does not masquerade" not in verdict.reason


def test_what_a_worker_leaks_stays_a_fail() -> None:
    """A worker in a Pod range that the plan lacks is a worker still, and the address that it leaked is a FAIL."""
    need, own = target(expect="node"), "172.31.0.2"
    worker = vantage(pod_ip=own, component=Component.WORKER)
    assert verdict_of(saw(own, local=own), need=need, at=worker).outcome is Outcome.FAIL
    assert verdict_of(failed(Failure.REFUSED, local=own), need=need, at=worker).code == "MASQ441"


def test_silence_on_a_desk_without_pod_ranges_blames_nothing_on_the_path() -> None:
    """Where neither the component nor the Pod ranges are known, silence says nothing of the plan's firewall."""
    at = vantage(component=Component.UNKNOWN, pod_ip="192.168.178.20")
    silent = [failed(Failure.CONNECT_TIMEOUT, local="192.168.178.20")]
    verdict = judge(target(expect="node"), silent, vantage=at, plan=plan(ranges=dataclass_ranges(pod=())))
    assert (verdict.code, verdict.outcome, verdict.prediction) == ("MASQ433", Outcome.INCONCLUSIVE, None)
