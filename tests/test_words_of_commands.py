"""Commands, options and arguments that a sentence of a document names are there, also with placeholders for values."""

from __future__ import annotations

import argparse
import itertools
import re
from functools import cache
from pathlib import Path

import pytest

from airflow_masq.cli.command_line import COMMANDS, build_parser
from scripts.reference_pages import list_arguments

REPOSITORY = Path(__file__).resolve().parents[1]
PAGES = [
    *(REPOSITORY / name for name in ("README.md", "CONTRIBUTING.md")),
    *sorted(path for path in (REPOSITORY / "docs").rglob("*.md") if path.name != "sources.md"),
]
OF_OTHERS = {
    "--disable-default-snat": "gcloud",
    "--enable-ip-alias": "gcloud",
    "--enable-ip-masq-agent": "gcloud",
    "--enable-private-environment": "gcloud",
    "--region": "gcloud",
    "--update-pypi-package": "gcloud",
    "--upgrade": "uv",
}
"""Options of other programs; those in `docs/sources.md` are facts of their own."""

_OPTION = re.compile(r"--[a-z][a-z0-9-]+")
PLACEHOLDER = re.compile(r"[A-Z_]+…?|…")


def list_spans(path: Path) -> list[str]:
    """List what stands between backquotes in a page's sentences, and the lines of its blocks without their prompts."""
    page = path.read_text(encoding="utf-8")
    fence = re.compile(r"^(`{3,})\w*\n(.*?)^\1$", re.MULTILINE | re.DOTALL)
    sentences = re.sub(r"(?<!\n)\n(?!\n)", " ", fence.sub("", page))  # a span may go on in the next line
    lines = [line.removeprefix("$ ").strip() for _, block in fence.findall(page) for line in block.splitlines()]
    return re.findall(r"`([^`]+)`", sentences) + [line for line in lines if line.startswith(("airflow-masq ", "./scr"))]


SPANS = sorted({(path.name, span) for path in PAGES for span in list_spans(path)})


@cache
def options_of(command: str) -> dict[str, argparse.Action]:
    """Give the options of a command of ours."""
    (choices,) = (
        action.choices
        for action in build_parser(command)._actions
        if isinstance(action, argparse._SubParsersAction) and action.choices
    )
    parser: argparse.ArgumentParser = choices[command]
    return dict(parser._option_string_actions)


def find_mistake(span: str) -> str | None:
    """Say what is wrong with a line of `airflow-masq`, if something is."""
    _, *words = re.sub(r"[][|]", " ", span).replace("=", " ").split()
    if not words or words[0] == "…" or PLACEHOLDER.fullmatch(words[0]) or words[0].startswith("--"):
        return None
    command, *rest = words
    if command not in COMMANDS:
        return f"no command {command}"
    options = options_of(command)
    for word, value in itertools.zip_longest(rest, rest[1:], fillvalue=""):
        if word.startswith("--") and word not in options:
            return f"{command} has no option {word}"
        choices = options[word].choices if word.startswith("--") else None
        if choices and value and not PLACEHOLDER.fullmatch(value) and value not in choices:
            return f"{command} {word} takes no {value}"
    return None


def test_each_command_is_understood() -> None:
    """The command line knows each command of ours that a page names, its options, and their words."""
    named = [(name, span) for name, span in SPANS if span.startswith("airflow-masq ")]
    named += [(name, f"airflow-masq {span}") for name, span in SPANS if re.match(rf"(?:{'|'.join(COMMANDS)}) --", span)]
    assert len(named) > 20
    assert [(name, span, mistake) for name, span in named if (mistake := find_mistake(span))] == []


@pytest.mark.parametrize(
    ("span", "mistake"),
    [
        ("airflow-masq explane PLAN", "no command explane"),
        ("airflow-masq render PLAN --as firewal-request", "render --as takes no firewal-request"),
        ("airflow-masq audit --policees", "audit has no option --policees"),
        ("airflow-masq render PLAN --as FORM", None),
        ("airflow-masq explain PLAN DEST… [--from POD_IP]", None),
    ],
)
def test_a_mistake_is_found(span: str, mistake: str | None) -> None:
    """The test above would see a slip of the pen."""
    assert find_mistake(span) == mistake


def script_texts() -> dict[str, str]:
    """Give the texts of the scripts, which begin with their help, by their names."""
    files = [path for path in (REPOSITORY / "scripts").iterdir() if path.is_file() and not path.suffix]
    return {f"./scripts/{path.name}": path.read_text(encoding="utf-8") for path in files}


def test_each_script_has_the_options_that_pages_name() -> None:
    """A script that a page names is there, and its text has each option that the page gives it."""
    texts = script_texts()
    wrong = []
    for name, span in SPANS:
        for command in re.findall(r"\./scripts/[^&|]*", span):
            script, *words = command.split()
            options = [word.partition("=")[0] for word in words if word.startswith("--")]
            wrong += [(name, span) for option in options if option not in texts.get(script, "")]
            wrong += [(name, span)] * (script not in texts)
    assert wrong == []


def test_each_option_is_one_of_a_program() -> None:
    """An option that stands alone between backquotes is one of a command, of a script, or of another program."""
    known = {option for command in COMMANDS for option in options_of(command)} | OF_OTHERS.keys()
    known |= {option for text in script_texts().values() for option in _OPTION.findall(text)}
    named = {(name, span.split()[0].partition("=")[0]) for name, span in SPANS if span.startswith("--")}
    assert len(named) > 20
    assert sorted((name, option) for name, option in named if option not in known) == []


def test_each_option_of_gcloud_is_known() -> None:
    """Where a page names a command of gcloud, its options are those that we render, or known from its reference."""
    rendered = (REPOSITORY / "airflow_masq" / "renderings" / "gcloud.py").read_text(encoding="utf-8")
    named = {(name, option) for name, span in SPANS if span.startswith("gcloud ") for option in _OPTION.findall(span)}
    assert named
    assert sorted(pair for pair in named if pair[1] not in OF_OTHERS and f'"{pair[1]}' not in rendered) == []


def test_each_argument_is_one_of_an_operator() -> None:
    """Where a sentence gives an argument with its value, an operator, the sensor or a hook takes it."""
    arguments = list_arguments()
    others = re.compile(r"[A-Z_]+$|name$|schedule$")  # variables, a line of the pins, what a DAG takes
    given = {(name, span.partition("=")[0]) for name, span in SPANS if re.match(r"\w+=(?! )\S*$", span)}
    assert len(given) > 5
    assert sorted(pair for pair in given if pair[1] not in arguments and not others.match(pair[1])) == []
