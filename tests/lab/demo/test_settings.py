"""Airflow's settings, and the file with the workers on which tasks run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.demo.settings import Worker, read_workers, write_workers
from lab.packets.namespaces import NamespaceHandle

if TYPE_CHECKING:
    from pathlib import Path


def test_workers_are_read_as_they_were_written(tmp_path: Path) -> None:
    """A worker in a Pod and one outside of Pods are read from the file unchanged."""
    workers = [
        Worker(
            hostname="airflow-worker-a",
            environment_id="with-agent",
            namespace=NamespaceHandle(name="pod", path="/proc/1/fd/9", inode=4026532000),
        ),
        Worker(hostname="airflow-control", environment_id="control"),
    ]
    write_workers(tmp_path / "workers.json", workers)
    assert read_workers(tmp_path / "workers.json") == workers
