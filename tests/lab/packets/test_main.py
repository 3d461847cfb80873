"""``python -m lab.packets``, as its users see it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

pytestmark = pytest.mark.packets


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line."""
    command = [sys.executable, "-m", "lab.packets", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.usefixtures("sandbox")
def test_both_ways_are_shown() -> None:
    """The firewall's service sees nothing without masquerading and the node with it; the drawing comes first."""
    shown = run("--nodes", "1", "--pods", "1")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "on-premises 172.20.0.10, lets in 10.0.0.0/8" in shown.stdout
    rows = [line.split() for line in shown.stdout.splitlines() if line.startswith("cluster-node-0-pod-0  ")]
    assert rows == [
        ["cluster-node-0-pod-0", "timeout", "192.168.0.2", "192.168.0.2", "timeout"],
        ["cluster-node-0-pod-0", "10.128.0.2", "10.128.0.2", "192.168.0.2", "203.0.113.7"],
    ]


@pytest.mark.usefixtures("sandbox")
def test_one_way_is_shown_alone() -> None:
    """With ``--masquerade on`` there is no table without it."""
    shown = run("--nodes", "1", "--pods", "1", "--masquerade", "on")
    assert ("masquerade on" in shown.stdout, "masquerade off" in shown.stdout) == (True, False)


def test_the_help_teaches() -> None:
    """The help shows commands to try and says how to read a cell."""
    assert "python -m lab.packets --nodes 50 --pods 4" in run("--help").stdout


def test_too_many_pods_are_wrong_usage() -> None:
    """What cannot be laid out is refused before anything is built."""
    wrong = run("--pods", "33")
    assert (wrong.returncode, "1 to 32 Pods, saw 33" in wrong.stderr) == (2, True)
