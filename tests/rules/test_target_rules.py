"""The fine points of the rules about targets, MASQ309 to MASQ314."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_masq.network.provenance import Provenance
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

NODES, PODS = "10.128.0.0/20", "192.168.0.0/16"
ERP = "http://172.20.0.10:8080/client-ip"
PUBLIC = "http://192.175.48.80/"


def _plan(observe: str = ERP, policy: object = "composer", **settings: object) -> dict[str, Any]:
    network = {**NETWORK, "nat_addresses": ["203.0.113.7"]}
    return {"network": network, "policy": policy, "targets": [target(observe, **settings)]}


def _message(plan: dict[str, Any]) -> str:
    (finding,) = findings(plan, "MASQ310")
    assert finding.where == "targets[0].allowed_sources"
    return finding.message


@pytest.mark.parametrize(
    ("observe", "policy", "expect", "count"),
    [
        ("http://10.128.15.200/", "composer", None, 1),
        ("http://192.168.3.4/", "composer", "node", 1),
        ("http://10.96.0.1/", "gke-default", None, 1),
        ("http://169.254.169.254/", "composer", None, 1),
        ("http://10.128.15.200/", "composer", "pod", 0),
        (ERP, "composer", None, 0),
        (ERP, "gke-default", None, 0),
        ("http://10.128.15.200/", {"agent_config": "nonMasqueradeCIDRs: []"}, "node", 0),
        ("http://observer.example/", "composer", None, 0),
    ],
)
def test_an_observer_proves_something_only_outside_the_cluster(
    observe: str, policy: object, expect: str | None, count: int
) -> None:
    """One in the node, Pod or Service ranges, or link-local, is found unless it is there to see Pods."""
    settings = {} if expect is None else {"expect": expect}
    plan = _plan(observe, policy, **settings)
    assert len(findings(plan, "MASQ309")) == count
    if count:
        assert not codes(plan) & {"MASQ311", "MASQ314"}


def test_the_pages_own_example_reads_like_an_experts_answer() -> None:
    """Pods in 192.168.0.0/16, a firewall for 10.0.0.0/8, no agent: what happens, why, and that the agent fixes it."""
    plan = {
        **environment(nodeConfig={"enableIpMasqAgent": False}),
        "network": NETWORK,
        "targets": [target(ERP, allowed_sources=["10.0.0.0/8"])],
    }
    (finding,) = findings(plan, "MASQ310")
    assert finding.message == (
        "erp (172.20.0.10) lets in only 10.0.0.0/8, but workers reach it with their Pod's address in 192.168.0.0/16 "
        "(GKE's default list exempts 172.16.0.0/12 from masquerading), so its firewall drops them. With the IP "
        "masquerade agent they come with their node's address in 10.128.0.0/20, which it lets in: create the "
        "environment with enableIpMasqAgent: true."
    )
    assert (finding.severity, finding.provenance) == (Severity.ERROR, Provenance.DOCUMENTED)
    assert not findings({**plan, **environment(nodeConfig={"enableIpMasqAgent": True})}, "MASQ310")


def test_where_the_agent_would_not_help_the_firewall_must_change() -> None:
    """A firewall that knows neither Pods nor nodes stops the plan all the same, and the message names both."""
    plan = _plan(policy="gke-default", allowed_sources=["10.200.0.0/16"])
    message = _message(plan)
    assert "The agent alone does not help: with it, workers come with their node's address in 10.128.0.0/20" in message
    assert message.endswith(
        "Ask the firewall's team to let in 192.168.0.0/16, or enable the agent and ask for 10.128.0.0/20."
    )
    assert findings(plan, "MASQ310")[0].severity is Severity.ERROR


def test_with_the_agent_the_nodes_must_be_let_in() -> None:
    """Masqueraded traffic that a firewall keeps out needs that firewall to change, and nothing else."""
    assert _message(_plan(allowed_sources=["10.200.0.0/16"])).endswith(
        "Ask the firewall's team to let in 10.128.0.0/20."
    )


def test_what_is_never_masqueraded_is_helped_by_no_agent() -> None:
    """A service among the nodes sees Pods in any case."""
    message = _message(_plan("http://10.128.15.200/", allowed_sources=["10.0.0.0/8"]))
    assert "The agent does not change this" in message
    assert "GKE's fixed policy exempts 10.128.0.0/20" in message


def test_on_the_internet_cloud_nats_address_must_be_let_in() -> None:
    """A public service needs Cloud NAT's address in its list, and is content with it there."""
    message = _message(_plan(PUBLIC, allowed_sources=["10.0.0.0/8"]))
    assert "through Cloud NAT, with its address in 203.0.113.7, so" in message
    assert message.endswith("Ask the firewall's team to let in 203.0.113.7.")
    assert not findings(_plan(PUBLIC, allowed_sources=["203.0.113.0/24"]), "MASQ310")


