"""What only several nodes together show: one node's address is not another's."""

from __future__ import annotations

import dataclasses

from airflow_masq.verdict import Outcome, Verdict, decode_report, encode_report, judge, merge
from tests.verdict.reports import report
from tests.verdict.scenes import NODE, POD, plan, saw, target, vantage

OTHER_NODE = "10.128.0.3"
NEED = target(expect="node")


def see(address: str, *, pod: str, name: str = "erp") -> Verdict:
    """Judge what a worker's Pod saw."""
    at = vantage(pod_ip=pod, name=pod)
    verdict = judge(NEED, [saw(address, local=pod)], vantage=at, plan=plan())
    return dataclasses.replace(verdict, target=name)


def test_one_node_address_from_two_nodes_is_a_proxys() -> None:
    """Two nodes that show the same node address prove nothing, although each of them alone would pass."""
    checks = [report(see(NODE, pod="192.168.0.2")), report(see(NODE, pod="192.168.1.2"))]
    assert [check.outcome for check in checks] == [Outcome.PASS, Outcome.PASS]
    merged = merge(checks)
    assert {(verdict.code, verdict.outcome) for verdict in merged.verdicts} == {("MASQ420", Outcome.INCONCLUSIVE)}
    assert merged.verdicts[0].reason == (
        "The observer saw 10.128.0.2 (node), as expected, but 2 nodes (192.168.0.0/26, 192.168.1.0/26) show this one "
        "address, which can be one node's only: a proxy is in between, or cluster.pods_per_node is too small."
    )
    assert [history.outcome for history in merged.history] == [Outcome.INCONCLUSIVE]
    assert decode_report(encode_report(merged)) == merged


def test_each_node_with_an_address_of_its_own_passes() -> None:
    """The twin: two nodes with two addresses, and two Pods of one node with one, keep their PASS."""
    pods = {"192.168.0.2": NODE, "192.168.0.3": NODE, "192.168.1.2": OTHER_NODE}
    assert merge([report(*(see(node, pod=pod) for pod, node in pods.items()))]).outcome is Outcome.PASS


def test_nodes_are_told_apart_by_name_where_all_have_one() -> None:
    """Pods that know their nodes' names are compared by these; where one does not, by their blocks."""
    pods = {"192.168.0.2": "gke-a", "192.168.0.3": "gke-b", "192.168.1.2": "gke-a"}
    named = [_on_node(see(NODE, pod=pod), name) for pod, name in pods.items()]
    assert "2 nodes (gke-a, gke-b) show this one address" in merge([report(*named)]).verdicts[0].reason
    one_node = [_on_node(verdict, "gke-a") for verdict in named]
    assert merge([report(*one_node)]).outcome is Outcome.PASS
    mixed = merge([report(*one_node[:2], _on_node(one_node[2], None))])
    assert "2 nodes (192.168.0.0/26, 192.168.1.0/26)" in mixed.verdicts[0].reason


def _on_node(verdict: Verdict, name: str | None) -> Verdict:
    return dataclasses.replace(verdict, vantage=dataclasses.replace(verdict.vantage, node_name=name))


def test_targets_are_compared_apart() -> None:
    """A proxy that runs on a node shows that node's address; what another target saw from that node still passes."""
    verdicts = [
        see(NODE, pod="192.168.0.2", name="direct"),
        see(OTHER_NODE, pod="192.168.1.2", name="direct"),
        see(NODE, pod="192.168.0.2", name="proxied"),
        see(NODE, pod="192.168.1.2", name="proxied"),
    ]
    outcomes = [(verdict.target, verdict.outcome) for verdict in merge([report(*verdicts)]).verdicts]
    assert outcomes == [
        ("direct", Outcome.PASS),
        ("direct", Outcome.PASS),
        ("proxied", Outcome.INCONCLUSIVE),
        ("proxied", Outcome.INCONCLUSIVE),
    ]


def test_other_addresses_may_be_shared() -> None:
    """Cloud NAT's address is all nodes', and what failed stays failed; nodes that are not known are not compared."""
    wanted = target(expect="nat")
    pods = ["192.168.0.2", "192.168.1.2"]
    nat = [
        judge(wanted, [saw("192.175.48.7", local=pod)], vantage=vantage(pod_ip=pod, name=pod), plan=plan())
        for pod in pods
    ]
    assert merge([report(*nat)]).outcome is Outcome.PASS
    failing = [
        judge(target(expect="pod"), [saw(NODE, local=pod)], vantage=vantage(pod_ip=pod, name=pod), plan=plan())
        for pod in pods
    ]
    assert {verdict.code for verdict in merge([report(*failing)]).verdicts} == {"MASQ411"}
    unknown = [dataclasses.replace(see(NODE, pod=pod), node=None) for pod in pods]
    assert merge([report(*unknown)]).outcome is Outcome.PASS
    assert merge([report(unknown[0], see(NODE, pod=pods[1]))]).outcome is Outcome.PASS
    at = [vantage(pod_ip=f"2001:db8::{number}:2", name=str(number)) for number in (1, 2)]
    by_ipv6 = [judge(NEED, [saw(NODE)], vantage=each, plan=plan()) for each in at]
    assert [verdict.node for verdict in by_ipv6] == ["2001:db8::1:0/112", "2001:db8::2:0/112"]
    assert merge([report(*by_ipv6)]).outcome is Outcome.PASS


def test_a_leak_beside_a_shared_address_is_kept() -> None:
    """A FAIL of one node is no proxy's, and takes no PASS back."""
    merged = merge([report(see(POD, pod="192.168.0.2"), see(NODE, pod="192.168.1.2"))])
    assert [verdict.outcome for verdict in merged.verdicts] == [Outcome.FAIL, Outcome.PASS]
