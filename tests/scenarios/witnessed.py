"""Compares a prediction with what happened in the kernel, and describes a difference.

A caller that knows less gets a less exact answer, so each caller has a comparison of its own: one that knows the node
must get the source, others get ranges that contain it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from netaddr import IPAddress, IPNetwork, IPSet

from airflow_masq.network.firewall import FirewallAnswer
from airflow_masq.network.policy import Reason
from airflow_masq.network.provenance import Provenance
from airflow_masq.network.ranges import AddressKind
from lab.packets.topology import DEFAULT_CLOUD_NAT, Address
from lab.packets.tracer import Outcome, TraceResult
from tests.scenarios.calls import Call, Caller, make_calls, predict_call
from tests.scenarios.ground_truth import RFC_1918
from tests.scenarios.worlds import ASKING_POD, EXTERNAL_ADDRESS, NODE, Question, World, get_addresses

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow_masq.network.prediction import Prediction
    from tests.scenarios.calls import Predictor

_KINDS: Final[Mapping[Address | None, AddressKind]] = {
    address: kind
    for kind, addresses in {
        AddressKind.POD: (ASKING_POD.address, ASKING_POD.ipv6_address),
        AddressKind.NODE: (NODE.address, NODE.ipv6_address),
        AddressKind.NAT: (DEFAULT_CLOUD_NAT.address,),
        AddressKind.NODE_EXTERNAL: (ip_address(str(EXTERNAL_ADDRESS)),),
    }.items()
    for address in addresses
}

#: None of these is an address that the internet sees as a node's external one [source: rfc-1918-private].
_NEVER_EXTERNAL: Final = IPSet(RFC_1918)

#: The reason by whether the list with the destination is a default one.
_REASONS: Final[Mapping[bool | None, Reason]] = {
    True: Reason.DESTINATION_IP_IN_DEFAULT_NON_MASQUERADE_RANGE,
    False: Reason.DESTINATION_IP_IN_CONFIGURED_NON_MASQUERADE_RANGE,
}


@dataclass(frozen=True, kw_only=True)
class ObservedPacket:
    """A packet of a world, and what happened to it in the kernel."""

    world: World
    question: Question
    result: TraceResult

    def find_difference(self, predictor: Predictor = predict_call) -> str | None:
        """Compare with the predictions for all callers; return the first difference in a few words, or ``None``."""
        for caller, call in self._calls.items():
            difference = _COMPARISONS[caller](self, predictor(call))
            if difference is not None:
                return difference if caller is Caller.KNOWS_NODE else f"{difference}, {caller}"
        return None

    @cached_property
    def _calls(self) -> dict[Caller, Call]:
        return make_calls(self.world, self.question)

    def compare_exactly(self, prediction: Prediction) -> str | None:
        """Compare with a prediction that must name the source, and the kind of list that contains the destination."""
        on_the_way = self.compare_path(prediction) or self._compare_reason(prediction)
        if on_the_way is not None or self.result.source is None:
            return on_the_way
        expected = () if self._has_unknown_source(prediction) else (IPNetwork(str(self.result.source)),)
        if prediction.sources != expected:
            return f"arrived from {self.result.source}, not from {', '.join(map(str, prediction.sources))}"
        return self._compare_firewall(prediction)

    def compare_ranges(self, prediction: Prediction) -> str | None:
        """Compare with a prediction that may name ranges, one of which must contain the source."""
        if self._may_be_for_another_node(prediction):
            return None
        on_the_way = self.compare_path(prediction)
        if on_the_way is not None or self.result.source is None:
            return on_the_way
        source = IPAddress(str(self.result.source))
        if not self._has_unknown_source(prediction) and not any(source in network for network in prediction.sources):
            return f"arrived from {source}, which is in none of [{', '.join(map(str, prediction.sources))}]"
        return self._compare_firewall(prediction)

    def compare_without_ipv6(self, prediction: Prediction) -> str | None:
        """Compare with a prediction that cannot name a source, since the plan has no IPv6."""
        on_the_way = self.compare_path(prediction)
        if on_the_way is None and prediction.sources:
            return f"arrived by IPv6, not from {', '.join(map(str, prediction.sources))}"
        return on_the_way or self._compare_firewall(prediction)

    def compare_path(self, prediction: Prediction) -> str | None:
        """Compare the kind of source that arrived, and whether the node masqueraded; a compiled policy says no more."""
        if prediction.arrives_as is AddressKind.DROPPED:
            if self.result.outcome is not Outcome.LOST:
                return "was not lost on the way"
        elif self.result.source is None:
            return f"did not arrive, and was predicted to arrive as {prediction.arrives_as}"
        elif (kind := _get_kind(self.result.source)) is not prediction.arrives_as:
            return f"arrived as {kind or 'an unknown address'}, not as {prediction.arrives_as}"
        if prediction.masqueraded is not self._was_masqueraded:
            left_node_as = _get_kind(self.result.left_node_as)
            return f"left its node as {left_node_as}, and whether the node masquerades was predicted wrongly"
        return None

    def _compare_reason(self, prediction: Prediction) -> str | None:
        """Compare the reason for a listed destination with the kind of its list."""
        if prediction.reason not in _REASONS.values():
            return None
        expected = _REASONS.get(self.world.is_listed_by_default(self.question.final_destination))
        return None if prediction.reason is expected else f"is exempt by {expected}, not by {prediction.reason}"

    @property
    def _was_masqueraded(self) -> bool:
        return _get_kind(self.result.left_node_as) is AddressKind.NODE and not self.world.host_network

    def is_certain(self, predictor: Predictor) -> bool:
        """Tell whether a difference is in what was observed, so that a longer wait for an answer cannot change it."""
        if self.result.outcome is Outcome.ANSWERED:
            return True
        prediction = predictor(self._calls[Caller.KNOWS_NODE])
        return self.result.left_node_as is not None and prediction.masqueraded is not self._was_masqueraded

    def _has_unknown_source(self, prediction: Prediction) -> bool:
        """Tell whether no source can be predicted: a plan has no external addresses, and no page documents loops."""
        is_external = prediction.arrives_as is AddressKind.NODE_EXTERNAL
        return is_external or self.world.returns_to_sender(self.question)

    def _may_be_for_another_node(self, prediction: Prediction) -> bool:
        """Tell whether the destination is the node itself, and the prediction is inferred and so for another node."""
        to_node = self.question.final_destination in get_addresses(NODE) and prediction.arrives_as is AddressKind.NODE
        return to_node and prediction.provenance is Provenance.INFERRED

    def _compare_firewall(self, prediction: Prediction) -> str | None:
        let_in = self.result.outcome is Outcome.ANSWERED
        if prediction.firewall.allowed not in (None, let_in):
            return f"was {'let in' if let_in else 'not let in'} by the firewall"
        firewall, possible = IPSet(self.world.get_firewall(self.question)), IPSet(prediction.sources)
        is_asked = bool(firewall) and bool(possible)
        is_same_for_all = is_asked and (possible.issubset(firewall) or possible.isdisjoint(firewall))
        if prediction.arrives_as is AddressKind.NODE_EXTERNAL:
            is_same_for_all = bool(firewall) and firewall.issubset(_NEVER_EXTERNAL)
        if prediction.firewall.allowed is None and is_same_for_all:
            return "has the same result at the firewall with any of its sources, and the prediction does not say so"
        if (prediction.firewall is FirewallAnswer.SOME) is not (is_asked and not is_same_for_all):
            return f"meets a firewall whose answer for all sources is not {prediction.firewall}"
        return None

    @property
    def _others(self) -> list[tuple[Caller, Call]]:
        return [(caller, call) for caller, call in self._calls.items() if caller is not Caller.KNOWS_NODE]

    def describe(self, predictor: Predictor = predict_call) -> str:
        """Describe the packet's world, the predictions and the result, in lines for a person."""
        world = self.world
        prediction = predictor(self._calls[Caller.KNOWS_NODE])
        host_network = " on the host network" if world.host_network else ""
        behind = f", a ClusterIP for {self.question.backend}" if self.question.backend else ""
        lines = [
            "the prediction and the kernel disagree:",
            f"  the packet {self.find_difference(predictor)}",
            f"  words      {world.words}",
            f"  policy     {world.policy.name}: {'; '.join(_chains(world)) or 'no chain'}",
            f"  plan       nodes {', '.join(world.nodes)}; Pods {', '.join(world.pods)}",
            f"  Cloud NAT  covers {', '.join(sorted(world.nat_covers)) or 'nothing'}",
            f"  nodes      {'public' if world.public_nodes else 'private'}",
            f"  firewall   lets in {', '.join(map(str, world.get_firewall(self.question))) or 'every source'}",
            f"  packet     from a Pod{host_network} to {self.question.destination}{behind}",
            f"  predicted  {_describe_prediction(prediction)}",
            *(f"             - {step}" for step in prediction.path),
            *(f"  told       {_describe_prediction(predictor(call))}, {caller}" for caller, call in self._others),
            f"  kernel     {self.result}",
        ]
        return "\n".join(lines)


