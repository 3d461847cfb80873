"""What the demo's Airflow must be told before it starts; it must not import Airflow, which reads this on import."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

DAGS_FOLDER = Path(__file__).resolve().parents[2] / "dags"
#: Names the Unix socket of the Execution API.
EXECUTION_API_VARIABLE = "AIRFLOW_MASQ_LAB_EXECUTION_API"


@dataclass(frozen=True)
class Settings:
    """What the other side tells this one.

    :param home: the folder for Airflow's files.
    :param composer_endpoint: where the emulated Composer API listens, ``http://127.0.0.1:PORT``.
    :param plans: each environment's plan file, by the environment's id.
    :param workers: each environment's file of workers, by the environment's id; written when it comes to life.
    :param nodes: how many nodes each environment has.
    """

    home: str
    composer_endpoint: str
    plans: Mapping[str, str]
    workers: Mapping[str, str]
    nodes: int


def airflow_variables(settings: Settings) -> dict[str, str]:
    """Give the environment variables of this Airflow; they must be set before Airflow is imported.

    :param settings: what the other side told.
    :return: names and values.
    """
    home = Path(settings.home)
    connection = {
        "conn_type": "google_cloud_platform",
        "extra": {
            "is_anonymous": True,
            "project": "example-project",
            "composer_endpoint": settings.composer_endpoint,
        },
    }
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW_API_APPS": "execution",
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_urlsafe(64),
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS_FOLDER),
        "AIRFLOW__CORE__EXECUTOR": "lab.demo.pod_executor.PodExecutor",
        "AIRFLOW__CORE__FERNET_KEY": "",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT": json.dumps(connection),
        EXECUTION_API_VARIABLE: str(home / "execution-api.sock"),
    }
