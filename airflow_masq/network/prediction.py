"""Which source address a destination will see, following the packet to its end.

    Pod ──(masqueraded? by policy)──▶ node ──▶ VPC ──private──▶ destination's firewall
                                                └───public───▶ external address, or Cloud NAT, or the packet is lost

A prediction explains an observation; it never replaces one. It must not look at observations, nor claim addresses that
the ranges do not tell: a node's own address is one of the node range.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from airflow_masq.network.policy import Decision, MasqueradePolicy, Reason, decide
from airflow_masq.network.provenance import Provenance, weakest
from airflow_masq.network.ranges import IPV4, NetworkRanges, SourceKind, as_network, unmapped

if TYPE_CHECKING:
    from netaddr import IPAddress, IPNetwork


class PredictedKind(StrEnum):
    """The source that arrives, or that none does; the first four are those of ``SourceKind``."""

    POD = "pod"
    NODE = "node"
    NAT = "nat"
    NODE_EXTERNAL = "node-external"
    DROPPED = "dropped"


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """What a destination is expected to see.

    :param source_kind: the source at the destination's firewall, or ``DROPPED`` where the packet is lost before it.
    :param sources: where the source lies, single addresses as /32 or /128; empty where that is not known.
    :param masqueraded: whether the node masquerades.
    :param reason: why, or why not.
    :param matched_cidr: the range that decided; ``None`` where none did.
    :param allowed: whether the destination's firewall lets the source in; ``None`` where that cannot be told.
    :param path: the packet's way as sentences.
    :param provenance: how sure this is.
    """

    source_kind: PredictedKind
    sources: tuple[IPNetwork, ...]
    masqueraded: bool
    reason: Reason
    matched_cidr: IPNetwork | None
    allowed: bool | None
    path: tuple[str, ...]
    provenance: Provenance


@dataclass(frozen=True, kw_only=True)
class _Arrival:
    """What arrives at the destination's firewall, and the step that says so."""

    kind: PredictedKind
    step: str
    provenance: Provenance


def predict(
    ranges: NetworkRanges,
    policy: MasqueradePolicy,
    *,
    pod: IPAddress,
    destination: IPAddress,
    allowed_sources: tuple[IPNetwork, ...] = (),
) -> Prediction:
    """Follow the first packet of a connection from a Pod to a destination.

    :param ranges: the cluster's ranges.
    :param policy: the masquerade policy in force.
    :param pod: the Pod's address; one in a node range means a Pod on the host network.
    :param destination: where the packet goes.
    :param allowed_sources: what the destination's firewall lets in; empty where nobody said.
    :return: the expected source with the reason and the path.
    """
    source, target = unmapped(pod), unmapped(destination)
    decision = _decide_on_node(ranges, policy, pod=source, destination=target)
    arrival = _arrival(ranges, decision, destination=target)
    sources = _sources(arrival.kind, ranges, pod=source, version=target.version)
    allowed = _allowed(sources, allowed_sources)
    steps = (
        f"Pod {source} sends to {target}",
        _node_step(decision, policy),
        arrival.step,
        _firewall_step(arrival.kind, allowed=allowed, allowed_sources=allowed_sources),
    )
    return Prediction(
        source_kind=arrival.kind,
        sources=sources,
        masqueraded=decision.masqueraded,
        reason=decision.reason,
        matched_cidr=decision.matched_cidr,
        allowed=allowed,
        path=tuple(step for step in steps if step),
        provenance=weakest(decision.provenance, arrival.provenance),
    )


def _decide_on_node(
    ranges: NetworkRanges, policy: MasqueradePolicy, *, pod: IPAddress, destination: IPAddress
) -> Decision:
    # https://cloud.google.com/kubernetes-engine/docs/concepts/ip-masquerade-agent, read 2026-11-22: Pods on the host
    # network have the node's address already, and what stays on the node is not masqueraded.
    if any(pod in network for network in ranges.node):
        return _stays(Reason.POD_USES_NODE_NETWORK_NAMESPACE, matched_cidr=None)
    block = ranges.node_block(pod)
    if destination in block and any(pod in network for network in ranges.pod):
        return _stays(Reason.DESTINATION_ON_SAME_NODE, matched_cidr=block)
    return decide(policy, pod=pod, destination=destination)


def _stays(reason: Reason, *, matched_cidr: IPNetwork | None) -> Decision:
    return Decision(masqueraded=False, reason=reason, matched_cidr=matched_cidr, provenance=Provenance.DOCUMENTED)


