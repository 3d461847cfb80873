"""On Airflow 3 the command line is there as ``airflow masq``, too."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING

import pytest

from airflow_masq.get_provider_info import get_provider_info
from tests.airflow_env import airflow_settings
from tests.cli.console import OVERLAPPING, PLAN

if TYPE_CHECKING:
    from tests.airflow_runs import AirflowRunner

pytestmark = pytest.mark.airflow


@pytest.fixture
def parser(airflow: AirflowRunner) -> argparse.ArgumentParser:
    """Give Airflow's command line with the commands that our provider info names."""
    assert airflow is not None
    from airflow.cli.cli_parser import _add_command  # noqa: PLC0415 - imports Airflow, which takes seconds

    parser = argparse.ArgumentParser(prog="airflow")
    subparsers = parser.add_subparsers()
    for function in get_provider_info()["cli"]:
        for command in resolve_name(function)():
            _add_command(subparsers, command)
    return parser


def run(parser: argparse.ArgumentParser, *words: str) -> object:
    """Run a command as ``airflow`` does."""
    arguments = parser.parse_args(words)
    with pytest.raises(SystemExit) as ended:
        arguments.func(arguments)
    return ended.value.code


@pytest.mark.parametrize(("plan", "code"), [(PLAN, 0), (OVERLAPPING, 1), ("plan: none", 2)])
def test_the_words_are_handed_on(
    parser: argparse.ArgumentParser, tmp_path: Path, capsys: pytest.CaptureFixture[str], plan: str, code: int
) -> None:
    """``airflow masq lint`` lints, with the same options, JSON and exit codes."""
    file = tmp_path / "plan.yaml"
    file.write_text(plan, encoding="utf-8")
    assert run(parser, "masq", "lint", str(file), "--format", "json") == code
    printed = capsys.readouterr().out
    assert (not printed) if code == 2 else set(json.loads(printed)) == {"findings"}


def test_a_commands_own_help(parser: argparse.ArgumentParser, capsys: pytest.CaptureFixture[str]) -> None:
    """``airflow masq explain --help`` is the help of that command."""
    assert run(parser, "masq", "explain", "--help") == 0
    assert "--from POD_IP" in capsys.readouterr().out


def ask_airflow(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the real command ``airflow`` with a home of its own."""
    return subprocess.run(
        [Path(sys.executable).with_name("airflow"), *words],
        env={**os.environ, **airflow_settings(home)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_the_real_command_knows_the_package(tmp_path: Path) -> None:
    """``airflow masq lint`` prints JSON alone, with our exit code, and ``airflow config list`` explains our option."""
    file = tmp_path / "plan.yaml"
    file.write_text(OVERLAPPING, encoding="utf-8")
    linted = ask_airflow(tmp_path / "home", "masq", "lint", str(file), "--format", "json")
    assert (linted.returncode, set(json.loads(linted.stdout))) == (1, {"findings"})
    listed = ask_airflow(tmp_path / "home", "config", "list", "--section", "airflow_masq", "--include-descriptions")
    assert "# Where the pages of the codes are, with {code} in place of the code" in listed.stdout
    assert "code_page_url =" in listed.stdout
