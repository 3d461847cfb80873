"""What cannot be written is one line and an exit code of its own, and a reader that went away is no trouble at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from airflow_masq.cli import main
from airflow_masq.cli.command_line import COMMANDS, EPILOG, NOT_CARRIED_OUT, WRONG_USAGE
from tests.cli.console import PLAN

REPOSITORY = Path(__file__).parents[2]
FULL = Path("/dev/full")
PROGRAM = "import sys; from airflow_masq.cli import main; sys.exit(main())"
WORDS = {
    "--version": ["--version"],
    "--help": ["--help"],
    "lint --help": ["lint", "--help"],
    "lint": ["lint", "plan.yaml"],
    "explain": ["explain", "plan.yaml", "onprem-erp"],
    "explain at length": ["explain", "plan.yaml", *["10.0.0.1"] * 100],
    "render": ["render", "plan.yaml", "--as", "rest"],
    "capacity": ["capacity", "plan.yaml"],
    "rule": ["rule"],
    "agent-config": ["agent-config", "config.yaml"],
    "describe": ["describe", "--help"],
    "probe": ["probe", "--help"],
    "check": ["check", "--help"],
    "preflight": ["preflight", "--help"],
    "audit": ["audit", "--help"],
}
NO_SPACE = b"standard output: cannot be written: No space left on device\n"

pytestmark = pytest.mark.skipif(not FULL.exists(), reason="no /dev/full here")


def _run(
    tmp_path: Path,
    words: list[str],
    *,
    output: str,
    errors: str | None = None,
    environment: dict[str, str] | None = None,
) -> tuple[int, bytes]:
    """Run the program with its output sent to files by a shell, as people do."""
    (tmp_path / "plan.yaml").write_text(PLAN, encoding="utf-8")
    (tmp_path / "config.yaml").write_text("nonMasqueradeCIDRs: [10.0.0.0/8]\n", encoding="utf-8")
    redirected = f'exec "$@" {output} {errors or ""}'
    done = subprocess.run(
        ["/bin/sh", "-c", redirected, "sh", sys.executable, "-c", PROGRAM, *words],
        check=False,
        capture_output=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(REPOSITORY)} | (environment or {}),
        timeout=60,
    )
    return done.returncode, done.stderr


def test_every_command_is_tried() -> None:
    """No command is forgotten below."""
    assert COMMANDS.keys() <= WORDS.keys()


@pytest.mark.parametrize("name", WORDS)
@pytest.mark.parametrize("environment", [{}, {"PYTHONUNBUFFERED": "1"}], ids=["buffered", "unbuffered"])
def test_a_full_disk(tmp_path: Path, name: str, environment: dict[str, str]) -> None:
    """Output that finds no room is one line and exit code 3, which is neither "all well" nor "a finding"."""
    said = _run(tmp_path, WORDS[name], output="> /dev/full", environment=environment)
    assert said == (NOT_CARRIED_OUT, NO_SPACE)


def test_a_closed_output(tmp_path: Path) -> None:
    """Where there is no standard output at all, that is said as well."""
    code, complaint = _run(tmp_path, WORDS["lint"], output=">&-")
    assert (code, complaint) == (NOT_CARRIED_OUT, b"standard output: cannot be written: Bad file descriptor\n")


@pytest.mark.parametrize("errors", ["2> /dev/full", "2>&-"])
@pytest.mark.parametrize(
    ("words", "output", "code"),
    [
        (["lint", "missing.yaml"], "> /dev/null", WRONG_USAGE),
        ([], "> /dev/null", WRONG_USAGE),
        (["--versoin"], "> /dev/null", WRONG_USAGE),
        (["lint", "plan.yaml"], "> /dev/full", NOT_CARRIED_OUT),
        (["lint", "plan.yaml"], "> /dev/null", 0),
    ],
)
def test_a_complaint_that_cannot_be_written(
    tmp_path: Path, words: list[str], output: str, code: int, errors: str
) -> None:
    """Where standard error takes nothing either, the exit code still says what happened."""
    assert _run(tmp_path, words, output=output, errors=errors) == (code, b"")


@pytest.mark.parametrize("name", ["--version", "--help", "explain at length", "lint"])
def test_a_reader_that_went_away(tmp_path: Path, name: str) -> None:
    """If a pipe is not read, every kind of answer ends without a complaint."""
    (tmp_path / "plan.yaml").write_text(PLAN, encoding="utf-8")
    reading_end, writing_end = os.pipe()
    os.close(reading_end)
    with open(writing_end, "wb") as pipe:  # noqa: PTH123 - a descriptor, not a path
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, *WORDS[name]],
            check=False,
            stdout=pipe,
            stderr=subprocess.PIPE,
            cwd=tmp_path,
            env={"PYTHONPATH": str(REPOSITORY)},
            timeout=60,
        )
    assert (done.returncode, done.stderr) == (1, b"")


def test_the_help_tells_the_code() -> None:
    """The exit code is where people look for it."""
    assert f"{NOT_CARRIED_OUT} the output cannot be written" in EPILOG
    page = (REPOSITORY / "docs" / "command-line.md").read_text(encoding="utf-8")
    assert f"| {NOT_CARRIED_OUT} | the command could not be carried out" in page


@pytest.mark.parametrize("words", [["--version"], ["agent-config", "config.yaml"]])
def test_a_full_disk_in_this_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    """A caller in Python gets the same code and line, and can close the output without an error."""
    (tmp_path / "config.yaml").write_text("{}", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with FULL.open("w") as output:
        monkeypatch.setattr(sys, "stdout", output)
        assert main(words) == NOT_CARRIED_OUT
    assert capsys.readouterr().err.encode() == NO_SPACE


def test_nowhere_to_write_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any output the code is all that is left to say it with."""
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    assert main(["--version"]) == NOT_CARRIED_OUT


def test_complaints_that_find_no_room_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """A complaint that cannot be written does not become another error."""
    with FULL.open("w") as errors:
        monkeypatch.setattr(sys, "stderr", errors)
        assert main(["lint", "missing.yaml"]) == WRONG_USAGE
