"""A throw-away Airflow for the tests: its own AIRFLOW_HOME, a SQLite file, the project's DAG folder as its one bundle.

Without it, an import of Airflow writes into the home folder of the user who runs the tests. ``tests/conftest.py`` calls
``use_temporary_home`` before any test module is imported; a test that runs a DAG asks for the fixture ``airflow``. This
module must not import Airflow, which reads its settings when it is first imported (``airflow_runs.py`` does).
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

DAGS_FOLDER = Path(__file__).resolve().parent.parent / "dags"


def airflow_settings(home: Path, *, dags_folder: Path = DAGS_FOLDER) -> dict[str, str]:
    """Give the environment variables of an Airflow that lives in one folder.

    In-memory SQLite does not work with ``dag.test()``, hence the file [source: observed-dag-test-file-database].

    :param home: the folder; it need not exist yet.
    :param dags_folder: becomes the bundle ``dags-folder``, where ``dag.test()`` looks for the DAG.
    :return: what to put into ``os.environ``, or into a subprocess's environment, before Airflow is imported.
    """
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags_folder),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "AIRFLOW_MASQ_COMPONENT": "worker",  # a machine that runs tests looks like no worker
    }


def use_temporary_home() -> Path:
    """Point this process's Airflow, once imported, to a temporary folder that goes when the process ends.

    :return: the folder.
    """
    home = Path(tempfile.mkdtemp(prefix="airflow-masq-tests-"))
    atexit.register(_remove, home, process_id=os.getpid())
    os.environ.update(airflow_settings(home))
    return home


def _remove(home: Path, *, process_id: int) -> None:
    """Remove the folder, unless this is a forked child, which must not take it away from its parent."""
    if os.getpid() == process_id:
        shutil.rmtree(home, ignore_errors=True)
