"""Addresses read strictly, and the ranges of one cluster's network.

Every address in the package is read here, so that ``010.0.0.1``, ``10.1`` or a netmask never means one thing to us and
another to a firewall. What is not in the usual notation is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from netaddr import INET_PTON, AddrFormatError, IPAddress, IPNetwork

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.text import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

IPV4: Final = 4
IPV6: Final = 6
IPV4_BITS: Final = 32

# GKE gives each node a /112 for its Pods' IPv6 addresses [source: gke-vpc-native-ranges]; not verified here.
_IPV6_NODE_BLOCK_PREFIX: Final = 112

# No sign, no leading zero: "10.0.0.0/08" passes the real agent's validation and then breaks iptables-restore
# [source: observed-agent-octal-prefix].
_PREFIX: Final = re.compile(r"0|[1-9][0-9]{0,2}")


class AddressKind(StrEnum):
    """What an address is within one cluster's network.

    Plans, predictions and attributions each use a subset of these words, which has a name below.
    """

    POD = "pod"
    NODE = "node"
    NAT = "nat"
    NODE_EXTERNAL = "node-external"
    SERVICE = "service"
    FOREIGN = "foreign"  # in none of the cluster's ranges
    AMBIGUOUS = "ambiguous"  # in two kinds of range of the same size
    DROPPED = "dropped"  # no address: the packet is lost

    @property
    def is_on_the_internet(self) -> bool:
        """Whether the internet routes such an address, even if it is not known which one it is."""
        return self in {AddressKind.NAT, AddressKind.NODE_EXTERNAL}


SOURCE_KINDS: Final = frozenset({AddressKind.POD, AddressKind.NODE, AddressKind.NAT, AddressKind.NODE_EXTERNAL})
"""The kinds of source from which a Pod's packets can arrive. A plan's ``expect`` is one of these."""

PREDICTED_KINDS: Final = SOURCE_KINDS | {AddressKind.DROPPED}
"""The kinds of source that a prediction can have."""

ATTRIBUTED_KINDS: Final = frozenset(AddressKind) - {AddressKind.DROPPED}
"""What an observed address can be."""


@dataclass(frozen=True, kw_only=True)
class NetworkRanges:
    """The address ranges of one cluster's network.

    :param node: ranges of the nodes' subnets.
    :param pod: ranges of the Pods.
    :param service: ranges of the cluster's Services.
    :param other: named ranges reached privately, for example ``on-premises`` or ``peered``.
    :param nat_addresses: Cloud NAT's addresses; may be empty where they are not known.
    :param nat_covers: whose traffic Cloud NAT translates: nodes', Pods', both or none.
    :param public_nodes: whether nodes have their own external addresses.
    :param workers: the largest number of Airflow workers; ``None`` if the plan does not say.
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

    def find_node_block(self, pod_ip: IPAddress) -> IPNetwork:
        """Give the aligned block of Pod addresses that a Pod's node owns; it identifies the node."""
        # A node gets the next power of two of at least twice its Pods [source: gke-pod-block]: a /26 for 32 Pods. That
        # a block therefore identifies its node is inferred.
        prefix_length = _IPV6_NODE_BLOCK_PREFIX
        if pod_ip.version == IPV4:
            prefix_length = IPV4_BITS - (2 * self.pods_per_node - 1).bit_length()
        return IPNetwork((int(pod_ip), prefix_length), version=pod_ip.version).cidr

    def attribute(
        self, address: IPAddress, *, local_address: IPAddress | None = None, destination: IPAddress | None = None
    ) -> AddressKind:
        """Say what an observed address is: the kind of the most specific range that holds it.

        :param address: the address that an observer named.
        :param local_address: the probing socket's own address, where it is known.
        :param destination: where the connection went, where that is known.
        :return: one of ``ATTRIBUTED_KINDS``; ``AMBIGUOUS`` where two kinds of range of the same size hold the address.
        """
        observed = unmap(address)
        kind = self._find_kind(observed)
        # Nodes show their external addresses to the internet only.
        if kind is AddressKind.NODE_EXTERNAL and destination is not None and not unmap(destination).is_global():
            return AddressKind.FOREIGN
        # An address that arrives unchanged is the Pod's, with two exceptions: a Pod on the host network has its node's
        # address, and an address in ranges of two kinds stays ambiguous.
        is_unchanged = local_address is not None and observed == unmap(local_address)
        if is_unchanged and kind not in {AddressKind.NODE, AddressKind.AMBIGUOUS}:
            return AddressKind.POD
        return kind

    def list_ranges(self) -> Iterator[tuple[AddressKind, IPNetwork]]:
        """List every range with what an address in it is; ``FOREIGN`` for those that are no part of the cluster."""
        yield from ((AddressKind.NODE, network) for network in self.node)
        yield from ((AddressKind.POD, network) for network in self.pod)
        yield from ((AddressKind.SERVICE, network) for network in self.service)
        yield from ((AddressKind.NAT, IPNetwork(address)) for address in self.nat_addresses)
        yield from ((AddressKind.FOREIGN, network) for networks in self.other.values() for network in networks)

    def _find_kind(self, address: IPAddress) -> AddressKind:
        holding = [(network.prefixlen, kind) for kind, network in self.list_ranges() if address in network]
        if holding:
            longest = max(prefix_length for prefix_length, _ in holding)
            kinds = {kind for prefix_length, kind in holding if prefix_length == longest}
            return kinds.pop() if len(kinds) == 1 else AddressKind.AMBIGUOUS
        # Plans do not list nodes' external addresses. Only where Cloud NAT's addresses are listed is any other public
        # address a node's; else it could be that of a Pod that was not masqueraded and left through Cloud NAT.
        is_node_external = self.public_nodes and bool(self.nat_addresses) and address.is_global()
        return AddressKind.NODE_EXTERNAL if is_node_external else AddressKind.FOREIGN


