"""What a rule of nftables asks of a packet and does with it, as values and as the kernel's bytes.

A condition or verdict here is a few of nftables' expressions; which chain and table they stand in is
:mod:`lab.packets.nftables`' affair, and what they are for is said in :mod:`lab.packets.masquerade` and
:mod:`lab.packets.firewalls`. The encodings are include/uapi/linux/netfilter/nf_tables.h of Linux 6.12.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import Enum, IntEnum
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Protocol

from lab.packets.netlink import attribute, nested

if TYPE_CHECKING:
    from lab.packets.topology import Address, Network

_VERDICT_REGISTER, _REGISTER = 0, 1
_EQUAL, _NOT_EQUAL = 0, 1
_NETWORK_HEADER = 1
_INTERFACE_NAME_BYTES = 16
_ROUTE_TYPE_LOCAL = 2  # RTN_LOCAL
_STATE_NEW = 1 << 3  # NF_CT_STATE_BIT(IP_CT_NEW)
_RANDOM_FULLY = 1 << 4  # NF_NAT_RANGE_PROTO_RANDOM_FULLY


class Family(IntEnum):
    """Whose packets a table sees (``NFPROTO_…``)."""

    IPV4 = 2
    IPV6 = 10

    @property
    def version(self) -> int:
        """The version of IP, as :mod:`ipaddress` numbers it."""
        return 4 if self is Family.IPV4 else 6

    @property
    def address_bytes(self) -> int:
        """How long an address is."""
        return 4 if self is Family.IPV4 else 16

    @property
    def source_offset(self) -> int:
        """Where the source stands in the IP header (RFC 791 section 3.1, RFC 8200 section 3)."""
        return 12 if self is Family.IPV4 else 8

    @property
    def destination_offset(self) -> int:
        """Where the destination stands: behind the source."""
        return self.source_offset + self.address_bytes


def _number(value: int) -> bytes:
    return struct.pack(">I", value)


def _expression(name: str, *attributes: bytes) -> bytes:
    return nested(1, attribute(1, name), nested(2, *attributes))


def _compare(value: bytes, *, operator: int = _EQUAL) -> bytes:
    return _expression(
        "cmp", attribute(1, _number(_REGISTER)), attribute(2, _number(operator)), nested(3, attribute(1, value))
    )


def _mask(mask: bytes) -> bytes:
    """Keep those bits of the register that the mask has."""
    register = _number(_REGISTER)
    return _expression(
        "bitwise",
        attribute(1, register),
        attribute(2, register),
        attribute(3, _number(len(mask))),
        nested(4, attribute(1, mask)),
        nested(5, attribute(1, bytes(len(mask)))),
    )


def _load_header(offset: int, *, length: int) -> bytes:
    return _expression(
        "payload",
        attribute(1, _number(_REGISTER)),
        attribute(2, _number(_NETWORK_HEADER)),
        attribute(3, _number(offset)),
        attribute(4, _number(length)),
    )


def _match_network(network: Network, *, family: Family, offset: int) -> bytes:
    if network.version != family.version:
        raise ValueError(f"a rule for {family.name} needs a network of that family, saw {network}")
    length = network.max_prefixlen // 8
    mask = _mask(network.netmask.packed) if network.prefixlen < network.max_prefixlen else b""
    return _load_header(offset, length=length) + mask + _compare(network.network_address.packed)


class Match(Protocol):
    """A condition that a packet meets or not."""

    def encode(self, family: Family) -> bytes:
        """Write the condition.

        :param family: of the table in which it stands.
        :return: nftables' expressions.
        :raises ValueError: if it cannot hold for that family.
        """
        ...


@dataclass(frozen=True)
class SourceIn:
    """The source address is in a network."""

    network: Network

    def encode(self, family: Family) -> bytes:
        """Write the condition."""
        return _match_network(self.network, family=family, offset=family.source_offset)


@dataclass(frozen=True)
class DestinationIn:
    """The destination address is in a network."""

    network: Network

    def encode(self, family: Family) -> bytes:
        """Write the condition."""
        return _match_network(self.network, family=family, offset=family.destination_offset)


@dataclass(frozen=True)
class DestinationNotLocal:
    """The destination is no address of the machine itself (iptables' ``-m addrtype ! --dst-type LOCAL``)."""

    def encode(self, family: Family) -> bytes:  # noqa: ARG002 - every match has this signature; this one needs no family
        """Write the condition."""
        by_destination, address_type = 1 << 1, 3  # NFTA_FIB_F_DADDR, NFT_FIB_RESULT_ADDRTYPE
        load = _expression(
            "fib",
            attribute(1, _number(_REGISTER)),
            attribute(2, _number(address_type)),
            attribute(3, _number(by_destination)),
        )
        return load + _compare(struct.pack("=I", _ROUTE_TYPE_LOCAL), operator=_NOT_EQUAL)


@dataclass(frozen=True)
class ArrivesBy:
    """The packet came in by an interface."""

    interface: str

    def encode(self, family: Family) -> bytes:  # noqa: ARG002 - as above
        """Write the condition."""
        return _match_interface(self.interface, key=6)  # NFT_META_IIFNAME


@dataclass(frozen=True)
class LeavesBy:
    """The packet goes out by an interface."""

    interface: str

    def encode(self, family: Family) -> bytes:  # noqa: ARG002 - as above
        """Write the condition."""
        return _match_interface(self.interface, key=7)  # NFT_META_OIFNAME


def _match_interface(name: str, *, key: int) -> bytes:
    load = _expression("meta", attribute(1, _number(_REGISTER)), attribute(2, _number(key)))
    return load + _compare(name.encode().ljust(_INTERFACE_NAME_BYTES, b"\0"))


@dataclass(frozen=True)
class ConnectionIsNew:
    """The packet opens a connection."""

    def encode(self, family: Family) -> bytes:  # noqa: ARG002 - as above
        """Write the condition."""
        load = _expression("ct", attribute(1, _number(_REGISTER)), attribute(2, _number(0)))  # NFT_CT_STATE
        state = struct.pack("=I", _STATE_NEW)
        return load + _mask(state) + _compare(bytes(len(state)), operator=_NOT_EQUAL)


class Verdict(Protocol):
    """What becomes of a packet that meets a rule's conditions."""

    def encode(self) -> bytes:
        """Write the verdict.

        :return: nftables' expressions.
        """
        ...


class Simple(Enum):
    """The verdicts that need no more said (``NF_DROP``, ``NF_ACCEPT``, ``NFT_RETURN``)."""

    DROP = 0
    ACCEPT = 1
    RETURN = -5

    def encode(self) -> bytes:
        """Write the verdict."""
        return _immediate_verdict(attribute(1, struct.pack(">i", self.value)))


@dataclass(frozen=True)
class Jump:
    """Go on in another chain, and come back at its end."""

    chain: str

    def encode(self) -> bytes:
        """Write the verdict."""
        return _immediate_verdict(attribute(1, struct.pack(">i", -3)), attribute(2, self.chain))  # NFT_JUMP


def _immediate_verdict(*attributes: bytes) -> bytes:
    return _expression("immediate", attribute(1, _number(_VERDICT_REGISTER)), nested(2, nested(2, *attributes)))


@dataclass(frozen=True)
class Masquerade:
    """The source becomes the address of the interface by which the packet leaves.

    :param random_fully: choose the port at random, as iptables' ``--random-fully``.
    """

    random_fully: bool

    def encode(self) -> bytes:
        """Write the verdict."""
        flags = (attribute(1, _number(_RANDOM_FULLY)),) if self.random_fully else ()
        return _expression("masq", *flags)


@dataclass(frozen=True)
class SourceNat:
    """The source becomes a given address."""

    address: Address

    def encode(self) -> bytes:
        """Write the verdict."""
        return _translate(self.address, kind=0)  # NFT_NAT_SNAT


@dataclass(frozen=True)
class DestinationNat:
    """The destination becomes a given address."""

    address: Address

    def encode(self) -> bytes:
        """Write the verdict."""
        return _translate(self.address, kind=1)  # NFT_NAT_DNAT


def _translate(address: Address, *, kind: int) -> bytes:
    family = Family.IPV4 if isinstance(address, IPv4Address) else Family.IPV6
    load = _expression("immediate", attribute(1, _number(_REGISTER)), nested(2, attribute(1, address.packed)))
    translate = _expression(
        "nat", attribute(1, _number(kind)), attribute(2, _number(family)), attribute(3, _number(_REGISTER))
    )
    return load + translate
