"""Building, changing and ending a lab."""

from __future__ import annotations

import sys
from ipaddress import IPv4Address, IPv4Network
from subprocess import TimeoutExpired
from typing import TYPE_CHECKING

import pytest

from lab.packets.errors import LabError, NamespaceError, NetlinkError, SandboxError
from lab.packets.lab import PacketLab
from lab.packets.masquerade import MasqueradeChain
from lab.packets.prober import observe
from lab.packets.sandbox import VARIABLE
from lab.packets.topology import IN_VPC, CloudNat, default_topology, gke_cluster, namespace_names

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab.packets.conftest import StartLab

pytestmark = [pytest.mark.packets, pytest.mark.usefixtures("sandbox")]

BLUE = gke_cluster("blue", nodes=1, pods_per_node=1)
GREEN = gke_cluster(
    "green",
    nodes=2,
    pods_per_node=1,
    first_node_address=IPv4Address("10.128.0.20"),
    pod_range=IPv4Network("192.168.128.0/17"),
)
PATIENT_SECONDS = 10.0
EVERYTHING = MasqueradeChain(non_masquerade=())


async def seen_by_in_vpc(lab: PacketLab, pod: str) -> str:
    """Ask whom the service in the VPC sees when a Pod connects."""
    return str(await observe(lab, pod, destination=IN_VPC, timeout_seconds=PATIENT_SECONDS))


async def test_a_cluster_comes_to_life_beside_another(start_lab: StartLab) -> None:
    """An environment created later has its own nodes and Pods, and the earlier one does not notice."""
    lab = await start_lab(default_topology(BLUE))
    lab.set_masquerade("blue-node-0", EVERYTHING)
    lab.add_cluster(GREEN)
    assert [cluster.name for cluster in lab.clusters] == ["blue", "green"]
    assert await seen_by_in_vpc(lab, "green-node-1-pod-0") == "192.168.128.66"
    assert await seen_by_in_vpc(lab, "blue-node-0-pod-0") == "10.128.0.2"


async def test_a_removed_cluster_makes_room_for_another_of_the_same_addresses(start_lab: StartLab) -> None:
    """Deleting an environment takes its namespaces and routes away at once, so that it can be created again."""
    lab = await start_lab(default_topology(BLUE, GREEN))
    lab.remove_cluster("green")
    assert not set(namespace_names(GREEN)) & set(lab.inodes)
    with pytest.raises(NamespaceError, match="green-node-0-pod-0"):
        await seen_by_in_vpc(lab, "green-node-0-pod-0")
    lab.add_cluster(GREEN)
    assert await seen_by_in_vpc(lab, "green-node-0-pod-0") == "192.168.128.2"
    assert await seen_by_in_vpc(lab, "blue-node-0-pod-0") == "192.168.0.2"


async def test_a_cluster_that_cannot_be_built_leaves_nothing(start_lab: StartLab) -> None:
    """Where the kernel refuses a part of a cluster (a route that is there already), no other part stays."""
    lab = await start_lab(default_topology(BLUE))
    before = dict(lab.inodes)
    with pytest.raises(NetlinkError, match=r"add a route to 10\.128\.0\.2/32 .*File exists"):
        lab.add_cluster(gke_cluster("twin", nodes=1))
    assert (dict(lab.inodes), [cluster.name for cluster in lab.clusters]) == (before, ["blue"])
    assert await seen_by_in_vpc(lab, "blue-node-0-pod-0") == "192.168.0.2"


def test_a_cluster_of_a_known_name_is_refused() -> None:
    """Adding a cluster twice changes nothing and says which names are taken."""
    with PacketLab(default_topology(BLUE)) as lab:
        before = dict(lab.inodes)
        with pytest.raises(NamespaceError, match="'blue-node-0', 'blue-node-0-pod-0'"):
            lab.add_cluster(BLUE)
        assert dict(lab.inodes) == before


@pytest.mark.parametrize(
    "change",
    [
        lambda lab: lab.remove_cluster("none"),
        lambda lab: lab.set_masquerade("none", EVERYTHING),
        lambda lab: lab.set_services("none", {}),
        lambda lab: lab.set_external_addresses({"none": IPv4Address("198.51.100.9")}),
        lambda lab: lab.set_masquerade("blue-node-0-pod-0", EVERYTHING),
        lambda lab: lab.run_in("none", ["true"]),
    ],
)
def test_a_part_that_is_not_there_is_named(change: object) -> None:
    """A wrong name is an error that tells the right ones."""
    with PacketLab(default_topology(BLUE)) as lab, pytest.raises(NamespaceError, match=r"expected one .*blue"):
        change(lab)  # type: ignore[operator] # a table of functions


