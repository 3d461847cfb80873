"""From which source address packets would arrive at a destination.

    Pod ──▶ node ──▶ arrival ──▶ destination's firewall
         (node.py) (arrival.py)  (firewall.py)

A prediction explains an observation and never replaces one. It claims no address that the plan does not name: where the
Pod's node is not known, the source is the whole node range.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from netaddr import IPAddress, IPNetwork

from airflow_masq.network.arrival import arrive
from airflow_masq.network.firewall import FirewallAnswer, ask_firewall, describe_answer
from airflow_masq.network.node import decide_on_node, describe_on_node, make_packet
from airflow_masq.network.policy import MasqueradePolicy, Reason
from airflow_masq.network.provenance import Provenance, find_weakest
from airflow_masq.network.ranges import AddressKind, NetworkRanges


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """From which source packets of one Pod, or of every Pod, would arrive at a destination.

    :param arrives_as: the source at the destination's firewall, one of ``PREDICTED_KINDS``; ``DROPPED`` where the
        packet is lost before it.
    :param sources: the ranges of that source, single addresses as /32 or /128; empty where that is not known.
    :param masqueraded: whether the node masquerades.
    :param reason: why, or why not.
    :param matched_cidr: the range that decided; ``None`` if none did.
    :param firewall: what the destination's firewall lets in of ``sources``.
    :param path: the packet's path as sentences.
    :param provenance: how sure this is.
    :param origin: what decided on the node, in words for people.
    """

    arrives_as: AddressKind
    sources: tuple[IPNetwork, ...]
    masqueraded: bool
    reason: Reason
    matched_cidr: IPNetwork | None
    firewall: FirewallAnswer
    path: tuple[str, ...]
    provenance: Provenance
    origin: str

    @property
    def source_kind(self) -> AddressKind:
        """What the service itself would receive: ``arrives_as``, or ``DROPPED`` if its firewall lets none in."""
        return AddressKind.DROPPED if self.firewall is FirewallAnswer.NONE else self.arrives_as


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
    """Predict from which source one Pod's connection would arrive.

    :param ranges: the cluster's ranges.
    :param policy: the masquerade policy in force.
    :param pod: the Pod's address; one in a node range and in no Pod range means a Pod on the host network.
    :param destination: where the Pod sends to.
    :param allowed_sources: what the destination's firewall lets in; empty where the plan does not say.
    :param host_network: whether the Pod uses its node's network, default where its address says so.
    :param node_address: the address of the Pod's node, default not known.
    :param backend: the endpoint behind a ClusterIP, default not known and assumed to be a Pod.
    :return: the expected source with the reason and the path.
    """
    packet = make_packet(
        ranges,
        pod=pod,
        destination=destination,
        backend=backend,
        node_address=node_address,
        host_network=host_network,
    )
    decision = decide_on_node(packet, ranges=ranges, policy=policy)
    stays_on_node = decision.reason is Reason.DESTINATION_ON_SAME_NODE
    arrival = arrive(ranges, packet=packet, masqueraded=decision.masqueraded, stays_on_node=stays_on_node)
    steps = [*describe_on_node(packet, ranges=ranges, policy=policy, decision=decision), arrival.step]
    prediction = Prediction(
        arrives_as=arrival.kind,
        sources=arrival.sources,
        masqueraded=decision.masqueraded,
        reason=decision.reason,
        matched_cidr=decision.matched_cidr,
        firewall=FirewallAnswer.UNKNOWN,
        path=tuple(step.text for step in steps),
        provenance=find_weakest(*(step.provenance for step in steps)),
        origin=decision.origin,
    )
    return _pass_firewall(prediction, allowed_sources=allowed_sources, version=packet.destination.version)


def _pass_firewall(prediction: Prediction, *, allowed_sources: tuple[IPNetwork, ...], version: int) -> Prediction:
    kind = prediction.arrives_as
    if kind is AddressKind.DROPPED or not allowed_sources:
        return prediction
    answer = ask_firewall(
        allowed_sources, sources=prediction.sources, version=version, from_internet=kind.is_on_the_internet
    )
    step = describe_answer(answer, allowed_sources=allowed_sources)
    return replace(prediction, firewall=answer, path=(*prediction.path, step))


def predict_every_pod(
    ranges: NetworkRanges,
    *,
    policy: MasqueradePolicy,
    destination: IPAddress,
    allowed_sources: tuple[IPNetwork, ...] = (),
    backend: IPAddress | None = None,
) -> Prediction:
    """Predict from which sources connections of the whole cluster would arrive.

    Rules, firewall requests and ``explain`` all ask here, so that they agree. One Pod represents all: the path is that
    of its packet. The sources are those of every Pod, and the firewall is asked about all of them.

    :param ranges: the cluster's ranges.
    :param policy: the masquerade policy in force.
    :param destination: where the Pods send to.
    :param allowed_sources: what the destination's firewall lets in; empty where the plan does not say.
    :param backend: the endpoint behind a ClusterIP, default not known and assumed to be a Pod.
    """
    pod = _choose_pod(ranges, destination=destination if backend is None else backend)
    prediction = predict(ranges, policy=policy, pod=pod, destination=destination, backend=backend)
    if prediction.arrives_as is AddressKind.POD:
        sources = tuple(network for network in ranges.pod if network.version == destination.version)
        prediction = replace(prediction, sources=sources)
    return _pass_firewall(prediction, allowed_sources=allowed_sources, version=destination.version)


def _choose_pod(ranges: NetworkRanges, *, destination: IPAddress) -> IPAddress:
    """Choose a Pod of the destination's IP version and on another node, if the ranges have such a Pod."""
    pod_ranges = [network for network in ranges.pod if network.version == destination.version]
    for network in pod_ranges:
        for pod in (_find_second_address(network), IPAddress(network.last, network.version)):
            # Where Pod and node ranges overlap, which MASQ201 reports, the address could be a node's.
            is_node = any(pod in nodes for nodes in ranges.node)
            if not is_node and destination not in ranges.find_node_block(pod):
                return pod
    others = [*pod_ranges, *ranges.pod]
    return _find_second_address(others[0]) if others else IPAddress(0, destination.version)


def _find_second_address(network: IPNetwork) -> IPAddress:
    # The first address names the range itself.
    return IPAddress(network.first + min(1, network.size - 1), network.version)
