"""Measures what parsing each file of dags/ costs beyond Airflow itself, and what the stock Composer operator's costs.

    ./scripts/bench parsing

Airflow parses each DAG file again and again, in a process of its own, and so does this. What an ordinary DAG file
imports of Airflow is loaded before. The last line is one JSON object.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.airflow_env import DAGS_FOLDER, airflow_settings
from tests.other_airflows import VERSIONS, find_python

RUNS: Final = 5

STOCK = """
from airflow.providers.google.cloud.operators.cloud_composer import CloudComposerCreateEnvironmentOperator
from airflow_masq.airflow_compat import DAG

with DAG(dag_id="stock", schedule=None):
    CloudComposerCreateEnvironmentOperator(
        task_id="create", environment_id="e", project_id="p", region="us-central1", environment={}
    )
"""

# On Airflow 2 there is no airflow.sdk, and any DAG that a process parses first loads what it needs.
PROGRAM = """
import json, runpy, sys, time, warnings
from datetime import UTC, datetime
warnings.simplefilter("ignore")
try:
    from airflow.sdk import DAG, BaseHook, BaseOperator, Param, get_current_context, task
except ImportError:
    from airflow.decorators import task
    from airflow.hooks.base import BaseHook
    from airflow.models.dag import DAG
    from airflow.models.param import Param
    from airflow.operators.empty import EmptyOperator
    start = datetime(2026, 1, 1, tzinfo=UTC)
    with DAG(dag_id="ordinary", schedule="@hourly", start_date=start, params={"number": Param(1, type="integer")}):
        EmptyOperator(task_id="nothing")

def read_resident_mb():
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * 4096 / 1e6

megabytes, seconds = read_resident_mb(), time.process_time()
runpy.run_path(sys.argv[1])
print(json.dumps([(time.process_time() - seconds) * 1000, read_resident_mb() - megabytes]))
"""


def parse(python: Path, file: Path, *, home: Path) -> tuple[float, float]:
    """Parse a DAG file once; return the milliseconds of processor time and the megabytes that it took."""
    program = f"import sys\nsys.path.insert(0, {str(DAGS_FOLDER.parent)!r})\n{PROGRAM}"
    command: list[str | Path] = [python, "-P", "-c", program, file]
    settings = {**os.environ, **airflow_settings(home)}
    done = subprocess.run(command, env=settings, check=False, capture_output=True, text=True)  # noqa: S603 - our own
    if done.returncode:
        raise RuntimeError(f"{file} cannot be parsed: {done.stderr[-2000:]}")
    milliseconds, megabytes = json.loads(done.stdout.splitlines()[-1])
    return milliseconds, megabytes


def measure(python: Path, files: list[Path], *, home: Path) -> dict[Path, tuple[float, float]]:
    """Parse the files in turns; return the medians of milliseconds and of megabytes."""
    for file in files:  # fills the bytecode caches
        parse(python, file, home=home)
    rounds = [[parse(python, file, home=home) for file in files] for _ in range(RUNS)]
    return {
        file: (statistics.median(each[0] for each in taken), statistics.median(each[1] for each in taken))
        for file, taken in zip(files, zip(*rounds, strict=True), strict=True)
    }


def main() -> None:
    """Measure, and print the results."""
    ours = sorted(DAGS_FOLDER.glob("*.py"))
    result: dict[str, object] = {"files": len(ours)}
    with tempfile.TemporaryDirectory() as directory:
        stock = Path(directory, "stock.py")
        stock.write_text(STOCK, encoding="utf-8")
        airflows = {"": Path(sys.executable), **{f"_airflow_{version}": find_python(version) for version in VERSIONS}}
        for suffix, python in airflows.items():
            home = Path(directory, f"home{suffix}")
            taken = measure(python, [*ours, stock], home=home) if python.exists() else {}
            for file, (milliseconds, megabytes) in taken.items():
                print(f"{file.name}{suffix}: {milliseconds:.0f} ms, {megabytes:.1f} MB", file=sys.stderr)
            for position, unit in enumerate(("ms", "mb")):
                worst = max((taken[file][position] for file in ours if file in taken), default=None)
                result[f"ours_{unit}{suffix}"] = None if worst is None else round(worst, 1)
                result[f"stock_{unit}{suffix}"] = round(taken[stock][position], 1) if taken else None
    print(json.dumps(result))


if __name__ == "__main__":
    main()
