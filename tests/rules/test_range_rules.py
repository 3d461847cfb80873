"""The fine points of the rules about ranges beyond those in test_rules: MASQ201 and MASQ203 to MASQ210."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_masq.rules import Severity
from tests.rules.linting import (
    COMPOSER_1,
    COMPOSER_2,
    COMPOSER_3,
    NETWORK,
    codes,
    environment,
    findings,
    manifest,
    target,
)

PRIVATE = "environment.config.privateEnvironmentConfig"


def _private(**config: object) -> dict[str, Any]:
    image = COMPOSER_1 if "webServerIpv4CidrBlock" in config else COMPOSER_2
    return environment(image, privateEnvironmentConfig={"enablePrivateEnvironment": True, **config})


@pytest.mark.parametrize(
    ("config", "names"),
    [
        ({"privateClusterConfig": {"masterIpv4CidrBlock": "10.128.0.0/28"}}, "node and GKE master"),
        ({"cloudSqlIpv4CidrBlock": "192.168.4.0/24"}, "Pod and Cloud SQL"),
        ({"cloudComposerNetworkIpv4CidrBlock": "10.96.4.0/24"}, "Service and Composer network"),
        ({"webServerIpv4CidrBlock": "10.128.4.0/24"}, "node and web server"),
        (
            {"cloudSqlIpv4CidrBlock": "10.1.0.0/24", "cloudComposerNetworkIpv4CidrBlock": "10.1.0.0/25"},
            "Cloud SQL and Composer network",
        ),
    ],
)
def test_blocks_for_googles_side_overlap_nothing(config: dict[str, Any], names: str) -> None:
    """A block for Google's side that overlaps a range of the cluster, or another such block, is an error."""
    (finding,) = findings({**_private(**config), "network": NETWORK}, "MASQ201")
    assert finding.severity is Severity.ERROR
    assert all(f"{name} range".lower() in finding.message.lower() for name in names.split(" and "))


@pytest.mark.parametrize(
    ("other", "severities"),
    [
        ({"on-premises": ["10.128.0.0/9"]}, [Severity.INFO]),
        ({"on-premises": ["10.128.0.0/20"]}, [Severity.WARNING]),
        ({"on-premises": ["10.128.4.0/24"]}, [Severity.WARNING]),
        ({"on-premises": ["10.0.0.0/9"], "peered": ["10.1.0.0/16"]}, [Severity.INFO, Severity.INFO]),
        ({"on-premises": ["172.20.0.0/16", "172.20.1.0/24"]}, []),
    ],
)
def test_other_networks_may_overlap_at_a_price(other: dict[str, list[str]], severities: list[Severity]) -> None:
    """That an aggregate holds a cluster's range is worth knowing, any other overlap with one is a warning.

    Among each other it is worth knowing, alone it is nothing.
    """
    found = findings({"network": {**NETWORK, "other_ranges": other}}, "MASQ201")
    assert sorted((finding.severity for finding in found), reverse=True) == severities


@pytest.mark.parametrize(
    ("config", "where"),
    [
        ({"privateClusterConfig": {"masterIpv4CidrBlock": "/28"}}, "privateClusterConfig.masterIpv4CidrBlock"),
        ({"cloudSqlIpv4CidrBlock": "10.1.2.3/24"}, "cloudSqlIpv4CidrBlock"),
        ({"cloudComposerNetworkIpv4CidrBlock": "somewhere"}, "cloudComposerNetworkIpv4CidrBlock"),
    ],
)
def test_blocks_for_googles_side_are_whole_cidrs(config: dict[str, Any], where: str) -> None:
    """They take no bare size, and must be aligned; what cannot be read is one finding, of one rule."""
    plan = _private(**config)
    (finding,) = findings(plan, "MASQ203")
    assert finding.where == f"{PRIVATE}.{where}"
    assert not codes(plan) & {"MASQ201", "MASQ205", "MASQ206"}


