"""The messages that make links, addresses, routes and neighbours (rtnetlink).

Two traps decide their shape: a link's far end cannot be made "up" while the link is made (so both ends are raised
afterwards), and a fresh link drops packets until the kernel's link watch has run, up to a second later, unless somebody
asks for the link, which runs it at once (:func:`settle`). Encodings: RFC 3549 and include/uapi/linux/if_link.h,
rtnetlink.h, if_addr.h and neighbour.h of Linux 6.12. It must not open sockets.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from ipaddress import IPv4Address, IPv6Address
from socket import AF_INET, AF_INET6
from typing import TYPE_CHECKING

from lab.packets.netlink import Flags, Request, attribute, nested

if TYPE_CHECKING:
    from lab.packets.blueprint import AssignedAddress, Link, LinkEnd, Route
    from lab.packets.topology import Address

_UP = 1  # IFF_UP
_WITHOUT_DUPLICATE_DETECTION = 0x02  # IFA_F_NODAD
_ON_LINK = 4  # RTNH_F_ONLINK
_MAIN_TABLE, _STATIC, _UNICAST = 254, 4, 1
_PERMANENT = 0x80  # NUD_PERMANENT

#: Every link's other end, whatever it is; see :mod:`lab.packets.blueprint`.
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


class _DeviceSetting(IntEnum):
    """``IPV4_DEVCONF_…``."""

    FORWARDING = 1
    REVERSE_PATH_FILTER = 8


def _number(value: int) -> bytes:
    return struct.pack("=I", value)


def _link_header(index: int, *, flags: int = 0) -> bytes:
    return struct.pack("=BBHiII", 0, 0, 0, index, flags, flags)


def create(link: Link, *, outer_namespace: int) -> Request:
    """Make a pair of virtual Ethernet devices (veth), both still down; to be sent in the inner end's namespace.

    :param link: the two ends.
    :param outer_namespace: a descriptor of the outer end's namespace.
    :return: the request.
    """
    inner, outer = link.inner, link.outer
    peer = (
        _link_header(outer.index)
        + attribute(_LinkAttribute.NAME, outer.name)
        + attribute(_LinkAttribute.ADDRESS, outer.hardware_address)
        + attribute(_LinkAttribute.NAMESPACE, _number(outer_namespace))
    )
    info = nested(_LinkAttribute.INFO, attribute(1, "veth"), nested(2, nested(1, peer)))
    payload = (
        _link_header(inner.index)
        + attribute(_LinkAttribute.NAME, inner.name)
        + attribute(_LinkAttribute.ADDRESS, inner.hardware_address)
        + info
    )
    return Request(
        kind=_Message.NEW_LINK,
        payload=payload,
        purpose=f"make a veth link from {inner.namespace!r} to {outer.namespace!r}",
        flags=Flags.CREATE | Flags.EXCLUSIVE,
    )


def delete(end: LinkEnd) -> Request:
    """Remove a link, both ends of it, and the routes through it.

    :param end: the end in whose namespace the request is sent.
    :return: the request.
    """
    return Request(kind=_Message.DELETE_LINK, payload=_link_header(end.index), purpose=f"remove link {_name(end)}")


def raise_interface(index: int, *, name: str) -> Request:
    """Bring an interface up.

    :param index: its number.
    :param name: how errors call it.
    :return: the request.
    """
    return Request(kind=_Message.SET_LINK, payload=_link_header(index, flags=_UP), purpose=f"bring up {name}")


def settle(end: LinkEnd) -> Request:
    """Ask for a link, so that the kernel notices now that it is up.

    :param end: one end of it.
    :return: the request.
    """
    return Request(kind=_Message.GET_LINK, payload=_link_header(end.index), purpose=f"look at link {_name(end)}")


def set_forwarding(end: LinkEnd, *, forwarding: bool) -> Request:
    """Say whether IPv4 packets that arrive by an interface are passed on.

    It is said for every interface, since a new one would copy what the machine happens to have.

    :param end: the interface.
    :param forwarding: whether they are.
    :return: the request.
    """
    settings = attribute(_DeviceSetting.FORWARDING, _number(int(forwarding))) + attribute(
        _DeviceSetting.REVERSE_PATH_FILTER, _number(0)
    )
    families = nested(_LinkAttribute.FAMILIES, nested(AF_INET, nested(1, settings)))
    return Request(
        kind=_Message.SET_LINK,
        payload=_link_header(end.index) + families,
        purpose=f"set forwarding of {_name(end)}",
    )


def add_address(assigned: AssignedAddress) -> Request:
    """Give an interface an address, usable at once.

    :param assigned: which.
    :return: the request.
    """
    address = assigned.address
    flags = _WITHOUT_DUPLICATE_DETECTION if isinstance(address, IPv6Address) else 0
    header = struct.pack("=BBBBI", _FAMILY[address.version], address.max_prefixlen, flags, 0, assigned.index)
    return Request(
        kind=_Message.NEW_ADDRESS,
        payload=header + attribute(2, address.packed) + attribute(1, address.packed),
        purpose=f"give {assigned.namespace!r} the address {address}",
        flags=Flags.CREATE | Flags.EXCLUSIVE,
    )


def add_route(route: Route) -> Request:
    """Add a route.

    :param route: which; it leads to the link's other end.
    :return: the request.
    """
    return Request(
        kind=_Message.NEW_ROUTE,
        payload=_route(route),
        purpose=f"add a route to {route.destination} through {_name(route.end)}",
        flags=Flags.CREATE | Flags.EXCLUSIVE,
    )


def delete_route(route: Route) -> Request:
    """Remove a route.

    :param route: which.
    :return: the request.
    """
    purpose = f"remove the route to {route.destination} through {_name(route.end)}"
    return Request(kind=_Message.DELETE_ROUTE, payload=_route(route), purpose=purpose)


def _route(route: Route) -> bytes:
    destination = route.destination
    family = _FAMILY[destination.version]
    header = struct.pack("=BBBBBBBBI", family, destination.prefixlen, 0, 0, _MAIN_TABLE, _STATIC, 0, _UNICAST, _ON_LINK)
    return (
        header
        + attribute(1, destination.network_address.packed)
        + attribute(5, _OTHER_END[destination.version].packed)
        + attribute(4, _number(route.end.index))
    )


def add_neighbours(end: LinkEnd, *, ipv6: bool) -> list[Request]:
    """Tell an end who the other one is, for good.

    Permanent neighbours need no ARP, and do not count against the one limit that all namespaces of a machine share
    (``gc_thresh3``, 1024).

    :param end: the end that is told.
    :param ipv6: whether for IPv6 too.
    :return: the requests.
    """
    addresses = _OTHER_END.values() if ipv6 else (_OTHER_END[4],)
    return [_neighbour(end, address) for address in addresses]


def _neighbour(end: LinkEnd, address: Address) -> Request:
    header = struct.pack("=BBHiHBB", _FAMILY[address.version], 0, 0, end.index, _PERMANENT, 0, _UNICAST)
    return Request(
        kind=_Message.NEW_NEIGHBOUR,
        payload=header + attribute(1, address.packed) + attribute(2, end.opposite_hardware_address),
        purpose=f"tell {_name(end)} its neighbour",
        flags=Flags.CREATE | Flags.REPLACE,
    )


def _name(end: LinkEnd) -> str:
    return f"{end.name!r} of {end.namespace!r}"
