"""Fixtures of the traps: a lab with a Pod in it, and the servers that stand in between."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lab.packets.lab import PacketLab
from lab.packets.topology import make_default_topology, make_gke_cluster
from tests.lab.packets.conftest import find_obstacle
from tests.traps.scene import Scene
from tests.traps.servers import Servers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    """Build a lab of one node and one Pod, with IPv6 where its parameter is true; nothing is masqueraded yet."""
    if reason := find_obstacle():
        pytest.skip(reason)
    ipv6 = bool(getattr(request, "param", False))
    cluster = make_gke_cluster("blue", nodes=1, pods_per_node=1, ipv6=ipv6)
    with PacketLab(make_default_topology(cluster, ipv6=ipv6)) as lab:
        yield Scene(lab=lab)


@pytest.fixture
def servers(scene: Scene, tmp_path: Path) -> Servers:
    """Start Debian's servers in the lab, or skip the test where they cannot be had."""
    return Servers(scene.lab, folder=tmp_path)
