"""The page about the command line shows every command and option; tests/test_documents.py runs what it shows."""

from __future__ import annotations

import argparse
import json
import os
import re
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from airflow_masq.cli.command_line import COMMANDS, build_parser
from airflow_masq.fleet import walk
from tests.emulated_cloud import PROJECT

if TYPE_CHECKING:
    from tests.cli.console import Console
    from tests.emulated_cloud import EmulatedCloud

PAGE = Path(__file__).parents[2] / "docs" / "command-line.md"
AUDIT = re.compile(r"^```text\nMASQUERADING .*?^```", re.MULTILINE | re.DOTALL)
COMPOSER_3 = "composer-3-airflow-2.11.1-build.14"
SESSION = re.compile(r"^\$ airflow-masq (\S+)", re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_page_names_every_option(command: str) -> None:
    """Every command has a section, and every option of it is named there or at the top."""
    page = PAGE.read_text(encoding="utf-8")
    introduction, *sections = page.split("\n## ")
    section = next(section for section in sections if section.startswith(f"{command}\n"))
    (subparsers,) = (
        action for action in build_parser(command)._actions if isinstance(action, argparse._SubParsersAction)
    )
    options = {option for action in subparsers.choices[command]._actions for option in action.option_strings}
    assert {option for option in options - {"-h", "--help"} if option not in introduction + section} == set()


def test_the_table_of_exit_codes_names_every_command() -> None:
    """A command with a meaning of its own for the exit code 3 is named in the row of that code."""
    page = PAGE.read_text(encoding="utf-8")
    row = next(line for line in page.splitlines() if line.startswith("| 3 |"))
    modules = {command: import_module(f"airflow_masq.cli.{command.replace('-', '_')}") for command in COMMANDS}
    own = {command for command, module in modules.items() if 3 in module.EXIT_CODES}
    assert {command for command in own if f"`{command}`" not in row} == set()
    assert {"audit", "describe", "preflight"} <= own


def test_every_session_is_of_a_command() -> None:
    """The page shows each command at least once, but for those that need Google Cloud to answer."""
    asking = {"describe", "preflight", "audit"}
    assert set(SESSION.findall(PAGE.read_text(encoding="utf-8"))) == set(COMMANDS) - asking


def test_the_audit_on_the_page_is_real(cloud: EmulatedCloud, console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page shows what the command prints for a fleet of the emulated API.

    After a change of output: ``AIRFLOW_MASQ_WRITE_PAGES=1 ./scripts/test tests/cli/test_command_line_page.py``.
    """
    monkeypatch.setattr(walk, "PAUSE_BETWEEN_ROUNDS_SECONDS", 0)
    cloud.access.deny("other-project", "composer.environments.list")
    cloud.put("reporting", state="RUNNING", masquerade=True, uuid="1")
    endpoint = ("--composer-endpoint", cloud.endpoint)
    before = json.loads(console.run("audit", PROJECT, *endpoint, "--format", "json").printed)
    console.write("last-week.json", json.dumps(before | {"began": "2026-11-21T06:00:00+00:00"}))
    cloud.put("reporting", state="RUNNING", masquerade=False, uuid="2")
    cloud.put("example-environment", state="RUNNING", masquerade=True)
    cloud.put("forecasts", state="RUNNING", masquerade=False, location="europe-west1", image=COMPOSER_3)
    answer = console.run("audit", PROJECT, "other-project", *endpoint, "--previous", "last-week.json")
    assert answer.code == 1
    page = PAGE.read_text(encoding="utf-8")
    real = AUDIT.sub(lambda _: f"```text\n{answer.printed}```", page)
    if os.environ.get("AIRFLOW_MASQ_WRITE_PAGES"):
        PAGE.write_text(real, encoding="utf-8")
    assert AUDIT.search(page)
    assert PAGE.read_text(encoding="utf-8") == real
