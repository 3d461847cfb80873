"""Does in the kernel what a blueprint says, in the order that the kernel needs.

Links are made first, all of them; then they are brought up, both ends; then they are looked at, which makes them pass
packets at once (see :mod:`lab.packets.links`); addresses, routes and rules come last. It must decide nothing.
"""

from __future__ import annotations

import errno
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from lab.packets import links
from lab.packets.blueprint import LOOPBACK_INDEX, Blueprint
from lab.packets.errors import LabError, NetlinkError
from lab.packets.netlink import Protocol, Request
from lab.packets.nftables import Table, replace_table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lab.packets.namespaces import NamespaceRegistry

_IPV6_FORWARDING = Path("/proc/sys/net/ipv6/conf/all/forwarding")
_NOT_THERE = frozenset({errno.ENODEV, errno.ESRCH})


class _Requests:
    """Requests by the namespace in which they are to be made, sent namespace by namespace."""

    def __init__(self) -> None:
        self._by_namespace: defaultdict[str, list[Request]] = defaultdict(list)

    def add(self, namespace: str, *requests: Request) -> None:
        self._by_namespace[namespace] += requests

    def send(self, namespaces: NamespaceRegistry) -> None:
        for name, requests in self._by_namespace.items():
            namespaces.netlink(name, protocol=Protocol.ROUTE).send(requests)


class Builder:
    """Builds blueprints into one lab's namespaces, and takes parts of them away.

    :param namespaces: the lab's.
    """

    def __init__(self, namespaces: NamespaceRegistry) -> None:
        self._namespaces = namespaces

    def build(self, blueprint: Blueprint) -> None:
        """Build a blueprint.

        :param blueprint: what comes in addition to what is there.
        :raises LabError: if the kernel refuses something; what came before it stays.
        """
        for name in blueprint.namespaces:
            self._namespaces.create(name)
        self._make_links(blueprint)
        self._raise_interfaces(blueprint)
        self._configure(blueprint)
        if blueprint.ipv6:
            for name in blueprint.forwarding:
                self._forward_ipv6(name)
        for name, table in blueprint.tables:
            self.load(name, [table])

    def load(self, name: str, tables: Iterable[Table]) -> None:
        """Replace tables of rules in a namespace.

        :param name: the namespace's name.
        :param tables: what shall be there.
        :raises NetlinkError: if the kernel refuses one; the old one stays then.
        """
        netlink = self._namespaces.netlink(name, protocol=Protocol.NETFILTER)
        for table in tables:
            netlink.send_at_once(replace_table(table))

    def remove(self, blueprint: Blueprint) -> None:
        """Take away what a blueprint brought, even if it was built in part only.

        :param blueprint: the same that was built.
        :raises NetlinkError: if the kernel refuses for another reason than that a thing is not there.
        """
        leaving = {name for name in blueprint.namespaces if name in self._namespaces}
        for link in blueprint.links:
            if link.outer.namespace not in leaving:
                self._delete(link.outer.namespace, links.delete(link.outer))
        deleted = {end.hardware_address for end in blueprint.link_ends()}
        for route in blueprint.routes:
            if route.end.hardware_address not in deleted:
                self._delete(route.end.namespace, links.delete_route(route))
        for name in leaving:
            self._namespaces.remove(name)

    def _delete(self, name: str, request: Request) -> None:
        try:
            self._namespaces.netlink(name, protocol=Protocol.ROUTE).send([request])
        except NetlinkError as error:
            if error.code not in _NOT_THERE:
                raise

    def _make_links(self, blueprint: Blueprint) -> None:
        requests = _Requests()
        for link in blueprint.links:
            outer = self._namespaces.descriptor(link.outer.namespace)
            requests.add(link.inner.namespace, links.create(link, outer_namespace=outer))
        requests.send(self._namespaces)

    def _raise_interfaces(self, blueprint: Blueprint) -> None:
        requests = _Requests()
        for name in blueprint.namespaces:
            requests.add(name, links.raise_interface(LOOPBACK_INDEX, name=f"the loopback of {name!r}"))
        for end in blueprint.link_ends():
            requests.add(end.namespace, links.raise_interface(end.index, name=f"{end.name!r} of {end.namespace!r}"))
        requests.send(self._namespaces)

    def _configure(self, blueprint: Blueprint) -> None:
        requests = _Requests()
        forwarding, ipv6 = set(blueprint.forwarding), blueprint.ipv6
        for end in blueprint.link_ends():
            settings = links.set_forwarding(end, forwarding=end.namespace in forwarding)
            requests.add(end.namespace, links.settle(end), settings, *links.add_neighbours(end, ipv6=ipv6))
        for address in blueprint.addresses:
            requests.add(address.namespace, links.add_address(address))
        for route in blueprint.routes:
            requests.add(route.end.namespace, links.add_route(route))
        requests.send(self._namespaces)

    def _forward_ipv6(self, name: str) -> None:
        # Unlike IPv4's, this cannot be set over netlink.
        with self._namespaces.inside(name):
            try:
                _IPV6_FORWARDING.write_text("1")
            except OSError as error:
                raise LabError(
                    f"cannot forward IPv6 in {name!r}: expected {_IPV6_FORWARDING} to be writable, saw "
                    f"{error.strerror}: leave out IPv6, or run where /proc/sys can be written"
                ) from error
