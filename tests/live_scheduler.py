"""Runs one DAG under Airflow's own scheduler and LocalExecutor, in processes of its own, and tells how a task went.

    python -m tests.live_scheduler HOME DAGS_FOLDER DAG_ID TASK_ID

                 ┌─ fork ─ the Execution API, which tasks talk to
    this process ┤
                 └─ fork ─ airflow scheduler ─ LocalExecutor ─ a process for each try of the task

Everything is imported before the forks, since each import of Airflow takes seconds. The last line of the output is a
JSON object: the run's state, the states that the task went through, and its XCom.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import secrets
import signal
import socket
import sys
import time
import warnings
from pathlib import Path
from typing import Any

from tests.airflow_env import airflow_settings

WAIT_SECONDS = 100.0


def choose_settings(home: Path, *, dags_folder: Path, port: int) -> dict[str, str]:
    """Give the environment variables of an Airflow with a scheduler; they must be set before Airflow is imported."""
    return {
        **airflow_settings(home, dags_folder=dags_folder),
        "AIRFLOW_API_APPS": "execution",
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_urlsafe(64),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__FERNET_KEY": "",
        "AIRFLOW__CORE__PARALLELISM": "1",
        "AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK": "False",
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
        "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "False",
    }


def serve_execution_api(listener: socket.socket) -> None:
    """Serve the API that tasks talk to, until this process is ended."""
    os.setpgid(0, 0)
    import uvicorn
    from airflow.api_fastapi.main import app

    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])


def schedule() -> None:
    """Run ``airflow scheduler``, until this process is ended."""
    os.setpgid(0, 0)
    from airflow.__main__ import main

    sys.argv = ["airflow", "scheduler", "--skip-serve-logs"]
    main()  # type: ignore[no-untyped-call]  # Airflow's own


def start_run(dags_folder: Path, dag_id: str) -> str:
    """Do what the DAG processor and a user do: write the DAG to the database, and start a run of it."""
    from airflow.api.common.trigger_dag import trigger_dag
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import BundleDagBag, sync_bag_to_db
    from airflow.models.dag import DagModel
    from airflow.utils.session import create_session
    from airflow.utils.types import DagRunTriggeredByType
    from sqlalchemy import update

    DagBundlesManager().sync_bundles_to_db()  # type: ignore[no-untyped-call]  # as above
    bag = BundleDagBag(dag_folder=dags_folder, bundle_path=dags_folder, bundle_name="dags-folder")
    if bag.import_errors:
        raise RuntimeError(str(bag.import_errors))
    sync_bag_to_db(bag, "dags-folder", None)
    with create_session() as session:
        session.execute(update(DagModel).values(is_paused=False))
    run = trigger_dag(dag_id=dag_id, triggered_by=DagRunTriggeredByType.TEST)
    if run is None:
        raise RuntimeError(f"no run of {dag_id} was started")
    return str(run.run_id)


def await_end(dag_id: str, run_id: str, task_id: str) -> dict[str, Any]:
    """Wait until the run has ended, and read what the task left."""
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    deadline = time.monotonic() + WAIT_SECONDS
    states: list[str] = []  # some may be too short to be seen
    while True:
        with create_session() as session:
            run = session.scalars(select(DagRun).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id)).one()
            instance = session.scalars(
                select(TaskInstance).where(TaskInstance.run_id == run_id, TaskInstance.task_id == task_id)
            ).one()
            if str(instance.state) not in states[-1:]:
                states.append(str(instance.state))
            if run.state in {"success", "failed"} or time.monotonic() > deadline:
                query = XComModel.get_many(run_id=run_id, key="return_value", task_ids=task_id, dag_ids=dag_id)
                return {
                    "run": str(run.state),
                    "states": states,
                    "xcom": session.scalars(query.with_only_columns(XComModel.value)).first(),
                }
        time.sleep(0.05)


def main(home: Path, dags_folder: Path, dag_id: str, task_id: str) -> None:
    """Run the DAG to its end, and print what became of the task."""
    listener = socket.create_server(("127.0.0.1", 0))
    os.environ.update(choose_settings(home, dags_folder=dags_folder, port=listener.getsockname()[1]))
    warnings.simplefilter("ignore")  # Airflow's own deprecations are not this project's
    import airflow.api_fastapi.main
    import airflow.jobs.scheduler_job_runner
    import airflow.sdk.execution_time.task_runner  # noqa: F401 - for the processes to come
    from airflow.utils.db import initdb

    initdb()
    run_id = start_run(dags_folder, dag_id)
    forking = multiprocessing.get_context("fork")
    processes = [
        forking.Process(target=serve_execution_api, args=(listener,)),
        forking.Process(target=schedule),
    ]
    for process in processes:
        process.start()
    try:
        ended = await_end(dag_id, run_id, task_id)
    finally:
        for process in processes:
            os.killpg(process.pid or 0, signal.SIGKILL)  # with the processes of tasks; nothing of them is kept
            process.join()
    print(json.dumps(ended))  # noqa: T201 - what the test reads


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
