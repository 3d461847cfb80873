"""An Airflow executor whose task processes live in the packet lab's Pods; it must not be used outside the lab.

It stands for what Composer does with Celery: every task instance runs in a process of its own, on a worker Pod.

    DAG run ──▶ PodExecutor ──▶ a clean server process ──fork──▶ [enters a Pod] ──▶ Airflow's supervisor ──fork──▶ task

The server process (``multiprocessing``'s forkserver) has Airflow imported already, so that a task starts in a fraction
of a second. The supervisor talks to a real Execution API, with the task's own token, over a Unix socket, since a Pod of
the lab has no route to it (on Composer it has). Map index i runs in Pod i of the workers, unmapped tasks in the first.
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

from lab.demo.airflow_settings import EXECUTION_API_VARIABLE
from lab.demo.workers import WORKERS_FILE_VARIABLE, Worker, read_workers
from lab.packets.namespaces import enter_permanently

if TYPE_CHECKING:
    from collections.abc import Sequence
    from multiprocessing.process import BaseProcess

    from airflow.executors.workloads import ExecutorWorkload


#: What a task process needs of Airflow, imported once in the server process that task processes are forked from.
PRELOADED_MODULES = [
    "airflow.dag_processing.dagbag",
    "airflow.executors.workloads",
    "airflow.sdk.api.client",
    "airflow.sdk.execution_time.supervisor",
    "airflow.sdk.execution_time.task_runner",
]


class PodExecutor(BaseExecutor):
    """Runs every queued task in a process inside a Pod of the lab.

    :param parallelism: how many task processes may run at once.
    """

    is_local = True

    def __init__(self, parallelism: int = 4, team_name: str | None = None) -> None:
        super().__init__(parallelism=parallelism, team_name=team_name)
        self._processes: dict[Any, BaseProcess] = {}
        self._multiprocessing = multiprocessing.get_context("forkserver")

    def start(self) -> None:
        """Say what the server process imports; it starts with the first task."""
        self._multiprocessing.set_forkserver_preload(PRELOADED_MODULES)

    def _process_workloads(self, workload_list: Sequence[ExecutorWorkload]) -> None:
        workers = read_workers(Path(os.environ[WORKERS_FILE_VARIABLE]))
        for workload in workload_list:
            if not isinstance(workload, ExecuteTask):
                raise TypeError(f"the lab runs tasks only, not {type(workload).__name__}")
            del self.queued_tasks[workload.key]
            process = self._multiprocessing.Process(
                target=run_on_worker,
                kwargs={
                    "workload": workload.model_dump_json(),
                    "worker": workers[max(workload.key.map_index, 0) % len(workers)],
                },
            )
            process.start()
            self.running.add(workload.key)
            self._processes[workload.key] = process

    def sync(self) -> None:
        """Report the task processes that have ended; waits a tenth of a second for one, since callers poll."""
        wait([process.sentinel for process in self._processes.values()], timeout=0.1)
        for key, process in list(self._processes.items()):
            if process.exitcode is not None:
                del self._processes[key]
                ended_well = process.exitcode == 0
                self.change_state(key, TaskInstanceState.SUCCESS if ended_well else TaskInstanceState.FAILED)

    def end(self) -> None:
        """Wait for the task processes that still run."""
        for process in self._processes.values():
            process.join()
        self.sync()


def run_on_worker(*, workload: str, worker: Worker) -> None:
    """Become a process of a worker Pod and run one task there.

    :param workload: Airflow's workload, as JSON.
    :param worker: where to run it.
    """
    if worker.namespace is not None:
        enter_permanently(worker.namespace, hostname=worker.hostname)
    os.environ["COMPOSER_ENVIRONMENT"] = worker.environment_id
    sys.exit(_supervise(ExecuteTask.model_validate_json(workload)))


def _supervise(workload: ExecuteTask) -> int:
    import httpx  # noqa: PLC0415 - the executor's own process needs neither
    from airflow.sdk.api.client import Client  # noqa: PLC0415
    from airflow.sdk.execution_time.supervisor import supervise_task  # noqa: PLC0415

    return supervise_task(
        ti=workload.ti,  # type: ignore[arg-type]  # Airflow's executors pass this look-alike too
        bundle_info=workload.bundle_info,
        dag_rel_path=workload.dag_rel_path,
        token=workload.token,
        log_path=workload.log_path,
        client=Client(
            base_url="http://execution-api/execution/",
            token=workload.token,
            transport=httpx.HTTPTransport(uds=os.environ[EXECUTION_API_VARIABLE]),
        ),
    )
