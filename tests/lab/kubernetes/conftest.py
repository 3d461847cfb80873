"""Fixtures of the tests of the lab's Kubernetes API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lab.kubernetes import KubernetesEmulator
from lab.kubernetes.emulator import ClusterNode

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def cluster() -> Iterator[KubernetesEmulator]:
    """Give an Autopilot cluster with two nodes."""
    nodes = [
        ClusterNode(name=f"node-{number}", address=f"10.128.0.{number}", pod_cidr=f"192.168.{number}.0/26")
        for number in (1, 2)
    ]
    with KubernetesEmulator(nodes=nodes) as emulator:
        yield emulator
