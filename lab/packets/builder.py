"""Builds blueprints in the kernel, in the order that the kernel needs.

It makes all links first. Then it brings up both ends of each, and then it queries each link, which makes the link pass
packets at once (see :mod:`lab.packets.links`). Addresses, routes and rules come last.
"""

from __future__ import annotations

import errno
from collections import defaultdict
from ipaddress import IPv6Address
from pathlib import Path
from typing import TYPE_CHECKING

from lab.packets import links
from lab.packets.blueprint import LOOPBACK_INDEX, Blueprint
from lab.packets.errors import LabError, NetlinkError
from lab.packets.namespaces import NamespaceRegistry
from lab.packets.netlink import Protocol, Request
from lab.packets.nftables import Table, replace_table

if TYPE_CHECKING:
    from collections.abc import Iterable

_IPV6_FORWARDING = Path("/proc/sys/net/ipv6/conf/all/forwarding")
_NOT_THERE = frozenset({errno.ENODEV, errno.ESRCH})


class Builder:
    """Builds blueprints in one lab's namespaces, and removes them."""

    def __init__(self, namespaces: NamespaceRegistry) -> None:
        self._namespaces = namespaces

    def build(self, blueprint: Blueprint) -> None:
        """Build a blueprint beside what exists.

        :raises LabError: if the kernel refuses a part; what was built before it stays.
        """
        for name in blueprint.namespaces:
            self._namespaces.create(name)
        making = []
        for link in blueprint.links:
            outer = self._namespaces.get_descriptor(link.outer.namespace)
            making.append((link.inner.namespace, links.create_link(link, outer_namespace=outer)))
        self._send(making)
        ends, forwarding, ipv6 = blueprint.link_ends, frozenset(blueprint.forwarding), blueprint.ipv6
        raising = [(name, links.bring_up(LOOPBACK_INDEX, name=f"lo of {name!r}")) for name in blueprint.namespaces]
        raising += [(end.namespace, links.bring_up(end.index, name=str(end))) for end in ends]
        self._send(raising)
        configuring = []
        for end in ends:
            settings = links.set_forwarding(end, forwarding=end.namespace in forwarding)
            requests = (links.query_link(end), settings, *links.add_neighbours(end, ipv6=ipv6))
            configuring += [(end.namespace, request) for request in requests]
        configuring += [(assigned.namespace, links.add_address(assigned)) for assigned in blueprint.addresses]
        configuring += [
            (assigned.namespace, links.add_local_route(assigned))
            for assigned in blueprint.addresses
            if isinstance(assigned.address, IPv6Address)
        ]
        configuring += [(route.end.namespace, links.add_route(route)) for route in blueprint.routes]
        self._send(configuring)
        if ipv6:
            for name in blueprint.forwarding:
                self._forward_ipv6(name)
        for name, table in blueprint.tables:
            self.load(name, [table])

    def load(self, name: str, tables: Iterable[Table]) -> None:
        """Replace tables of rules in a namespace.

        :raises NetlinkError: if the kernel refuses a table; it keeps the old one.
        """
        netlink = self._namespaces.open_netlink(name, protocol=Protocol.NETFILTER)
        for table in tables:
            netlink.send_at_once(replace_table(table))

    def remove(self, blueprint: Blueprint) -> None:
        """Remove what a blueprint added, even if only a part of it was built.

        :raises NetlinkError: if the kernel refuses, unless a part does not exist.
        """
        removed = {name for name in blueprint.namespaces if name in self._namespaces}
        for link in blueprint.links:
            if link.outer.namespace not in removed:
                self._delete(link.outer.namespace, links.delete_link(link.outer))
        deleted = {end.hardware_address for end in blueprint.link_ends}
        for route in blueprint.routes:
            if route.end.hardware_address not in deleted:
                self._delete(route.end.namespace, links.delete_route(route))
        for name in removed:
            self._namespaces.remove(name)

    def _send(self, requests: Iterable[tuple[str, Request]]) -> None:
        """Send requests, each with its namespace, namespace by namespace."""
        by_namespace: defaultdict[str, list[Request]] = defaultdict(list)
        for name, request in requests:
            by_namespace[name].append(request)
        for name, batch in by_namespace.items():
            self._namespaces.open_netlink(name, protocol=Protocol.ROUTE).send(batch)

    def _delete(self, name: str, request: Request) -> None:
        try:
            self._namespaces.open_netlink(name, protocol=Protocol.ROUTE).send([request])
        except NetlinkError as error:
            if error.code not in _NOT_THERE:
                raise

    def _forward_ipv6(self, name: str) -> None:
        # Netlink can set this for IPv4 only.
        with self._namespaces.enter(name):
            try:
                _IPV6_FORWARDING.write_text("1")
            except OSError as error:
                raise LabError(
                    f"cannot forward IPv6 in {name!r}: expected {_IPV6_FORWARDING} to be writable, saw "
                    f"{error.strerror}: leave out IPv6, or run where /proc/sys can be written"
                ) from error
