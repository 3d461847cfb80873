"""Which range an address belongs to, so that a source seen from outside gets a name.

It looks at addresses only: what one ought to be seen is prediction's matter, what it means is the judge's. It must not
guess between equally specific ranges.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_masq.network.ranges import AddressKind, NetworkRanges, as_network, unmapped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from netaddr import IPAddress, IPNetwork


def attribute(
    address: IPAddress,
    *,
    ranges: NetworkRanges,
    local_address: IPAddress | None = None,
    destination: IPAddress | None = None,
) -> AddressKind:
    """Say what an address is within a cluster's network.

    :param address: the address somebody saw.
    :param ranges: the cluster's ranges.
    :param local_address: the probing socket's own address, where there was one: seen unchanged, it is the Pod's, or the
        node's where a Pod shares its node's network namespace.
    :param destination: where the connection went, if known: nodes show external addresses to the internet only.
    :return: the kind of the most specific range that holds the address; ``AMBIGUOUS`` where two kinds of range of the
        same size do; ``FOREIGN`` where none does; never ``DROPPED``.
    """
    seen = unmapped(address)
    kind = _kind_by_ranges(seen, ranges)
    if kind is AddressKind.NODE_EXTERNAL and destination is not None and not unmapped(destination).is_global():
        return AddressKind.FOREIGN
    if local_address is not None and seen == unmapped(local_address) and kind not in _SURER_THAN_THE_SOCKET:
        return AddressKind.POD
    return kind


# Where the seen address is the socket's own, these still stand: a Pod on the host network has its node's address, and
# what two ranges claim stays unclear.
_SURER_THAN_THE_SOCKET = frozenset({AddressKind.NODE, AddressKind.AMBIGUOUS})


def _kind_by_ranges(address: IPAddress, ranges: NetworkRanges) -> AddressKind:
    holding = [(network.prefixlen, kind) for network, kind in _named_ranges(ranges) if address in network]
    if not holding:
        # Plans do not list nodes' external addresses. Only where Cloud NAT's are listed is any other one a node's; else
        # it could be that of a Pod that was not masqueraded and left through Cloud NAT.
        is_node_external = ranges.public_nodes and bool(ranges.nat_addresses) and address.is_global()
        return AddressKind.NODE_EXTERNAL if is_node_external else AddressKind.FOREIGN
    longest_prefix = max(prefix_length for prefix_length, _ in holding)
    kinds = {kind for prefix_length, kind in holding if prefix_length == longest_prefix}
    return kinds.pop() if len(kinds) == 1 else AddressKind.AMBIGUOUS


def _named_ranges(ranges: NetworkRanges) -> Iterator[tuple[IPNetwork, AddressKind]]:
    yield from ((network, AddressKind.NODE) for network in ranges.node)
    yield from ((network, AddressKind.POD) for network in ranges.pod)
    yield from ((network, AddressKind.SERVICE) for network in ranges.service)
    yield from ((as_network(address), AddressKind.NAT) for address in ranges.nat_addresses)
    yield from ((network, AddressKind.FOREIGN) for networks in ranges.other.values() for network in networks)