def _arrival(ranges: NetworkRanges, decision: Decision, *, destination: IPAddress) -> _Arrival:
    leaves_as_node = decision.masqueraded or decision.reason is Reason.POD_USES_NODE_NETWORK_NAMESPACE
    leaves_as = SourceKind.NODE if leaves_as_node else SourceKind.POD
    kind = PredictedKind(leaves_as.value)
    if decision.reason in _REASONS_TO_STAY_ON_THE_NODE:
        return _Arrival(kind=kind, step="the node: the packet does not leave it", provenance=Provenance.DOCUMENTED)
    private_way = _private_way(ranges, destination=destination)
    if private_way is not None:
        return _Arrival(kind=kind, step=private_way, provenance=Provenance.DOCUMENTED)
    if destination.version != IPV4:
        # Cloud NAT translates IPv4 (https://cloud.google.com/nat/docs/overview); that IPv6 leaves as it is: inferred.
        return _Arrival(
            kind=kind,
            step="the internet: IPv6 is not translated on the way out",
            provenance=Provenance.INFERRED,
        )
    if ranges.public_nodes and leaves_as is SourceKind.NODE:
        # The 1:1 translation applies only to the interface's primary address
        # (https://cloud.google.com/vpc/docs/alias-ip, read 2026-11-22).
        return _Arrival(
            kind=PredictedKind.NODE_EXTERNAL,
            step="the internet: the node's external address replaces its internal one",
            provenance=Provenance.DOCUMENTED,
        )
    return _cloud_nat_arrival(ranges, leaves_as=leaves_as)


_REASONS_TO_STAY_ON_THE_NODE: Final = frozenset({Reason.DESTINATION_ON_SAME_NODE, Reason.LINK_LOCAL_DESTINATION})


def _cloud_nat_arrival(ranges: NetworkRanges, *, leaves_as: SourceKind) -> _Arrival:
    # Cloud NAT translates the primary range, secondary ranges or both, as configured
    # (https://cloud.google.com/nat/docs/gke-example, read 2026-11-22); which of them a packet needs is inferred.
    if leaves_as in ranges.nat_covers:
        step = f"the internet: Cloud NAT translates {leaves_as} addresses to {_listed(ranges.nat_addresses)}"
        return _Arrival(kind=PredictedKind.NAT, step=step, provenance=Provenance.INFERRED)
    covered = _listed(sorted(ranges.nat_covers)) if ranges.nat_covers else "nothing"
    step = f"the internet: dropped, since Cloud NAT covers {covered} and the packet has a {leaves_as} address"
    return _Arrival(kind=PredictedKind.DROPPED, step=step, provenance=Provenance.INFERRED)


def _private_way(ranges: NetworkRanges, *, destination: IPAddress) -> str | None:
    for name, networks in (
        ("the nodes' network", ranges.node),
        ("the cluster's Pods", ranges.pod),
        ("a Service", ranges.service),
        *ranges.other.items(),
    ):
        holding = next((network for network in networks if destination in network), None)
        if holding is not None:
            return f"the VPC: routed privately to {name} ({holding}), source unchanged"
    return None if destination.is_global() else "the VPC: routed privately, source unchanged"


def _sources(
    kind: PredictedKind, ranges: NetworkRanges, *, pod: IPAddress, version: int | None
) -> tuple[IPNetwork, ...]:
    candidates: dict[PredictedKind, tuple[IPNetwork, ...]] = {
        PredictedKind.POD: (as_network(pod),),
        PredictedKind.NODE: (as_network(pod),) if any(pod in network for network in ranges.node) else ranges.node,
        PredictedKind.NAT: tuple(as_network(address) for address in ranges.nat_addresses),
    }
    return tuple(network for network in candidates.get(kind, ()) if network.version == version)


def _allowed(sources: tuple[IPNetwork, ...], allowed_sources: tuple[IPNetwork, ...]) -> bool | None:
    if not sources or not allowed_sources:
        return None
    if all(any(source in allowed for allowed in allowed_sources) for source in sources):
        return True
    overlap = any(source in allowed or allowed in source for source in sources for allowed in allowed_sources)
    return None if overlap else False


def _node_step(decision: Decision, policy: MasqueradePolicy) -> str:
    if decision.masqueraded:
        return f"the node: policy {policy.name} masquerades, the source becomes the node's address"
    by = "" if decision.matched_cidr is None else f", by {decision.matched_cidr}"
    return f"the node: not masqueraded ({decision.reason}{by})"


def _firewall_step(kind: PredictedKind, *, allowed: bool | None, allowed_sources: tuple[IPNetwork, ...]) -> str:
    if kind is PredictedKind.DROPPED or not allowed_sources:
        return ""
    let_in = f"the destination's firewall lets in {_listed(allowed_sources)}"
    return f"{let_in}: {_FIREWALL_OUTCOMES[allowed]}"


_FIREWALL_OUTCOMES: Final = {
    True: "the packet passes",
    False: "the packet is dropped",
    None: "whether the packet passes cannot be told",
}


def _listed(values: tuple[object, ...] | list[SourceKind]) -> str:
    return ", ".join(str(value) for value in values) or "addresses not known"
