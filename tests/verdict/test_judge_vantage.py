"""Where a probe ran: nothing but a worker's Pod speaks for the workers."""

from __future__ import annotations

import pytest
from netaddr import IPNetwork

from airflow_masq.observation.observation import Component, Failure
from airflow_masq.verdict import Outcome, judge
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
        ("192.168.0.2", [], "MASQ401"),  # the plan leaves the Pod range to Google
        ("2001:db8::2", ["192.168.0.0/16"], "MASQ401"),  # the plan says nothing about IPv6
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


def test_a_vantage_that_is_not_known_is_not_held_against_the_worker() -> None:
    """Where no socket's own address is known, the vantage's stands in, or nothing does."""
    unknown = saw(NODE, local=None)
    assert verdict_of(unknown, need=target(expect="node"), at=vantage(pod_ip=None)).outcome is Outcome.PASS
    assert verdict_of(unknown, need=target(expect="node"), at=vantage(pod_ip="10.128.0.9")).code == "MASQ432"


def test_a_pod_address_names_its_node() -> None:
    """The node is the block of Pod addresses that the probe's own lies in."""
    assert verdict_of(saw(NODE, local="192.168.0.77"), need=target(expect="node")).node == "192.168.0.64/26"
    assert verdict_of(saw(POD), need=target(expect="node")).node == "192.168.0.0/26"


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
