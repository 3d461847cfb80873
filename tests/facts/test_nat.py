"""Whose packets a Cloud NAT gateway translates, and to which addresses."""

from __future__ import annotations

from typing import Any

import pytest
from netaddr import IPAddress

from airflow_masq.facts import NatStatus
from airflow_masq.facts.nat import NatCover, read_nat_statuses
from airflow_masq.network.ranges import AddressKind
from tests.facts.resources import NETWORK, SUBNETWORK_NAME, URL, make_gateway, make_router, nat_resource

NODE, POD = AddressKind.NODE, AddressKind.POD
PODS = ("pods", "more-pods")


def entry(*ranges: str, names: tuple[str, ...] = (), subnetwork: str = str(SUBNETWORK_NAME)) -> dict[str, Any]:
    """Make an entry of a gateway's list of subnetworks."""
    return {"name": URL + subnetwork, "sourceIpRangesToNat": list(ranges), "secondaryIpRangeNames": list(names)}


@pytest.mark.parametrize(
    ("source_ranges", "listed", "expected"),
    [
        ("ALL_SUBNETWORKS_ALL_IP_RANGES", [], {NODE, POD}),
        ("ALL_SUBNETWORKS_ALL_PRIMARY_IP_RANGES", [], {NODE}),
        ("LIST_OF_SUBNETWORKS", [entry("ALL_IP_RANGES")], {NODE, POD}),
        ("LIST_OF_SUBNETWORKS", [entry("PRIMARY_IP_RANGE")], {NODE}),
        ("LIST_OF_SUBNETWORKS", [entry("PRIMARY_IP_RANGE", names=PODS)], {NODE}),
        ("LIST_OF_SUBNETWORKS", [entry("LIST_OF_SECONDARY_IP_RANGES", names=PODS)], {POD}),
        ("LIST_OF_SUBNETWORKS", [entry("PRIMARY_IP_RANGE", "LIST_OF_SECONDARY_IP_RANGES", names=PODS)], {NODE, POD}),
        ("LIST_OF_SUBNETWORKS", [entry("LIST_OF_SECONDARY_IP_RANGES", names=("pods",))], set()),
        ("LIST_OF_SUBNETWORKS", [entry("ALL_IP_RANGES", subnetwork="projects/p/regions/r/subnetworks/x")], set()),
        ("LIST_OF_SUBNETWORKS", [], set()),
        ("", [], set()),
    ],
)
def test_a_gateway_covers_what_its_list_says(
    source_ranges: str, listed: list[dict[str, Any]], expected: set[AddressKind]
) -> None:
    """Pods count as covered only where all of their ranges are; nodes by the primary range."""
    gateway = make_gateway(sourceSubnetworkIpRangesToNat=source_ranges, subnetworks=listed)
    cover = gateway.find_covered(SUBNETWORK_NAME, pod_range_names=PODS)
    assert cover.list_kinds(PODS) == expected


def test_a_range_that_is_covered_alone_is_named() -> None:
    """Where one of two Pod ranges is covered, the cover names it, although Pods as a whole are not covered."""
    listed = [entry("LIST_OF_SECONDARY_IP_RANGES", names=("pods", "others"))]
    gateway = make_gateway(sourceSubnetworkIpRangesToNat="LIST_OF_SUBNETWORKS", subnetworks=listed)
    cover = gateway.find_covered(SUBNETWORK_NAME, pod_range_names=PODS)
    assert cover == NatCover(node=False, pod_range_names=frozenset({"pods"}))
    assert cover


def test_two_entries_of_a_subnetwork_add_up() -> None:
    """A gateway may list a subnetwork twice, once for each kind of range."""
    listed = [entry("PRIMARY_IP_RANGE"), entry("LIST_OF_SECONDARY_IP_RANGES", names=PODS)]
    gateway = make_gateway(sourceSubnetworkIpRangesToNat="LIST_OF_SUBNETWORKS", subnetworks=listed)
    assert gateway.find_covered(SUBNETWORK_NAME, pod_range_names=PODS).list_kinds(PODS) == {NODE, POD}


def test_private_nat_covers_nothing_on_the_internet() -> None:
    """A gateway between networks does not translate packets to the internet."""
    assert not make_gateway(type="PRIVATE").find_covered(SUBNETWORK_NAME, pod_range_names=PODS)


def test_pods_without_secondary_ranges_are_not_covered() -> None:
    """The Pods of a cluster that uses routes are in no secondary range, so nothing says that they are covered."""
    assert make_gateway().find_covered(SUBNETWORK_NAME, pod_range_names=()).list_kinds(()) == {NODE}


def test_a_gateway_tells_who_chose_its_addresses() -> None:
    """Addresses are reserved ones where the gateway says so, else Google's."""
    assert not make_gateway().is_automatic
    assert make_gateway(natIpAllocateOption="AUTO_ONLY").is_automatic
    assert make_gateway(natIpAllocateOption=None).is_automatic
    assert make_gateway(rules=[{"ruleNumber": 1}]).has_rules


def test_a_router_has_its_network_and_gateways() -> None:
    """A router without gateways is read, too."""
    assert make_router(nat_resource()).gateways == (make_gateway(),)
    assert make_router().network == NETWORK
    assert make_router().gateways == ()


def test_a_status_has_all_addresses_once() -> None:
    """Addresses of rules and addresses that are being drained are addresses, too; what is none is left out."""
    status = {
        "name": "nat",
        "autoAllocatedNatIps": ["203.0.113.7", "x"],
        "userAllocatedNatIps": ["203.0.113.8"],
        "drainAutoAllocatedNatIps": ["203.0.113.9"],
        "drainUserAllocatedNatIps": ["203.0.113.8"],
        "ruleStatus": [{"activeIps": ["203.0.113.10"], "drainIps": ["203.0.113.11"]}],
    }
    (read,) = read_nat_statuses({"result": {"natStatus": [status]}})
    assert read == NatStatus(
        name="nat",
        automatic=(IPAddress("203.0.113.7"),),
        manual=(IPAddress("203.0.113.8"), IPAddress("203.0.113.10")),
        draining=(IPAddress("203.0.113.9"), IPAddress("203.0.113.8"), IPAddress("203.0.113.11")),
    )
    assert [str(each) for each in read.addresses] == [f"203.0.113.{last}" for last in (7, 8, 10, 9, 11)]


def test_a_router_without_gateways_has_no_status() -> None:
    """An answer without gateways is read as none."""
    assert read_nat_statuses({"result": {}}) == ()
