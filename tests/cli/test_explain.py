"""``explain`` says from which source address packets would arrive, and why."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cli.console import PLAN, WITHOUT_AGENT, Console


def explained(console: Console, *words: str) -> list[dict[str, Any]]:
    """Run ``explain`` and read its JSON."""
    answer = console.run("explain", *words, "--format", "json")
    assert (answer.code, answer.complaint) == (0, "")
    predictions: list[dict[str, Any]] = json.loads(answer.printed)
    return predictions


def test_as_json(console: Console) -> None:
    """An explanation has exactly the fields that the command line promises."""
    (prediction,) = explained(console, "plan.yaml", "onprem-erp")
    path = prediction.pop("path")
    assert prediction == {
        "destination": "172.20.0.10",
        "source_kind": "node",
        "source": ["10.128.0.0/20"],
        "masqueraded": True,
        "reason": "MASQUERADED",
        "matched_cidr": None,
        "allowed": True,
    }
    assert path[0] == "Pod 192.168.0.1 sends to 172.20.0.10"


def test_a_targets_name_and_its_address_are_the_same_question(console: Console) -> None:
    """Asking by name or by address gives the same answer, the target's firewall included."""
    by_name, by_address = explained(console, "plan.yaml", "onprem-erp", "172.20.0.10")
    assert by_name == by_address


def test_without_the_agent_the_firewall_drops_it(console: Console) -> None:
    """Where the firewall lets in nodes only, an environment with the agent gets through, and one without does not."""
    (without,) = explained(console, "without_agent.yaml", "onprem-erp")
    (with_agent,) = explained(console, "plan.yaml", "onprem-erp")
    assert (without["source_kind"], without["allowed"], without["source"]) == ("dropped", False, ["192.168.0.0/16"])
    assert without["matched_cidr"] == "172.16.0.0/12"
    assert (with_agent["source_kind"], with_agent["allowed"]) == ("node", True)


@pytest.mark.parametrize(
    ("destination", "kind", "source"),
    [
        ("10.128.0.9", "pod", ["192.168.3.4"]),
        ("10.200.0.9", "node", ["10.128.0.0/20"]),
        ("192.175.48.80", "nat", ["203.0.113.7"]),
    ],
)
def test_several_destinations(console: Console, destination: str, kind: str, source: list[str]) -> None:
    """Each destination has an answer of its own; single addresses are written without a prefix length."""
    first, second = explained(console, "plan.yaml", destination, "10.200.0.9", "--from", "192.168.3.4")
    assert (first["source_kind"], first["source"]) == (kind, source)
    assert second["destination"] == "10.200.0.9"


def test_a_service_is_explained_by_its_endpoint(console: Console) -> None:
    """Behind a Service a Pod is assumed, and ``--backend`` names another endpoint such as the control plane."""
    (assumed,) = explained(console, "plan.yaml", "10.96.0.1")
    (known,) = explained(console, "plan.yaml", "10.96.0.1", "--backend", "172.16.0.2")
    assert (assumed["source_kind"], assumed["matched_cidr"]) == ("pod", "192.168.0.0/16")
    assert (known["destination"], known["source_kind"]) == ("10.96.0.1", "node")
    assert known["path"][1] == "the node: the Service address 10.96.0.1 becomes its endpoint's, 172.16.0.2"


@pytest.mark.parametrize(
    ("allowed", "sender", "let_in"),
    [
        ("192.168.0.0/25", [], None),
        ("192.168.0.0/16", [], True),
        ("192.168.0.0/25", ["--from", "192.168.0.9"], True),
        ("192.168.0.0/25", ["--from", "192.168.9.9"], False),
    ],
)
def test_a_firewall_for_some_pods(console: Console, allowed: str, sender: list[str], *, let_in: bool | None) -> None:
    """Without ``--from`` the answer holds for every Pod; with it, for that Pod's packet."""
    console.write("some.yaml", WITHOUT_AGENT.replace("allowed_sources: [10.0.0.0/8]", f"allowed_sources: [{allowed}]"))
    (answer,) = explained(console, "some.yaml", "onprem-erp", *sender)
    assert answer["allowed"] is let_in
    assert answer["source"] == (sender[1:] or ["192.168.0.0/16"])
    printed = console.run("explain", "some.yaml", "onprem-erp", *sender).printed
    assert ("if its firewall lets that in" in printed) is (let_in is None)
    assert ("depends on its source" in printed) is (let_in is None)


@pytest.mark.parametrize("address", ["199.36.153.4", "199.36.153.11"])
def test_googles_apis_are_reached_without_cloud_nat(console: Console, address: str) -> None:
    """The addresses of restricted and private.googleapis.com need no Cloud NAT; their neighbour does."""
    console.write("no_nat.yaml", PLAN.replace("nat_covers: [node]", "nat_covers: []"))
    private, public = explained(console, "no_nat.yaml", address, "199.36.153.12")
    assert (private["source_kind"], public["source_kind"]) == ("node", "dropped")


