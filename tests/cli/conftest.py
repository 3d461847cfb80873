"""What the tests of commands are given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.console import OVERLAPPING, PLAN, WITHOUT_AGENT, Console

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def console(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Console:
    """Give a console in a directory of its own, with three plans in it."""
    monkeypatch.chdir(tmp_path)
    console = Console(tmp_path, read=capsys.readouterr)
    console.write("plan.yaml", PLAN)
    console.write("without_agent.yaml", WITHOUT_AGENT)
    console.write("overlapping.yaml", OVERLAPPING)
    return console
