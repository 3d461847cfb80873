"""The demo as a user runs it: real packets, the emulated Composer API, the project's DAGs in Pods of every node."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lab.demo.scenario import ENVIRONMENTS, NODES, TARGETS, get_expected_outcome
from lab.packets import sandbox

REPOSITORY = Path(__file__).parents[3]

pytestmark = [pytest.mark.packets, pytest.mark.airflow, pytest.mark.timeout(300)]


def remove_seconds(text: str) -> list[str]:
    """Split an output into lines, and remove the durations of the demo's steps."""
    return re.sub(r"… [0-9.]+ s$", "… s", text, flags=re.MULTILINE).splitlines()


def find_block(document: str, *, beginning: str) -> str:
    """Find the code block of a document that begins with these words."""
    text = (REPOSITORY / document).read_text(encoding="utf-8")
    (block,) = re.findall(rf"^```\n({beginning}.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return str(block)


@pytest.mark.skipif(not sandbox.is_inside(), reason="needs network namespaces: run ./scripts/test")
def test_the_demo_succeeds_and_writes_its_verdicts(tmp_path: Path) -> None:
    """Without the agent services see Pod addresses or nothing; with it they see node addresses, from three nodes."""
    verdicts = tmp_path / "verdicts.json"
    command = [sys.executable, "-m", "lab.demo", "--json", str(verdicts), "--keep", str(tmp_path / "kept")]
    environment_variables = {name: text for name, text in os.environ.items() if name != "COLUMNS"}  # pytest's
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=280, env=environment_variables)
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

    # The documents show the same output.
    assert remove_seconds(ended.stdout) == remove_seconds(find_block("docs/demo.md", beginning="A local stand-in"))
    log = "".join(path.read_text(encoding="utf-8") for path in (tmp_path / "kept" / "logs").rglob("*.log"))
    assert [
        line for line in find_block("README.md", beginning="projects/").splitlines() if f'"{line}"' not in log
    ] == []
