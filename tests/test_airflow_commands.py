"""On Airflow 3 the command line is there as ``airflow masq``, too."""

from __future__ import annotations

import argparse
import json
from pkgutil import resolve_name
from typing import TYPE_CHECKING

import pytest

from airflow_masq.get_provider_info import get_provider_info
from tests.cli.console import OVERLAPPING, PLAN

if TYPE_CHECKING:
    from pathlib import Path

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
