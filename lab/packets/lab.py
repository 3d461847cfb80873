"""A packet lab: a topology built in the kernel, changed at run time, and removed when it is closed.

It can be built in a sandbox only (:mod:`lab.packets.sandbox`), so none of its packets can leave the machine.
:mod:`lab.packets.blueprint` decides what is built, and :mod:`lab.packets.builder` builds it.
"""

from __future__ import annotations

import secrets
import socket
import subprocess
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from lab.packets.blueprint import Blueprint, Designer
from lab.packets.builder import Builder
from lab.packets.errors import NamespaceError
from lab.packets.firewalls import (
    make_cloud_nat_tables,
    make_firewall_tables,
    make_interception_tables,
    make_service_tables,
)
from lab.packets.masquerade import MasqueradeChain, make_masquerade_tables
from lab.packets.namespaces import NamespaceHandle, NamespaceRegistry
from lab.packets.sandbox import require_inside
from lab.packets.topology import GATEWAY, Address, CloudNat, Cluster, Destination, Network, Node, Topology

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from ipaddress import IPv4Address


class PacketLab:
    """A lab; as a context manager it is built on entry and closed on exit.

    Its methods may be called from any thread. Nothing of it outlives the process that built it. Every method that takes
    the name of a part raises :class:`NamespaceError` if the lab has no such part, before it does anything. Where the
    kernel refuses new rules, the old ones stay and :class:`NetlinkError` is raised.

    :ivar nonce: a word of this run alone; observers answer only requests that contain it.
    """

    def __init__(self, topology: Topology) -> None:
        self.nonce = secrets.token_hex(8)
        self._topology = topology
        self._cloud_nat = topology.cloud_nat
        self._external_addresses: dict[IPv4Address, IPv4Address] = {}
        self._clusters: dict[str, Cluster] = {}
        self._blueprints: dict[str, Blueprint] = {}
        self._namespaces = NamespaceRegistry()
        self._builder = Builder(self._namespaces)
        self._designer = Designer()
        self._lock = threading.RLock()

    def __enter__(self) -> Self:
        try:
            self.build()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def clusters(self) -> tuple[Cluster, ...]:
        """The clusters that exist now."""
        return tuple(self._clusters.values())

    @property
    def destinations(self) -> tuple[Destination, ...]:
        """The services."""
        return self._topology.destinations

    @property
    def inodes(self) -> Mapping[str, int]:
        """The inode of every namespace of the lab, by name."""
        return self._namespaces.inodes

    def build(self) -> None:
        """Build the topology, without masquerading.

        :raises SandboxError: if this process is not in a sandbox; nothing has been made then.
        :raises NetlinkError: if the kernel refuses; :meth:`close` removes what was made.
        """
        require_inside()
        with self._lock:
            self._builder.build(self._designer.design_backbone(self._topology))
            for cluster in self._topology.clusters:
                self.add_cluster(cluster)

    def close(self) -> None:
        """Remove everything at once; a closed lab may be closed again."""
        with self._lock:
            self._clusters.clear()
            self._blueprints.clear()
            self._namespaces.close()

    def add_cluster(self, cluster: Cluster) -> None:
        """Build a cluster, without masquerading.

        :raises NamespaceError: if a name is taken; nothing has been made then.
        :raises NetlinkError: if the kernel refuses; nothing of the cluster is left then.
        """
        with self._lock:
            taken = [name for name in cluster.part_names if name in self._namespaces]
            if cluster.name in self._clusters or taken:
                expectation = f"expected new names, saw {taken or [cluster.name]} again"
                raise NamespaceError(f"cluster {cluster.name!r}: {expectation}")
            self._clusters[cluster.name] = cluster
            self._blueprints[cluster.name] = blueprint = self._designer.design_cluster(cluster)
            try:
                self._builder.build(blueprint)
                for node in cluster.nodes:
                    self.set_masquerade(node.name)
            except BaseException:
                self.remove_cluster(cluster.name)
                raise

    def remove_cluster(self, name: str) -> None:
        """Remove a cluster; processes that still run in its Pods lose their network."""
        with self._lock:
            if name not in self._clusters:
                raise NamespaceError(f"cluster {name!r}: expected one of {sorted(self._clusters)}")
            del self._clusters[name]
            self._builder.remove(self._blueprints.pop(name))

    def set_masquerade(self, node: str, *chains: MasqueradeChain | None) -> None:
        """Replace the rules of the masquerade agents on a node; no chain, or ``None``, means that no agent runs."""
        with self._lock:
            ipv6 = self._find_node(node).ipv6_address is not None
            self._builder.load(node, make_masquerade_tables(tuple(filter(None, chains)), ipv6=ipv6))

    def set_cloud_nat(self, cloud_nat: CloudNat | None) -> None:
        """Replace Cloud NAT; ``None`` removes it."""
        with self._lock:
            self._load_gateway(cloud_nat, self._external_addresses)

    def set_external_addresses(self, addresses: Mapping[str, IPv4Address]) -> None:
        """Make nodes public: packets that leave for the internet with a node's address get its external address.

        :param addresses: the external addresses by the nodes' names; other nodes have none.
        """
        with self._lock:
            by_address = {self._find_node(name).address: external for name, external in addresses.items()}
            self._load_gateway(self._cloud_nat, by_address)

    def set_allowed_sources(self, destination: str, allowed_sources: tuple[Network, ...] | None) -> None:
        """Replace a destination's firewall; ``None`` removes it."""
        known = {each.name: each for each in self.destinations}
        if destination not in known:
            raise NamespaceError(f"destination {destination!r}: expected one of {sorted(known)}")
        with self._lock:
            changed = replace(known[destination], allowed_sources=allowed_sources)
            self._builder.load(destination, make_firewall_tables(changed))

    def set_services(self, node: str, services: Mapping[Address, Address], *, masquerades_loops: bool = True) -> None:
        """Replace the Services that a node and its Pods can use.

        :param services: for each ClusterIP the endpoint behind it.
        :param masquerades_loops: whether a Pod that is its own endpoint sees an address of the node.
        """
        with self._lock:
            found = self._find_node(node)
            self._builder.load(node, make_service_tables(found, services, masquerades_loops=masquerades_loops))

    def set_interception(self, node: str, proxies: Mapping[Address, Address]) -> None:
        """Replace the proxies that intercept the connections of a node's Pods.

        :param proxies: the address on which a proxy listens, by the destination that it intercepts.
        """
        with self._lock:
            self._builder.load(node, make_interception_tables(self._find_node(node), proxies))

    def open_socket(self, name: str, family: socket.AddressFamily, kind: socket.SocketKind) -> socket.socket:
        """Open a non-blocking socket of a Pod (or any part of the lab) for use by this process."""
        with self._namespaces.enter(name):
            opened = socket.socket(family, kind)
        opened.setblocking(False)
        return opened

    def make_handle(self, name: str) -> NamespaceHandle:
        """Describe a part's namespace for :func:`lab.packets.namespaces.enter_permanently` in another process."""
        return self._namespaces.make_handle(name)

    def start_in(self, name: str, command: Sequence[str], *, capture: bool = False) -> subprocess.Popen[str]:
        """Start a process in a part of the lab.

        :param capture: whether its output goes to pipes; otherwise it goes where this process's own goes.
        """
        output = subprocess.PIPE if capture else None
        with self._namespaces.enter(name):
            return subprocess.Popen(command, stdout=output, stderr=output, text=True)

    def run_in(
        self, name: str, command: Sequence[str], *, timeout_seconds: float = 60.0
    ) -> subprocess.CompletedProcess[str]:
        """Run a process in a part of the lab to its end, and capture its output.

        :raises subprocess.TimeoutExpired: if it took too long; it has been killed then.
        """
        with self.start_in(name, command, capture=True) as process:
            try:
                output, errors = process.communicate(timeout=timeout_seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        return subprocess.CompletedProcess(command, process.returncode, output, errors)

    def _load_gateway(self, cloud_nat: CloudNat | None, external_addresses: dict[IPv4Address, IPv4Address]) -> None:
        self._builder.load(GATEWAY, make_cloud_nat_tables(cloud_nat, external_addresses=external_addresses))
        self._cloud_nat, self._external_addresses = cloud_nat, external_addresses

    def _find_node(self, name: str) -> Node:
        nodes = {node.name: node for cluster in self.clusters for node in cluster.nodes}
        if name not in nodes:
            raise NamespaceError(f"node {name!r}: expected one of {sorted(nodes)}")
        return nodes[name]
