"""Where task processes run: the workers of an environment, told from one process of the demo to another through a file.

It must not import Airflow, which reads its settings when it is first imported.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from lab.packets.namespaces import NamespaceHandle

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

#: Names the file with the workers that tasks run on.
WORKERS_FILE_VARIABLE = "AIRFLOW_MASQ_LAB_WORKERS"


@dataclass(frozen=True)
class Worker:
    """Where a task process runs.

    :param hostname: the host name that the task sees.
    :param environment_id: the Composer environment that the worker belongs to.
    :param namespace: its network namespace; ``None`` for the sandbox's own.
    """

    hostname: str
    environment_id: str
    namespace: NamespaceHandle | None = None


def write_workers(path: Path, workers: Sequence[Worker]) -> None:
    """Say which workers there are.

    :param path: the file to write.
    :param workers: the workers, in the order in which map indexes use them.
    """
    path.write_text(json.dumps([asdict(worker) for worker in workers]))


def read_workers(path: Path) -> list[Worker]:
    """Read what ``write_workers`` wrote.

    :param path: the file.
    :return: the workers.
    """
    workers = []
    for each in json.loads(path.read_text()):
        namespace = each.pop("namespace")
        workers.append(Worker(**each, namespace=NamespaceHandle(**namespace) if namespace else None))
    return workers
