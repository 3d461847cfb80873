"""What it costs the scheduler to parse each DAG file, again and again, on every Airflow that is installed here."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.airflow_env import DAGS_FOLDER
from tests.other_airflows import AIRFLOW_2, find_python, run_python

THIS = "this"
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


@pytest.mark.parametrize("version", [pytest.param(THIS, id="this Airflow"), *AIRFLOW_2])
@pytest.mark.parametrize("dag_file", DAG_FILES, ids=lambda path: path.name)
def test_parsing_loads_no_google_and_no_grpc(version: str, dag_file: Path, tmp_path: Path) -> None:
    """A DAG file loads none of Google's and gRPC's modules, and few others, although it names an asset."""
    python = Path(sys.executable) if version == THIS else find_python(version)
    printed = run_python(python, COUNT, str(dag_file), home=tmp_path)
    added: list[str] = json.loads(printed[-1])
    heavy = [name for name in added if name.split(".")[0] in {"google", "grpc"} or "providers.google" in name]
    assert heavy == []
    assert len(added) <= MOST_MODULES


def test_every_dag_file_is_counted() -> None:
    """The files that users copy are those that the test above looks at."""
    assert {path.name for path in DAG_FILES} >= {
        "audit_masquerade_fleet.py",
        "check_source_ip.py",
        "provision_masquerade_environment.py",
    }
