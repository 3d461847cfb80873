"""The firewall request asks for what is needed, says why, and is harmless wherever it is opened."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any

import pytest

from airflow_masq.exceptions import InexpressibleError
from airflow_masq.plan import Plan, load_plan_from_mapping
from airflow_masq.renderings import RENDERINGS
from airflow_masq.rules import lint
from tests.renderings.examples import PAGE

SNAPSHOT = Path(__file__).with_name("firewall_request.md")
NETWORK: dict[str, Any] = {
    "node_ranges": ["10.128.0.0/20", "10.129.0.0/20"],
    "pod_ranges": ["192.168.0.0/16"],
    "other_ranges": {"on-premises": ["172.20.0.0/16"]},
    "nat_addresses": ["203.0.113.7"],
    "nat_covers": ["node"],
}
# The page's own example: only 10.0.0.0/8 may enter, and Pods have 192.168.0.0/16.
ERP = {"name": "onprem-erp", "observe": "http://172.20.0.10:8080/ip", "allowed_sources": ["10.0.0.0/8"]}
UNDESCRIBED = {"name": "onprem-erp", "observe": "http://172.20.0.10:8080/ip"}

render = RENDERINGS["firewall-request"]


def plan_with(
    *targets: dict[str, Any], policy: object = "composer", environment: dict[str, Any] = PAGE, **network: object
) -> Plan:
    """Make a plan with targets."""
    mapping = {"environment": environment, "network": NETWORK | network, "targets": list(targets), "policy": policy}
    return load_plan_from_mapping(mapping, source="plan")


def row(
    target: dict[str, Any], policy: object = "composer", environment: dict[str, Any] = PAGE, **network: object
) -> dict[str, str]:
    """Give the CSV line of the one target."""
    text = RENDERINGS["firewall-request-csv"](plan_with(target, policy=policy, environment=environment, **network))
    (only,) = csv.DictReader(io.StringIO(text))
    return only


def test_the_whole_document() -> None:
    """The document is, word by word, what people will read."""
    public = {"name": "public_api", "observe": "https://192.175.48.9/ip", "allowed_sources": ["198.51.100.0/24"]}
    named = {"name": "named", "observe": "dns://ns.example.com/who?type=TXT"}
    assert render(plan_with(ERP, public, named)) == SNAPSHOT.read_text(encoding="utf-8")


def test_the_csv_is_the_same_inside_and_alone() -> None:
    """The Markdown ends with the very CSV that tools get."""
    plan = plan_with(ERP)
    alone = RENDERINGS["firewall-request-csv"](plan)
    assert render(plan).endswith(f"## The same as CSV\n\n```csv\n{alone}```\n")


def test_the_pages_own_example() -> None:
    """With the agent the service gets requests from the nodes, which its firewall accepts; without it drops them."""
    line = row(ERP)
    assert (line["source_before"], line["let_in_before"]) == ("192.168.0.0/16", "no")
    assert (line["source_after"], line["let_in_after"]) == ("10.128.0.0/20, 10.129.0.0/20", "yes")
    assert (line["destination"], line["port"], line["protocol"]) == ("172.20.0.10", "8080", "TCP")
    assert line["request"] == "Nothing; the firewall lets in 10.128.0.0/20, 10.129.0.0/20."
    assert line["otherwise"] == (
        "Tasks connect; without the agent the firewall would drop packets from 192.168.0.0/16."
    )


def test_without_the_agent() -> None:
    """Where the agent would do, the request says so and asks for no rule for Pods; it says why there is trouble."""
    line = row(ERP, policy="gke-default", environment={"config": {"nodeConfig": {"enableIpMasqAgent": False}}})
    assert line["source_after"] == "192.168.0.0/16"
    assert line["request"] == (
        "No rule for Pods: create the environment with enableIpMasqAgent: true instead. "
        "Packets then come from 10.128.0.0/20, 10.129.0.0/20, which the firewall lets in."
    )
    assert line["reason"].startswith("The nodes keep the Pod's address (DESTINATION_IP_IN_DEFAULT_NON_MASQ")
    assert "by 172.16.0.0/12" in line["reason"]
    assert line["otherwise"] == "The firewall drops the packets; tasks wait for their time-out."


def test_without_an_environment() -> None:
    """A plan of a cluster that is not known to be Composer's is not told to create an environment."""
    step = "list only these, in the EgressNATPolicy default (Autopilot) or the agent's config (Standard)"
    assert row(ERP, policy="gke-default", environment={})["request"].startswith(f"No rule for Pods: {step} instead.")


