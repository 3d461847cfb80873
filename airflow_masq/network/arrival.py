"""What arrives at a destination's firewall of a packet that left its node with one address or another.

    node ──▶ VPC ──private────────────────────────▶ the address with which it left
                └──public──▶ external address ────▶ the node's external address
                         or Cloud NAT ────────────▶ Cloud NAT's address
                         or the packet is lost

It must not ask why a node masqueraded or not, nor what the firewall thinks of the result.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from netaddr import IPNetwork

from airflow_masq.network.packet import Packet, Step
from airflow_masq.network.policy import LINK_LOCAL, LINK_LOCAL_IPV6
from airflow_masq.network.provenance import Provenance
from airflow_masq.network.ranges import IPV4, NetworkRanges, SourceKind, as_network
from airflow_masq.text import join_words

if TYPE_CHECKING:
    from netaddr import IPAddress


GOOGLE_APIS: Final = tuple(IPNetwork(cidr) for cidr in ("199.36.153.4/30", "199.36.153.8/30"))
"""The addresses of restricted.googleapis.com and private.googleapis.com.

"The IP address ranges are not announced to the internet. Traffic sent to the VIP stays within Google's network only"
(https://cloud.google.com/vpc-service-controls/docs/private-connectivity, read 2026-11-25), so no Cloud NAT is needed;
that the source stays as it leaves the node is inferred.
"""

# RFC 4193 section 3.1, read 2026-11-25; GKE's internal IPv6 addresses are of it.
_INTERNAL_IPV6: Final = IPNetwork("fc00::/7")

# "This network", loopback, multicast and broadcast (RFC 6890 section 2.2.2, RFC 5771 section 3); unspecified, loopback
# and multicast (RFC 4291 section 2.4).
_NOWHERE: Final = tuple(
    IPNetwork(cidr)
    for cidr in ("0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/4", "255.255.255.255/32", "::/128", "::1/128", "ff00::/8")
)


def is_nowhere(address: IPAddress) -> bool:
    """Say whether no connection leaves a Pod for an address.

    :param address: the address.
    :return: whether it is loopback, multicast, unspecified or the like.
    """
    return any(address in network for network in _NOWHERE)


class PredictedKind(StrEnum):
    """The source that arrives, or that none does; the first four are those of ``SourceKind``."""

    POD = "pod"
    NODE = "node"
    NAT = "nat"
    NODE_EXTERNAL = "node-external"
    DROPPED = "dropped"

    @property
    def is_on_the_internet(self) -> bool:
        """Whether the source is an address that the internet routes, even where nobody knows which."""
        return self in {PredictedKind.NAT, PredictedKind.NODE_EXTERNAL}


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """What arrives, and the step that says so.

    :param kind: the source, or ``DROPPED`` where nothing arrives.
    :param sources: where the source lies, single addresses as /32 or /128; empty where that is not known.
    :param step: the way.
    """

    kind: PredictedKind
    sources: tuple[IPNetwork, ...]
    step: Step


def arrive(ranges: NetworkRanges, *, packet: Packet, masqueraded: bool, stays_on_node: bool) -> Arrival:
    """Follow a packet from its node to the destination's firewall.

    :param ranges: the cluster's ranges.
    :param packet: the packet as the Pod sent it.
    :param masqueraded: whether the node gave it the node's address.
    :param stays_on_node: whether the destination is on the Pod's own node.
    :return: what arrives.
    """
    leaves_as = SourceKind.NODE if masqueraded or packet.host_network else SourceKind.POD
    kind, step = _kind_and_step(ranges, packet, leaves_as=leaves_as, stays_on_node=stays_on_node)
    return Arrival(kind=kind, sources=_sources(kind, ranges, packet), step=step)


def _kind_and_step(
    ranges: NetworkRanges, packet: Packet, *, leaves_as: SourceKind, stays_on_node: bool
) -> tuple[PredictedKind, Step]:
    kind = PredictedKind(leaves_as.value)
    target = packet.destination
    on_node = _step_on_node(packet, stays_on_node=stays_on_node)
    if on_node is not None:
        return kind, on_node
    private_way = _private_way(ranges, destination=target)
    if private_way is not None:
        return kind, Step(text=private_way)
    if any(target in network for network in GOOGLE_APIS):
        text = "the VPC: Private Google Access leads to Google's APIs, source unchanged"
        return kind, Step(text=text, provenance=Provenance.INFERRED)
    if target.version != IPV4:
        # Cloud NAT translates IPv4 (https://cloud.google.com/nat/docs/overview, read 2026-11-22); that IPv6 leaves as
        # it is: inferred.
        text = "the internet: IPv6 is not translated on the way out"
        if kind is PredictedKind.POD and packet.source in _INTERNAL_IPV6:
            text += ", and an internal address such as this one may not get there (not verified)"
        return kind, Step(text=text, provenance=Provenance.INFERRED)
    if ranges.public_nodes and leaves_as is SourceKind.NODE:
        # The 1:1 translation applies only to the interface's primary address
        # (https://cloud.google.com/vpc/docs/alias-ip, read 2026-11-22).
        text = "the internet: the node's external address replaces its internal one"
        return PredictedKind.NODE_EXTERNAL, Step(text=text)
    return _through_cloud_nat(ranges, leaves_as=leaves_as)


def _step_on_node(packet: Packet, *, stays_on_node: bool) -> Step | None:
    target = packet.destination
    if packet.returns_to_sender:
        return Step(text="the node: the packet goes back to the Pod that sent it")
    if target in (packet.node, packet.source) or target in LINK_LOCAL or target in LINK_LOCAL_IPV6:
        return Step(text="the node: the packet does not leave it")
    if not stays_on_node:
        return None
    # With intranode visibility, which Composer enables, such a packet leaves the node for the VPC and comes back
    # (https://cloud.google.com/kubernetes-engine/docs/how-to/intranode-visibility, read 2026-11-22); not verified on a
    # real node.
    text = "the node: the packet goes to the same node (with intranode visibility, through the VPC)"
    return Step(text=text, provenance=Provenance.INFERRED)


def _through_cloud_nat(ranges: NetworkRanges, *, leaves_as: SourceKind) -> tuple[PredictedKind, Step]:
    # Cloud NAT translates the primary range, secondary ranges or both, as configured
    # (https://cloud.google.com/nat/docs/gke-example, read 2026-11-22); which of them a packet needs is inferred.
    if leaves_as in ranges.nat_covers:
        known = join_words(ranges.nat_addresses) or "its own address, which the plan does not name"
        text = f"the internet: Cloud NAT translates {leaves_as} addresses to {known}"
        return PredictedKind.NAT, Step(text=text, provenance=Provenance.INFERRED)
    covered = join_words(sorted(ranges.nat_covers))
    text = f"the internet: dropped, since Cloud NAT covers {covered} and the packet has a {leaves_as} address"
    if not covered:
        named = "the plan names no Cloud NAT (network.nat_covers)"
        text = f"the internet: {named}, so the packet is lost unless there is one"
    return PredictedKind.DROPPED, Step(text=text, provenance=Provenance.INFERRED)


def _private_way(ranges: NetworkRanges, *, destination: IPAddress) -> str | None:
    for name, networks in (
        ("the nodes' network", ranges.node),
        ("the cluster's Pods", ranges.pod),
        *ranges.other.items(),
    ):
        holding = next((network for network in networks if destination in network), None)
        if holding is not None:
            return f"the VPC: routed privately to {name} ({holding}), source unchanged"
    # No packet leaves its node for a Service address: there it stands for an endpoint of which nothing is known.
    is_private = not destination.is_global() or any(destination in network for network in ranges.service)
    return "the VPC: routed privately, source unchanged" if is_private else None


def _sources(kind: PredictedKind, ranges: NetworkRanges, packet: Packet) -> tuple[IPNetwork, ...]:
    if packet.returns_to_sender:
        return ()  # a node has other addresses towards its own Pods; which of them this is, nobody said
    candidates: dict[PredictedKind, tuple[IPNetwork, ...]] = {
        PredictedKind.POD: (as_network(packet.source),),
        PredictedKind.NODE: tuple(map(as_network, packet.node_addresses)) or ranges.node,
        PredictedKind.NAT: tuple(map(as_network, ranges.nat_addresses)),
    }
    version = packet.destination.version
    return tuple(network for network in candidates.get(kind, ()) if network.version == version)
