"""Compares what was predicted with what the kernel showed, and tells a difference as a story.

Who knows less is answered less, so each asker has a comparison of its own: the one who knows the node must be told the
source, others some ranges that hold it. This module must not decide what is right: it says only where two accounts of
one packet differ.
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
from tests.scenarios.calls import Asker, Call, calls_about, prediction_of
from tests.scenarios.ground_truth import RFC_1918
from tests.scenarios.worlds import ASKING_POD, EXTERNAL_ADDRESS, NODE, Question, World, both

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

#: None of these is an address that the internet sees, whatever a node's external one is [source: rfc-1918-private].
_NEVER_EXTERNAL: Final = IPSet(RFC_1918)

#: By whether nobody but the agent or GKE itself listed the destination.
_WORDS: Final[Mapping[bool | None, Reason]] = {
    True: Reason.DESTINATION_IP_IN_DEFAULT_NON_MASQUERADE_RANGE,
    False: Reason.DESTINATION_IP_IN_CONFIGURED_NON_MASQUERADE_RANGE,
}


@dataclass(frozen=True, kw_only=True)
class Witnessed:
    """A packet of a world, and what the kernel did with it.

    :param world: the world.
    :param question: the destination.
    :param fate: what became of it.
    """

    world: World
    question: Question
    fate: TraceResult

    def difference(self, predictor: Predictor = prediction_of) -> str | None:
        """Compare with what is predicted for each of those who can ask about such a packet.

        :param predictor: who predicts.
        :return: the difference in a few words; ``None`` where there is none.
        """
        for asker, call in self._calls.items():
            difference = _COMPARISONS[asker](self, predictor(call))
            if difference is not None:
                return difference if asker is Asker.KNOWS_NODE else f"{difference}, {asker}"
        return None

    @cached_property
    def _calls(self) -> dict[Asker, Call]:
        return calls_about(self.world, self.question)

    def difference_of_exact(self, prediction: Prediction) -> str | None:
        """Compare with a prediction that must name the source, and the hand that listed what decided."""
        on_the_way = self.difference_on_the_way(prediction) or self._difference_of_word(prediction)
        if on_the_way is not None or self.fate.source is None:
            return on_the_way
        expected = () if self._is_nameless(prediction) else (IPNetwork(str(self.fate.source)),)
        if prediction.sources != expected:
            return f"arrived from {self.fate.source}, not from {', '.join(map(str, prediction.sources))}"
        return self._difference_at_firewall(prediction)

    def difference_of_ranges(self, prediction: Prediction) -> str | None:
        """Compare with a prediction that may name ranges, of which one must hold the source."""
        if self._may_be_for_another_node(prediction):
            return None
        on_the_way = self.difference_on_the_way(prediction)
        if on_the_way is not None or self.fate.source is None:
            return on_the_way
        source = IPAddress(str(self.fate.source))
        if not self._is_nameless(prediction) and not any(source in network for network in prediction.sources):
            return f"arrived from {source}, which is in none of [{', '.join(map(str, prediction.sources))}]"
        return self._difference_at_firewall(prediction)

    def difference_without_ipv6(self, prediction: Prediction) -> str | None:
        """Compare with a prediction that cannot name a source, since the plan has none of the version."""
        on_the_way = self.difference_on_the_way(prediction)
        if on_the_way is None and prediction.sources:
            return f"arrived by IPv6, not from {', '.join(map(str, prediction.sources))}"
        return on_the_way or self._difference_at_firewall(prediction)

    def difference_on_the_way(self, prediction: Prediction) -> str | None:
        """Compare what arrives, and what the node did; nothing else is said of a compiled policy."""
        if prediction.arrives_as is AddressKind.DROPPED:
            if self.fate.outcome is not Outcome.LOST:
                return "was not lost on the way"
        elif self.fate.source is None:
            return f"never arrived, let alone as {prediction.arrives_as}"
        elif (kind := _kind(self.fate.source)) is not prediction.arrives_as:
            return f"arrived as {kind or 'nobody known'}, not as {prediction.arrives_as}"
        if prediction.masqueraded is not self._was_masqueraded:
            left_node_as = _kind(self.fate.left_node_as)
            return f"left its node as {left_node_as}, and whether the node masquerades was predicted wrongly"
        return None

    def _difference_of_word(self, prediction: Prediction) -> str | None:
        """Compare the word for a listed destination with the hand that listed it."""
        if prediction.reason not in _WORDS.values():
            return None
        expected = _WORDS.get(self.world.is_listed_by_default(self.question.arrives_for))
        return None if prediction.reason is expected else f"is spared by {expected}, not by {prediction.reason}"

    @property
    def _was_masqueraded(self) -> bool:
        return _kind(self.fate.left_node_as) is AddressKind.NODE and not self.world.host_network

    def contradicts_by_sight(self, predictor: Predictor) -> bool:
        """Tell whether a difference lies in what was seen, which no patience changes, and not in what was not.

        :param predictor: who predicts; there is a difference.
        :return: whether a longer wait for an answer can change nothing.
        """
        if self.fate.outcome is Outcome.ANSWERED:
            return True
        prediction = predictor(self._calls[Asker.KNOWS_NODE])
        return self.fate.left_node_as is not None and prediction.masqueraded is not self._was_masqueraded

    def _is_nameless(self, prediction: Prediction) -> bool:
        """Tell whether nobody names the source: no plan a node's external address, no page the one of a Pod's own."""
        is_external = prediction.arrives_as is AddressKind.NODE_EXTERNAL
        return is_external or self.world.returns_to_sender(self.question)

    def _may_be_for_another_node(self, prediction: Prediction) -> bool:
        """Tell whether the node itself is sent to, and the prediction is for another one, as one that is inferred."""
        to_node = self.question.arrives_for in both(NODE) and prediction.arrives_as is AddressKind.NODE
        return to_node and prediction.provenance is Provenance.INFERRED

    def _difference_at_firewall(self, prediction: Prediction) -> str | None:
        let_in = self.fate.outcome is Outcome.ANSWERED
        if prediction.firewall.allowed not in (None, let_in):
            return f"was {'let in' if let_in else 'not let in'} by the firewall"
        firewall, possible = IPSet(self.world.firewall_of(self.question)), IPSet(prediction.sources)
        is_asked = bool(firewall) and bool(possible)
        fare_alike = is_asked and (possible.issubset(firewall) or possible.isdisjoint(firewall))
        if prediction.arrives_as is AddressKind.NODE_EXTERNAL:
            fare_alike = bool(firewall) and firewall.issubset(_NEVER_EXTERNAL)
        if prediction.firewall.allowed is None and fare_alike:
            return "could have any of its sources and fare alike at the firewall, which the prediction could not tell"
        if (prediction.firewall is FirewallAnswer.SOME) is not (is_asked and not fare_alike):
            return f"meets a firewall whose answer about all sources is not {prediction.firewall}"
        return None

    @property
    def _others(self) -> list[tuple[Asker, Call]]:
        return [(asker, call) for asker, call in self._calls.items() if asker is not Asker.KNOWS_NODE]

    def story(self, predictor: Predictor = prediction_of) -> str:
        """Tell the packet's world, what was predicted and what happened.

        :param predictor: who predicts.
        :return: lines for a person.
        """
        world = self.world
        prediction = predictor(self._calls[Asker.KNOWS_NODE])
        host_network = " on the host network" if world.host_network else ""
        behind = f", a ClusterIP for {self.question.backend}" if self.question.backend else ""
        lines = [
            "the prediction and the kernel disagree:",
            f"  the packet {self.difference(predictor)}",
            f"  words      {world.words}",
            f"  policy     {world.policy.name}: {'; '.join(_chains(world)) or 'no chain'}",
            f"  plan       nodes {', '.join(world.nodes)}; Pods {', '.join(world.pods)}",
            f"  Cloud NAT  covers {', '.join(sorted(world.nat_covers)) or 'nothing'}",
            f"  nodes      {'public' if world.public_nodes else 'private'}",
            f"  firewall   lets in {', '.join(map(str, world.firewall_of(self.question))) or 'everybody'}",
            f"  packet     from a Pod{host_network} to {self.question.destination}{behind}",
            f"  predicted  {_told(prediction)}",
            *(f"             - {step}" for step in prediction.path),
            *(f"  told       {_told(predictor(call))}, {asker}" for asker, call in self._others),
            f"  kernel     {self.fate}",
        ]
        return "\n".join(lines)


def _kind(source: Address | None) -> AddressKind | None:
    return None if source is None else _KINDS.get(source)


def _told(prediction: Prediction) -> str:
    return f"{prediction.arrives_as} {', '.join(map(str, prediction.sources))} ({prediction.reason})"


def _chains(world: World) -> list[str]:
    """Write the node's chains as the kernel has them."""
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


_COMPARISONS: Final[Mapping[Asker, Callable[[Witnessed, Prediction], str | None]]] = {
    Asker.KNOWS_NODE: Witnessed.difference_of_exact,
    Asker.KNOWS_NO_NODE: Witnessed.difference_of_ranges,
    Asker.KNOWS_OTHER_ADDRESS: Witnessed.difference_of_ranges,
    Asker.KNOWS_NO_IPV6: Witnessed.difference_without_ipv6,
    Asker.KNOWS_NO_ENDPOINT: Witnessed.difference_of_ranges,
    Asker.JUDGES_ALL_PODS: Witnessed.difference_of_ranges,
    Asker.ASKS_BY_NUMBER: Witnessed.difference_on_the_way,
    Asker.ASKS_BY_TEXT: Witnessed.difference_on_the_way,
}