@pytest.mark.parametrize(
    ("policy", "step"),
    [
        ("gke-default", "remove policy from the plan"),
        ({"agent_config": "nonMasqueradeCIDRs: [0.0.0.0/0]"}, "correct the list under policy"),
        ({"agent_config": "nonMasqueradeCIDRs: [192.168.0.0/16]", "daemon_set": False}, "deploy its DaemonSet"),
    ],
)
def test_the_request_and_the_rule_advise_the_same(policy: object, step: str) -> None:
    """The firewall request and MASQ310 name the same remedy for workers that are not masqueraded."""
    plan = plan_with(ERP, policy=policy)
    assert f"No rule for Pods: {step} instead." in render(plan)
    (finding,) = (finding for finding in lint(plan) if finding.code == "MASQ310")
    assert finding.message.endswith(f": {step}.")


@pytest.mark.parametrize(
    ("policy", "allowed_sources", "image"),
    [
        ("gke-default", ["172.16.0.0/12"], "composer-2.17.9-airflow-2.11.1"),
        ("gke-default", [], "composer-2.17.9-airflow-2.11.1"),
    ],
)
def test_where_the_agent_would_mend_nothing(policy: str, allowed_sources: list[str], image: str) -> None:
    """Where the agent's sources are let in as little, the request is for the Pods' range."""
    mapping = {
        "environment": {"config": {"softwareConfig": {"imageVersion": image}}},
        "network": NETWORK,
        "targets": [UNDESCRIBED | ({"allowed_sources": allowed_sources} if allowed_sources else {})],
        "policy": policy,
    }
    assert "| Let in 192.168.0.0/16 to 172.20.0.10" in render(load_plan_from_mapping(mapping, source="plan"))


@pytest.mark.parametrize(
    ("image", "request_"),
    [
        ("composer-1.20.12-airflow-2.4.3", "No rule for Pods: create the environment with enableIpMasqAgent"),
        ("composer-2.17.9-airflow-2.11.1", "Let in 192.168.0.0/16 to 10.128.0.9"),
    ],
)
def test_among_the_nodes_only_composer_1_masquerades(image: str, request_: str) -> None:
    """Autopilot's fixed policy keeps Pod addresses towards nodes; a Standard cluster has no such policy."""
    mapping = {
        "environment": {"config": {"softwareConfig": {"imageVersion": image}}},
        "network": NETWORK,
        "targets": [ERP | {"observe": "http://10.128.0.9/ip"}],
    }
    assert f"| {request_}" in render(load_plan_from_mapping(mapping, source="plan"))


def test_composer_3_has_no_nodes_to_ask_for() -> None:
    """Nodes and Pods of Composer 3 are out of the project's network, so no request can add them."""
    mapping = {
        "environment": {"config": {"softwareConfig": {"imageVersion": "composer-3-airflow-2"}}},
        "network": NETWORK,
        "targets": [ERP],
    }
    with pytest.raises(InexpressibleError, match="Composer 3 keeps its nodes and Pods out of your network"):
        render(load_plan_from_mapping(mapping, source="plan"))


def test_no_source_translation_at_all() -> None:
    """Where no range decided, none is named."""
    assert "by " not in row(ERP, policy="none")["reason"]


def test_what_was_let_in_before_is_no_merit_of_the_agent() -> None:
    """Where the firewall lets Pods in anyway, nothing is said about dropping them."""
    assert row(ERP | {"allowed_sources": ["0.0.0.0/0"]})["otherwise"] == "Tasks connect."


