"""What it costs the scheduler to parse each DAG file, again and again, on every Airflow that is installed here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.airflow_env import DAGS_FOLDER, airflow_settings

REPOSITORY = DAGS_FOLDER.parent
AIRFLOW_2 = REPOSITORY / ".venv-airflow2" / "bin" / "python"
INTERPRETERS = [
    pytest.param(Path(sys.executable), id="this Airflow"),
    pytest.param(
        AIRFLOW_2,
        id="Airflow 2.10",
        marks=pytest.mark.skipif(not AIRFLOW_2.exists(), reason="no .venv-airflow2 here; scripts/test makes it"),
    ),
]
DAG_FILES = sorted(DAGS_FOLDER.glob("*.py"))

# Imports first what an ordinary DAG file imports, so that only what ours costs beyond it is counted.
COUNT = """
import json, runpy, sys, warnings
warnings.simplefilter("ignore")
try:
    from airflow.sdk import DAG, BaseHook, BaseOperator, Param, get_current_context, task
except ImportError:
    from airflow.decorators import task
    from airflow.hooks.base import BaseHook
    from airflow.models.dag import DAG
    from airflow.operators.python import PythonOperator
before = set(sys.modules)
runpy.run_path(sys.argv[1])
print(json.dumps(sorted(set(sys.modules) - before)))
"""

MOST_MODULES = 160
"""Our own modules and netaddr, PyYAML, and what of the standard library they need; Google's handlers were 218 more."""

pytestmark = pytest.mark.airflow


@pytest.mark.parametrize("python", INTERPRETERS)
@pytest.mark.parametrize("dag_file", DAG_FILES, ids=lambda path: path.name)
def test_parsing_loads_no_google_and_no_grpc(python: Path, dag_file: Path, tmp_path: Path) -> None:
    """A DAG file loads none of Google's and gRPC's modules, and few others, although it names an asset."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PYTHON"))}
    finished = subprocess.run(
        [python, "-c", COUNT, dag_file],
        cwd=REPOSITORY,
        env={**environment, **airflow_settings(tmp_path), "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr[-2000:]
    added: list[str] = json.loads(finished.stdout.splitlines()[-1])
    heavy = [name for name in added if name.split(".")[0] in {"google", "grpc"} or "providers.google" in name]
    assert heavy == []
    assert len(added) <= MOST_MODULES


def test_every_dag_file_is_counted() -> None:
    """The files that users copy are those that the test above looks at."""
    assert {path.name for path in DAG_FILES} >= {"check_source_ip.py", "provision_masquerade_environment.py"}
