"""The source address with which a packet arrives at a destination's firewall, after it has left its node.

    the destination is private                             the source stays as it left the node
    public, and the node has an external address           the node's external address
    public, and Cloud NAT covers the source                Cloud NAT's address
    public, and neither is the case                        the packet is lost

An external address translates only packets that the node has masqueraded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from netaddr import IPAddress, IPNetwork

from airflow_masq.network.node import Packet, Step
from airflow_masq.network.policy import LINK_LOCAL, LINK_LOCAL_IPV6
from airflow_masq.network.provenance import Provenance
from airflow_masq.network.ranges import IPV4, AddressKind, NetworkRanges
from airflow_masq.text import join_words

GOOGLE_APIS: Final = tuple(IPNetwork(cidr) for cidr in ("199.36.153.4/30", "199.36.153.8/30"))
"""The addresses of restricted.googleapis.com and private.googleapis.com.

"The IP address ranges are not announced to the internet. Traffic sent to the VIP stays within Google's network only"
[source: google-api-vips], so no Cloud NAT is needed; that the source stays as it leaves the node is inferred.
"""

# Unique local addresses [source: rfc-4193-unique-local]; GKE's internal IPv6 addresses are of them.
_INTERNAL_IPV6: Final = IPNetwork("fc00::/7")

# Of IPv4 "this network", loopback, multicast and broadcast [source: rfc-6890-special, rfc-5771-multicast]; of IPv6
# unspecified, loopback and multicast [source: rfc-4291-types].
_NOT_FORWARDED: Final = tuple(
    IPNetwork(cidr)
    for cidr in ("0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/4", "255.255.255.255/32", "::/128", "::1/128", "ff00::/8")
)


def never_leaves_pod(destination: IPAddress) -> bool:
    """Whether no connection to this destination leaves a Pod: loopback, multicast, unspecified and the like."""
    return any(destination in network for network in _NOT_FORWARDED)


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """What arrives.

    :param kind: the kind of source, ``DROPPED`` where nothing arrives.
    :param sources: the ranges of the source, single addresses as /32 or /128; empty where that is not known.
    :param step: the way from the node to the firewall.
    """

    kind: AddressKind
    sources: tuple[IPNetwork, ...]
    step: Step


def arrive(ranges: NetworkRanges, *, packet: Packet, masqueraded: bool, stays_on_node: bool) -> Arrival:
    """Follow a packet from its node to the destination's firewall."""
    leaves_as = AddressKind.NODE if masqueraded or packet.host_network else AddressKind.POD
    kind, step = _travel(ranges, packet, leaves_as=leaves_as, stays_on_node=stays_on_node)
    candidates = {
        AddressKind.POD: (packet.source,),
        AddressKind.NODE: packet.node_addresses or ranges.node,
        AddressKind.NAT: ranges.nat_addresses,
    }.get(kind, ())
    # A node has other addresses towards its own Pods. Which of them a returning packet gets is not known.
    sources = () if packet.returns_to_sender else tuple(map(IPNetwork, candidates))
    version = packet.destination.version
    return Arrival(kind=kind, sources=tuple(each for each in sources if each.version == version), step=step)


def _travel(
    ranges: NetworkRanges, packet: Packet, *, leaves_as: AddressKind, stays_on_node: bool
) -> tuple[AddressKind, Step]:
    destination = packet.destination
    step = _stay_on_node(packet, stays_on_node=stays_on_node) or _route_privately(ranges, destination=destination)
    if step is not None:
        return leaves_as, step
    if any(destination in network for network in GOOGLE_APIS):
        text = "the VPC: Private Google Access leads to Google's APIs, source unchanged"
        return leaves_as, Step(text=text, provenance=Provenance.INFERRED)
    if destination.version != IPV4:
        # Cloud NAT translates IPv4 [source: cloud-nat-ipv4]; that IPv6 leaves as it is: inferred.
        text = "the internet: IPv6 is not translated on the way out"
        if leaves_as is AddressKind.POD and packet.source in _INTERNAL_IPV6:
            text += ", and an internal address such as this one may not get there (not verified)"
        return leaves_as, Step(text=text, provenance=Provenance.INFERRED)
    if ranges.public_nodes and leaves_as is AddressKind.NODE:
        # The 1:1 translation applies only to the interface's primary address [source: vpc-alias-nat].
        text = "the internet: the node's external address replaces its internal one"
        return AddressKind.NODE_EXTERNAL, Step(text=text)
    # Cloud NAT translates the primary range, secondary ranges or both, as configured [source: cloud-nat-ranges]; which
    # of them a packet needs is inferred.
    if leaves_as in ranges.nat_covers:
        nat = join_words(ranges.nat_addresses) or "its own address, which the plan does not name"
        text = f"the internet: Cloud NAT translates {leaves_as} addresses to {nat}"
        return AddressKind.NAT, Step(text=text, provenance=Provenance.INFERRED)
    if ranges.nat_covers:
        covered = join_words(sorted(ranges.nat_covers))
        text = f"the internet: dropped, since Cloud NAT covers {covered} and the packet has a {leaves_as} address"
    else:
        text = "the internet: dropped, unless there is a Cloud NAT that the plan does not name (network.nat_covers)"
    return AddressKind.DROPPED, Step(text=text, provenance=Provenance.INFERRED)


def _stay_on_node(packet: Packet, *, stays_on_node: bool) -> Step | None:
    destination = packet.destination
    if packet.returns_to_sender:
        return Step(text="the node: the packet goes back to the Pod that sent it")
    if destination in (packet.node, packet.source) or destination in LINK_LOCAL or destination in LINK_LOCAL_IPV6:
        return Step(text="the node: the packet does not leave it")
    if not stays_on_node:
        return None
    # With intranode visibility, which Composer enables, such a packet leaves the node for the VPC and comes back
    # [source: composer-agent-caution, gke-intranode-visibility]; not verified on a real node.
    text = "the node: the packet goes to the same node (with intranode visibility, through the VPC)"
    return Step(text=text, provenance=Provenance.INFERRED)


def _route_privately(ranges: NetworkRanges, *, destination: IPAddress) -> Step | None:
    for name, networks in (
        ("the nodes' network", ranges.node),
        ("the cluster's Pods", ranges.pod),
        *ranges.other.items(),
    ):
        for network in networks:
            if destination in network:
                return Step(text=f"the VPC: routed privately to {name} ({network}), source unchanged")
    # No packet leaves its node for a Service address: the node replaces it with an endpoint, which is not known here.
    if not destination.is_global() or any(destination in network for network in ranges.service):
        return Step(text="the VPC: routed privately, source unchanged")
    return None
