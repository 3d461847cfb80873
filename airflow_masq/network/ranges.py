"""Addresses read strictly, and the ranges of one cluster's network.

Every address in the package is read here, so that ``010.0.0.1``, ``10.1`` or a netmask never means one thing to us and
another to a firewall. It must not guess: what is not the usual notation is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from netaddr import INET_PTON, AddrFormatError, IPAddress, IPNetwork

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.text import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

IPV4: Final = 4
IPV6: Final = 6
IPV4_BITS: Final = 32

# GKE gives each node a /112 for its Pods' IPv6 addresses
# (https://cloud.google.com/kubernetes-engine/docs/concepts/alias-ips, read 2026-11-22); not verified here.
_IPV6_NODE_BLOCK_PREFIX: Final = 112

# No sign, no leading zero: "10.0.0.0/08" passes the real agent's validation and then breaks iptables-restore (observed
# 2026-11-22).
_PREFIX: Final = re.compile(r"0|[1-9][0-9]{0,2}")


class AddressKind(StrEnum):
    """What an address is within one cluster's network.

    ``expect`` and ``nat_covers`` of a plan, predictions and attributions each take some of these words.
    """

    POD = "pod"
    NODE = "node"
    NAT = "nat"
    NODE_EXTERNAL = "node-external"
    SERVICE = "service"
    FOREIGN = "foreign"  # in no range of the cluster
    AMBIGUOUS = "ambiguous"  # in two kinds of range of the same size
    DROPPED = "dropped"  # no address: the packet is lost

    @property
    def is_on_the_internet(self) -> bool:
        """Whether the internet routes such an address, even if it is not known which one it is."""
        return self in {AddressKind.NAT, AddressKind.NODE_EXTERNAL}


SOURCE_KINDS: Final = frozenset({AddressKind.POD, AddressKind.NODE, AddressKind.NAT, AddressKind.NODE_EXTERNAL})
"""What a destination can see from a Pod, and so what a plan's ``expect`` can name."""

PREDICTED_KINDS: Final = SOURCE_KINDS | {AddressKind.DROPPED}
"""What a prediction can come to."""

ATTRIBUTED_KINDS: Final = frozenset(AddressKind) - {AddressKind.DROPPED}
"""What an address that was seen can be."""


@dataclass(frozen=True, kw_only=True)
class NetworkRanges:
    """The address ranges of one cluster's network.

    :param node: ranges of the nodes' subnets.
    :param pod: ranges of the Pods.
    :param service: ranges of the cluster's Services.
    :param other: named ranges reached privately, for example ``on-premises`` or ``peered``.
    :param nat_addresses: Cloud NAT's addresses; may be empty where they are not known.
    :param nat_covers: whose traffic Cloud NAT translates: ``AddressKind.NODE``, ``AddressKind.POD``, both or none.
    :param public_nodes: whether nodes have external addresses of their own.
    :param workers: how many Airflow workers are wanted, or may be; ``None`` where nobody said.
    :param pods_per_node: the most Pods one node can run, default 32 as on Autopilot.
    """

    node: tuple[IPNetwork, ...] = ()
    pod: tuple[IPNetwork, ...] = ()
    service: tuple[IPNetwork, ...] = ()
    other: Mapping[str, tuple[IPNetwork, ...]] = field(default_factory=dict, hash=False)
    nat_addresses: tuple[IPAddress, ...] = ()
    nat_covers: frozenset[AddressKind] = frozenset()
    public_nodes: bool = False
    workers: int | None = None
    pods_per_node: int = 32

    def node_block(self, pod_ip: IPAddress) -> IPNetwork:
        """Name the node of a Pod by the block of Pod addresses that the node owns.

        A node gets the next power of two of at least twice its Pods
        (https://cloud.google.com/kubernetes-engine/docs/how-to/flexible-pod-cidr, read 2026-11-22): a /26 for 32 Pods.
        That a block therefore names its node is inferred.

        :param pod_ip: the Pod's own address.
        :return: the block, aligned.
        """
        prefix_length = _IPV6_NODE_BLOCK_PREFIX
        if pod_ip.version == IPV4:
            prefix_length = IPV4_BITS - (2 * self.pods_per_node - 1).bit_length()
        return IPNetwork((int(pod_ip), prefix_length), version=pod_ip.version).cidr


def parse_address(text: str, *, where: str = "address") -> IPAddress:
    """Read one IP address in its usual notation.

    :param text: four decimal numbers, or RFC 4291 section 2.2; no short forms, leading zeros, zones or blanks.
    :param where: the place to name in an error, default ``address``.
    :return: the address; an IPv4-mapped one (RFC 4291 section 2.5.5.2) becomes the IPv4 address it stands for.
    :raises InvalidInputError: when it is anything else.
    """
    try:
        address = _strict_address(text)
    except (AddrFormatError, ValueError):
        raise InvalidInputError(where=where, expected="an IP address such as 10.0.0.5", seen=excerpt(text)) from None
    return unmapped(address)


def parse_cidr(text: str, *, where: str = "CIDR") -> IPNetwork:
    """Read one CIDR whose address is aligned to its prefix.

    :param text: an address, a slash and a prefix length; no netmasks, short forms, leading zeros or blanks.
    :param where: the place to name in an error, default ``CIDR``.
    :return: the range.
    :raises InvalidInputError: when it is anything else, is not aligned, or is an IPv4-mapped IPv6 range.
    """
    address_text, slash, prefix_text = text.partition("/")
    expected = "a CIDR such as 10.0.0.0/8"
    try:
        if not slash or not _PREFIX.fullmatch(prefix_text):
            raise ValueError(prefix_text)  # noqa: TRY301 - mapped with netaddr's own errors just below
        address = _strict_address(address_text)
        network = IPNetwork((int(address), int(prefix_text)), version=address.version)
    except (AddrFormatError, ValueError):
        raise InvalidInputError(where=where, expected=expected, seen=excerpt(text)) from None
    if unmapped(address) != address:
        raise InvalidInputError(where=where, expected=f"{expected}, not an IPv4-mapped one", seen=excerpt(text))
    if network.ip != network.network:
        expected = f"a CIDR aligned to its prefix, here {network.cidr}"
        raise InvalidInputError(where=where, expected=expected, seen=excerpt(text))
    return network


def unmapped(address: IPAddress) -> IPAddress:
    """Give the IPv4 address that an IPv4-mapped IPv6 address stands for, and any other address as it is.

    :param address: what a socket or an observer named.
    :return: an address that can be compared with IPv4 ranges.
    """
    return address.ipv4() if address.version == IPV6 and address.is_ipv4_mapped() else address


def as_network(address: IPAddress) -> IPNetwork:
    """Give the range that holds one address only.

    :param address: the address.
    :return: a /32 or /128.
    """
    return IPNetwork(address)


def outermost(networks: Iterable[IPNetwork]) -> list[IPNetwork]:
    """Leave out ranges that lie inside another, and repeated ones, since their addresses are there once only.

    :param networks: the ranges.
    :return: the others, in the same order.
    """
    distinct = list(dict.fromkeys(networks))
    kept: list[IPNetwork] = []
    for network in sorted(distinct, key=lambda each: (each.version, each.first, each.prefixlen)):
        if not kept or network not in kept[-1]:
            kept.append(network)
    outer = set(kept)
    return [network for network in distinct if network in outer]


def _strict_address(text: str) -> IPAddress:
    if not text.isascii():  # netaddr leaves this to the C library, which may read other digits
        raise ValueError(text)
    return IPAddress(text, flags=INET_PTON)
