"""``capacity`` says how many nodes and Pods the ranges hold, and what masquerading saves."""

from __future__ import annotations

import json
import sys

import pytest

from tests.cli.console import PLAN, Console


def test_as_json(console: Console) -> None:
    """The numbers of the plan: 1024 nodes by the Pod range, 4092 by the node range."""
    answer = console.run("capacity", "plan.yaml", "--format", "json")
    assert (answer.code, answer.complaint) == (0, "")
    assert json.loads(answer.printed) == {
        "nodes_by_pod_range": 1024,
        "nodes_by_node_range": 4092,
        "limit": "pods",
        "nodes": 1024,
        "pods": 32768,
        "pod_addresses": 65536,
        "service_addresses": 4096,
        "node_addresses": 4096,
        "routable_addresses_saved": 65536 + 4096,
        "routable_addresses_needed": 4096,
        "wanted_nodes": 12,
        "is_enough": True,
        "pod_ranges": [{"cidr": "192.168.0.0/16", "nodes": 1024, "pods": 32768}],
        "node_ranges": [{"cidr": "10.128.0.0/20", "nodes": 4092, "pods": 130944}],
    }


def test_as_text(console: Console) -> None:
    """Bars are true to scale, a small number is seen, and the last line says what to do next."""
    answer = console.run("capacity", "plan.yaml")
    lines = answer.printed.splitlines()
    bars = {line.split("  ")[2]: line.count("#") for line in lines if "#" in line}
    assert answer.code == 0
    assert lines[0] == "plan.yaml: 1024 nodes with 32768 Pods; the Pod ranges run out first"
    assert list(bars.values()) == [11, 40, 1]
    assert lines[-1].startswith("Next: the capacity is enough")


@pytest.mark.parametrize(("subnetwork", "needed"), [("endpoints", 4097), ("nodes", 4096), ("''", 4096)])
def test_an_endpoint_needs_a_routable_address(subnetwork: str, needed: int, console: Console) -> None:
    """Private Service Connect takes one address more, unless it takes one of the nodes' own."""
    endpoint = f"    privateEnvironmentConfig: {{cloudComposerConnectionSubnetwork: {subnetwork}}}\n"
    text = PLAN.replace("    nodeConfig:\n", f"{endpoint}    nodeConfig:\n      subnetwork: nodes\n")
    console.write("psc.yaml", text)
    room = json.loads(console.run("capacity", "psc.yaml", "--format", "json").printed)
    assert room["routable_addresses_needed"] == needed
    printed = " ".join(console.run("capacity", "psc.yaml").printed.split())
    assert ("the address of the Private Service Connect endpoint." in printed.replace("\n", " ")) is (needed == 4097)


@pytest.mark.parametrize(
    ("old", "new", "headline", "next_step"),
    [
        (
            "workers: 12",
            "workers: 2000",
            "1024 nodes",
            "Next: the ranges are too small for the workers wanted. Enlarge the Pod ranges",
        ),
        ("10.128.0.0/20", "10.128.0.0/29", "4 nodes with 128 Pods; the node ranges", "Enlarge the node ranges"),
        ("10.128.0.0/20", "10.128.0.0/30", "0 nodes with 0 Pods; the node ranges", "Enlarge the node ranges"),
        ("  workers: 12\n", "", "1024 nodes", "Next: add network.workers to the plan"),
        (
            "  node_ranges: [10.128.0.0/20]\n",
            "",
            "1024 nodes with 32768 Pods, as far as the",
            "Next: add network.node_ranges to the plan. Otherwise it is not known",
        ),
    ],
)
def test_other_plans_as_text(console: Console, old: str, new: str, headline: str, next_step: str) -> None:
    """Which range runs out first, whether the room suffices, and what is not known, is said in words."""
    console.write("other.yaml", PLAN.replace(old, new))
    answer = console.run("capacity", "other.yaml")
    assert answer.code == 0
    assert f"other.yaml: {headline}" in answer.printed
    assert next_step in answer.printed.splitlines()[-1] or next_step in " ".join(answer.printed.splitlines()[-2:])