def test_a_firewall_that_the_plan_does_not_describe() -> None:
    """If the plan does not say what the firewall lets in, the request is written without a prediction."""
    line = row({"name": "a", "observe": "http://172.20.0.10/"})
    assert (line["let_in_before"], line["let_in_after"], line["allowed_sources"]) == ("not known", "not known", "")
    assert line["request"].startswith("Let in 10.128.0.0/20, 10.129.0.0/20 to 172.20.0.10, port 80, TCP.")
    assert line["otherwise"].startswith("If the firewall does not let all of them in")


@pytest.mark.parametrize("allowed", ["10.128.0.0/20", "10.128.0.0/21", "10.129.15.255/32"])
def test_a_firewall_that_lets_in_a_part(allowed: str) -> None:
    """A firewall that lets in a part of the nodes, which is known and said, is asked for all of them."""
    line = row(ERP | {"allowed_sources": [allowed]})
    assert (line["let_in_before"], line["let_in_after"]) == ("no", "in part")
    assert line["request"] == (
        "Let in all of 10.128.0.0/20, 10.129.0.0/20 to 172.20.0.10, port 8080, TCP; so far only a part is let in."
    )
    assert line["otherwise"] == "Some tasks connect; the others wait for their time-out."
    assert f"| {allowed} | 192.168.0.0/16 | no | 10.128.0.0/20, 10.129.0.0/20 | in part | Let in all of " in render(
        plan_with(ERP | {"allowed_sources": [allowed]})
    )


@pytest.mark.parametrize(
    ("network", "after", "request_"),
    [
        ({}, "203.0.113.7/32", "Let in 203.0.113.7/32 to 192.175.48.9, port 3478, UDP."),
        (
            {"nat_addresses": []},
            "Cloud NAT's addresses, which the plan does not name",
            "Find out the source first: Cloud NAT's addresses, which the plan does not name.",
        ),
        (
            {"public_nodes": True},
            "the nodes' external addresses, which no plan names",
            "Find out the source first: the nodes' external addresses, which no plan names.",
        ),
        (
            {"nat_covers": ["pod"]},
            "none, since the packet is lost on the way",
            "No rule helps: the plan's Cloud NAT must cover this traffic first.",
        ),
    ],
)
def test_a_public_destination(network: dict[str, Any], after: str, request_: str) -> None:
    """On the way to the internet the source becomes another, is not known, or never arrives."""
    line = row({"name": "a", "observe": "stun://192.175.48.9"}, **network)
    assert (line["source_after"], line["request"]) == (after, request_)


def test_what_is_lost_before_the_firewall() -> None:
    """A packet that Cloud NAT does not translate is no firewall's doing."""
    line = row({"name": "a", "observe": "http://192.175.48.9", "allowed_sources": ["0.0.0.0/0"]}, nat_covers=["pod"])
    assert line["let_in_after"] == "not known"
    assert line["otherwise"].startswith("Packets are lost before they reach the firewall")


def test_ipv6() -> None:
    """To an IPv6 destination go IPv6 sources, or such as the plan does not name."""
    target = {"name": "a", "observe": "http://[fd00:1::1]/"}
    assert row(target)["source_after"] == "Pod addresses of that IP version, which the plan does not name"
    both = row(target, pod_ranges=["192.168.0.0/16", "fd00:2::/112"])
    assert both["source_after"] == "fd00:2::/112"


@pytest.mark.parametrize(
    ("observe", "destination", "port"),
    [("https://erp.example.com/ip", "erp.example.com", "443"), ("airflow://My_Conn", "connection My_Conn", "")],
)
def test_a_target_without_an_address(observe: str, destination: str, port: str) -> None:
    """Where the plan has a name or a connection only, the request says that the address comes first."""
    line = row({"name": "a", "observe": observe})
    assert (line["destination"], line["port"]) == (destination, port)
    assert (line["source_before"], line["source_after"]) == ("not known", "not known")
    assert line["request"] == "Find out the target's address first; the plan does not name it."


def test_a_pod_range_of_one_address() -> None:
    """A Pod range may be as small as it likes."""
    assert row(ERP, policy="none", pod_ranges=["192.168.0.1/32"])["source_after"] == "192.168.0.1/32"