def test_a_nodes_external_address_is_never_a_private_one() -> None:
    """Where nodes are public, a firewall for private ranges keeps them out, with any addresses."""
    plan = _plan(PUBLIC, allowed_sources=["10.0.0.0/8"])
    message = _message({**plan, "network": {**NETWORK, "public_nodes": True}})
    assert "with their node's external address, which this plan does not name, so" in message
    assert message.endswith("Ask the firewall's team to let in that address.")


def test_without_any_translation_the_cause_is_told() -> None:
    """Where nothing is masqueraded at all, the message says that instead of a range."""
    assert "(nothing is masqueraded)" in _message(_plan(policy="none", allowed_sources=["10.0.0.0/8"]))


def test_unknown_nodes_are_not_promised_to_be_let_in() -> None:
    """If the node range is not known, the message does not promise that the agent helps."""
    plan = {**_plan(policy="gke-default", allowed_sources=["10.0.0.0/8"]), "network": {"pod_ranges": [PODS]}}
    message = _message(plan)
    assert "which this plan does not name" in message
    assert message.endswith("or enable the agent and ask for that address.")


def test_where_the_flag_is_set_another_policy_is_the_cause() -> None:
    """If the plan asks for the agent, its stated policy is the obstacle, and creation does not change that."""
    plan = {**_plan(policy="gke-default", allowed_sources=["10.0.0.0/8"]), **environment()}
    plan["environment"]["config"]["nodeConfig"] = {"enableIpMasqAgent": True}
    (finding,) = findings(plan, "MASQ310")
    assert finding.severity is Severity.ERROR
    assert finding.message.endswith("which it lets in: remove policy from the plan.")


@pytest.mark.parametrize(("image", "is_helped"), [(COMPOSER_1, True), (COMPOSER_2, False)])
def test_the_agent_of_composer_1_masquerades_towards_nodes_too(image: str, *, is_helped: bool) -> None:
    """Only Autopilot's fixed policy keeps Pod addresses towards nodes; a Standard cluster of Composer 1 has none."""
    plan = {**_plan("http://10.128.15.200/", "gke-default", allowed_sources=["10.0.0.0/8"]), **environment(image)}
    assert ("create the environment with enableIpMasqAgent" in _message(plan)) is is_helped


def test_a_config_that_no_agent_reads_wants_its_agent() -> None:
    """Where the agent's DaemonSet is missing, the way out is to run it, unless its list would not help either."""
    helpful, useless = (f"nonMasqueradeCIDRs: [{cidr}]" for cidr in (PODS, "0.0.0.0/0"))
    policy = {"agent_config": helpful, "daemon_set": False}
    message = _message(_plan(policy=policy, allowed_sources=["10.0.0.0/8"]))
    assert "With the agent running they come with their node's address in 10.128.0.0/20, which it lets in" in message
    assert message.endswith(": deploy its DaemonSet.")
    policy = {"agent_config": useless, "daemon_set": False}
    assert "deploy" not in _message(_plan(policy=policy, allowed_sources=["10.0.0.0/8"]))


def test_what_the_agent_would_lose_on_the_way_is_told() -> None:
    """Where Cloud NAT covers Pods only, masqueraded packets to the internet would not even reach the firewall."""
    plan = _plan(PUBLIC, "none", allowed_sources=["10.0.0.0/8"])
    plan["network"]["nat_covers"] = ["pod"]
    assert "which it lets in" not in _message(plan)


