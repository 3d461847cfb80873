"""The netlink messages that make links, addresses, routes and neighbours (rtnetlink).

The kernel has two pitfalls here. It refuses to bring up a link's far end in the message that makes the link, so both
ends are brought up afterwards. And a new link drops packets until the kernel's link watch has run, up to a second
later; a query for the link runs it at once (:func:`query_link`) [source: observed-new-link-drops, linux-rtnetlink].
"""

from __future__ import annotations

import struct
from enum import IntEnum
from ipaddress import IPv4Address, IPv6Address
from socket import AF_INET, AF_INET6

from lab.packets.blueprint import AssignedAddress, Link, LinkEnd, Route
from lab.packets.netlink import Flags, Request, pack_attribute, pack_nested
from lab.packets.topology import Address

_UP = 1  # IFF_UP
_WITHOUT_DUPLICATE_DETECTION = 0x02  # IFA_F_NODAD
_ON_LINK = 4  # RTNH_F_ONLINK
_MAIN_TABLE, _LOCAL_TABLE, _STATIC, _UNICAST, _LOCAL = 254, 255, 4, 1, 2
_PERMANENT = 0x80  # NUD_PERMANENT
_FORWARDING, _REVERSE_PATH_FILTER = 1, 8  # IPV4_DEVCONF_…

#: The address of every link's other end, whatever it is; see :mod:`lab.packets.blueprint`.
_OTHER_END: dict[int, Address] = {4: IPv4Address("169.254.1.1"), 6: IPv6Address("fe80::1")}
_FAMILY = {4: AF_INET, 6: AF_INET6}


class _Message(IntEnum):
    NEW_LINK = 16
    DELETE_LINK = 17
    GET_LINK = 18
    SET_LINK = 19
    NEW_ADDRESS = 20
    NEW_ROUTE = 24
    DELETE_ROUTE = 25
    NEW_NEIGHBOUR = 28


class _LinkAttribute(IntEnum):
    ADDRESS = 1
    NAME = 3
    INFO = 18
    FAMILIES = 26  # IFLA_AF_SPEC
    NAMESPACE = 28  # IFLA_NET_NS_FD


def create_link(link: Link, *, outer_namespace: int) -> Request:
    """Make a pair of virtual Ethernet devices (veth), both down; sent in the inner end's namespace.

    :param outer_namespace: a descriptor of the outer end's namespace.
    """
    namespace = pack_attribute(_LinkAttribute.NAMESPACE, _pack_number(outer_namespace))
    peer = pack_nested(2, pack_nested(1, _pack_interface(link.outer) + namespace))
    info = pack_nested(_LinkAttribute.INFO, pack_attribute(1, "veth"), peer)
    return Request(
        kind=_Message.NEW_LINK,
        payload=_pack_interface(link.inner) + info,
        purpose=f"make a veth link from {link.inner.namespace!r} to {link.outer.namespace!r}",
        flags=Flags.CREATE | Flags.EXCLUSIVE,
    )


def delete_link(end: LinkEnd) -> Request:
    """Remove a link, both ends of it, and the routes through it; sent in the namespace of that end."""
    return Request(kind=_Message.DELETE_LINK, payload=_pack_link_header(end.index), purpose=f"remove link {end}")


def bring_up(index: int, *, name: str) -> Request:
    """Bring an interface up; errors call it by that name."""
    return Request(kind=_Message.SET_LINK, payload=_pack_link_header(index, flags=_UP), purpose=f"bring up {name}")


def query_link(end: LinkEnd) -> Request:
    """Query a link, so that the kernel notices at once that it is up."""
    return Request(kind=_Message.GET_LINK, payload=_pack_link_header(end.index), purpose=f"query link {end}")


def set_forwarding(end: LinkEnd, *, forwarding: bool) -> Request:
    """Say whether IPv4 packets that arrive at an interface are forwarded.

    It is said for every interface, since a new one copies the setting of the machine.
    """
    settings = pack_attribute(_FORWARDING, _pack_number(int(forwarding)))
    settings += pack_attribute(_REVERSE_PATH_FILTER, _pack_number(0))
    families = pack_nested(_LinkAttribute.FAMILIES, pack_nested(AF_INET, pack_nested(1, settings)))
    payload = _pack_link_header(end.index) + families
    return Request(kind=_Message.SET_LINK, payload=payload, purpose=f"set forwarding of {end}")


