"""Whether a triggerer runs, as far as a task can know it: a task that is deferred without one waits for ever."""

from __future__ import annotations

import json
import logging
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

from airflow.configuration import conf

from airflow_masq.airflow_compat import IS_AIRFLOW_2

log = logging.getLogger(__name__)

HEALTH_TIMEOUT_SECONDS = 3.0
"""How long the API server has to tell its health: a choice."""

HEALTH_PATH = "/api/v2/monitor/health"
"""Where the API server of Airflow 3 tells its health without credentials [source: observed-triggerer-health]."""

_MOST_BYTES = 64 * 1024


def is_triggerer_running() -> bool | None:
    """Ask Airflow whether a triggerer runs; ``None`` if it does not tell.

    A task of Airflow 2 reads the table of jobs, one of Airflow 3 asks the API server that it reports to.
    """
    try:
        return _read_job_table() if IS_AIRFLOW_2 else _ask_api_server()
    except Exception as error:  # noqa: BLE001 - whatever hinders the question, the answer is not known
        log.debug("Whether a triggerer runs is not known: %s", type(error).__name__)
        return None


def _read_job_table() -> bool:
    from airflow.jobs.job import most_recent_job  # noqa: PLC0415 - exists in Airflow 2 only as such

    job = most_recent_job("TriggererJob")
    return job is not None and bool(job.is_alive())


def _ask_api_server() -> bool | None:
    # As Airflow itself finds the execution API, which the API server has beside its health.
    base = conf.get("api", "base_url", fallback="/")
    base = f"http://localhost:8080{base}" if base.startswith("/") else base
    base = conf.get("core", "execution_api_server_url", fallback="") or base
    url = base.rstrip("/").removesuffix("/execution") + HEALTH_PATH
    if urlsplit(url).scheme not in {"http", "https"}:
        return None
    with urlopen(url, timeout=HEALTH_TIMEOUT_SECONDS) as reply:  # noqa: S310 - the scheme was looked at
        health: Any = json.loads(reply.read(_MOST_BYTES))
    if "triggerer" not in health or health["metadatabase"]["status"] != "healthy":
        return None
    status: object = health["triggerer"]["status"]
    return status == "healthy"