@pytest.mark.parametrize(
    ("field", "block", "expected"),
    [
        ("masterIpv4CidrBlock", "10.1.0.0/22", "between a /23 and a /28"),
        ("masterIpv4CidrBlock", "10.1.0.0/29", "between a /23 and a /28"),
        ("masterIpv4CidrBlock", "10.1.0.0/23", None),
        ("masterIpv4CidrBlock", "10.1.0.0/28", None),
        ("cloudSqlIpv4CidrBlock", "10.1.0.0/25", "a /24 or larger"),
        ("cloudSqlIpv4CidrBlock", "10.1.0.0/24", None),
        ("cloudSqlIpv4CidrBlock", "10.0.0.0/12", None),
        ("cloudComposerNetworkIpv4CidrBlock", "10.1.0.0/23", "between a /24 and a /29"),
        ("cloudComposerNetworkIpv4CidrBlock", "10.1.0.0/29", None),
        ("webServerIpv4CidrBlock", "10.1.0.0/30", "between a /24 and a /29"),
        ("webServerIpv4CidrBlock", "10.1.0.0/24", None),
    ],
)
def test_each_block_has_its_widths(field: str, block: str, expected: str | None) -> None:
    """A block that is too wide or too narrow for its field is found, one at the border is not."""
    config = {"privateClusterConfig": {field: block}} if field.startswith("master") else {field: block}
    found = findings(_private(**config), "MASQ205")
    assert [expected in finding.message for finding in found if expected] == [True] * (expected is not None)
    assert len(found) == (expected is not None)


@pytest.mark.parametrize(("block", "count"), [("100.64.128.0/20", 0), ("100.64.128.0/21", 1), ("100.64.0.0/19", 1)])
def test_composer_3_keeps_a_20_to_itself(block: str, count: int) -> None:
    """Composer 3's internal range has exactly one width."""
    plan = environment(COMPOSER_3, nodeConfig={"composerInternalIpv4CidrBlock": block})
    assert len(findings(plan, "MASQ205")) == count


@pytest.mark.parametrize(
    ("cidr", "is_hinted"),
    [("100.128.0.0/16", True), ("100.0.0.0/16", True), ("100.0.0.0/8", True), ("101.0.0.0/16", False)],
)
def test_what_is_taken_for_shared_address_space_is_named(cidr: str, *, is_hinted: bool) -> None:
    """Beside 100.64.0.0/10 the message says where that begins and ends; far from it, it does not."""
    (finding,) = findings({"network": {"pod_ranges": [cidr]}}, "MASQ204")
    assert ("is 100.64.0.0 to 100.127.255.255" in finding.message) is is_hinted


@pytest.mark.parametrize(
    ("network", "places"),
    [
        ({"node_ranges": ["172.17.4.0/24"]}, ["network.node_ranges[0]"]),
        ({"pod_ranges": ["172.16.0.0/12"]}, ["network.pod_ranges[0]"]),
        ({"other_ranges": {"on-premises": ["172.17.0.0/24"]}}, ["network.other_ranges.on-premises[0]"]),
        ({"node_ranges": ["172.16.0.0/16", "172.18.0.0/16"], "pod_ranges": ["fd00::/64"]}, []),
    ],
)
def test_the_docker_bridge_keeps_its_block(network: dict[str, object], places: list[str]) -> None:
    """A range that touches 172.17.0.0/16 is found at every place of the plan, and its neighbours are not."""
    assert [finding.where for finding in findings({"network": network}, "MASQ206")] == places


@pytest.mark.parametrize(
    ("code", "field", "key", "too_small", "enough"),
    [
        ("MASQ207", "clusterIpv4CidrBlock", "pod_ranges", "/24", "/23"),
        ("MASQ208", "servicesIpv4CidrBlock", "service_ranges", "/28", "/27"),
    ],
)
def test_small_ranges_are_found_however_they_are_given(
    code: str, field: str, key: str, too_small: str, enough: str
) -> None:
    """A range, several together, the environment's own and a bare size are measured alike; unknown ones are not."""

    def places(ranges: list[str]) -> list[str]:
        return [finding.where for finding in findings({"network": {key: ranges}}, code)]

    assert places([f"10.64.0.0{too_small}"]) == [f"network.{key}[0]"]
    assert places([f"10.64.0.0{enough}"]) == []
    assert places([f"10.64.0.0{too_small}", f"10.65.0.0{too_small}"]) == []
    assert places(["fd00::/126"]) == []
    for text, count in ((too_small, 1), (f"10.64.0.0{too_small}", 1), (enough, 0), ("", 0)):
        found = findings(environment(nodeConfig={"ipAllocationPolicy": {field: text}}), code)
        assert [finding.where.endswith(field) for finding in found] == [True] * count