def add_address(assigned: AssignedAddress) -> Request:
    """Give an interface an address that it can use at once."""
    address = assigned.address
    flags = _WITHOUT_DUPLICATE_DETECTION if isinstance(address, IPv6Address) else 0
    header = struct.pack("=BBBBI", _FAMILY[address.version], address.max_prefixlen, flags, 0, assigned.index)
    return Request(
        kind=_Message.NEW_ADDRESS,
        payload=header + pack_attribute(2, address.packed) + pack_attribute(1, address.packed),
        purpose=f"give {assigned.namespace!r} the address {address}",
        flags=Flags.CREATE | Flags.EXCLUSIVE,
    )


def add_local_route(assigned: AssignedAddress) -> Request:
    """Make an IPv6 address reachable at once: the kernel itself does so later [source: observed-ipv6-local-route]."""
    address = assigned.address
    lengths = (AF_INET6, address.max_prefixlen, 0, 0)
    return Request(
        kind=_Message.NEW_ROUTE,
        payload=struct.pack("=BBBBBBBBI", *lengths, _LOCAL_TABLE, _STATIC, 0, _LOCAL, 0)
        + pack_attribute(1, address.packed)
        + pack_attribute(4, _pack_number(assigned.index)),
        purpose=f"make {address} local in {assigned.namespace!r}",
        flags=Flags.CREATE | Flags.REPLACE,
    )


def add_route(route: Route) -> Request:
    """Add a route to the link's other end."""
    return Request(
        kind=_Message.NEW_ROUTE,
        payload=_pack_route(route),
        purpose=f"add a route to {route.destination} through {route.end}",
        flags=Flags.CREATE | Flags.EXCLUSIVE,
    )


def delete_route(route: Route) -> Request:
    """Remove a route."""
    purpose = f"remove the route to {route.destination} through {route.end}"
    return Request(kind=_Message.DELETE_ROUTE, payload=_pack_route(route), purpose=purpose)


def add_neighbours(end: LinkEnd, *, ipv6: bool) -> list[Request]:
    """Tell an end the hardware address of the other end, permanently.

    Permanent neighbours need no ARP. They do not count towards ``gc_thresh3`` (1024), a limit that all namespaces of a
    machine share.
    """
    requests = []
    for address in _OTHER_END.values() if ipv6 else (_OTHER_END[4],):
        header = struct.pack("=BBHiHBB", _FAMILY[address.version], 0, 0, end.index, _PERMANENT, 0, _UNICAST)
        body = pack_attribute(1, address.packed) + pack_attribute(2, end.opposite_hardware_address)
        request = Request(
            kind=_Message.NEW_NEIGHBOUR,
            payload=header + body,
            purpose=f"tell {end} its neighbour",
            flags=Flags.CREATE | Flags.REPLACE,
        )
        requests.append(request)
    return requests


def _pack_number(value: int) -> bytes:
    return struct.pack("=I", value)


def _pack_link_header(index: int, *, flags: int = 0) -> bytes:
    return struct.pack("=BBHiII", 0, 0, 0, index, flags, flags)


def _pack_interface(end: LinkEnd) -> bytes:
    name = pack_attribute(_LinkAttribute.NAME, end.name)
    return _pack_link_header(end.index) + name + pack_attribute(_LinkAttribute.ADDRESS, end.hardware_address)


def _pack_route(route: Route) -> bytes:
    version, length = route.destination.version, route.destination.prefixlen
    header = struct.pack("=BBBBBBBBI", _FAMILY[version], length, 0, 0, _MAIN_TABLE, _STATIC, 0, _UNICAST, _ON_LINK)
    return (
        header
        + pack_attribute(1, route.destination.network_address.packed)
        + pack_attribute(5, _OTHER_END[version].packed)
        + pack_attribute(4, _pack_number(route.end.index))
    )
