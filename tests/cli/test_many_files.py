"""Ten thousand plan files and as many agent configs, all of them spoilt: a finding or one line, never a traceback.

Every file goes the way that the commands go, from its bytes on. Each plan that is read is linted and measured
(``capacity``), and every fourth of them is also explained and written in every form. ``fuzzing`` makes a file from
the number that a failure tells.
"""

from __future__ import annotations

import io
import sys
from argparse import Namespace
from contextlib import contextmanager, redirect_stdout
from types import SimpleNamespace
from typing import TYPE_CHECKING, TypeVar

import pytest

from airflow_masq.cli import agent_config, capacity, explain, lint, render
from airflow_masq.exceptions import FinalError
from airflow_masq.plan_file import read_plan_file
from airflow_masq.renderings import RENDERINGS
from tests.cli import fuzzing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_masq.plan import Plan

_Result = TypeVar("_Result")

FILES = 10_000
CHUNK = 1_000
CHUNKS = range(0, FILES, CHUNK)
USED_IN_FULL = 4
DESTINATIONS = ["192.175.48.80", "10.0.0.1", "2001:db8::1", "169.254.169.254"]


@contextmanager
def _numbered(kind: str, number: int) -> Iterator[None]:
    """Tell a failure's number."""
    try:
        yield
    except BaseException as error:
        error.add_note(f"{kind} {number}: python -m tests.cli.fuzzing {kind} {number} prints the file")
        raise


def _tried(work: Callable[[], _Result]) -> _Result | None:
    """Give what comes of it, or nothing where it is refused in one line that acts on no terminal."""
    try:
        return work()
    except FinalError as error:
        complaint = str(error)
    assert complaint.isprintable()
    return None


def _answer(command: Callable[[Namespace], int], *, is_text: bool = True, **arguments: object) -> None:
    """Run a command, and look at what it prints."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        code = _tried(lambda: command(Namespace(**arguments)))
    if code is None:
        return
    assert code in {0, 1}
    assert printed.getvalue().endswith("\n")
    assert not is_text or all(line.isprintable() for line in printed.getvalue().split("\n"))


def _input(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content)))


def _plan(number: int, monkeypatch: pytest.MonkeyPatch) -> Plan | None:
    _input(monkeypatch, fuzzing.plan_file(number))
    return _tried(lambda: read_plan_file("-"))


def _use(plan: Plan, monkeypatch: pytest.MonkeyPatch, *, form: str, in_full: bool) -> None:
    """Give a plan that was read to the commands, which would read it again."""
    for module in (lint, capacity, explain, render):
        monkeypatch.setattr(module, "read_plan_file", lambda _name: plan)
    for command in (lint.run, capacity.run):
        _answer(command, plan="-", format=form)
    if not in_full:
        return
    for destination in DESTINATIONS:
        _answer(explain.run, plan="-", destinations=[destination], pod=None, backend=None, format=form)
    for name in RENDERINGS:
        _answer(render.run, is_text=False, plan="-", form=name, format=form)


@pytest.mark.parametrize("first", CHUNKS)
def test_plans(first: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A spoilt plan is judged and written in other forms, or refused in one line; of both there are many."""
    read = 0
    for number in range(first, first + CHUNK):
        with _numbered("plan", number):
            plan = _plan(number, monkeypatch)
            if plan is not None:
                read += 1
                form = ("text", "json")[number // 2 % 2]
                _use(plan, monkeypatch, form=form, in_full=read % USED_IN_FULL == 0)
    assert CHUNK // 6 < read < CHUNK // 2


@pytest.mark.parametrize("first", CHUNKS)
def test_agent_configs(first: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A spoilt config is accepted or rejected with a reason, or is no text."""
    for number in range(first, first + CHUNK):
        with _numbered("config", number):
            _input(monkeypatch, fuzzing.agent_config(number))
            _answer(
                agent_config.run,
                file="-",
                enable_ipv6=number % 2 == 0,
                reserved_ranges=number % 3 == 0,
                format=("text", "json")[number // 2 % 2],
            )


def test_a_number_makes_its_file_again() -> None:
    """A failure can be repeated, and no two files of a run are alike by accident of the seed."""
    assert [fuzzing.plan_file(n) for n in range(50)] == [fuzzing.plan_file(n) for n in range(50)]
    assert len({fuzzing.plan_file(n) for n in range(1_000)}) > 900
    assert len({fuzzing.agent_config(n) for n in range(1_000)}) > 700


def test_a_failure_tells_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that crashes is seen, and the note says which file did it."""
    monkeypatch.setattr(agent_config, "read_agent_config", lambda *_words, **_options: 1 / 0)
    with pytest.raises(ZeroDivisionError) as caught:
        test_agent_configs(7_000, monkeypatch)
    assert caught.value.__notes__ == ["config 7000: python -m tests.cli.fuzzing config 7000 prints the file"]