def test_an_environment_without_a_name() -> None:
    """A plan without an environment still has its targets."""
    plan = load_plan_from_mapping({"network": NETWORK, "targets": [ERP]}, source="plan")
    assert render(plan).startswith("# Firewall request for a Cloud Composer environment\n")


def test_markdown_stays_text() -> None:
    """A name that would be a link, a heading or a cell border stays a name, and one line."""
    name = "[a](http://evil.example)|b\n# c <script>`\x1b[2J"
    text = render(
        load_plan_from_mapping({"environment": {"name": name}, "network": NETWORK, "targets": [ERP]}, source="p")
    )
    title = text.splitlines()[0]
    assert title == r"# Firewall request for ``[a](http://evil.example)|b\n# c <script>`\x1b[2J``"
    assert "\x1b" not in text


def test_no_name_becomes_a_link() -> None:
    """Names of targets, hosts and ranges that look like web addresses are in code spans only."""
    target = {"name": "www.evil.example", "observe": "http://www.evil.example/"}
    named = {"name": "b", "observe": "http://172.20.0.10/"}
    plan = plan_with(target, named, other_ranges={"www.evil.example": ["172.20.0.0/16"]})
    prose = re.sub(r"`[^`]*`", "", render(plan).partition("```csv")[0])
    assert "evil" not in prose
    assert "routed privately to `www.evil.example` (172.20.0.0/16)" in render(plan)


def test_every_cell_is_quoted() -> None:
    """A program that separates cells by any character finds all of them in quotes."""
    text = RENDERINGS["firewall-request-csv"](plan_with(ERP, {"name": "a", "observe": "http://-1;=2/"}))
    assert all(line.startswith('"') and line.endswith('"') for line in text.splitlines())
    assert all(len(line.split('","')) == 12 for line in text.splitlines())
    assert '\n"a","\'-1;\'=2","80",' in text


@pytest.mark.parametrize("form", ["firewall-request", "firewall-request-csv"])
@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"targets": []}, "targets"),
        ({"network": {"pod_ranges": ["192.168.0.0/16"]}}, "network.node_ranges"),
        ({"network": {"node_ranges": ["10.128.0.0/20"]}}, "network.pod_ranges"),
    ],
)
def test_what_it_cannot_be_about(form: str, changes: dict[str, Any], where: str) -> None:
    """Without targets or ranges there is nothing to ask for, and the error names what is missing."""
    plan = load_plan_from_mapping({"network": NETWORK, "targets": [ERP]} | changes, source="plan")
    with pytest.raises(InexpressibleError, match=f"the plan has no .*; add {where}") as caught:
        RENDERINGS[form](plan)
    assert (caught.value.form, caught.value.where) == (form, where)


@pytest.mark.parametrize("form", ["firewall-request", "firewall-request-csv"])
def test_a_pod_range_that_has_only_a_name(form: str) -> None:
    """The name of a secondary range tells no addresses; the error says which key to add and where to take its value."""
    policy = {"ipAllocationPolicy": {"clusterSecondaryRangeName": "pods"}}
    network = {"node_ranges": ["10.128.0.0/20"]}
    mapping = {"environment": {"config": {"nodeConfig": policy}}, "network": network, "targets": [ERP]}
    with pytest.raises(InexpressibleError) as caught:
        RENDERINGS[form](load_plan_from_mapping(mapping, source="plan"))
    assert str(caught.value) == (
        "environment.config.nodeConfig.ipAllocationPolicy.clusterSecondaryRangeName: cannot be written as "
        f"{form}: the plan has only the name of the Pods' range, but the request names the addresses that a firewall "
        "sees; add network.pod_ranges: gcloud compute networks subnets describe shows the addresses as "
        "secondaryIpRanges"
    )
    mapping["network"] = network | {"pod_ranges": ["192.168.0.0/16"]}
    assert "192.168.0.0/16" in RENDERINGS[form](load_plan_from_mapping(mapping, source="plan"))


def test_no_range_is_left_out() -> None:
    """A request names every range, however many there are, since the firewall needs all of them."""
    nodes = [f"10.{number}.0.0/20" for number in range(12)]
    assert row(ERP, node_ranges=nodes)["source_after"] == ", ".join(nodes)