def test_the_agent_may_help_in_part() -> None:
    """A firewall for some nodes only is not said to keep all of them out."""
    message = _message(_plan(policy="gke-default", allowed_sources=["10.128.0.0/21"]))
    assert "with their node's address in 10.128.0.0/20, of which it lets in only a part. Ask" in message


def test_where_the_list_is_ones_own_it_is_to_be_corrected() -> None:
    """With a list of everything, the way out is a better list and no new environment."""
    policy = {"agent_config": "nonMasqueradeCIDRs: [0.0.0.0/0]"}
    assert _message(_plan(policy=policy, allowed_sources=["10.0.0.0/8"])).endswith("correct the list under policy.")


@pytest.mark.parametrize(
    ("allowed", "count"),
    [
        (["10.128.0.0/21"], 1),
        (["10.128.0.0/21", "10.128.8.0/21"], 0),
        (["10.128.0.5/32"], 1),
        (["0.0.0.0/0"], 0),
        ([NODES], 0),
    ],
)
def test_a_firewall_for_some_nodes_is_told(allowed: list[str], count: int) -> None:
    """Where only a part of the nodes may enter, whether a worker gets through depends on its node."""
    found = findings(_plan(allowed_sources=allowed), "MASQ310")
    assert [finding.severity for finding in found] == [Severity.WARNING] * count
    assert all("only a part of 10.128.0.0/20" in finding.message for finding in found)


@pytest.mark.parametrize(
    ("policy", "expect", "count"),
    [
        ("composer", "node", 0),
        ("composer", "pod", 1),
        ("composer", None, 0),
        ("gke-default", "node", 1),
        ("gke-default", "pod", 0),
    ],
)
def test_an_expectation_must_follow_from_the_plan(policy: str, expect: str | None, count: int) -> None:
    """What is expected and not predicted is found, what is predicted is not."""
    settings = {} if expect is None else {"expect": expect}
    assert len(findings(_plan(policy=policy, **settings), "MASQ311")) == count


def test_one_cause_is_told_once() -> None:
    """Where a firewall keeps workers out, that the expectation fails too is not repeated; nor where NAT loses them."""
    assert codes(_plan(policy="gke-default", expect="node", allowed_sources=["10.0.0.0/8"])) == {"MASQ310"}
    lost = {**_plan(PUBLIC, expect="nat"), "network": NETWORK}
    assert codes(lost) == {"MASQ210"}
    assert codes(_plan(PUBLIC, expect="node")) == {"MASQ313"}


@pytest.mark.parametrize(
    ("observe", "policy", "network", "words"),
    [
        (ERP, "composer", {}, "network.node_ranges is missing"),
        (ERP, "composer", {"node_ranges": ["fd01::/64"]}, "network.node_ranges has no IPv4 range"),
        (ERP, "gke-default", {}, "network.pod_ranges is missing"),
        (PUBLIC, "composer", {"nat_covers": ["node"]}, "network.nat_addresses is missing"),
        (PUBLIC, "composer", {"public_nodes": True}, "not known in advance"),
        (PUBLIC, "composer", {"nat_covers": ["node"], "nat_addresses": ["203.0.113.7"]}, None),
        (ERP, "composer", NETWORK, None),
    ],
)
def test_what_a_firewall_cannot_be_judged_by_is_named(
    observe: str, policy: str, network: dict[str, Any], words: str | None
) -> None:
    """Missing addresses are asked for by name, and known ones are not."""
    named = network or {"other_ranges": {"on-premises": ["172.20.0.0/16"]}}
    plan = {**_plan(observe, policy, allowed_sources=["203.0.113.0/24", "10.0.0.0/8"]), "network": named}
    found = findings(plan, "MASQ312")
    assert [words in finding.message for finding in found if words] == [True] * (words is not None)
    assert len(found) == (words is not None)


