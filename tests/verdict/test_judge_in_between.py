"""A reply that did not come straight from the Pod's connection neither passes nor fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from netaddr import IPNetwork

from airflow_masq.observation.observation import Component, Failure
from airflow_masq.verdict import Outcome, judge
from tests.verdict.scenes import (
    NAT,
    NODE,
    ON_PREMISES,
    POD,
    dataclass_ranges,
    failed,
    plan,
    saw,
    target,
    vantage,
    verdict_of,
)

if TYPE_CHECKING:
    from airflow_masq.plan import Target

NEEDS = [target(expect="node"), target(expect="pod"), target(), target(allowed=["0.0.0.0/0", "::/0"])]
VIA = ("via 1.1 squid", "x-forwarded-for 10.128.0.2")


@pytest.mark.parametrize("need", NEEDS)
@pytest.mark.parametrize("seen", [NODE, POD, NAT, "10.200.0.5"])
def test_nothing_that_a_proxy_shows_passes_or_fails(seen: str, need: Target) -> None:
    """For every address and every need, the reason names the proxy; without a proxy, the address is judged."""
    verdict = verdict_of(saw(seen, intermediaries=VIA), need=need)
    assert (verdict.code, verdict.outcome) == ("MASQ420", Outcome.INCONCLUSIVE)
    assert verdict.reason.endswith("but the reply shows a proxy: via 1.1 squid; x-forwarded-for 10.128.0.2.")
    assert verdict_of(saw(seen), need=need).code != "MASQ420"


def test_the_model_is_not_held_against_what_a_proxy_shows() -> None:
    """An address that proves nothing does not disagree with the prediction."""
    assert verdict_of(saw(POD, intermediaries=VIA)).findings == ()
    assert [finding.code for finding in verdict_of(saw(POD)).findings] == ["MASQ491"]


def test_the_deciding_reply_counts() -> None:
    """An attempt that got through without a proxy decides as ever, and one that met a proxy does not excuse it."""
    proxied = saw(NODE, intermediaries=VIA)
    assert verdict_of(proxied, saw(POD, after=1), need=NEEDS[0]).code == "MASQ411"
    assert verdict_of(saw(NODE), saw(NODE, intermediaries=VIA, after=1), need=NEEDS[0]).code == "MASQ420"
    assert verdict_of(proxied, failed(Failure.RESET, after=1), need=NEEDS[0]).code == "MASQ420"


def test_the_proxy_is_told_before_the_triggerer() -> None:
    """Both make it INCONCLUSIVE; the one that concerns the address is named."""
    at = vantage(component=Component.TRIGGERER)
    assert verdict_of(saw(NODE, intermediaries=VIA), need=NEEDS[0], at=at).code == "MASQ420"


@pytest.mark.parametrize("need", NEEDS)
@pytest.mark.parametrize(
    "seen",
    [
        "127.0.0.1",
        "127.0.0.6",
        "::1",
        "169.254.1.2",
        "fe80::1",
        "0.1.2.3",
        "240.0.0.1",
        "255.1.1.1",
        "224.0.0.9",
        "ff02::1",
    ],
)
def test_an_address_of_a_host_itself_is_never_a_source(seen: str, need: Target) -> None:
    """Loopback, link-local, this network, multicast and class E show the observer's own proxy, not the Pod."""
    verdict = verdict_of(saw(seen), need=need)
    assert (verdict.code, verdict.outcome) == ("MASQ420", Outcome.INCONCLUSIVE)
    assert "it is the observer's own proxy or sidecar" in verdict.reason


@pytest.mark.parametrize(
    "seen", ["128.0.0.1", "126.255.255.255", "169.253.1.2", "1.0.0.1", "223.255.255.255", "::2", "fec0::1"]
)
def test_the_neighbours_of_those_ranges_are_judged(seen: str) -> None:
    """An address just outside is one that a packet can come from."""
    assert verdict_of(saw(seen), need=target(expect="node")).code == "MASQ411"


def test_a_range_that_the_plan_names_is_a_source() -> None:
    """Nodes in 240.0.0.0/4 are nodes where the plan says so."""
    where = plan(ranges=dataclass_ranges(node=(IPNetwork("240.0.0.0/20"),)))
    assert judge(target(expect="node"), [saw("240.0.0.2")], vantage=vantage(), plan=where).code == "MASQ401"


@pytest.mark.parametrize("need", NEEDS)
def test_the_observers_own_address_shows_a_proxy_on_its_host(need: Target) -> None:
    """A source that equals the destination comes from the observer's host, unless the Pod is that host."""
    verdict = verdict_of(saw(ON_PREMISES), need=need)
    assert (verdict.code, verdict.outcome) == ("MASQ420", Outcome.INCONCLUSIVE)
    assert "the observer's own address" in verdict.reason
    itself = saw(POD, destination=POD)
    assert verdict_of(itself, need=target(expect="pod")).code == "MASQ401"
