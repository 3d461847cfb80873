"""Runs a document's command in a worker's Pod of the lab, where honest observers answer it.

worker's Pod ── node, which masquerades ── vpc ─┬─ on-premises 172.20.0.10:8080
                                                └─ node-subnet 10.128.15.200:8080, which sees Pods' addresses
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lab.packets.lab import PacketLab
from lab.packets.masquerade import MasqueradeChain
from lab.packets.topology import (
    NODE_RANGE,
    NODE_SUBNET,
    ON_PREMISES,
    POD_RANGE,
    make_default_topology,
    make_gke_cluster,
)

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from lab.packets.topology import Destination

# As Composer sets them on its workers.
_WORKER: Final = ("COMPOSER_ENVIRONMENT=example-environment", "CONTAINER_NAME=airflow-worker")


def run_in_worker_pod(command: str, *, directory: Path) -> subprocess.CompletedProcess[str]:
    """Run a shell command in the Pod; its error output is part of its output."""
    topology = make_default_topology(make_gke_cluster("blue", nodes=1, pods_per_node=1))
    with PacketLab(topology) as lab:
        lab.set_masquerade("blue-node-0", MasqueradeChain(non_masquerade=(POD_RANGE, NODE_RANGE)))
        path = f"PATH={Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        shell = ["bash", "-o", "pipefail", "-c", f"cd {directory} && exec 2>&1 && {command}"]
        with _observing(lab, ON_PREMISES), _observing(lab, NODE_SUBNET):
            return lab.run_in("blue-node-0-pod-0", ["env", "--unset=AIRFLOW_MASQ_COMPONENT", path, *_WORKER, *shell])


@contextlib.contextmanager
def _observing(lab: PacketLab, destination: Destination) -> Iterator[None]:
    """Answer every request with the address that it comes from."""
    with lab.open_socket(destination.name, socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.settimeout(None)
        listener.bind((str(destination.address), destination.port))
        listener.listen()
        thread = threading.Thread(target=_answer, args=(listener,), name="observing")
        thread.start()
        try:
            yield
        finally:
            listener.shutdown(socket.SHUT_RDWR)  # ends accept
            thread.join()


def _answer(listener: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            connection, (address, _) = listener.accept()
            connection.settimeout(5)
            with connection, contextlib.suppress(OSError):
                request = b""
                while b"\r\n\r\n" not in request and (received := connection.recv(4096)):
                    request += received
                reply = f"HTTP/1.1 200 OK\r\nContent-Length: {len(address)}\r\nConnection: close\r\n\r\n{address}"
                connection.sendall(reply.encode())