def test_several_ranges_as_text(console: Console) -> None:
    """Ranges of one kind are shown one by one and together; where neither kind runs out first, that is said."""
    console.write("two.yaml", "network: {pod_ranges: [192.168.0.0/24, 192.168.2.0/24], node_ranges: [10.0.0.0/29]}\n")
    printed = console.run("capacity", "two.yaml").printed
    assert "nodes by Pod range 192.168.2.0/24" in printed
    assert "nodes by all Pod ranges" in printed
    console.write("even.yaml", "network: {pod_ranges: [192.168.0.0/24], node_ranges: [10.0.0.0/29]}\n")
    assert (
        "4 nodes with 128 Pods; the Pod and node ranges run out at the same time"
        in console.run("capacity", "even.yaml").printed
    )


def test_a_plan_without_ranges(console: Console) -> None:
    """Where the plan names no range, nothing is made up."""
    console.write("empty.yaml", "policy: none\n")
    printed = console.run("capacity", "empty.yaml").printed
    assert "the capacity is not known" in printed
    room = json.loads(console.run("capacity", "empty.yaml", "--format", "json").printed)
    assert {value for name, value in room.items() if name not in {"pod_ranges", "node_ranges"}} == {None}


@pytest.mark.parametrize(
    ("network", "sentence", "unknown"),
    [
        (
            "pod_ranges: [192.168.0.0/24]",
            (
                "With masquerading, 256 Pod addresses need not be routable (Service addresses are not counted, since "
                "their ranges are not known). These must be: those of the node ranges, which are not known."
            ),
            {"service_addresses", "node_addresses", "routable_addresses_needed", "nodes_by_node_range"},
        ),
        (
            "service_ranges: [10.96.0.0/28], node_ranges: [10.128.0.0/29]",
            (
                "With masquerading, 16 Service addresses need not be routable (Pod addresses are not counted, since "
                "their ranges are not known). These must be: the 8 of the node ranges."
            ),
            {"pod_addresses", "routable_addresses_saved", "nodes_by_pod_range"},
        ),
        (
            "node_ranges: [10.128.0.0/29]",
            (
                "With masquerading, Pod and Service addresses need not be routable (Pod and Service addresses are not "
                "counted, since their ranges are not known). These must be: the 8 of the node ranges."
            ),
            {"pod_addresses", "service_addresses", "routable_addresses_saved", "nodes_by_pod_range"},
        ),
    ],
)
def test_what_is_not_known(console: Console, network: str, sentence: str, unknown: set[str]) -> None:
    """A number that needs a missing range is null for programs and not known for people, never 0."""
    console.write("some.yaml", f"network: {{{network}}}\n")
    assert sentence in " ".join(console.run("capacity", "some.yaml").printed.split())
    room = json.loads(console.run("capacity", "some.yaml", "--format", "json").printed)
    assert {name for name, value in room.items() if value is None} - {"limit", "wanted_nodes", "is_enough"} == unknown
    assert 0 not in room.values()


def test_an_unknown_pod_range_as_text(console: Console) -> None:
    """Nodes alone do not say that the room suffices, and the missing range is asked for."""
    console.write("nodes.yaml", "network: {node_ranges: [10.128.0.0/20], workers: 12}\n")
    printed = console.run("capacity", "nodes.yaml").printed
    assert "the capacity is enough; " not in printed
    assert "Next: add network.pod_ranges to the plan" in printed


def test_a_bare_size_as_text(console: Console) -> None:
    """A Pod range of which the environment names the size only is measured like any other."""
    console.write(
        "bare.yaml",
        "environment: {config: {nodeConfig: {ipAllocationPolicy: {clusterIpv4CidrBlock: /22}}}}\n"
        "network: {workers: 200}\n",
    )
    printed = console.run("capacity", "bare.yaml").printed
    assert "16 nodes with 512 Pods" in printed
    assert "nodes by Pod range /22" in printed
    assert "With masquerading, 1024 Pod addresses need not be routable" in printed
    assert "Enlarge the Pod ranges" in printed


