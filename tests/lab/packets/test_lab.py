"""Building, changing and closing a lab."""

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
from lab.packets.topology import IN_VPC, CloudNat, make_default_topology, make_gke_cluster

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab.packets.conftest import StartLab

pytestmark = [pytest.mark.packets, pytest.mark.usefixtures("sandbox")]

BLUE = make_gke_cluster("blue", nodes=1, pods_per_node=1)
GREEN = make_gke_cluster(
    "green",
    nodes=2,
    pods_per_node=1,
    first_node_address=IPv4Address("10.128.0.20"),
    pod_range=IPv4Network("192.168.128.0/17"),
)
PATIENT_SECONDS = 10.0
EVERYTHING = MasqueradeChain(non_masquerade=())


async def observe_in_vpc(lab: PacketLab, pod: str) -> str:
    """Return the source address that the service in the VPC sees when a Pod connects."""
    return str(await observe(lab, pod, destination=IN_VPC, timeout_seconds=PATIENT_SECONDS))


async def test_a_cluster_is_added_beside_another(start_lab: StartLab) -> None:
    """An environment created later has its own nodes and Pods, and the earlier one is not affected."""
    lab = await start_lab(make_default_topology(BLUE))
    lab.set_masquerade("blue-node-0", EVERYTHING)
    lab.add_cluster(GREEN)
    assert [cluster.name for cluster in lab.clusters] == ["blue", "green"]
    assert await observe_in_vpc(lab, "green-node-1-pod-0") == "192.168.128.66"
    assert await observe_in_vpc(lab, "blue-node-0-pod-0") == "10.128.0.2"


async def test_a_cluster_can_be_added_again_after_its_removal(start_lab: StartLab) -> None:
    """Deleting an environment removes its namespaces and routes at once, so that it can be created again."""
    lab = await start_lab(make_default_topology(BLUE, GREEN))
    lab.remove_cluster("green")
    assert not set(GREEN.part_names) & set(lab.inodes)
    with pytest.raises(NamespaceError, match="green-node-0-pod-0"):
        await observe_in_vpc(lab, "green-node-0-pod-0")
    lab.add_cluster(GREEN)
    assert await observe_in_vpc(lab, "green-node-0-pod-0") == "192.168.128.2"
    assert await observe_in_vpc(lab, "blue-node-0-pod-0") == "192.168.0.2"


async def test_a_cluster_that_cannot_be_built_leaves_nothing(start_lab: StartLab) -> None:
    """If the kernel refuses a part of a cluster (a route that exists), no other part of it stays."""
    lab = await start_lab(make_default_topology(BLUE))
    before = dict(lab.inodes)
    with pytest.raises(NetlinkError, match=r"add a route to 10\.128\.0\.2/32 .*File exists"):
        lab.add_cluster(make_gke_cluster("twin", nodes=1))
    assert (dict(lab.inodes), [cluster.name for cluster in lab.clusters]) == (before, ["blue"])
    assert await observe_in_vpc(lab, "blue-node-0-pod-0") == "192.168.0.2"


def test_a_cluster_with_a_taken_name_is_refused() -> None:
    """Adding a cluster twice changes nothing and says which names are taken."""
    with PacketLab(make_default_topology(BLUE)) as lab:
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
def test_an_unknown_part_is_named(change: object) -> None:
    """The error for a wrong name lists the right ones."""
    with PacketLab(make_default_topology(BLUE)) as lab, pytest.raises(NamespaceError, match=r"expected one .*blue"):
        change(lab)  # type: ignore[operator] # a table of functions


def test_a_chain_that_the_kernel_refuses_leaves_the_old_rules() -> None:
    """The kernel refuses a chain with an impossible name, and the error says what was attempted."""
    with PacketLab(make_default_topology(BLUE)) as lab:
        lab.set_masquerade("blue-node-0", EVERYTHING)
        with pytest.raises(NetlinkError, match="create chain"):
            lab.set_masquerade("blue-node-0", MasqueradeChain(non_masquerade=(), name="x" * 500))


def test_outside_a_sandbox_nothing_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that is not in a sandbox is refused before anything is made, and told what to do."""
    monkeypatch.delenv(VARIABLE)
    lab = PacketLab(make_default_topology(BLUE))
    with pytest.raises(SandboxError, match=r"python -m lab\.packets\.sandbox -- COMMAND"), lab:
        pass
    assert lab.inodes == {}


def test_a_closed_lab_is_empty_and_can_be_closed_again() -> None:
    """Closing removes everything, and a second time does no harm."""
    lab = PacketLab(make_default_topology(BLUE))
    lab.build()
    assert set(lab.inodes) > set(BLUE.part_names)
    lab.close()
    lab.close()
    assert (lab.inodes, lab.clusters) == ({}, ())


def test_every_part_has_a_namespace_of_its_own() -> None:
    """No two parts share a namespace."""
    with PacketLab(make_default_topology(BLUE, GREEN)) as lab:
        inodes = list(lab.inodes.values())
        assert len(set(inodes)) == len(inodes)


def test_a_process_in_a_pod_has_the_pods_network() -> None:
    """A command in a Pod runs in the Pod's namespace, and its output and status are returned."""
    program = "import os; print(os.stat('/proc/self/ns/net').st_ino); raise SystemExit(3)"
    with PacketLab(make_default_topology(BLUE)) as lab:
        ended = lab.run_in("blue-node-0-pod-0", [sys.executable, "-c", program])
        assert (ended.returncode, int(ended.stdout)) == (3, lab.inodes["blue-node-0-pod-0"])


def test_a_process_that_takes_too_long_is_ended() -> None:
    """A command in a Pod that exceeds its timeout is killed."""
    with PacketLab(make_default_topology(BLUE)) as lab, pytest.raises(TimeoutExpired):
        lab.run_in("blue-node-0-pod-0", ["sleep", "60"], timeout_seconds=0.1)


def test_only_a_destination_has_a_firewall() -> None:
    """The error for a firewall elsewhere lists the destinations."""
    with (
        PacketLab(make_default_topology(BLUE)) as lab,
        pytest.raises(NamespaceError, match=r"expected one of .*in-vpc"),
    ):
        lab.set_allowed_sources("blue-node-0", ())


async def test_cloud_nat_can_be_replaced_while_pods_work(start_lab: StartLab) -> None:
    """The next connection has the new public address of Cloud NAT."""
    lab = await start_lab(make_default_topology(BLUE))
    for address in (IPv4Address("203.0.113.8"), IPv4Address("203.0.113.9")):
        lab.set_cloud_nat(CloudNat(address=address, covers=(IPv4Network("192.168.0.0/16"),)))
        answer = await observe(
            lab, "blue-node-0-pod-0", destination=lab.destinations[-1], timeout_seconds=PATIENT_SECONDS
        )
        assert answer.observed == address


def test_ipv6_needs_a_writable_switch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """If IPv6 forwarding cannot be enabled, a dual-stack lab says what to do; an IPv4 lab is built."""
    monkeypatch.setattr("lab.packets.builder._IPV6_FORWARDING", tmp_path / "missing" / "forwarding")
    with PacketLab(make_default_topology(BLUE)):
        pass
    dual = make_default_topology(make_gke_cluster("blue", nodes=1, ipv6=True), ipv6=True)
    with pytest.raises(LabError, match=r"cannot forward IPv6 in 'vpc'.*leave out IPv6"), PacketLab(dual):
        pass