@pytest.mark.parametrize(
    ("observe", "words"), [("https://erp.example/ip", "by name (erp.example)"), ("airflow://erp", "by a connection")]
)
def test_names_are_not_resolved_and_that_is_said(observe: str, words: str) -> None:
    """Where a target's address is not known, its firewall is not judged; without a firewall there is nothing to say."""
    (finding,) = findings(_plan(observe, allowed_sources=["10.0.0.0/8"]), "MASQ312")
    assert (words in finding.message, finding.severity) == (True, Severity.INFO)
    assert not codes(_plan(observe))


@pytest.mark.parametrize(
    ("observe", "settings", "count"),
    [
        ("https://ifconfig.me/ip", {}, 1),
        ("https://API.ipify.org/", {}, 1),
        ("stun://stun.l.google.com:19302", {}, 1),
        (PUBLIC, {}, 1),
        (PUBLIC, {"expect": "nat"}, 0),
        (PUBLIC, {"expect": "node-external"}, 0),
        (PUBLIC, {"allowed_sources": ["203.0.113.7/32"]}, 0),
        (PUBLIC, {"policy": "none"}, 0),
        ("https://ifconfig.me/ip", {"policy": "none"}, 0),
        ("https://ifconfig.me/ip", {"policy": "gke-default"}, 1),
        ("https://notifconfig.me/ip", {}, 0),
        ("https://observer.example/ip", {}, 0),
        ("airflow://observer", {}, 0),
        (ERP, {}, 0),
        ("http://[2600:1900::80]/", {}, 0),  # by IPv6 the Pod is seen, which is MASQ314's to say
    ],
)
def test_a_public_observer_needs_another_reason(observe: str, settings: dict[str, Any], count: int) -> None:
    """A public address, or a page known to be public, is found where nothing else is asked of it."""
    assert len(findings(_plan(observe, **settings), "MASQ313")) == count


def test_a_public_address_that_is_routed_privately_is_no_public_observer() -> None:
    """A network that the plan names is reached privately, also if its addresses are public."""
    plan = _plan(PUBLIC)
    plan["network"]["other_ranges"] = {"peered": ["192.175.48.0/24"]}
    assert not findings(plan, "MASQ313")


@pytest.mark.parametrize(
    ("observe", "settings", "count"),
    [
        ("http://[fd20::10]/", {}, 1),
        ("http://[fd20::10]/", {"expect": "node"}, 1),
        ("http://[fd20::10]/", {"allowed_sources": ["10.0.0.0/8"]}, 1),
        ("http://[fd20::10]/", {"expect": "pod"}, 0),
        ("http://[::ffff:172.20.0.10]/", {}, 0),
        (ERP, {}, 0),
    ],
)
def test_ipv6_passes_by_the_agent(observe: str, settings: dict[str, Any], count: int) -> None:
    """A target by IPv6 is found, once; a mapped IPv4 address is IPv4."""
    plan = _plan(observe, **settings)
    assert len(findings(plan, "MASQ314")) == count
    if count:
        assert not codes(plan) & {"MASQ311"}


def test_a_firewall_without_ipv6_keeps_out_who_comes_by_it() -> None:
    """A target by IPv6 whose firewall knows IPv4 only is one that no worker reaches; the agent is no help."""
    plan = _plan("http://[fd20::10]/", allowed_sources=["10.0.0.0/8"])
    assert _message(plan) == (
        "erp (fd20::10) lets in only 10.0.0.0/8, but workers reach it with their Pod's address, which this plan does "
        "not name (IPv6 is not masqueraded), so its firewall drops them. The agent does not change this. Ask the "
        "firewall's team to let in that address, or use the service's IPv4 address."
    )
    assert not findings(_plan("http://[fd20::10]/"), "MASQ310")


@pytest.mark.parametrize(
    ("pods", "allowed", "codes_about_the_firewall"),
    [
        ([PODS], ["fd00::/8"], {"MASQ312"}),
        ([PODS, "fd00::/64"], ["fd00::/8"], set()),
        ([PODS, "fd00::/64"], ["fd00::/96"], {"MASQ310"}),
        ([PODS, "fd00::/64"], ["fd01::/64"], {"MASQ310"}),
    ],
)
def test_a_firewall_for_ipv6_is_judged_by_the_pods_ipv6_range(
    pods: list[str], allowed: list[str], codes_about_the_firewall: set[str]
) -> None:
    """What comes by IPv6 is held against the Pods' IPv6 range, and where the plan has only IPv4 ones, that is said."""
    plan = _plan("http://[fd20::10]/", allowed_sources=allowed)
    plan["network"]["pod_ranges"] = pods
    assert codes(plan) & {"MASQ310", "MASQ312"} == codes_about_the_firewall
    assert all("network.pod_ranges has no IPv6 range" in each.message for each in findings(plan, "MASQ312"))