def test_a_policy_that_was_not_read_is_said_to_be(console: Console) -> None:
    """Where the agent refuses its config or a manifest is flawed, the answer says so, and where not, it does not."""
    for policy, words in (
        ('{agent_config: "nonMasqueradeCIDRs: [10.0.0.1/8]"}', "the agent refuses its config"),
        ('{agent_config: "nonMasqueradeCIDRs: [10.0.0.0/8]", daemon_set: false}', "the agent's config is not read"),
        (
            "{egress_nat_policies: [{kind: EgressNATPolicy}]}",
            "a flawed manifest of the plan is taken not to be in force",
        ),
        ('{agent_config: "nonMasqueradeCIDRs: [10.0.0.0/8]"}', "Autopilot, which reads no agent's config"),
        ("composer", ""),
    ):
        console.write("policy.yaml", f"{PLAN}policy: {policy}\n")
        (answer,) = explained(console, "policy.yaml", "172.20.0.10")
        node = answer["path"][1]
        assert words in node
        assert (";" in node) is bool(words)


def test_targets_of_one_address_that_differ(console: Console) -> None:
    """Where two targets have one address and different firewalls, the address stands for both, a name for its own."""
    other = "  - {name: other, observe: 'http://172.20.0.10:9090/', allowed_sources: [192.168.0.0/24]}\n"
    console.write("two.yaml", PLAN + other)
    by_address = explained(console, "two.yaml", "172.20.0.10")
    by_name = explained(console, "two.yaml", "onprem-erp", "other")
    assert by_address == by_name
    assert [(each["destination"], each["allowed"]) for each in by_address] == [
        ("172.20.0.10", True),
        ("172.20.0.10", False),
    ]
    shared = PLAN + other.replace("[192.168.0.0/24]", "[10.0.0.0/8]")
    console.write("shared.yaml", shared)
    assert len(explained(console, "shared.yaml", "172.20.0.10")) == 1
    assert (
        "172.20.0.10 (onprem-erp, other): would receive packets from"
        in console.run("explain", "shared.yaml", "172.20.0.10").printed
    )


@pytest.mark.parametrize(
    ("ranges", "destination", "pod"),
    [
        ("[100.64.0.0/16, 192.168.0.0/16]", "10.200.0.9", "Pod 100.64.0.1"),
        ("[192.168.0.7/32]", "10.200.0.9", "Pod 192.168.0.7"),
        ("[192.168.0.0/16, 'fd00::/48']", "2001:db8::1", "Pod fd00::1"),
        ("[192.168.0.0/16]", "2001:db8::1", "a Pod, from an IPv6 address that the plan does not name,"),
    ],
)
def test_the_pod_that_sends(console: Console, ranges: str, destination: str, pod: str) -> None:
    """Without ``--from`` the first Pod that speaks the destination's IP version sends."""
    console.write("pods.yaml", f"network: {{pod_ranges: {ranges}}}\n")
    (prediction,) = explained(console, "pods.yaml", destination)
    assert prediction["path"][0].startswith(f"{pod} sends to ")


def test_as_text(console: Console) -> None:
    """Text shows each destination with its numbered steps, and ends with what to do next."""
    answer = console.run("explain", "plan.yaml", "onprem-erp", "10.128.0.9")
    lines = answer.printed.splitlines()
    assert answer.code == 0
    source = "a node's address (10.128.0.0/20)"
    assert lines[0] == f"172.20.0.10 (onprem-erp): would receive packets from {source}, which its firewall lets in"
    assert lines[1] == "    1. Pod 192.168.0.1 sends to 172.20.0.10"
    assert "10.128.0.9: would receive packets from the Pod's address (192.168.0.0/16)" in lines
    assert lines[-1].startswith("Next: ")


@pytest.mark.parametrize(("line", "is_told"), [("  public_nodes: false\n", False), ("", True)])
def test_what_rests_on_private_nodes_says_so(console: Console, line: str, *, is_told: bool) -> None:
    """Where a plan names Cloud NAT beside nodes that its environment makes public, the answer says what it assumes."""
    console.write("nat.yaml", PLAN.replace("  public_nodes: false\n", line))
    public, private = explained(console, "nat.yaml", "192.175.48.80", "172.20.0.10")
    assert ("MASQ212" in public["path"][-1]) is is_told
    assert "MASQ212" not in private["path"][-1]
    assert ("MASQ212" in console.run("explain", "nat.yaml", "192.175.48.80").printed) is is_told


def test_what_is_dropped_as_text(console: Console) -> None:
    """A packet that its firewall or Cloud NAT drops is called so, and the next step names the firewall request."""
    console.write("no_nat.yaml", PLAN.replace("nat_covers: [node]", "nat_covers: []"))
    firewall = console.run("explain", "without_agent.yaml", "onprem-erp").printed
    nat = console.run("explain", "no_nat.yaml", "192.175.48.80").printed
    assert "dropped, since its firewall does not let in the Pod's address (192.168.0.0/16)" in firewall
    assert nat.startswith("192.175.48.80: dropped on the way\n")
    for printed in (firewall, nat):
        assert "--as firewall-request" in printed


