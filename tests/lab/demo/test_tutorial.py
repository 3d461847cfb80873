"""The tutorial, command by command, as a newcomer types it."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lab.packets import sandbox

if TYPE_CHECKING:
    from tests.lab.demo.conftest import ShownDemo

REPOSITORY = Path(__file__).parents[3]
TUTORIAL = REPOSITORY / "docs" / "tutorial.md"

# The fixture runs these two as one.
OF_THE_FIXTURE = ("./scripts/demo --keep first-run", "./scripts/demo --ui")

pytestmark = [
    pytest.mark.packets,
    pytest.mark.airflow,
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("demo"),
    pytest.mark.skipif(not sandbox.is_inside(), reason="needs network namespaces: run ./scripts/test"),
]


def test_each_command_does_what_the_tutorial_shows(shown_demo: ShownDemo, tmp_path: Path) -> None:
    """All commands succeed, in their order in one shell, and print what stands below them."""
    (tmp_path / "first-run").symlink_to(shown_demo.kept)
    (tmp_path / ".venv").symlink_to(REPOSITORY / ".venv")
    page = TUTORIAL.read_text(encoding="utf-8")
    commands = re.findall(r"^\$ (.*)$", page, re.MULTILINE)
    assert [command for command in commands if command.startswith("./scripts/demo")] == list(OF_THE_FIXTURE)
    assert 'PATH="$PWD/.venv/bin:$PATH"' in page
    script = "\n".join(
        f"echo '=== {number}'\n{command.replace('./scripts/', f'{REPOSITORY}/scripts/')}"
        for number, command in enumerate(commands)
        if command not in OF_THE_FIXTURE
    )
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    printed = dict(re.findall(r"^=== (\d+)\n(.*?)(?=^=== |\Z)", done.stdout, re.MULTILINE | re.DOTALL))
    outputs = iter(printed.get(str(number), "") for number in range(len(commands)))
    real = re.sub(
        r"^```console\n\$ (.*)\n(?:.*\n)*?```$",
        lambda session: f"```console\n$ {session[1]}\n{next(outputs)}```",
        page,
        flags=re.MULTILINE,
    )
    if os.environ.get("AIRFLOW_MASQ_WRITE_PAGES"):
        TUTORIAL.write_text(real, encoding="utf-8")
    assert TUTORIAL.read_text(encoding="utf-8") == real


def test_the_words_of_the_tutorial_are_those_of_the_table(shown_demo: ShownDemo) -> None:
    """What the tutorial tells its reader to look for is in the table that the demo prints."""
    page = TUTORIAL.read_text(encoding="utf-8")
    for environment, outcome in (("without-agent", "FAIL"), ("with-agent", "PASS")):
        (told,) = re.findall(rf"`{environment}` has a \*\*{outcome}\*\*: the service saw `([^`]+)`", page)
        rows = [line for line in shown_demo.output.splitlines() if line.startswith(environment)]
        assert [row for row in rows if "vpc-service" in row and told in row and outcome in row]
