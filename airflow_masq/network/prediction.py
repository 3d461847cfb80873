"""Which source address a destination will see, following the packet to its end.

    Pod ──(ClusterIP ▶ endpoint)──(masqueraded? by policy)──▶ node ──(arrival)──▶ destination's firewall

A prediction explains an observation; it never replaces one. It must not look at observations, nor claim addresses that
nobody told: where this node's own address is not known, the source is one of the node range.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from airflow_masq.network.arrival import Arrival, PredictedKind, arrive
from airflow_masq.network.firewall import lets_in
from airflow_masq.network.packet import Packet, Step, assumed_endpoint, first_packet
from airflow_masq.network.policy import Decision, MasqueradePolicy, Reason, decide
from airflow_masq.network.provenance import Provenance, weakest
from airflow_masq.network.ranges import NetworkRanges, as_network, unmapped
from airflow_masq.text import join_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from netaddr import IPAddress, IPNetwork


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """What a destination is expected to see.

    :param arrives_as: the source at the destination's firewall, or ``DROPPED`` where the packet is lost before it.
    :param sources: where that source lies, single addresses as /32 or /128; empty where that is not known.
    :param masqueraded: whether the node masquerades.
    :param reason: why, or why not.
    :param matched_cidr: the range that decided; ``None`` where none did.
    :param allowed: whether the destination's firewall lets the source in; ``None`` where that cannot be told.
    :param path: the packet's way as sentences.
    :param provenance: how sure this is.
    :param origin: what decided on the node, in words for people.
    """

    arrives_as: PredictedKind
    sources: tuple[IPNetwork, ...]
    masqueraded: bool
    reason: Reason
    matched_cidr: IPNetwork | None
    allowed: bool | None
    path: tuple[str, ...]
    provenance: Provenance
    origin: str

    @property
    def source_kind(self) -> PredictedKind:
        """What the service itself sees: ``arrives_as``, or ``DROPPED`` where its firewall does not let that in."""
        return PredictedKind.DROPPED if self.allowed is False else self.arrives_as


def predict(
    ranges: NetworkRanges,
    *,
    policy: MasqueradePolicy,
    pod: IPAddress,
    destination: IPAddress,
    allowed_sources: tuple[IPNetwork, ...] = (),
    host_network: bool = False,
    node_address: IPAddress | None = None,
    backend: IPAddress | None = None,
) -> Prediction:
    """Follow the first packet of a connection from a Pod to a destination.

    :param ranges: the cluster's ranges.
    :param policy: the masquerade policy in force.
    :param pod: the Pod's address; one in a node range and in no Pod range means a Pod on the host network.
    :param destination: where the packet goes.
    :param allowed_sources: what the destination's firewall lets in; empty where nobody said.
    :param host_network: whether the Pod uses its node's network, default where its address says so.
    :param node_address: the address of the Pod's node, default one that is not known.
    :param backend: the endpoint behind a ClusterIP, default one that is not known and taken to be a Pod.
    :return: the expected source with the reason and the path.
    """
    endpoint = backend or assumed_endpoint(ranges, pod=pod, destination=destination)
    packet = first_packet(
        ranges,
        pod=pod,
        destination=endpoint,
        node=node_address,
        host_network=host_network,
        is_translated=backend is not None and unmapped(backend) != unmapped(destination),
    )
    decision = _decide_on_node(ranges, policy, packet)
    stays_on_node = decision.reason is Reason.DESTINATION_ON_SAME_NODE
    arrival = arrive(ranges, packet=packet, masqueraded=decision.masqueraded, stays_on_node=stays_on_node)
    asked = () if arrival.kind is PredictedKind.DROPPED else allowed_sources
    allowed = _allowed(asked, arrival, version=packet.destination.version)
    steps = (
        *_first_steps(ranges, packet, destination=unmapped(destination), is_known=backend is not None),
        _node_step(ranges, policy, packet, decision=decision),
        arrival.step,
        *firewall_steps(asked, allowed=allowed),
    )
    return Prediction(
        arrives_as=arrival.kind,
        sources=arrival.sources,
        masqueraded=decision.masqueraded,
        reason=decision.reason,
        matched_cidr=decision.matched_cidr,
        allowed=allowed,
        path=tuple(step.text for step in steps),
        provenance=weakest(*(step.provenance for step in steps)),
        origin=decision.origin,
    )


def _decide_on_node(ranges: NetworkRanges, policy: MasqueradePolicy, packet: Packet) -> Decision:
    # https://cloud.google.com/kubernetes-engine/docs/concepts/ip-masquerade-agent, read 2026-11-22: Pods on the host
    # network have the node's address already, and what stays on the node is not masqueraded.
    if packet.host_network:
        return Decision(
            masqueraded=False,
            reason=Reason.POD_USES_NODE_NETWORK_NAMESPACE,
            matched_cidr=None,
            provenance=Provenance.DOCUMENTED,
            origin="the Pod uses its node's network",
        )
    if packet.returns_to_sender:
        return _sent_back(packet)
    if packet.destination == packet.source:
        return decide(policy, pod=packet.source, destination=packet.destination)
    if packet.destination == packet.node:
        # The agent's jump is for "! --dst-type LOCAL" only (observed 2026-11-22).
        return _same_node(as_network(packet.destination), provenance=Provenance.OBSERVED)
    block = ranges.node_block(packet.source)
    if packet.destination in block and all(
        any(address in network for network in ranges.pod) for address in (packet.source, packet.destination)
    ):
        return _same_node(block, provenance=Provenance.INFERRED)
    return decide(policy, pod=packet.source, destination=packet.destination)


def _sent_back(packet: Packet) -> Decision:
    # Whatever the policy, kube-proxy masquerades "traffic that loops back to the originator" (pkg/proxy/iptables/
    # proxier.go and pkg/proxy/nftables/proxier.go in https://github.com/kubernetes/kubernetes, "-s" the endpoint
    # "-j KUBE-MARK-MASQ"; read 2026-11-25): from its own address a Pod's kernel drops an IPv4 packet as martian, and
    # could answer an IPv6 one to itself only. Dataplane V2 is Cilium, which gives such packets an address of its own
    # (--ipv4-service-loopback-address and --ipv6-…, by default 169.254.42.1 and fe80::1: infraendpoints.Cell in
    # https://github.com/cilium/cilium, read 2026-11-25); that GKE leaves that as it is, is not verified.
    return Decision(
        masqueraded=True,
        reason=Reason.MASQUERADED,
        matched_cidr=None,
        provenance=Provenance.INFERRED,
        origin=f"the Service, whose endpoint is {packet.source} itself",
    )


def _same_node(cidr: IPNetwork, *, provenance: Provenance) -> Decision:
    return Decision(
        masqueraded=False,
        reason=Reason.DESTINATION_ON_SAME_NODE,
        matched_cidr=cidr,
        provenance=provenance,
        origin="the Pod's own node",
    )


def _allowed(allowed_sources: tuple[IPNetwork, ...], arrival: Arrival, *, version: int) -> bool | None:
    from_internet = arrival.kind.is_on_the_internet
    return lets_in(allowed_sources, sources=arrival.sources, version=version, from_internet=from_internet)


def _first_steps(ranges: NetworkRanges, packet: Packet, *, destination: IPAddress, is_known: bool) -> Iterator[Step]:
    yield _sending_step(packet, destination=destination)
    # Nodes translate a ClusterIP before they decide about the source
    # (https://kubernetes.io/docs/reference/networking/virtual-ips, read 2026-11-22).
    unknown = f"the node: the Service address {destination} becomes an endpoint's, which is not known here"
    if packet.destination != destination and is_known:
        yield Step(text=f"the node: the Service address {destination} becomes its endpoint's, {packet.destination}")
    elif packet.destination != destination:
        pods = next(network for network in ranges.pod if packet.destination in network)
        yield Step(text=f"{unknown}: assumed to be a Pod of {pods}", provenance=Provenance.INFERRED)
    elif any(destination in network for network in ranges.service):
        yield Step(text=unknown, provenance=Provenance.INFERRED)


def _sending_step(packet: Packet, *, destination: IPAddress) -> Step:
    on_host_network = " on the host network" if packet.host_network else ""
    if packet.source.version == destination.version:
        return Step(text=f"Pod {packet.source}{on_host_network} sends to {destination}")
    # No packet has addresses of both versions (RFC 791, RFC 8200), so this is a Pod that the caller knows by the other.
    sender = f"a Pod{on_host_network}, by an IPv{destination.version} address that the plan does not tell,"
    return Step(text=f"{sender} sends to {destination}", provenance=Provenance.INFERRED)


def _node_step(ranges: NetworkRanges, policy: MasqueradePolicy, packet: Packet, *, decision: Decision) -> Step:
    if packet.returns_to_sender:
        return Step(text=_SENT_BACK, provenance=decision.provenance)
    sureness = weakest(decision.provenance, policy.provenance) if policy.remark else decision.provenance
    if decision.masqueraded:
        address = " ".join(["the node's address", *map(str, packet.node_addresses)])
        text = f"the node: policy {policy.name} masquerades, the source becomes {address}"
        if not packet.node_addresses and any(packet.destination in network for network in ranges.node):
            text += "; if it goes to the Pod's own node, that sees the Pod"
            sureness = Provenance.INFERRED
    elif decision.matched_cidr is None:
        text = f"the node: not masqueraded ({decision.reason})"
    else:
        text = f"the node: not masqueraded ({decision.reason}, by {decision.matched_cidr} of {decision.origin})"
    if policy.remark:
        text += f"; {policy.remark}"
    if _is_spared_by_node_alone(decision, policy, packet):
        text += "; the agent's rules alone would masquerade it (not verified on a real node)"
    return Step(text=text, provenance=sureness)


def _is_spared_by_node_alone(decision: Decision, policy: MasqueradePolicy, packet: Packet) -> bool:
    """Say whether two Pods are on one node and no chain exempts the destination; the node itself is none."""
    is_other_pod = packet.destination not in (packet.node, packet.source)
    if decision.reason is not Reason.DESTINATION_ON_SAME_NODE or not is_other_pod:
        return False
    return decide(policy, pod=packet.source, destination=packet.destination).masqueraded


def firewall_steps(
    allowed_sources: tuple[IPNetwork, ...], *, allowed: bool | None, of_all: bool = False
) -> tuple[Step, ...]:
    """Say what a destination's firewall does.

    :param allowed_sources: what it lets in; empty where nobody said.
    :param allowed: whether it lets in the source, or every possible one; ``None`` where that cannot be told.
    :param of_all: whether it is asked about every Pod's packets, default about one packet.
    :return: one step; none where nobody said what it lets in.
    """
    if not allowed_sources:
        return ()
    outcome = (_OUTCOMES_OF_ALL if of_all else _OUTCOMES_OF_ONE)[allowed]
    return (Step(text=f"the destination's firewall lets in {join_words(allowed_sources)}: {outcome}"),)


_SENT_BACK: Final = (
    "the node: since no Pod can answer a packet from its own address, the source becomes an address of the node, or "
    "with Dataplane V2 a link-local one that is kept for this (not verified on a real node)"
)
_OUTCOMES_OF_ONE: Final = {
    True: "the packet passes",
    False: "the packet is dropped",
    None: "whether the packet passes cannot be told",
}
_OUTCOMES_OF_ALL: Final = {
    True: "the packet passes",
    False: "the packet is dropped",
    None: "whether a packet passes depends on its source, or cannot be told",
}