@pytest.mark.parametrize(
    ("network", "severities", "words"),
    [
        ({"workers": 9, "pod_ranges": ["192.168.0.0/23"]}, [Severity.WARNING], "Pod range 192.168.0.0/23"),
        ({"workers": 9, "node_ranges": ["10.0.0.0/29"]}, [Severity.WARNING], "node range 10.0.0.0/29"),
        ({"workers": 300, "pod_ranges": ["192.168.0.0/23"]}, [Severity.ERROR], "has room for 8 nodes with 256 Pods"),
        ({"workers": 8, "pod_ranges": ["192.168.0.0/23"]}, [], ""),
        ({"workers": 8}, [], ""),
        ({"pod_ranges": ["192.168.0.0/23"]}, [], ""),
    ],
)
def test_workers_need_room(network: dict[str, object], severities: list[Severity], words: str) -> None:
    """More workers than nodes are a warning, more than Pods an error, and what the plan does not say is not judged."""
    found = findings({"network": network}, "MASQ209")
    assert [finding.severity for finding in found] == severities
    assert all(words in finding.message for finding in found)


@pytest.mark.parametrize(
    ("network", "words"),
    [
        ({"pod_ranges": ["192.168.0.0/23"]}, "9 nodes, but the Pod range 192.168.0.0/23 has room for 8."),
        ({"node_ranges": ["10.0.0.0/29"]}, "9 nodes, but the node range 10.0.0.0/29 has room for 4."),
        ({"pod_ranges": ["192.168.0.0/22"]}, ""),
        ({}, ""),
    ],
)
def test_a_number_of_nodes_must_have_room(network: dict[str, object], words: str) -> None:
    """A plan that counts more nodes than its ranges hold is wrong in one of them; without ranges nothing is judged."""
    found = findings({"network": network, "cluster": {"nodes_total": 9}}, "MASQ209")
    assert [(each.where, each.severity) for each in found] == [("cluster.nodes_total", Severity.WARNING)] * bool(words)
    assert all(words in each.message for each in found)


@pytest.mark.parametrize(
    ("policy", "covers", "count"),
    [
        ("composer", ["pod"], 1),
        ("composer", ["node"], 0),
        ("gke-default", ["pod"], 1),
        ("none", ["node"], 1),
        ("none", ["pod"], 0),
        ("composer", [], 1),
    ],
)
def test_cloud_nat_must_cover_what_leaves(policy: str, covers: list[str], count: int) -> None:
    """Masqueraded packets need the nodes covered, others the Pods; targets on the internet do not repeat it."""
    network = {**NETWORK, "nat_addresses": ["203.0.113.7"], "nat_covers": covers}
    plan = {"network": network, "policy": policy, "targets": [target("http://192.175.48.80/", expect="nat")]}
    found = findings(plan, "MASQ210")
    assert [finding.where for finding in found] == ["network.nat_covers"] * count


def test_nodes_with_external_addresses_need_no_cloud_nat_when_masqueraded() -> None:
    """A public node's own address replaces Cloud NAT for what is masqueraded, and for nothing else."""
    network = {**NETWORK, "public_nodes": True, "nat_addresses": ["203.0.113.7"], "nat_covers": []}
    assert not findings({"network": network, "policy": "composer"}, "MASQ210")
    assert len(findings({"network": network, "policy": "none"}, "MASQ210")) == 1


def test_a_target_on_the_internet_needs_a_way_out() -> None:
    """Without any Cloud NAT, a private environment loses packets to public targets, and only to those."""
    plan = {"network": NETWORK, "policy": "composer", "targets": [target("http://192.175.48.80/", expect="nat")]}
    (finding,) = findings(plan, "MASQ210")
    assert (finding.where, "a node's address" in finding.message) == ("targets[0].observe", True)
    assert not findings({**plan, "targets": [target("http://172.20.0.10/")]}, "MASQ210")


