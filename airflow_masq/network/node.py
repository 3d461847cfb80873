"""What a Pod's node does with the first packet of a connection.

Pod ──(ClusterIP ▶ endpoint)──(masqueraded?)──▶ leaves the node
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from netaddr import IPAddress, IPNetwork

from airflow_masq.network.policy import Decision, MasqueradePolicy, Reason, decide
from airflow_masq.network.provenance import Provenance, find_weakest
from airflow_masq.network.ranges import NetworkRanges, unmap

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step of a packet's path, as a sentence."""

    text: str
    provenance: Provenance = Provenance.DOCUMENTED


@dataclass(frozen=True, kw_only=True)
class Packet:
    """The packet that opens a connection; its addresses are never IPv4-mapped.

    :param source: the Pod's address.
    :param sent_to: the destination as the Pod sends it, perhaps a ClusterIP.
    :param destination: the destination after the translation of a ClusterIP.
    :param endpoint_is_known: whether the caller named the endpoint behind a ClusterIP.
    :param node: the address of the Pod's node; ``None`` if it is not known.
    :param host_network: whether the Pod uses its node's network.
    """

    source: IPAddress
    sent_to: IPAddress
    destination: IPAddress
    endpoint_is_known: bool
    node: IPAddress | None
    host_network: bool

    @property
    def returns_to_sender(self) -> bool:
        """Whether a ClusterIP leads back to the Pod that sends."""
        is_translated = self.endpoint_is_known and self.destination != self.sent_to
        return is_translated and not self.host_network and self.destination == self.source

    @property
    def node_addresses(self) -> tuple[IPAddress, ...]:
        """The address that the node gives to such a packet, where it is known."""
        return () if self.node is None or self.node.version != self.destination.version else (self.node,)


def make_packet(
    ranges: NetworkRanges,
    *,
    pod: IPAddress,
    destination: IPAddress,
    backend: IPAddress | None,
    node_address: IPAddress | None,
    host_network: bool,
) -> Packet:
    """Make the first packet from what ``predict`` was told."""
    source, sent_to = unmap(pod), unmap(destination)
    in_pod_range, in_node_range = (
        any(source in network for network in networks) for networks in (ranges.pod, ranges.node)
    )
    uses_node_network = host_network or (in_node_range and not in_pod_range)
    node = source if uses_node_network and in_node_range else None
    return Packet(
        source=source,
        sent_to=sent_to,
        destination=_assume_endpoint(ranges, source=source, sent_to=sent_to) if backend is None else unmap(backend),
        endpoint_is_known=backend is not None,
        node=node if node_address is None else unmap(node_address),
        host_network=uses_node_network,
    )


def _assume_endpoint(ranges: NetworkRanges, *, source: IPAddress, sent_to: IPAddress) -> IPAddress:
    # Nodes decide after the translation, so the ClusterIP itself decides nothing. Most endpoints are Pods; that this
    # one is, and on another node where the range has room for one, is inferred.
    if not any(sent_to in network for network in ranges.service):
        return sent_to
    pod_ranges = [network for network in ranges.pod if network.version == sent_to.version]
    edges = [IPAddress(edge, sent_to.version) for each in pod_ranges for edge in (each.last, each.first)]
    usable = [edge for edge in edges if unmap(edge) == edge]  # ::/80 ends among the IPv4-mapped addresses
    own_block = ranges.find_node_block(source)
    return next((edge for edge in usable if edge not in own_block), usable[0] if usable else sent_to)


def decide_on_node(packet: Packet, *, ranges: NetworkRanges, policy: MasqueradePolicy) -> Decision:
    """Decide whether the node masquerades a packet, by the policy and by what never reaches the policy's chains."""
    # Pods on the host network have the node's address already, and what stays on the node is not masqueraded
    # [source: gke-not-masqueraded].
    if packet.host_network:
        return Decision(
            reason=Reason.POD_USES_NODE_NETWORK_NAMESPACE,
            provenance=Provenance.DOCUMENTED,
            origin="the Pod uses its node's network",
        )
    # With any policy, kube-proxy masquerades "traffic that loops back to the originator"
    # [source: kube-proxy-loopback]: from its own address a Pod's kernel drops an IPv4 packet as martian, and could
    # answer an IPv6 one to itself only. Dataplane V2 is Cilium, which gives such packets an address of its own
    # [source: cilium-loopback]; that GKE leaves that as it is, is not verified.
    if packet.returns_to_sender:
        return Decision(
            reason=Reason.MASQUERADED,
            provenance=Provenance.INFERRED,
            origin=f"the Service, whose endpoint is {packet.source} itself",
        )
    if packet.destination != packet.source:
        if packet.destination == packet.node:
            # The agent's jump is for "! --dst-type LOCAL" only [source: observed-agent-jump].
            return _skip_on_same_node(IPNetwork(packet.destination), provenance=Provenance.OBSERVED)
        block = ranges.find_node_block(packet.source)
        if packet.destination in block and all(
            any(address in network for network in ranges.pod) for address in (packet.source, packet.destination)
        ):
            return _skip_on_same_node(block, provenance=Provenance.INFERRED)
    return decide(policy, pod=packet.source, destination=packet.destination)