def test_an_unknown_source_as_text(console: Console) -> None:
    """Where the plan does not know Cloud NAT's addresses, none is made up."""
    console.write("nat.yaml", PLAN.replace("  nat_addresses: [203.0.113.7]\n", ""))
    printed = console.run("explain", "nat.yaml", "192.175.48.80").printed
    assert printed.startswith("192.175.48.80: would receive packets from Cloud NAT's address\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("onprem-epr",), "DEST: expected an IP address or the name of a target (did you mean onprem-erp? the "),
        (
            ("10.1",),
            "DEST: expected an IP address or the name of a target (the targets are onprem-erp, named, loop), saw",
        ),
        (
            ("\x1b[31m",),
            "DEST: expected an IP address or the name of a target (the targets are onprem-erp, named, loop), saw",
        ),
        (("10.0.0.1", "--from", "pod"), "--from: expected an IP address such as 10.0.0.5, saw 'pod'"),
        (("127.0.0.1",), "DEST: expected an address that a Pod's packet can travel to, saw 127.0.0.1 (loopback, for"),
        (("0.0.0.0",), "DEST: expected an address that a Pod's packet can travel to, saw 0.0.0.0 (no host's address"),
        (("224.0.0.1",), "DEST: expected an address that a Pod's packet can travel to, saw 224.0.0.1 (multicast, for"),
        (("255.255.255.255",), "DEST: expected an address that a Pod's packet can travel to, saw 255.255.255.255"),
        (("::",), "DEST: expected an address that a Pod's packet can travel to, saw ::"),
        (("::1",), "DEST: expected an address that a Pod's packet can travel to, saw ::1"),
        (("ff02::1",), "DEST: expected an address that a Pod's packet can travel to, saw ff02::1"),
        (("loop",), "DEST loop: expected an address that a Pod's packet can travel to, saw 127.0.0.1"),
        (
            ("10.0.0.1", "--from", "192.0.2.1"),
            "--from: expected an address in the plan's Pod ranges, 192.168.0.0/16, or a node's address for",
        ),
        (("10.0.0.1", "--from", "fd00::1"), "--from: expected an IPv4 address, like 10.0.0.1, saw fd00::1"),
        (("fd00::1", "--from", "10.0.0.1"), "--from: expected an IPv6 address, like fd00::1, saw 10.0.0.1"),
        (("10.96.0.1", "--backend", "fd00::1"), "--backend: expected an IPv4 address, like 10.96.0.1, saw"),
        (("10.96.0.1", "--backend", "127.0.0.1"), "--backend: expected an address that a Pod's packet can travel to"),
        (
            ("10.200.0.9", "--backend", "10.128.0.9"),
            "--backend: expected a destination in the plan's Service ranges, saw 10.200.0.9",
        ),
        (("named",), "DEST named: expected a target whose observe holds a literal address (names are not resolved"),
    ],
)
def test_wrong_words(console: Console, words: tuple[str, ...], message: str) -> None:
    """A destination that is neither address nor target, or a Pod that is no address, is exit code 2 and one line."""
    loop = "  - {name: loop, observe: 'http://127.0.0.1/'}\n"
    console.write("names.yaml", f"{PLAN}  - {{name: named, observe: 'https://observer.example.com/'}}\n{loop}")
    answer = console.run("explain", "names.yaml", *words)
    assert (answer.code, answer.printed, answer.complaint.count("\n")) == (2, "", 1)
    assert answer.complaint.startswith(message)


def test_a_plan_without_pods(console: Console) -> None:
    """Where the plan has no Pod range, the kind of source is known without its address; the sender can be named."""
    console.write("nodes.yaml", "network: {node_ranges: [10.128.0.0/20]}\n")
    (answer,) = explained(console, "nodes.yaml", "10.200.0.9")
    assert (answer["source_kind"], answer["source"], answer["masqueraded"]) == ("pod", [], False)
    assert answer["path"][-1] == (
        "the plan does not name the Pods' range (network.pod_ranges), so the address itself is not known"
    )
    printed = console.run("explain", "nodes.yaml", "10.200.0.9").printed
    assert printed.startswith("10.200.0.9: would receive packets from the Pod's address\n")
    assert explained(console, "nodes.yaml", "10.200.0.9", "--from", "10.4.0.1")[0]["source"] == ["10.4.0.1"]


def test_composer_3_is_not_explained(console: Console) -> None:
    """Where nodes and Pods are not in the project's network, no source address is made up."""
    console.write("three.yaml", PLAN.replace("composer-2.17.9-airflow-2.11.1", "composer-3-airflow-2.10.5-build.3"))
    answer = console.run("explain", "three.yaml", "172.20.0.10")
    assert (answer.code, answer.printed) == (2, "")
    assert "expected Composer 1 or 2, since Composer 3 keeps its nodes and Pods out of your network" in answer.complaint
