"""``python -m lab.packets``, as its users see it, and the drawing and tables that it prints."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lab.packets.__main__ import draw, format_table
from lab.packets.topology import IN_VPC, Topology, make_default_topology, make_gke_cluster

ROOT = Path(__file__).resolve().parents[3]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line."""
    command = [sys.executable, "-m", "lab.packets", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.packets
@pytest.mark.usefixtures("sandbox")
def test_both_states_are_shown() -> None:
    """The service behind the firewall sees nothing without masquerading, and the node with it."""
    shown = run("--nodes", "1", "--pods", "1")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "on-premises 172.20.0.10, lets in 10.0.0.0/8" in shown.stdout
    rows = [line.split() for line in shown.stdout.splitlines() if line.startswith("cluster-node-0-pod-0  ")]
    assert rows == [
        ["cluster-node-0-pod-0", "timeout", "192.168.0.2", "192.168.0.2", "timeout"],
        ["cluster-node-0-pod-0", "10.128.0.2", "10.128.0.2", "192.168.0.2", "203.0.113.7"],
    ]


@pytest.mark.packets
@pytest.mark.usefixtures("sandbox")
def test_one_state_is_shown_alone() -> None:
    """With ``--masquerade on`` there is no table without it."""
    shown = run("--nodes", "1", "--pods", "1", "--masquerade", "on")
    assert ("masquerade on" in shown.stdout, "masquerade off" in shown.stdout) == (True, False)


def test_the_help_shows_examples() -> None:
    """The help shows commands to try, and explains the cells."""
    assert "python -m lab.packets --nodes 50 --pods 4" in run("--help").stdout


def test_too_many_pods_are_wrong_usage() -> None:
    """A cluster that does not fit is refused before anything is built."""
    wrong = run("--pods", "33")
    assert (wrong.returncode, "1 to 32 Pods, saw 33" in wrong.stderr) == (2, True)


def test_every_part_is_drawn_with_its_address() -> None:
    """The drawing shows every part, its address, the firewall and what Cloud NAT covers."""
    assert draw(make_default_topology(make_gke_cluster("blue", nodes=1, pods_per_node=1))) == (
        "blue-node-0-pod-0 192.168.0.2 --+\n"
        "    blue-node-0 10.128.0.2 --+\n"
        "        |\n"
        "vpc (router)\n"
        "  +-- on-premises 172.20.0.10, lets in 10.0.0.0/8\n"
        "  +-- in-vpc 10.200.0.20\n"
        "  +-- node-subnet 10.128.15.200\n"
        "  +-- cloud-nat 203.0.113.7, translates 10.128.0.0/20\n"
        "        +-- public 192.175.48.80\n"
    )


def test_a_lab_without_cloud_nat_is_drawn_without_it() -> None:
    """A topology without Cloud NAT and clusters is a router with its destinations."""
    assert draw(Topology(destinations=(IN_VPC,), cloud_nat=None)) == "vpc (router)\n  +-- in-vpc 10.200.0.20\n"


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    """The columns of a table are aligned, and no line ends with blanks."""
    assert format_table([("a", "bb"), ("ccc", "d")]) == "a    bb\nccc  d\n"
