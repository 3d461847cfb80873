"""The demo as a user runs it: real packets, the emulated Composer API, the project's DAGs in Pods of every node."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from lab.demo.scenario import ENVIRONMENTS, NODES, TARGETS, get_expected_outcome
from lab.packets import sandbox

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.packets, pytest.mark.airflow, pytest.mark.timeout(300)]


@pytest.mark.skipif(not sandbox.inside(), reason="needs network namespaces: run ./scripts/test")
def test_the_demo_succeeds_and_writes_its_verdicts(tmp_path: Path) -> None:
    """Without the agent services see Pod addresses or nothing; with it they see node addresses, from three nodes."""
    verdicts = tmp_path / "verdicts.json"
    command = [sys.executable, "-m", "lab.demo", "--json", str(verdicts), "--keep", str(tmp_path / "kept")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=280)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    environments = {each["name"]: each for each in json.loads(verdicts.read_text())["environments"]}
    assert {name: each["masquerade"] for name, each in environments.items()} == {
        each.environment_id: each.masquerade for each in ENVIRONMENTS
    }
    for name, environment in environments.items():
        outcomes = {(each["node"], each["target"]): each["outcome"] for each in environment["verdicts"]}
        assert len(outcomes) == NODES * len(TARGETS)
        assert all(outcome == get_expected_outcome(name, target) for (_, target), outcome in outcomes.items())
    erp = {each["observed"] for each in environments["with-agent"]["verdicts"] if each["target"] == "onprem-erp"}
    assert erp == {"10.128.0.10", "10.128.0.11", "10.128.0.12"}
    assert {
        each["observed"] for each in environments["without-agent"]["verdicts"] if each["target"] == "onprem-erp"
    } == {None}