@pytest.mark.parametrize(("settings", "count"), [({"enable_ipv6": True}, 0), ({"enable_ipv6": False}, 1), ({}, 1)])
def test_an_agent_for_ipv6_is_not_passed_by(settings: dict[str, bool], count: int) -> None:
    """Where the plan's agent masquerades IPv6, a target by IPv6 is no exception."""
    agent = {"agent_config": f"nonMasqueradeCIDRs: [{NODES}, {PODS}]", **settings}
    plan = _plan("http://[fd20::10]/", agent)
    plan["network"]["other_ranges"] = {"on-premises": ["fd20::/64"]}
    assert len(findings(plan, "MASQ314")) == count


def test_pods_are_not_taken_for_nodes_where_their_ranges_overlap() -> None:
    """A plan whose Pod range begins with the node range still gets the answer about Pods."""
    plan = _plan(policy="gke-default", allowed_sources=["10.200.0.0/16"])
    plan["network"] = {"node_ranges": [NODES], "pod_ranges": ["10.128.0.0/14"]}
    assert "with their Pod's address in 10.128.0.0/14" in _message(plan)
    plan["network"]["pod_ranges"] = [NODES]
    assert "with their Pod's address in 10.128.0.0/20" in _message(plan)


def test_a_target_in_the_first_nodes_block_is_judged_from_another_node() -> None:
    """A Pod as a target is not taken for one on the worker's own node."""
    (finding,) = findings(_plan("http://192.168.0.3/", allowed_sources=["10.0.0.0/8"]), "MASQ310")
    assert "exempts 192.168.0.0/16" in finding.message


def test_the_agent_is_not_advised_for_composer_3() -> None:
    """Nothing is predicted for nodes that are not in the project, so no rule about targets has anything to say."""
    plan = {**_plan(policy="gke-default", allowed_sources=["10.0.0.0/8"]), **environment(COMPOSER_3)}
    assert codes(plan) == {"MASQ101"}


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "[::1]", "[ff02::1]"])
def test_an_address_that_no_packet_travels_to_proves_nothing(address: str) -> None:
    """A loopback or multicast address is named as such, and nothing is said about its firewall."""
    plan = _plan(f"http://{address}:8080/", allowed_sources=["10.0.0.0/8"], expect="node")
    (finding,) = findings(plan, "MASQ309")
    assert "do not leave the Pod" in finding.message
    assert codes(plan) == {"MASQ309"}


@pytest.mark.parametrize(
    ("observe", "words"),
    [
        ("http://169.254.169.254/", "is link-local"),
        ("http://10.128.15.200/", "is in the cluster's own ranges"),
    ],
)
def test_where_an_observer_stands_is_told(observe: str, words: str) -> None:
    """What never leaves the node and what lies in the cluster's ranges are told apart; neither firewall is judged."""
    (finding,) = findings(_plan(observe), "MASQ309")
    assert words in finding.message


def test_no_team_is_asked_for_a_firewall_on_the_node_itself() -> None:
    """A link-local target with a firewall proves nothing, and no message asks to let Pods in."""
    assert codes(_plan("http://169.254.169.254/", allowed_sources=["10.0.0.0/8"])) == {"MASQ309"}


def test_a_node_range_that_is_too_wide_is_suspected() -> None:
    """If the node ranges contain all machines, as the page's example suggests, the message says to narrow them."""
    plan = _plan("http://10.20.0.5/", "gke-default", allowed_sources=["10.0.0.0/8"])
    plan["network"] = {"node_ranges": ["10.0.0.0/8"], "pod_ranges": [PODS]}
    assert "If network.node_ranges names more than the cluster's own subnetwork, correct that first." in _message(plan)
    plan["network"]["node_ranges"] = [NODES]
    assert "With a list of the cluster's own ranges only they come with their node's address" in _message(plan)


