"""The sensor under Airflow's own scheduler, in the mode in which people run it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from airflow_masq.verdict import read_report
from tests.local_observers import NODE_ADDRESS, POD_ADDRESS, loopback_plan, observer

if TYPE_CHECKING:
    from typing import Any

pytestmark = pytest.mark.airflow

REPOSITORY = Path(__file__).parents[2]
# With retries, as docs/verify.md advises: Airflow may take the end of the first poke for that of the second, and
# fail a task that passed [source: airflow-stale-reschedule].
DAG_FILE = """
from datetime import timedelta

from airflow.sdk import DAG

from airflow_masq.operators.source_ip_sensor import SourceIpSensor

with DAG("wait_for_masquerading", schedule=None):
    SourceIpSensor(
        task_id="wait",
        plan={plan!r},
        poke_interval=2,
        timeout=90,
        timeout_seconds=10,
        retries=3,
        retry_delay=timedelta(0),
    )
"""


@pytest.mark.timeout(150)
def test_a_scheduler_runs_it_again_until_it_is_done(tmp_path: Path) -> None:
    """The first poke sees a Pod's address and frees its slot; the scheduler runs it again, and it leaves its report."""
    dags, home = tmp_path / "dags", tmp_path / "home"
    dags.mkdir()
    with observer(NODE_ADDRESS, first_answer=POD_ADDRESS) as late:
        plan = loopback_plan({"name": "erp", "observe": late.url, "expect": "node"})
        (dags / "wait_for_masquerading.py").write_text(DAG_FILE.format(plan=plan), encoding="utf-8")
        ended = subprocess.run(
            [sys.executable, "-m", "tests.live_scheduler", home, dags, "wait_for_masquerading", "wait"],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=False,
        )
    assert ended.returncode == 0, ended.stdout[-4000:] + ended.stderr[-4000:]
    task: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    assert (task["run"], task["states"][-1]) == ("success", "success"), ended.stdout[-4000:]
    assert "up_for_reschedule" in task["states"]
    report = read_report(task["xcom"])
    assert (report.outcome, report.verdicts[0].vantage.component) == ("PASS", "worker")
    assert late.questions_seen >= 2
