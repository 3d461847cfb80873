"""An Airflow executor whose task processes run in the packet lab's Pods; it is for the lab only.

It replaces what Composer does with Celery: every task instance runs in a process of its own, on a worker Pod.

    DAG run ──▶ PodExecutor ──▶ a clean server process ──fork──▶ [enters a Pod] ──▶ Airflow's supervisor ──fork──▶ task

The server process (``multiprocessing``'s forkserver) has Airflow imported already, so a task starts in a fraction of a
second. The supervisor talks to a real Execution API, with the task's own token. It does so over a Unix socket, since a
Pod of the lab has no route to the API (on Composer it has). Map index i runs in Pod i of the workers, unmapped tasks in
the first Pod.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.executors.base_executor import BaseExecutor
from airflow.executors.workloads import ExecuteTask
from airflow.utils.state import TaskInstanceState

from lab.demo.settings import EXECUTION_API_VARIABLE, WORKERS_FILE_VARIABLE, Worker, read_workers
from lab.packets.namespaces import enter_permanently

if TYPE_CHECKING:
    from collections.abc import Sequence
    from multiprocessing.process import BaseProcess

    from airflow.executors.workloads import ExecutorWorkload


#: What a task process needs of Airflow, imported once in the server process.
PRELOADED_MODULES = [
    "airflow.dag_processing.dagbag",
    "airflow.executors.workloads",
    "airflow.sdk.api.client",
    "airflow.sdk.execution_time.supervisor",
    "airflow.sdk.execution_time.task_runner",
]


class PodExecutor(BaseExecutor):
    """Runs every queued task in a process inside a Pod of the lab; ``parallelism`` limits the processes."""

    is_local = True

    def __init__(self, parallelism: int = 4, team_name: str | None = None) -> None:
        super().__init__(parallelism=parallelism, team_name=team_name)
        self._processes: dict[Any, BaseProcess] = {}
        self._multiprocessing = multiprocessing.get_context("forkserver")

    def start(self) -> None:
        """Set what the server process imports; it starts with the first task."""
        self._multiprocessing.set_forkserver_preload(PRELOADED_MODULES)

    def _process_workloads(self, workload_list: Sequence[ExecutorWorkload]) -> None:
        workers = read_workers(Path(os.environ[WORKERS_FILE_VARIABLE]))
        for workload in workload_list:
            if not isinstance(workload, ExecuteTask):
                raise TypeError(f"expected a task to execute, saw {type(workload).__name__}")
            del self.queued_tasks[workload.key]
            worker = workers[max(workload.key.map_index, 0) % len(workers)]
            arguments = {"workload": workload.model_dump_json(), "worker": worker}
            process = self._multiprocessing.Process(target=run_on_worker, kwargs=arguments)
            process.start()
            self.running.add(workload.key)
            self._processes[workload.key] = process

    def sync(self) -> None:
        """Report the task processes that have ended; wait a tenth of a second for one, since callers poll."""
        wait([process.sentinel for process in self._processes.values()], timeout=0.1)
        for key, process in list(self._processes.items()):
            if process.exitcode is not None:
                del self._processes[key]
                self.change_state(key, TaskInstanceState.FAILED if process.exitcode else TaskInstanceState.SUCCESS)

    def end(self) -> None:
        """Wait for the task processes that still run."""
        for process in self._processes.values():
            process.join()
        self.sync()


def run_on_worker(*, workload: str, worker: Worker) -> None:
    """Turn this process into one of a worker Pod, and run one task.

    :param workload: Airflow's workload, as JSON.
    """
    import httpx  # noqa: PLC0415 - the executor's own process needs none of these
    from airflow.sdk.api.client import Client  # noqa: PLC0415
    from airflow.sdk.execution_time.supervisor import supervise_task  # noqa: PLC0415

    if worker.namespace is not None:
        enter_permanently(worker.namespace, hostname=worker.hostname)
    # As on a worker of Composer [source: composer-reserved-variables, composer-container-name].
    os.environ["COMPOSER_ENVIRONMENT"] = worker.environment_id
    os.environ["CONTAINER_NAME"] = "airflow-worker"
    task = ExecuteTask.model_validate_json(workload)
    transport = httpx.HTTPTransport(uds=os.environ[EXECUTION_API_VARIABLE])
    status = supervise_task(
        ti=task.ti,  # type: ignore[arg-type]  # Airflow's executors pass this type too
        bundle_info=task.bundle_info,
        dag_rel_path=task.dag_rel_path,
        token=task.token,
        log_path=task.log_path,
        client=Client(base_url="http://execution-api/execution/", token=task.token, transport=transport),
    )
    sys.exit(status)
