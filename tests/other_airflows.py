"""The environments with other versions of Airflow that ``./scripts/setup`` makes beside the one in which the tests run.

Airflow 2.11.1 is what Composer 2's default image has [source: composer-default-image-provider]. Airflow 2.10.5 comes
with the oldest releases that ``pyproject.toml`` allows.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.airflow_env import DAGS_FOLDER, airflow_settings

REPOSITORY: Final = Path(__file__).resolve().parent.parent

NEWEST: Final = "3.3"
"""The Airflow of the environment that the tests themselves run in."""

VERSIONS: Final = ("3.1", "2.11.1", "2.10.5")
"""Those of the other environments; that of 3.1 is made for ``./scripts/test --airflow 3.1`` alone."""

OLDEST: Final = "2.10.5"


def find_python(version: str) -> Path:
    """Name the interpreter of one of the environments, whether or not it is there."""
    if version == NEWEST:
        return REPOSITORY / ".venv" / "bin" / "python"
    return REPOSITORY / f".venv-airflow-{version}" / "bin" / "python"


def require(version: str) -> pytest.MarkDecorator:
    """Skip a test where the environment was not made."""
    return pytest.mark.skipif(
        not find_python(version).exists(), reason=f"no .venv-airflow-{version} here; scripts/setup makes it"
    )


#: For a test that runs once on each Airflow 2: ``@pytest.mark.parametrize("version", AIRFLOW_2)``.
AIRFLOW_2: Final = [
    pytest.param(version, id=f"Airflow {version}", marks=require(version)) for version in VERSIONS if version != "3.1"
]

#: For a test that runs once on each version: ``@pytest.mark.parametrize("version", EVERY_AIRFLOW)``.
EVERY_AIRFLOW: Final = [
    pytest.param(version, id=f"Airflow {version}", marks=[require(version), pytest.mark.airflow])
    for version in (NEWEST, *VERSIONS)
]

AIRFLOW_3_1: Final = pytest.mark.parametrize("version", [pytest.param("3.1", id="Airflow 3.1", marks=require("3.1"))])
"""For a test that runs on Airflow 3.1."""


def run_python(
    python: Path, code: str, *arguments: str, home: Path, settings: dict[str, str] | None = None
) -> list[str]:
    """Run a program with an Airflow of its own, from the repository, and give the lines that it printed.

    :param python: the interpreter of the environment.
    :param code: the program; ``DAGS_FOLDER`` is the project's DAG folder.
    :param arguments: the program's arguments.
    :param home: the folder that Airflow lives in.
    :param settings: more environment variables.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PYTHON"))}
    finished = subprocess.run(
        [python, "-c", f"DAGS_FOLDER = {str(DAGS_FOLDER)!r}\n{code}", *arguments],
        cwd=REPOSITORY,
        env={**environment, **airflow_settings(home), "PYTHONPATH": str(REPOSITORY), **(settings or {})},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr[-2000:]
    return finished.stdout.splitlines()
