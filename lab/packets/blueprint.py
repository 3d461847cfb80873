"""Turns a topology into what has to be built: namespaces, links, addresses, routes and tables of rules.

It knows how the parts hang together and does not talk to the kernel. It also chooses the numbers of interfaces, so that
no later step has to ask the kernel for them.

Every route leads to the other end of a link, under the made-up address 169.254.1.1 (fe80::1), as in Calico. That
address is tied to the other end's hardware address, so links need no addresses of their own
[source: calico-link-local-gateway].
"""

from __future__ import annotations

import struct
from collections import defaultdict
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from itertools import count
from typing import TYPE_CHECKING

from lab.packets.firewalls import (
    make_cloud_nat_tables,
    make_connection_tracking_tables,
    make_firewall_tables,
    make_stand_in_tables,
)
from lab.packets.nftables import Table
from lab.packets.topology import (
    GATEWAY,
    NODE_RANGE,
    NODE_RANGE_IPV6,
    ROUTER,
    Address,
    Cluster,
    Destination,
    Network,
    Node,
    Pod,
    Topology,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

LOOPBACK_INDEX = 1
_FIRST_INDEX = 2

_ANYWHERE: tuple[Network, ...] = (IPv4Network("0.0.0.0/0"), IPv6Network("::/0"))
_IPV4_ONLY, _BOTH_FAMILIES = slice(1), slice(2)

#: Routers send errors from these addresses: a subnet's first one, which is its gateway's, and one that is reserved for
#: routers without an IPv4 address [source: vpc-subnet-gateway, rfc-7600-dummy].
_ROUTER_ADDRESSES: tuple[Address, ...] = (NODE_RANGE[1], NODE_RANGE_IPV6[1])
_GATEWAY_ADDRESSES: tuple[Address, ...] = (IPv4Address("192.0.0.8"), IPv6Address("fd00:ffff::8"))


@dataclass(frozen=True, kw_only=True)
class LinkEnd:
    """One end of a link.

    :param name: the interface's name in its namespace, 15 characters at most.
    :param index: the interface's number in its namespace.
    :param hardware_address: six bytes.
    """

    namespace: str
    name: str
    index: int
    hardware_address: bytes
    opposite_hardware_address: bytes

    def __str__(self) -> str:
        return f"{self.name!r} of {self.namespace!r}"


@dataclass(frozen=True, kw_only=True)
class Link:
    """A point-to-point link.

    :param inner: the end in a Pod, a node, a destination or the gateway, always named ``eth0``.
    :param outer: the end that is nearer to the router.
    """

    inner: LinkEnd
    outer: LinkEnd


@dataclass(frozen=True, kw_only=True)
class AssignedAddress:
    """An address of the interface with that number, without neighbours (/32 or /128)."""

    namespace: str
    index: int
    address: Address


@dataclass(frozen=True, kw_only=True)
class Route:
    """A route that leads packets for a destination out of an end of a link."""

    end: LinkEnd
    destination: Network


@dataclass(kw_only=True)
class Blueprint:
    """What has to be built.

    :param forwarding: the namespaces that forward packets; some may exist already.
    :param links: all links; the namespaces of both ends exist before any link is made.
    :param tables: rules, each with its namespace.
    """

    namespaces: list[str] = field(default_factory=list)
    forwarding: list[str] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    addresses: list[AssignedAddress] = field(default_factory=list)
    routes: list[Route] = field(default_factory=list)
    tables: list[tuple[str, Table]] = field(default_factory=list)

    @property
    def ipv6(self) -> bool:
        """Whether any part of it has an IPv6 address."""
        return any(isinstance(assigned.address, IPv6Address) for assigned in self.addresses)

    @property
    def link_ends(self) -> list[LinkEnd]:
        """Both ends of every link."""
        return [end for link in self.links for end in (link.inner, link.outer)]

    def assign(self, namespace: str, *addresses: Address | None, index: int) -> None:
        """Give the interface with that number addresses; ``None`` is skipped."""
        for address in addresses:
            if address is not None:
                self.addresses.append(AssignedAddress(namespace=namespace, index=index, address=address))

    def route(self, end: LinkEnd, *destinations: Network | Address | None) -> None:
        """Route packets for destinations out of an end of a link; ``None`` is skipped."""
        for destination in destinations:
            if destination is not None:
                self.routes.append(Route(end=end, destination=ip_network(destination)))


class Designer:
    """Designs the blueprints of one lab; the numbers of its links and interfaces are unique for the lab's life."""

    def __init__(self) -> None:
        self._link_numbers = count(1)
        self._indexes: defaultdict[str, Iterator[int]] = defaultdict(lambda: count(_FIRST_INDEX))
        self._gateway_link = self._design_link(GATEWAY, towards=ROUTER)

    def design_backbone(self, topology: Topology) -> Blueprint:
        """Design router, gateway and destinations: everything but the clusters."""
        blueprint = Blueprint(namespaces=[ROUTER, GATEWAY], forwarding=[ROUTER, GATEWAY], links=[self._gateway_link])
        ipv6 = any(destination.ipv6_address for destination in topology.destinations)
        families = _BOTH_FAMILIES if ipv6 else _IPV4_ONLY
        blueprint.assign(ROUTER, *_ROUTER_ADDRESSES[families], index=LOOPBACK_INDEX)
        blueprint.assign(GATEWAY, *_GATEWAY_ADDRESSES[families], index=LOOPBACK_INDEX)
        blueprint.route(self._gateway_link.outer, *_ANYWHERE[families])
        blueprint.route(self._gateway_link.inner, *_ROUTER_ADDRESSES[families])
        blueprint.tables += [(GATEWAY, table) for table in make_cloud_nat_tables(topology.cloud_nat)]
        for destination in topology.destinations:
            link = self._add_leaf(blueprint, destination, towards=GATEWAY if destination.public else ROUTER)
            blueprint.route(link.outer, destination.address, destination.ipv6_address, *destination.stands_for)
            tables = make_stand_in_tables(destination)
            if destination.allowed_sources is not None:
                tables += make_firewall_tables(destination)
            blueprint.tables += [(destination.name, table) for table in tables]
        return blueprint

    def design_cluster(self, cluster: Cluster) -> Blueprint:
        """Design what a cluster adds to the backbone."""
        blueprint = Blueprint(forwarding=[ROUTER, GATEWAY])
        for node in cluster.nodes:
            link = self._add_leaf(blueprint, node, towards=ROUTER)
            for end in (link.outer, self._gateway_link.inner):
                blueprint.route(end, node.address, node.pod_block, node.ipv6_address, node.pod_block_ipv6)
            blueprint.forwarding.append(node.name)
            blueprint.tables += [(node.name, table) for table in make_connection_tracking_tables(node)]
            for pod in node.pods:
                pod_link = self._add_leaf(blueprint, pod, towards=node.name)
                blueprint.route(pod_link.outer, pod.address, pod.ipv6_address)
        return blueprint

    def _add_leaf(self, blueprint: Blueprint, part: Destination | Node | Pod, *, towards: str) -> Link:
        """Add a namespace with one link outwards, its addresses on it and its default route through it."""
        link = self._design_link(part.name, towards=towards)
        blueprint.namespaces.append(part.name)
        blueprint.links.append(link)
        blueprint.assign(part.name, part.address, part.ipv6_address, index=link.inner.index)
        blueprint.route(link.inner, *_ANYWHERE[_BOTH_FAMILIES if part.ipv6_address else _IPV4_ONLY])
        return link

    def _design_link(self, namespace: str, *, towards: str) -> Link:
        number = next(self._link_numbers)
        near, far = (struct.pack(">BBI", 0x02, side, number) for side in (0xA, 0xB))  # 0x02: locally administered
        ends = ((namespace, "eth0", near, far), (towards, f"link{number}", far, near))
        inner, outer = (
            LinkEnd(
                namespace=place,
                name=name,
                index=next(self._indexes[place]),
                hardware_address=own,
                opposite_hardware_address=opposite,
            )
            for place, name, own, opposite in ends
        )
        return Link(inner=inner, outer=outer)
