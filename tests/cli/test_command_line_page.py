"""The page about the command line shows every command and option; tests/test_documents.py runs what it shows."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest

from airflow_masq.cli.command_line import COMMANDS, build_parser

PAGE = Path(__file__).parents[2] / "docs" / "command-line.md"
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


def test_every_session_is_of_a_command() -> None:
    """The page shows each command at least once, but for those that need Google Cloud to answer."""
    asking = {"describe", "preflight"}
    assert set(SESSION.findall(PAGE.read_text(encoding="utf-8"))) == set(COMMANDS) - asking
