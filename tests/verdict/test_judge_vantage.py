"""Where a probe ran: nothing but a worker's Pod speaks for the workers."""

from __future__ import annotations

import pytest
from netaddr import IPNetwork

from airflow_masq.observation.observation import Component
from airflow_masq.verdict import Outcome, judge
from tests.verdict.scenes import (
    NODE,
    POD,
    dataclass_ranges,
    plan,
    saw,
    target,
    vantage,
    verdict_of,
)


@pytest.mark.parametrize("own", ["127.0.0.1", "169.254.7.7"])
def test_loopback_is_no_pod_even_where_the_plan_names_no_pods(own: str) -> None:
    """A check from a desk or over loopback proves nothing about workers, whatever the plan lacks."""
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
