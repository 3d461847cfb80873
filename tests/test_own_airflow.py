"""The page about trying the DAGs in an Airflow of one's own, command by command."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lab.demo.server import find_free_port
from tests.airflow_env import airflow_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(300)]

REPOSITORY = Path(__file__).resolve().parents[1]
PAGE = (REPOSITORY / "docs" / "own-airflow.md").read_text(encoding="utf-8")
(PLAN,) = re.findall(
    r"^```yaml\n(# plan\.yaml\n.*?)^```$",
    (REPOSITORY / "docs" / "plan.md").read_text(encoding="utf-8"),
    re.MULTILINE | re.DOTALL,
)


def find_commands(beginning: str) -> list[str]:
    """Find the commands of the page that begin so."""
    return re.findall(rf"^{re.escape(beginning)}.*$", PAGE, re.MULTILINE)


@contextmanager
def run_emulator(command: str, *, port: int) -> Iterator[None]:
    """Run the emulator as the page says, at another port, for as long as it is needed."""
    _, *words = shlex.split(command.replace("8765", str(port)))
    with subprocess.Popen([sys.executable, *words], stdout=subprocess.PIPE, text=True, cwd=REPOSITORY) as emulator:
        try:
            assert emulator.stdout is not None
            assert emulator.stdout.readline()
            yield
        finally:
            emulator.terminate()


def test_its_commands_do_what_it_says(tmp_path: Path) -> None:
    """With the emulator, the connection and a plan, both DAGs run: one creates, the other reports and then fails."""
    (start,) = find_commands(".venv/bin/python -m lab.cloud")
    provision, check = find_commands("airflow dags test")
    (extra,) = re.findall(r"^(\{\"composer_endpoint\".*\})$", PAGE, re.MULTILINE)
    port = find_free_port()
    connection = {"conn_type": "google_cloud_platform", "extra": json.loads(extra.replace("8765", str(port)))}
    plan = tmp_path / "plan.yaml"
    plan.write_text(PLAN, encoding="utf-8")
    settings = airflow_settings(tmp_path)
    del settings["AIRFLOW_MASQ_COMPONENT"]  # the page is about a machine that is no worker
    environment = os.environ | settings
    environment |= {"AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT": json.dumps(connection), "AIRFLOW_MASQ_PLAN": str(plan)}
    environment.pop("AIRFLOW_MASQ_COMPONENT", None)

    def run(command: str) -> subprocess.CompletedProcess[str]:
        _, *words = shlex.split(command)
        return subprocess.run(
            [sys.executable, "-P", "-m", "airflow", *words],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=250,
        )

    assert run("airflow db migrate").returncode == 0
    with run_emulator(start, port=port):
        created = run(provision)
    assert "is running with the IP masquerade agent" in created.stdout, created.stdout[-3000:]
    checked = run(check)
    assert "onprem-erp" in checked.stdout, checked.stdout[-3000:]
    assert "assert" in checked.stdout
    assert (created.returncode, checked.returncode) == (0, 1), checked.stdout[-3000:]