def parse_address(text: str, *, where: str = "address") -> IPAddress:
    """Read one IP address in its usual notation.

    :param text: four decimal numbers, or an IPv6 address [source: rfc-4291-text]; no short forms, leading zeros, zones
        or blanks.
    :param where: the place to name in an error, default ``address``.
    :return: the address; an IPv4-mapped one [source: rfc-4291-mapped] becomes the IPv4 address in it.
    :raises InvalidInputError: when it is anything else.
    """
    try:
        address = _parse_strictly(text)
    except (AddrFormatError, ValueError):
        raise InvalidInputError(where=where, expected="an IP address such as 10.0.0.5", seen=quote(text)) from None
    return unmap(address)


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
        address = _parse_strictly(address_text)
        network = IPNetwork((int(address), int(prefix_text)), version=address.version)
    except (AddrFormatError, ValueError):
        raise InvalidInputError(where=where, expected=expected, seen=quote(text)) from None
    if unmap(address) != address:
        raise InvalidInputError(where=where, expected=f"{expected}, not an IPv4-mapped one", seen=quote(text))
    if network.ip != network.network:
        expected = f"a CIDR aligned to its prefix, here {network.cidr}"
        raise InvalidInputError(where=where, expected=expected, seen=quote(text))
    return network


def _parse_strictly(text: str) -> IPAddress:
    if not text.isascii():  # netaddr leaves this to the C library, which may read other digits
        raise ValueError(text)
    return IPAddress(text, flags=INET_PTON)


def unmap(address: IPAddress) -> IPAddress:
    """Turn an IPv4-mapped IPv6 address into the IPv4 address in it; leave any other as it is."""
    return address.ipv4() if address.version == IPV6 and address.is_ipv4_mapped() else address


def drop_inner_ranges(networks: Iterable[IPNetwork]) -> list[IPNetwork]:
    """Leave out repeated ranges and those inside another, and keep the order of the others."""
    distinct = list(dict.fromkeys(networks))
    outer: list[IPNetwork] = []
    for network in sorted(distinct, key=lambda each: (each.version, each.first, each.prefixlen)):
        if not outer or network not in outer[-1]:
            outer.append(network)
    kept = set(outer)
    return [network for network in distinct if network in kept]
