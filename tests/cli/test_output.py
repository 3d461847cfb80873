"""Output is made for who reads it: colours and width for a terminal, neither for a file."""

from __future__ import annotations

import sys
from io import StringIO

import pytest

from airflow_masq.cli import output
from airflow_masq.cli.output import Colour, paint, wrap


class Terminal(StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def at_a_terminal(monkeypatch: pytest.MonkeyPatch, **environment: str) -> None:
    """Make standard output a terminal of 80 columns that shows colours, but for what the environment says."""
    # In the test itself: pytest sets standard output anew after fixtures were made.
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in ({"TERM": "xterm", "COLUMNS": "80"} | environment).items():
        monkeypatch.setenv(name, value)


def test_a_terminal_is_coloured(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal a word is coloured, and the colour ends with it; a word that means nothing is not."""
    at_a_terminal(monkeypatch)
    assert paint("error", colour=Colour.BAD) == "\x1b[1;31merror\x1b[0m"
    assert paint("error", colour=None) == "error"


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_colours_can_be_declined(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """``NO_COLOR`` and a dumb terminal are respected."""
    at_a_terminal(monkeypatch, **{name: value})
    assert paint("error", colour=Colour.BAD) == "error"


def test_an_empty_no_color_declines_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that is set to nothing counts as not set, as no-color.org has it."""
    at_a_terminal(monkeypatch, NO_COLOR="")
    assert paint("error", colour=Colour.BAD) != "error"


def test_a_file_is_not_coloured(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What is redirected holds no escape sequences."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    output.print_lines(paint("error", colour=Colour.BAD))
    assert capsys.readouterr().out == "error\n"


@pytest.mark.parametrize(("columns", "widest"), [("80", 80), ("10", 60), ("300", 110)])
def test_lines_fit_the_terminal(monkeypatch: pytest.MonkeyPatch, columns: str, widest: int) -> None:
    """Lines are as long as the terminal is wide, within what can be read."""
    at_a_terminal(monkeypatch, COLUMNS=columns)
    lines = wrap("word " * 100, indent="  ").splitlines()
    assert widest - 5 < max(map(len, lines)) <= widest
    assert all(line.startswith("  word") for line in lines)


def test_a_file_has_lines_of_one_length(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is redirected does not depend on the terminal."""
    monkeypatch.setenv("COLUMNS", "80")
    assert max(map(len, wrap("word " * 100).splitlines())) > 100
