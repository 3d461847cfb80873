"""What one process of the demo tells another: Airflow's settings, and the workers on which its tasks run.

It must not import Airflow, which reads its settings when it is first imported.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lab.packets.namespaces import NamespaceHandle

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DAGS_FOLDER = Path(__file__).resolve().parents[2] / "dags"
#: The variable with the path of the Execution API's Unix socket.
EXECUTION_API_VARIABLE = "AIRFLOW_MASQ_LAB_EXECUTION_API"
#: The variable with the path of the file with the workers on which tasks run.
WORKERS_FILE_VARIABLE = "AIRFLOW_MASQ_LAB_WORKERS"


def make_airflow_variables(home: Path) -> dict[str, str]:
    """Make the environment variables of an Airflow that lives in one folder, whatever runs of it."""
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_urlsafe(64),
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS_FOLDER),
        "AIRFLOW__CORE__FERNET_KEY": "",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    }


@dataclass(frozen=True)
class Settings:
    """What the Airflow side needs to know.

    :param home: the folder for Airflow's files.
    :param composer_endpoint: the address of the emulated Composer and GKE APIs, ``http://127.0.0.1:PORT``.
    :param compute_endpoint: the address of the emulated Compute API, in the same form.
    :param plans: the plan file of each environment, by the environment's id.
    :param workers: the workers file of each environment, by the environment's id; written when the environment runs.
    :param nodes: the number of nodes in each environment.
    """

    home: str
    composer_endpoint: str
    compute_endpoint: str
    plans: Mapping[str, str]
    workers: Mapping[str, str]
    nodes: int

    def make_airflow_variables(self) -> dict[str, str]:
        """Return the environment variables of this Airflow; they must be set before Airflow is imported."""
        home = Path(self.home)
        endpoints = {"composer_endpoint": self.composer_endpoint, "compute_endpoint": self.compute_endpoint}
        extra = {"is_anonymous": True, "project": "example-project", **endpoints}
        connection = {"conn_type": "google_cloud_platform", "extra": extra}
        return make_airflow_variables(home) | {
            "AIRFLOW_API_APPS": "execution",
            "AIRFLOW__CORE__EXECUTOR": "lab.demo.pod_executor.PodExecutor",
            "AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT": json.dumps(connection),
            EXECUTION_API_VARIABLE: str(home / "execution-api.sock"),
        }


@dataclass(frozen=True)
class Worker:
    """The place in which a task process runs.

    :param hostname: the hostname that the task sees.
    :param namespace: its network namespace; ``None`` for the sandbox's own.
    """

    hostname: str
    environment_id: str
    namespace: NamespaceHandle | None = None


def write_workers(path: Path, workers: Sequence[Worker]) -> None:
    """Write the workers to a file, in the order in which map indexes use them."""
    path.write_text(json.dumps([asdict(worker) for worker in workers]))


def read_workers(path: Path) -> list[Worker]:
    """Read the file that ``write_workers`` wrote."""
    workers = []
    for each in json.loads(path.read_text()):
        namespace = each.pop("namespace")
        workers.append(Worker(**each, namespace=NamespaceHandle(**namespace) if namespace else None))
    return workers