@pytest.mark.parametrize(
    ("network", "places"),
    [
        ({"pod_ranges": ["10.64.0.0/16"]}, ["network.pod_ranges"]),
        ({"service_ranges": ["10.65.0.0/20"]}, ["network.service_ranges"]),
        ({"pod_ranges": ["10.64.0.0/16", "192.168.0.0/16"]}, []),
        ({}, []),
    ],
)
def test_a_plan_agrees_with_its_environment(network: dict[str, list[str]], places: list[str]) -> None:
    """Ranges that do not hold the environment's own are found; those that hold it, or are left out, are not."""
    policy = {"clusterIpv4CidrBlock": "192.168.0.0/16", "servicesIpv4CidrBlock": "10.96.0.0/20"}
    plan = {**environment(nodeConfig={"ipAllocationPolicy": policy}), "network": network}
    assert [finding.where for finding in findings(plan, "MASQ211")] == places


def test_a_bare_size_is_measured() -> None:
    """A Pod range of which the environment names the size only must have room for the workers, too."""
    policy = {"ipAllocationPolicy": {"clusterIpv4CidrBlock": "/22"}}
    (finding,) = findings({**environment(nodeConfig=policy), "network": {"workers": 200}}, "MASQ209")
    assert "Pod range /22 has room for 16 nodes with 512 Pods" in finding.message


@pytest.mark.parametrize("field", ["clusterIpv4CidrBlock", "servicesIpv4CidrBlock"])
def test_fields_for_ipv4_take_no_ipv6(field: str) -> None:
    """A well-formed IPv6 CIDR is refused where the field's very name wants IPv4."""
    (finding,) = findings(environment(nodeConfig={"ipAllocationPolicy": {field: "fd00::/64"}}), "MASQ203")
    assert "must be an IPv4 CIDR such as 10.0.0.0/8, but is fd00::/64" in finding.message


@pytest.mark.parametrize(
    ("halves", "whole"),
    [
        (["0.0.0.0/1", "128.0.0.0/1"], "0.0.0.0/0"),
        (["128.0.0.0/2", "0.0.0.0/1", "192.0.0.0/2"], "0.0.0.0/0"),
        (["0.0.0.0/1", "128.0.0.0/2"], None),
    ],
)
def test_everything_in_parts_is_everything(halves: list[str], whole: str | None) -> None:
    """Entries that leave nothing out together are found like the one that says so, and told once."""
    found = findings({"network": NETWORK, "policy": {"egress_nat_policies": [manifest(*halves)]}}, "MASQ308")
    assert [f"cover {whole} together" in finding.message for finding in found] == [True] * (whole is not None)


@pytest.mark.parametrize(
    "observe",
    [
        "dns://ns1.google.com/o-o.myaddr.l.google.com?type=TXT",
        "dns://whoami.akamai.net/whoami.akamai.net",
        "dns://ns1-1.akamaitech.net/whoami.akamai.net",
        "dns://resolver1.opendns.com/myip.opendns.com",
    ],
)
def test_name_servers_that_tell_ones_address_are_public(observe: str) -> None:
    """They are on the internet like any page that tells a caller its address."""
    plan = {"network": NETWORK, "policy": "composer", "targets": [target(observe)]}
    assert len(findings(plan, "MASQ313")) == 1


def test_a_name_of_the_plans_own_hides_no_overlap() -> None:
    """A network with the name Pod is still another network."""
    network = {"pod_ranges": ["192.168.0.0/16"], "other_ranges": {"Pod": ["192.168.0.0/16"]}}
    assert [finding.severity for finding in findings({"network": network}, "MASQ201")] == [Severity.WARNING]


def test_no_address_is_counted_twice() -> None:
    """A range, parts of it and the same again are no more than the range; two halves are the whole."""
    parts = ["192.168.0.0/24", "192.168.0.0/25", "192.168.0.128/25", "192.168.0.0/24"]
    assert findings({"network": {"pod_ranges": parts}}, "MASQ207")
    plan = environment(nodeConfig={"ipAllocationPolicy": {"clusterIpv4CidrBlock": "192.168.0.0/16"}})
    halves = {"pod_ranges": ["192.168.0.0/17", "192.168.128.0/17"]}
    assert not findings({**plan, "network": halves}, "MASQ211")
    assert findings({**plan, "network": {"pod_ranges": halves["pod_ranges"][:1]}}, "MASQ211")


