"""Files that commands are given are read within bounds, or refused in one line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.console import Console


@pytest.mark.parametrize("command", ["lint", "capacity"])
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.yaml", "missing.yaml: expected a readable file, saw no file of that name"),
        (".", ".: expected a readable file, saw a directory"),
        ("nu\0ll", "nu\\x00ll: expected a readable file, saw a null character in its name"),
        ("lone\ud800", "lone\\ud800: expected a readable file, saw a name that no file can have"),
        ("\x1b[31m", "\\x1b[31m: expected a readable file, saw no file of that name"),
        ("a\nb", "a\\nb: expected a readable file, saw no file of that name"),
    ],
)
def test_a_file_that_cannot_be_read(console: Console, command: str, name: str, message: str) -> None:
    """A file that is missing, or none, is exit code 2 and one harmless line."""
    answer = console.run(command, name)
    assert (answer.code, answer.printed, answer.complaint.count("\n")) == (2, "", 1)
    assert answer.complaint.startswith(message)


def test_a_misspelt_name(console: Console) -> None:
    """The nearest file beside it is proposed, and an unlike one is not."""
    assert console.run("lint", "plam.yaml").complaint == (
        "plam.yaml: expected a readable file, saw no file of that name (did you mean plan.yaml?)\n"
    )
    assert console.run("lint", "nosuch.yml").complaint.endswith("saw no file of that name\n")
    assert console.run("lint", "nowhere/plan.yaml").complaint.endswith("saw no file of that name\n")


def test_a_link_to_nowhere_and_no_name(console: Console) -> None:
    """Neither proposes itself, and each is one line."""
    Path("link.yaml").symlink_to("nowhere")
    assert console.run("lint", "link.yaml").complaint.endswith("saw a link to a file that does not exist\n")
    assert console.run("lint", "").complaint == "'': expected a readable file, saw an empty name\n"


def test_a_file_that_is_no_text(console: Console) -> None:
    """Bytes that are no UTF-8 are refused with their line."""
    console.write("binary.yaml", b"network:\n  \xff\n")
    answer = console.run("lint", "binary.yaml")
    assert (answer.code, answer.complaint) == (2, "binary.yaml:2: expected UTF-8 text, saw the byte 0xff\n")


@pytest.mark.parametrize(
    "words", [["lint", "-"], ["render", "-", "--as", "rest"], ["agent-config", "-"]], ids=lambda words: words[0]
)
def test_a_closed_standard_input(tmp_path: Path, words: list[str]) -> None:
    """Where there is no standard input at all, that is one line and exit code 2."""
    program = "import sys; from airflow_masq.cli import main; sys.exit(main())"
    done = subprocess.run(
        ["/bin/sh", "-c", 'exec "$@" <&-', "sh", sys.executable, "-c", program, *words],
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
        timeout=60,
    )
    expected = "<stdin>: expected a readable file, saw Bad file descriptor\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", expected)


def test_no_standard_input_in_this_process(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller in Python that has none gets the same line."""
    monkeypatch.setattr(sys, "stdin", None)
    answer = console.run("lint", "-")
    assert (answer.code, answer.complaint) == (2, "<stdin>: expected a readable file, saw Bad file descriptor\n")


def test_a_file_without_end(console: Console) -> None:
    """A file of any size is read only so far as a plan could go."""
    answer = console.run("lint", "/dev/zero")
    assert (answer.code, answer.complaint) == (2, "/dev/zero: expected at most 1048576 bytes, saw more\n")


def test_line_ends_of_any_system(console: Console) -> None:
    """A plan with carriage returns, or a byte order mark, is the same plan."""
    text = Path("plan.yaml").read_text(encoding="utf-8")
    console.write("dos.yaml", "\ufeff" + text.replace("\n", "\r\n"))
    dos, unix = (console.run("explain", name, "onprem-erp") for name in ("dos.yaml", "plan.yaml"))
    assert dos == unix
