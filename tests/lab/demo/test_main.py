"""The demo's command line, which refuses unusable paths at once."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from lab.demo.__main__ import parse_arguments

if TYPE_CHECKING:
    from pathlib import Path

OUTSIDE_ANY_SANDBOX = {"AIRFLOW_MASQ_SANDBOX": ""}


@pytest.fixture(autouse=True)
def _outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in OUTSIDE_ANY_SANDBOX.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("option", ["--json", "--keep"])
def test_an_unusable_path_is_refused_at_once(option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file in a missing folder, and a folder that exists, are refused in one line with status 2."""
    path = tmp_path / "missing" / "verdicts.json" if option == "--json" else tmp_path
    with pytest.raises(SystemExit) as ended:
        parse_arguments([option, str(path)])
    assert ended.value.code == 2
    assert f"{option}: expected a f" in capsys.readouterr().err


def test_usable_paths_are_accepted(tmp_path: Path) -> None:
    """A new file in a writable folder and a new folder are accepted."""
    parsed = parse_arguments(["--json", str(tmp_path / "verdicts.json"), "--keep", str(tmp_path / "new")])
    assert (parsed.json.name, parsed.keep.name) == ("verdicts.json", "new")


def test_the_help_explains_the_exit_status() -> None:
    """``--help`` lists every exit status, and starts nothing."""
    shown = subprocess.run([sys.executable, "-m", "lab.demo", "--help"], capture_output=True, text=True, check=True)
    for status in ("0  ", "1  ", "2  ", "125", "130"):
        assert f"\n  {status}" in shown.stdout