@pytest.mark.timeout(20)
def test_a_plan_of_many_ranges_is_judged_at_once() -> None:
    """As many ranges as a plan may have, all alike or one inside the other, give a bounded number of findings."""
    alike = {"network": {"node_ranges": ["10.0.0.0/8"] * 2000}}
    assert len(findings(alike, "MASQ201")) == 1
    nested = {"network": {"other_ranges": {f"net-{number}": ["10.0.0.0/8"] for number in range(2000)}}}
    found = findings(nested, "MASQ201")
    assert len(found) == 51
    assert sum("Only 50 overlaps are listed, and there are more" in finding.message for finding in found) == 1


def test_errors_are_told_before_what_is_only_worth_knowing() -> None:
    """Among many overlaps, those of the environment itself are always listed."""
    other = {f"net-{number}": ["10.0.0.0/8"] for number in range(20)}
    network = {"node_ranges": ["192.168.0.0/20"], "pod_ranges": ["192.168.0.0/16"], "other_ranges": other}
    severities = [finding.severity for finding in findings({"network": network}, "MASQ201")]
    assert severities.count(Severity.ERROR) == 1


def test_where_a_company_has_all_private_addresses_nothing_is_wrong() -> None:
    """Aggregates of private addresses hold the cluster's ranges and the Docker bridge, and cannot be renumbered."""
    on_premises = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]
    network = {**NETWORK, "pod_ranges": ["100.64.0.0/16"], "other_ranges": {"on-premises": on_premises}}
    found = [*findings({"network": network}, "MASQ201"), *findings({"network": network}, "MASQ206")]
    assert {finding.severity for finding in found} == {Severity.INFO}
    assert all("is a part of the on-premises range 10.0.0.0/8" in finding.message for finding in found)


def test_another_network_in_the_docker_bridge_cannot_be_moved() -> None:
    """The message says that what lies there may be out of reach, and does not ask for another range."""
    (finding,) = findings({"network": {"other_ranges": {"corp": ["10.9.0.0/16", "172.17.9.0/24"]}}}, "MASQ206")
    assert finding.where == "network.other_ranges.corp[1]"
    assert "unreachable" in finding.message
    assert "Use another range" not in finding.message


@pytest.mark.parametrize("cidr", ["127.0.0.0/8", "224.0.0.0/16", "169.254.0.0/16", "0.0.0.0/8", "0.0.0.0/0"])
@pytest.mark.parametrize("may_be_public", [True, False])
def test_what_no_host_can_have_is_no_public_address_space(cidr: str, *, may_be_public: bool) -> None:
    """Loopback, multicast and the like are refused even where public addresses may be used privately."""
    plan = {**_private(enablePrivatelyUsedPublicIps=may_be_public), "network": {"pod_ranges": [cidr]}}
    (finding,) = findings(plan, "MASQ204")
    assert "No host can have an address in" in finding.message
    assert "enablePrivatelyUsedPublicIps" not in finding.message


def test_public_ranges_may_be_used_privately_where_that_is_said() -> None:
    """With the field a public range is no finding, without it one."""
    for may_be_public, count in ((True, 0), (False, 1)):
        plan = {**_private(enablePrivatelyUsedPublicIps=may_be_public), "network": {"pod_ranges": ["8.0.0.0/16"]}}
        assert len(findings(plan, "MASQ204")) == count


def test_ipv6_in_a_block_for_googles_side_has_no_width() -> None:
    """The message says that it must be IPv4, and not that it is too large."""
    plan = _private(cloudSqlIpv4CidrBlock="fd00::/32")
    assert codes(plan) & {"MASQ203", "MASQ205"} == {"MASQ203"}


@pytest.mark.parametrize(
    ("stated", "where"),
    [(None, "environment.config.workloadsConfig.worker.maxCount"), (50, "network.workers")],
)
def test_the_environments_own_workers_want_room_too(stated: int | None, where: str) -> None:
    """Where the plan does not say how many workers are wanted, the environment's own bound counts."""
    network = {**NETWORK, "pod_ranges": ["192.168.0.0/22"], **({} if stated is None else {"workers": stated})}
    plan = {**environment(workloadsConfig={"worker": {"maxCount": 40}}), "network": network}
    (finding,) = findings(plan, "MASQ209")
    assert finding.where == where
    plan["network"] = {**NETWORK, "workers": stated} if stated else NETWORK
    assert not findings(plan, "MASQ209")
