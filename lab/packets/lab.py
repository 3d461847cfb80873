"""A packet lab: a topology brought to life in the kernel, changed at run time, and gone when it is closed.

It is built in a sandbox only (:mod:`lab.packets.sandbox`), so that no packet of it can leave the machine. What is to be
built is decided by :mod:`lab.packets.blueprint` and done by :mod:`lab.packets.builder`; this module must not know how.
"""

from __future__ import annotations

import secrets
import socket
import subprocess
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from lab.packets.blueprint import Blueprint, Draughtsman
from lab.packets.builder import Builder
from lab.packets.errors import NamespaceError
from lab.packets.firewalls import cloud_nat_tables, firewall_tables, service_tables
from lab.packets.masquerade import MasqueradeChain, masquerade_tables
from lab.packets.namespaces import NamespaceHandle, NamespaceRegistry
from lab.packets.sandbox import require_inside
from lab.packets.topology import (
    GATEWAY,
    Address,
    CloudNat,
    Cluster,
    Destination,
    Network,
    Node,
    Topology,
    namespace_names,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from ipaddress import IPv4Address


class PacketLab:
    """A lab; used as a context manager it is built on entry and closed on exit.

    Its methods may be called from any thread. Nothing of it survives the process that built it.

    :param topology: what to build.
    :ivar nonce: a word of this run alone; observers answer only requests that know it.
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
        self._draughtsman = Draughtsman()
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
        """The clusters that are there now."""
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
        """Bring the topology to life, without masquerading.

        :raises SandboxError: if this process is in no sandbox; nothing has been made then.
        :raises NetlinkError: if the kernel refuses; :meth:`close` removes what was made.
        """
        require_inside()
        with self._lock:
            self._builder.build(self._draughtsman.backbone(self._topology))
            for cluster in self._topology.clusters:
                self.add_cluster(cluster)

    def close(self) -> None:
        """Remove everything, at once; closing twice is fine."""
        with self._lock:
            self._clusters.clear()
            self._blueprints.clear()
            self._namespaces.close()

    def add_cluster(self, cluster: Cluster) -> None:
        """Bring a cluster to life, without masquerading.

        :param cluster: its nodes and Pods.
        :raises NamespaceError: if there is a part of the same name already; nothing has been made then.
        :raises NetlinkError: if the kernel refuses; nothing of the cluster is left then.
        """
        with self._lock:
            self._refuse_known_names(cluster)
            self._clusters[cluster.name] = cluster
            self._blueprints[cluster.name] = blueprint = self._draughtsman.cluster(cluster)
            try:
                self._builder.build(blueprint)
                for node in cluster.nodes:
                    self.set_masquerade(node.name)
            except BaseException:
                self.remove_cluster(cluster.name)
                raise

    def remove_cluster(self, name: str) -> None:
        """Take a cluster away; what still runs in its Pods is left without a network.

        :param name: the cluster's name.
        :raises NamespaceError: if there is none of that name.
        """
        with self._lock:
            if name not in self._clusters:
                raise NamespaceError(f"cluster {name!r}: expected one of {sorted(self._clusters)}")
            del self._clusters[name]
            self._builder.remove(self._blueprints.pop(name))

    def set_masquerade(self, node: str, *chains: MasqueradeChain | None) -> None:
        """Replace the rules that masquerade agents wrote on a node.

        :param node: its name.
        :param chains: the agents' chains; none (or ``None``) means that no agent runs there.
        :raises NamespaceError: if there is no such node.
        :raises NetlinkError: if the kernel refuses; the old rules stay then.
        """
        with self._lock:
            ipv6 = self._node(node).ipv6_address is not None
            self._builder.load(node, masquerade_tables(tuple(filter(None, chains)), ipv6=ipv6))

    def set_cloud_nat(self, cloud_nat: CloudNat | None) -> None:
        """Replace Cloud NAT.

        :param cloud_nat: what it is now; ``None`` means that there is none.
        :raises NetlinkError: if the kernel refuses; the old one stays then.
        """
        with self._lock:
            self._load_gateway(cloud_nat, self._external_addresses)

    def set_external_addresses(self, addresses: Mapping[str, IPv4Address]) -> None:
        """Say which nodes are public: what leaves for the internet with their own address gets the external one.

        :param addresses: the external addresses by the nodes' names; the other nodes have none.
        :raises NamespaceError: if there is no such node.
        :raises NetlinkError: if the kernel refuses; the old rules stay then.
        """
        with self._lock:
            by_address = {self._node(name).address: external for name, external in addresses.items()}
            self._load_gateway(self._cloud_nat, by_address)

    def set_allowed_sources(self, destination: str, allowed_sources: tuple[Network, ...] | None) -> None:
        """Replace a destination's firewall.

        :param destination: its name.
        :param allowed_sources: what it lets in now; ``None`` means that it has no firewall.
        :raises NamespaceError: if there is no such destination.
        :raises NetlinkError: if the kernel refuses; the old rules stay then.
        """
        known = {each.name: each for each in self.destinations}
        if destination not in known:
            raise NamespaceError(f"destination {destination!r}: expected one of {sorted(known)}")
        with self._lock:
            changed = replace(known[destination], allowed_sources=allowed_sources)
            self._builder.load(destination, firewall_tables(changed))

    def set_services(self, node: str, services: Mapping[Address, Address], *, masquerades_loops: bool = True) -> None:
        """Replace the Services that a node knows, for its Pods and for itself.

        :param node: its name.
        :param services: for each ClusterIP the endpoint behind it.
        :param masquerades_loops: whether a Pod that is its own endpoint sees an address of the node, default it does.
        :raises NamespaceError: if there is no such node.
        :raises NetlinkError: if the kernel refuses; the old rules stay then.
        """
        with self._lock:
            self._builder.load(node, service_tables(self._node(node), services, masquerades_loops=masquerades_loops))

    def open_socket(self, name: str, family: socket.AddressFamily, kind: socket.SocketKind) -> socket.socket:
        """Open a socket that belongs to a Pod (or any part of the lab), for use by this process.

        :param name: the part's name.
        :param family: for example ``AF_INET``.
        :param kind: for example ``SOCK_STREAM``.
        :return: the socket, which does not block.
        :raises NamespaceError: if the lab did not make that namespace; nothing has been opened then.
        """
        with self._namespaces.inside(name):
            opened = socket.socket(family, kind)
        opened.setblocking(False)
        return opened

    def namespace(self, name: str) -> NamespaceHandle:
        """Describe a part's namespace to another process of this sandbox, for :func:`lab.packets.namespaces.enter`.

        :param name: the part's name.
        :return: the handle, good while this process lives.
        :raises NamespaceError: if the lab did not make it.
        """
        return self._namespaces.handle(name)

    def start_in(self, name: str, command: Sequence[str], *, capture: bool = False) -> subprocess.Popen[str]:
        """Start a process in a part of the lab.

        :param name: the part's name, a Pod's for example.
        :param command: the program and its arguments.
        :param capture: whether its output goes to pipes rather than to this process's own.
        :return: the process.
        :raises NamespaceError: if the lab did not make that namespace; nothing has been started then.
        """
        output = subprocess.PIPE if capture else None
        with self._namespaces.inside(name):
            return subprocess.Popen(command, stdout=output, stderr=output, text=True)

    def run_in(
        self, name: str, command: Sequence[str], *, timeout_seconds: float = 60.0
    ) -> subprocess.CompletedProcess[str]:
        """Run a process in a part of the lab to its end.

        :param name: the part's name.
        :param command: the program and its arguments.
        :param timeout_seconds: how long it may take; it is killed then.
        :return: its exit status and output.
        :raises NamespaceError: if the lab did not make that namespace; nothing has been started then.
        :raises subprocess.TimeoutExpired: if it took too long.
        """
        with self.start_in(name, command, capture=True) as process:
            try:
                output, errors = process.communicate(timeout=timeout_seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        return subprocess.CompletedProcess(command, process.returncode, output, errors)

    def _load_gateway(self, cloud_nat: CloudNat | None, external_addresses: dict[IPv4Address, IPv4Address]) -> None:
        self._builder.load(GATEWAY, cloud_nat_tables(cloud_nat, external_addresses=external_addresses))
        self._cloud_nat, self._external_addresses = cloud_nat, external_addresses

    def _node(self, name: str) -> Node:
        nodes = {node.name: node for cluster in self.clusters for node in cluster.nodes}
        if name not in nodes:
            raise NamespaceError(f"node {name!r}: expected one of {sorted(nodes)}")
        return nodes[name]

    def _refuse_known_names(self, cluster: Cluster) -> None:
        known = [name for name in namespace_names(cluster) if name in self._namespaces]
        if cluster.name in self._clusters or known:
            raise NamespaceError(f"cluster {cluster.name!r}: expected new names, saw {known or [cluster.name]} again")
