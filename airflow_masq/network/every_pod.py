"""What a destination sees of whichever Pod sends, for those who judge a whole environment instead of one packet.

    one Pod stands for all ──predict──▶ one prediction ──▶ every source that can arrive ──▶ let in: all, none, some

Rules, firewall requests and ``explain`` choose their Pod here, so that they never contradict each other. It must not
look at targets: a destination and what its firewall lets in are all it needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from netaddr import IPAddress

from airflow_masq.network.firewall import lets_in
from airflow_masq.network.prediction import Prediction, firewall_steps, predict
from airflow_masq.network.ranges import AddressKind

if TYPE_CHECKING:
    from netaddr import IPNetwork

    from airflow_masq.network.policy import MasqueradePolicy
    from airflow_masq.network.ranges import NetworkRanges


@dataclass(frozen=True, kw_only=True)
class EveryPod:
    """What a destination sees of a cluster's Pods.

    :param prediction: of the Pod that stands for all, followed as far as the destination's firewall.
    :param sources: where the source of any Pod's packet lies, all of the destination's IP version; empty where that is
        not known, or nothing arrives.
    :param let_in: whether the firewall lets all of them in; ``None`` where nobody said what it lets in, where nothing
        arrives, and where it lets in some only or that cannot be told.
    :param path: the way of that one Pod's packet, and what the firewall does with the packets of all.
    :param let_in_part: whether it is known to let in some of them and not others, default not.
    """

    prediction: Prediction
    sources: tuple[IPNetwork, ...]
    let_in: bool | None
    path: tuple[str, ...]
    let_in_part: bool = False

    @property
    def source_kind(self) -> AddressKind:
        """What the service itself sees, ``DROPPED`` where its firewall lets none of them in."""
        return AddressKind.DROPPED if self.let_in is False else self.prediction.arrives_as


def predict_every_pod(
    ranges: NetworkRanges,
    *,
    policy: MasqueradePolicy,
    destination: IPAddress,
    allowed_sources: tuple[IPNetwork, ...] = (),
    backend: IPAddress | None = None,
) -> EveryPod:
    """Predict what a destination sees, from wherever in the cluster a Pod sends.

    :param ranges: the cluster's ranges.
    :param policy: the masquerade policy in force.
    :param destination: where the packets go.
    :param allowed_sources: what the destination's firewall lets in; empty where nobody said.
    :param backend: the endpoint behind a ClusterIP, default one that is not known and taken to be a Pod.
    :return: the prediction, the sources, and the firewall's view.
    """
    pod = some_pod(ranges, destination=backend or destination) or _any_pod(ranges, destination=destination)
    prediction = predict(ranges, policy=policy, pod=pod, destination=destination, backend=backend)
    kind, version = prediction.arrives_as, int(destination.version)
    if kind is AddressKind.DROPPED:
        return EveryPod(prediction=prediction, sources=(), let_in=None, path=prediction.path)
    sources = prediction.sources
    if kind is AddressKind.POD:
        sources = tuple(network for network in ranges.pod if network.version == version)
    let_in = lets_in(allowed_sources, sources=sources, version=version, from_internet=kind.is_on_the_internet)
    steps = firewall_steps(allowed_sources, allowed=let_in, of_all=True)
    path = (*prediction.path, *(step.text for step in steps))
    # Where both are known, "cannot be told" of all of them means that they overlap.
    in_part = let_in is None and bool(allowed_sources) and bool(sources)
    return EveryPod(prediction=prediction, sources=sources, let_in=let_in, path=path, let_in_part=in_part)


def some_pod(ranges: NetworkRanges, *, destination: IPAddress) -> IPAddress | None:
    """Choose the Pod that stands for all: one on another node than the destination's.

    Where Pod and node ranges overlap, which is a fault of its own, an address in both would stand for a node.

    :param ranges: the cluster's ranges.
    :param destination: where it is to send to.
    :return: an address of a Pod range of the destination's IP version, its second or last; ``None`` where there is no
        such range, or no such Pod in it.
    """
    for network in (network for network in ranges.pod if network.version == destination.version):
        for pod in (_second(network), IPAddress(network.last, network.version)):
            is_node = any(pod in nodes for nodes in ranges.node)
            if not is_node and destination not in ranges.node_block(pod):
                return pod
    return None


def _any_pod(ranges: NetworkRanges, *, destination: IPAddress) -> IPAddress:
    """Take whatever Pod there is, best one of the right IP version; where no range is known, an address of nobody."""
    pods = sorted(ranges.pod, key=lambda network: network.version != destination.version)
    return _second(pods[0]) if pods else IPAddress(0, destination.version)


def _second(network: IPNetwork) -> IPAddress:
    """Give a range's second address, since the first names the range itself."""
    return IPAddress(network.first + min(1, network.size - 1), network.version)
