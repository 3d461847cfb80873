"""The page about the command line shows what commands really print, and every command and option."""

from __future__ import annotations

import argparse
import os
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from airflow_masq.cli.command_line import COMMANDS, build_parser

if TYPE_CHECKING:
    from tests.cli.console import Console

PAGE = Path(__file__).parents[2] / "docs" / "command-line.md"
FILE = re.compile(r"^```yaml\n# (?P<name>\S+)\n(?P<content>.*?)^```$", re.MULTILINE | re.DOTALL)
SESSION = re.compile(
    r"^````console\n\$ airflow-masq (?P<words>[^\n]*)\n(?P<output>.*?)^````$", re.MULTILINE | re.DOTALL
)


def _session(console: Console, words: str) -> str:
    answer = console.run(*shlex.split(words))
    ending = f"[exit code {answer.code}]\n" if answer.code else ""
    return f"````console\n$ airflow-masq {words}\n{answer.printed}{answer.complaint}{ending}````"


def test_the_page_shows_what_commands_print(console: Console) -> None:
    """Each session on the page is what the command prints for the page's own files.

    After a change of output: ``AIRFLOW_MASQ_WRITE_PAGES=1 ./scripts/test tests/cli``.
    """
    page = PAGE.read_text(encoding="utf-8")
    for file in FILE.finditer(page):
        console.write(file["name"], f"# {file['name']}\n{file['content']}")
    real = SESSION.sub(lambda session: _session(console, session["words"]), page)
    if os.environ.get("AIRFLOW_MASQ_WRITE_PAGES"):
        PAGE.write_text(real, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == real
    assert len(SESSION.findall(page)) >= len(COMMANDS)


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
    """The page shows each command at least once."""
    assert {words.split()[0] for words, _ in SESSION.findall(PAGE.read_text(encoding="utf-8"))} == set(COMMANDS)