@pytest.mark.parametrize(
    ("network", "short"),
    [
        ("node_ranges: [10.0.0.0/28], pod_ranges: [192.168.0.0/23], workers: 20", "Pod and node"),
        ("node_ranges: [10.0.0.0/29], pod_ranges: [192.168.0.0/24], workers: 5", "Pod and node"),
        ("node_ranges: [10.0.0.0/20], pod_ranges: [192.168.0.0/23], workers: 20", "Pod"),
        ("node_ranges: [10.0.0.0/28], pod_ranges: [192.168.0.0/16], workers: 20", "node"),
        ("node_ranges: [10.0.0.0/28], workers: 20", "node"),
    ],
)
def test_all_that_is_too_small_is_named(console: Console, network: str, short: str) -> None:
    """Where both kinds of ranges are too small, widening one of them would not do."""
    console.write("small.yaml", f"network: {{{network}}}\n")
    printed = " ".join(console.run("capacity", "small.yaml").printed.split())
    assert f"Enlarge the {short} ranges before the environment is created" in printed


ALLOCATION = "environment: {config: {nodeConfig: {ipAllocationPolicy: {%s}}}}\n"


@pytest.mark.parametrize(
    ("plan", "sentences"),
    [
        (
            "network: {pod_ranges: ['fd00::/64'], node_ranges: ['fd01::/64']}\n",
            ("The plan's Pod ranges are IPv6.", "The plan's node ranges are IPv6."),
        ),
        (
            ALLOCATION % "clusterSecondaryRangeName: pods",
            ("given by its name (pods), so its size is not known.",),
        ),
        (
            ALLOCATION % "clusterIpv4CidrBlock: 10.0.0.0/99",
            ("clusterIpv4CidrBlock is 10.0.0.0/99, which is not a CIDR",),
        ),
    ],
)
def test_what_does_not_count_is_said(console: Console, plan: str, sentences: tuple[str, ...]) -> None:
    """A range that is there, and of no use here, is named with the reason."""
    console.write("odd.yaml", plan)
    printed = " ".join(console.run("capacity", "odd.yaml").printed.split())
    assert "no Pod range and no node range that counts, so the capacity is not known." in printed
    assert all(sentence in printed for sentence in sentences)


def test_what_does_not_count_beside_what_does(console: Console) -> None:
    """Where one kind of range is known, it is said as well why the other is not."""
    console.write(
        "half.yaml", f"{ALLOCATION % 'clusterSecondaryRangeName: p'}network: {{node_ranges: [10.0.0.0/24]}}\n"
    )
    printed = console.run("capacity", "half.yaml").printed
    assert "given by its name (p)" in printed
    assert "252 nodes with 8064 Pods, as far as the ranges are known" in printed


@pytest.mark.parametrize(("columns", "longest"), [("60", 15), ("80", 35), ("200", 40)])
def test_bars_fit_the_terminal(console: Console, monkeypatch: pytest.MonkeyPatch, columns: str, longest: int) -> None:
    """Bars take what is left of a line, and their scale stays true."""
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("NO_COLOR", "1")
    lines = console.run("capacity", "plan.yaml").printed.splitlines()
    assert max(map(len, lines)) <= int(columns)
    bars = [line.count("#") for line in lines if "#" in line]
    assert bars == [-(-1024 * longest // 4092), longest, 1]


def test_composer_3_has_no_capacity(console: Console) -> None:
    """An environment without a cluster in the project has no capacity there."""
    image = "composer-3-airflow-2.10.5-build.3"
    console.write("three.yaml", PLAN.replace("composer-2.17.9-airflow-2.11.1", image))
    answer = console.run("capacity", "three.yaml")
    assert (answer.code, answer.printed) == (2, "")
    assert answer.complaint.startswith(
        "three.yaml:4: environment.config.softwareConfig.imageVersion: expected Composer 1 or 2, since"
    )
    assert console.run("capacity", "plan.yaml").code == 0