def _get_kind(source: Address | None) -> AddressKind | None:
    return None if source is None else _KINDS.get(source)


def _describe_prediction(prediction: Prediction) -> str:
    return f"{prediction.arrives_as} {', '.join(map(str, prediction.sources))} ({prediction.reason})"


def _chains(world: World) -> list[str]:
    """Describe the node's chains in the kernel."""
    return [
        " ".join(
            [
                chain.name,
                f"[{', '.join(map(str, chain.non_masquerade))}]",
                *(["for IPv6 too"] if chain.enable_ipv6 else []),
                *(["and link-local"] if chain.masquerade_link_local else []),
                *(["and IPv6 link-local"] if chain.masquerade_link_local_ipv6 else []),
            ]
        )
        for chain in world.chains
    ]


_COMPARISONS: Final[Mapping[Caller, Callable[[ObservedPacket, Prediction], str | None]]] = {
    Caller.KNOWS_NODE: ObservedPacket.compare_exactly,
    Caller.KNOWS_NO_NODE: ObservedPacket.compare_ranges,
    Caller.KNOWS_OTHER_ADDRESS: ObservedPacket.compare_ranges,
    Caller.KNOWS_NO_IPV6: ObservedPacket.compare_without_ipv6,
    Caller.KNOWS_NO_ENDPOINT: ObservedPacket.compare_ranges,
    Caller.JUDGES_ALL_PODS: ObservedPacket.compare_ranges,
    Caller.ASKS_BY_NUMBER: ObservedPacket.compare_path,
    Caller.ASKS_BY_TEXT: ObservedPacket.compare_path,
}
