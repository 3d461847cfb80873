"""Commands start at once: they import nothing that takes long, and of other commands nothing at all."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from airflow_masq.cli.command_line import COMMANDS
from tests.cli.console import PLAN

REPOSITORY = Path(__file__).parents[2]
SLOW = {
    "airflow",
    "google",
    "grpc",
    "kubernetes",
    "jsonschema",
    "dns",
    "aiohttp",
    "httptools",
    "asyncio",
    "ssl",
    "pydantic",
}
WORDS = {
    "lint": ["lint", "plan.yaml"],
    "explain": ["explain", "plan.yaml", "onprem-erp"],
    "render": ["render", "plan.yaml", "--as", "rest"],
    "capacity": ["capacity", "plan.yaml"],
    "rule": ["rule", "MASQ309"],
    "agent-config": ["agent-config", "config.yaml"],
    "describe": ["describe", "--help"],
    "probe": ["probe", "--help"],
    "check": ["check", "--help"],
    "preflight": ["preflight", "--help"],
    "audit": ["audit", "--help"],
}
#: What the commands that ask observers cannot do without.
ASKING = {"asyncio", "ssl", "httptools"}
PROGRAM = """
import json, sys
before = set(sys.modules)  # pip's namespace packages are there from the start
from airflow_masq.cli import main
try:
    code = main(sys.argv[1:])
except SystemExit as ended:
    code = ended.code
print(json.dumps([code, sorted(set(sys.modules) - before)]))
"""


def _modules(tmp_path: Path, *words: str) -> set[str]:
    """Run a command in a process of its own and say what it imported."""
    (tmp_path / "plan.yaml").write_text(PLAN, encoding="utf-8")
    (tmp_path / "config.yaml").write_text("nonMasqueradeCIDRs: [10.0.0.0/8]\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words],
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(REPOSITORY)},
        timeout=60,
    )
    code, modules = json.loads(done.stdout.splitlines()[-1])
    assert code == 0
    return set(modules)


@pytest.mark.parametrize("command", ["--version", "--help", *COMMANDS])
def test_nothing_slow_is_imported(tmp_path: Path, command: str) -> None:
    """No command imports Airflow, Google's libraries, or what only probes and forms need."""
    modules = _modules(tmp_path, *WORDS.get(command, [command]))
    slow = SLOW - ASKING if command in {"probe", "check"} else SLOW
    assert {name for name in modules if name.partition(".")[0] in slow} == set()


def test_the_version_needs_no_command(tmp_path: Path) -> None:
    """Asking for the version imports no command, and so neither addresses nor YAML."""
    assert _modules(tmp_path, "--version") & {"netaddr", "yaml", "airflow_masq.plan"} == set()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_imports_no_other(tmp_path: Path, command: str) -> None:
    """The modules of the other commands stay where they are."""
    modules = _modules(tmp_path, *WORDS[command])
    of_commands = {name.replace("-", "_") for name in COMMANDS}
    imported = {name.rpartition(".")[2] for name in modules if name.startswith("airflow_masq.cli.")}
    assert imported & of_commands == {command.replace("-", "_")}