def _skip_on_same_node(cidr: IPNetwork, *, provenance: Provenance) -> Decision:
    return Decision(
        reason=Reason.DESTINATION_ON_SAME_NODE,
        matched_cidr=cidr,
        provenance=provenance,
        origin="the Pod's own node",
    )


def describe_on_node(
    packet: Packet, *, ranges: NetworkRanges, policy: MasqueradePolicy, decision: Decision
) -> Iterator[Step]:
    """Describe a packet's path from the Pod through the node's decision."""
    sent_to = packet.sent_to
    on_host_network = " on the host network" if packet.host_network else ""
    if not ranges.pod and not int(packet.source):  # 0.0.0.0 means a Pod of a range that the plan does not name
        yield Step(text=f"a Pod sends to {sent_to}")
    elif packet.source.version == sent_to.version:
        yield Step(text=f"Pod {packet.source}{on_host_network} sends to {sent_to}")
    else:
        # No packet has addresses of both versions [source: rfc-791-header, rfc-8200-header], so the Pod has another
        # address, too.
        sender = f"a Pod{on_host_network}, from an IPv{sent_to.version} address that the plan does not name,"
        yield Step(text=f"{sender} sends to {sent_to}", provenance=Provenance.INFERRED)
    # Nodes translate a ClusterIP before they decide about the source [source: k8s-virtual-ips].
    if packet.destination != sent_to and packet.endpoint_is_known:
        yield Step(text=f"the node: the Service address {sent_to} becomes its endpoint's, {packet.destination}")
    elif packet.destination != sent_to or any(sent_to in network for network in ranges.service):
        text = f"the node: the Service address {sent_to} becomes an endpoint's, which is not known here"
        if packet.destination != sent_to:
            pods = next(network for network in ranges.pod if packet.destination in network)
            text += f": assumed to be a Pod of {pods}"
        yield Step(text=text, provenance=Provenance.INFERRED)
    yield _describe_decision(packet, ranges=ranges, policy=policy, decision=decision)


def _describe_decision(packet: Packet, *, ranges: NetworkRanges, policy: MasqueradePolicy, decision: Decision) -> Step:
    if packet.returns_to_sender:
        return Step(text=_RETURNS_TO_SENDER, provenance=decision.provenance)
    provenance = find_weakest(decision.provenance, policy.provenance) if policy.remark else decision.provenance
    if decision.masqueraded:
        address = " ".join(["the node's address", *map(str, packet.node_addresses)])
        text = f"the node: policy {policy.name} masquerades, the source becomes {address}"
        if not packet.node_addresses and any(packet.destination in network for network in ranges.node):
            text += "; if the destination is the Pod's own node, the source stays the Pod's address"
            provenance = Provenance.INFERRED
    elif decision.matched_cidr is None:
        text = f"the node: not masqueraded ({decision.reason})"
    else:
        text = f"the node: not masqueraded ({decision.reason}, by {decision.matched_cidr} of {decision.origin})"
    if policy.remark:
        text += f"; {policy.remark}"
    is_other_pod = packet.destination not in (packet.node, packet.source)
    if (
        decision.reason is Reason.DESTINATION_ON_SAME_NODE
        and is_other_pod
        and decide(policy, pod=packet.source, destination=packet.destination).masqueraded
    ):
        text += "; the agent's rules alone would masquerade it (not verified on a real node)"
    return Step(text=text, provenance=provenance)


_RETURNS_TO_SENDER: Final = (
    "the node: since no Pod can answer a packet from its own address, the source becomes an address of the node, or "
    "with Dataplane V2 a link-local one that is reserved for this (not verified on a real node)"
)