def test_a_plan_without_an_environment_is_not_told_to_create_one() -> None:
    """A cluster of GKE's that is not known to be Composer's is mended by its own policy."""
    message = _message(_plan(policy="gke-default", allowed_sources=["10.0.0.0/8"]))
    assert message.endswith(
        "lets in: list only these, in the EgressNATPolicy default (Autopilot) or the agent's config (Standard)."
    )
    assert "omposer" not in message


def test_expecting_pods_behind_a_firewall_for_nodes_is_a_contradiction() -> None:
    """No message advises masquerading for a target that must see Pods."""
    message = _message(_plan(policy="gke-default", allowed_sources=["10.0.0.0/8"], expect="pod"))
    assert message.endswith(
        "This contradicts expect: pod. Ask the firewall's team to let in 192.168.0.0/16, or remove expect."
    )


def test_an_object_beside_the_default_one_does_not_stand_in_its_place() -> None:
    """Where GKE's own object exempts a target, the way out is an object of that name, and no better list."""
    policy = {"egress_nat_policies": [manifest(NODES, PODS, name="no-snat-cluster")]}
    message = _message(_plan(policy=policy, allowed_sources=["10.0.0.0/8"]))
    assert "GKE's default list exempts 172.16.0.0/12" in message
    assert message.endswith(
        "lets in: replace GKE's EgressNATPolicy with such an object, and remove the destination from the others."
    )


def test_an_entry_that_is_not_the_only_one_to_blame_is_not_the_only_advice() -> None:
    """Where GKE's object and one of the plan's own exempt a target, both are named; beside Composer's, the own one."""
    both = _plan(
        policy={"egress_nat_policies": [manifest("172.20.0.0/16", name="mine")]}, allowed_sources=["10.0.0.0/8"]
    )
    assert codes(both) >= {"MASQ307", "MASQ310"}
    assert "remove the destination from the others" in _message(both)
    own = {**both, **environment(nodeConfig={"enableIpMasqAgent": True})}
    assert codes(own) & {"MASQ307", "MASQ310"} == {"MASQ307"}


def test_a_long_list_of_allowed_sources_is_shortened() -> None:
    """A firewall of hundreds of ranges does not fill the screen."""
    allowed = [f"10.200.{number}.0/24" for number in range(200)]
    message = _message(_plan(allowed_sources=allowed))
    assert "10.200.9.0/24 and 190 more, but" in message
    assert len(message) < 500


def test_googles_apis_are_not_on_the_internet() -> None:
    """A target at restricted.googleapis.com needs no Cloud NAT and is no public observer; its neighbour is both."""
    network = {**NETWORK, "public_nodes": False}
    plans = [{**_plan(f"http://{address}/"), "network": network} for address in ("199.36.153.4", "199.36.153.12")]
    assert [codes(plan) & {"MASQ210", "MASQ313"} for plan in plans] == [set(), {"MASQ210", "MASQ313"}]


@pytest.mark.parametrize(
    "host",
    [
        "checkip.amazonaws.com",
        "checkip.dyndns.org",
        "whatismyip.akamai.com",
        "whoami.akamai.net",
        "www.cloudflare.com",
        "httpbin.org",
        "ipv4.icanhazip.com",
        "v4.ident.me",
        "ifconfig.co",
        "ifconfig.me",
        "ip.me",
        "api.ipify.org",
        "ipinfo.io",
        "stun.l.google.com",
        "ns1.google.com",
        "ns2.google.com",
        "ns3.google.com",
        "ns4.google.com",
        "resolver1.opendns.com",
        "myip.opendns.com",
        "api.myip.com",
        "whoami.ds.akahelp.net",
    ],
)
def test_well_known_public_observers_are_known(host: str) -> None:
    """Each of the services that answer anyone on the internet is found, and a company's own name is not."""
    assert len(findings(_plan(f"https://{host}/"), "MASQ313")) == 1
    assert not findings(_plan(f"https://{host}.corp.example/"), "MASQ313")