def test_a_chain_that_the_kernel_refuses_leaves_the_old_rules() -> None:
    """A chain with an impossible name is refused by the kernel, in words that name the rule."""
    with PacketLab(default_topology(BLUE)) as lab:
        lab.set_masquerade("blue-node-0", EVERYTHING)
        with pytest.raises(NetlinkError, match="create chain"):
            lab.set_masquerade("blue-node-0", MasqueradeChain(non_masquerade=(), name="x" * 500))


def test_outside_a_sandbox_nothing_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that cannot prove to be in a sandbox is refused before anything is made, and told what to do."""
    monkeypatch.delenv(VARIABLE)
    lab = PacketLab(default_topology(BLUE))
    with pytest.raises(SandboxError, match=r"python -m lab\.packets\.sandbox -- COMMAND"), lab:
        pass
    assert lab.inodes == {}


def test_a_closed_lab_is_empty_and_can_be_closed_again() -> None:
    """Closing removes everything, once or twice."""
    lab = PacketLab(default_topology(BLUE))
    lab.build()
    assert set(lab.inodes) > set(namespace_names(BLUE))
    lab.close()
    lab.close()
    assert (lab.inodes, lab.clusters) == ({}, ())


def test_every_part_has_a_namespace_of_its_own() -> None:
    """No two parts share a namespace, and none is the sandbox's."""
    with PacketLab(default_topology(BLUE, GREEN)) as lab:
        inodes = list(lab.inodes.values())
        assert len(set(inodes)) == len(inodes)


def test_a_process_in_a_pod_has_the_pods_network() -> None:
    """A command run in a Pod is in the Pod's namespace, and its output and status come back."""
    program = "import os; print(os.stat('/proc/self/ns/net').st_ino); raise SystemExit(3)"
    with PacketLab(default_topology(BLUE)) as lab:
        ended = lab.run_in("blue-node-0-pod-0", [sys.executable, "-c", program])
        assert (ended.returncode, int(ended.stdout)) == (3, lab.inodes["blue-node-0-pod-0"])


def test_a_process_that_takes_too_long_is_ended() -> None:
    """A command in a Pod that goes on for longer than it may is killed."""
    with PacketLab(default_topology(BLUE)) as lab, pytest.raises(TimeoutExpired):
        lab.run_in("blue-node-0-pod-0", ["sleep", "60"], timeout_seconds=0.1)


def test_only_a_destination_has_a_firewall() -> None:
    """A firewall in front of anything else is an error that tells what there is."""
    with PacketLab(default_topology(BLUE)) as lab, pytest.raises(NamespaceError, match=r"expected one of .*in-vpc"):
        lab.set_allowed_sources("blue-node-0", ())


async def test_cloud_nat_can_be_replaced_while_pods_work(start_lab: StartLab) -> None:
    """Another public address of Cloud NAT is what the next connection has."""
    lab = await start_lab(default_topology(BLUE))
    for address in (IPv4Address("203.0.113.8"), IPv4Address("203.0.113.9")):
        lab.set_cloud_nat(CloudNat(address=address, covers=(IPv4Network("192.168.0.0/16"),)))
        answer = await observe(
            lab, "blue-node-0-pod-0", destination=lab.destinations[-1], timeout_seconds=PATIENT_SECONDS
        )
        assert answer.observed == address


def test_ipv6_needs_a_writable_switch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where IPv6 forwarding cannot be switched on, a dual-stack lab says what to do; an IPv4 one is built."""
    monkeypatch.setattr("lab.packets.builder._IPV6_FORWARDING", tmp_path / "missing" / "forwarding")
    with PacketLab(default_topology(BLUE)):
        pass
    dual = default_topology(gke_cluster("blue", nodes=1, ipv6=True), ipv6=True)
    with pytest.raises(LabError, match=r"cannot forward IPv6 in 'vpc'.*leave out IPv6"), PacketLab(dual):
        pass
