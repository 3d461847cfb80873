"""Compares what was predicted with what the kernel showed, and tells a difference as a story.

The predictor is handed in, so that a deliberately wrong one can be tried. This module must not decide what is right: it
says only where two accounts of one packet differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Final

from hypothesis import HealthCheck, Phase, given, seed, settings
from netaddr import IPAddress, IPNetwork

from airflow_masq.network import PredictedKind, Provenance
from lab.packets.topology import DEFAULT_CLOUD_NAT
from lab.packets.tracer import Outcome
from tests.scenarios.calls import call_about, prediction_of, without_ipv6
from tests.scenarios.drawing import worlds
from tests.scenarios.worlds import ASKING_POD, EXTERNAL_ADDRESS, IPV6, NODE, OTHER_POD, World, both

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_masq.network import MasqueradePolicy, Prediction
    from lab.packets.topology import Address
    from lab.packets.tracer import Fate
    from tests.scenarios.calls import Call, Predictor
    from tests.scenarios.kernel import Kernel
    from tests.scenarios.worlds import Question

#: A disagreement about silence counts only if the kernel is silent again when it is given this much more time.
_PATIENT_SECONDS: Final = 1.0

_RANDOMLY: Final = settings(
    max_examples=25,
    database=None,
    deadline=None,
    phases=(Phase.generate, Phase.shrink),
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow],  # what takes its time is the kernel's work, not the drawing
)

_KINDS: Final = {
    IPAddress(str(address)): kind
    for kind, addresses in {
        PredictedKind.POD: (ASKING_POD.address, ASKING_POD.ipv6_address),
        PredictedKind.NODE: (NODE.address, NODE.ipv6_address),
        PredictedKind.NAT: (DEFAULT_CLOUD_NAT.address,),
        PredictedKind.NODE_EXTERNAL: (EXTERNAL_ADDRESS,),
    }.items()
    for address in addresses
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
    fate: Fate

    def difference(self, predictor: Predictor = prediction_of) -> str | None:
        """Compare with what is predicted for somebody who knows the Pod's node, who does not, and who knows no IPv6.

        :param predictor: who predicts.
        :return: the difference in a few words; ``None`` where there is none.
        """
        known_call, unknown_call = self._calls
        known = self._difference(predictor(known_call))
        if known is not None:
            return known
        unknown = self._difference_of_unknown(predictor(unknown_call))
        if unknown is not None:
            return f"{unknown}, for somebody who does not know the node"
        if not self._is_plain_ipv6:
            return None
        without = self._difference_without_ipv6(predictor(without_ipv6(unknown_call)))
        return None if without is None else f"{without}, for somebody whose plan has no IPv6"

    @property
    def _is_plain_ipv6(self) -> bool:
        """Tell whether it is by IPv6, and nothing on the node decides, which one without its addresses cannot know."""
        is_elsewhere = self.question.arrives_for not in {*both(ASKING_POD), *both(OTHER_POD), *both(NODE)}
        return is_elsewhere and self.question.backend is None and self.question.destination.version == IPV6

    def _difference_without_ipv6(self, prediction: Prediction) -> str | None:
        on_the_way = self._difference_on_the_way(prediction)
        if on_the_way is None and prediction.sources:
            return f"arrived by IPv6, not from {', '.join(map(str, prediction.sources))}"
        return on_the_way or self._difference_at_firewall(prediction)

    @cached_property
    def _calls(self) -> tuple[Call, Call]:
        known, unknown = (call_about(self.world, self.question, node_is_known=known) for known in (True, False))
        return known, unknown

    def _difference(self, prediction: Prediction) -> str | None:
        on_the_way = self._difference_on_the_way(prediction)
        if on_the_way is not None or self.fate.source is None:
            return on_the_way
        expected = () if self._is_nameless(prediction) else (IPNetwork(str(self.fate.source)),)
        if prediction.sources != expected:
            return f"arrived from {self.fate.source}, not from {', '.join(map(str, prediction.sources))}"
        if prediction.allowed is None and self.world.firewall_of(self.question):
            return None if not expected else "has a known source, and the prediction could not tell"
        return self._difference_at_firewall(prediction)

    def _difference_of_unknown(self, prediction: Prediction) -> str | None:
        if self._may_be_for_another_node(prediction):
            return None
        on_the_way = self._difference_on_the_way(prediction)
        if on_the_way is not None or self.fate.source is None:
            return on_the_way
        source = IPAddress(str(self.fate.source))
        if not self._is_nameless(prediction) and not any(source in network for network in prediction.sources):
            return f"arrived from {source}, which is in none of [{', '.join(map(str, prediction.sources))}]"
        return self._difference_at_firewall(prediction)

    def _difference_on_the_way(self, prediction: Prediction) -> str | None:
        if prediction.arrives_as is PredictedKind.DROPPED:
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

    @property
    def _was_masqueraded(self) -> bool:
        return _kind(self.fate.left_node_as) is PredictedKind.NODE and not self.world.host_network

    def contradicts_by_sight(self, predictor: Predictor) -> bool:
        """Tell whether a difference lies in what was seen, which no patience changes, and not in what was not.

        :param predictor: who predicts; there is a difference.
        :return: whether a longer wait for an answer can change nothing.
        """
        if self.fate.outcome is Outcome.ANSWERED:
            return True
        prediction = predictor(self._calls[0])
        return self.fate.left_node_as is not None and prediction.masqueraded is not self._was_masqueraded

    def _is_nameless(self, prediction: Prediction) -> bool:
        """Tell whether nobody names the source: no plan a node's external address, no page the one of a Pod's own."""
        is_external = prediction.arrives_as is PredictedKind.NODE_EXTERNAL
        return is_external or self.world.returns_to_sender(self.question)

    def _may_be_for_another_node(self, prediction: Prediction) -> bool:
        """Tell whether the node itself is sent to, and the prediction is for another one, as one that is inferred."""
        to_node = self.question.arrives_for in both(NODE) and prediction.arrives_as is PredictedKind.NODE
        return to_node and prediction.provenance is Provenance.INFERRED

    def _difference_at_firewall(self, prediction: Prediction) -> str | None:
        let_in = self.fate.outcome is Outcome.ANSWERED
        if prediction.allowed is not None and let_in is not prediction.allowed:
            return f"was {'let in' if let_in else 'not let in'} by the firewall"
        return None

    def story(self, predictor: Predictor = prediction_of) -> str:
        """Tell the packet's world, what was predicted and what happened.

        :param predictor: who predicts.
        :return: lines for a person.
        """
        world = self.world
        prediction, unknown = map(predictor, self._calls)
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
            f"  unknowing  {_told(unknown)}",
            f"  kernel     {self.fate}",
        ]
        return "\n".join(lines)


def _kind(source: Address | None) -> PredictedKind | None:
    return None if source is None else _KINDS.get(IPAddress(str(source)))


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


def witness(kernel: Kernel, world: World, *, grace_seconds: float | None = None) -> list[Witnessed]:
    """Have the kernel show a world.

    :param kernel: it becomes the world.
    :param world: the world.
    :param grace_seconds: see :meth:`Tracer.follow`; ``None`` is its default.
    :return: what became of every question's packet.
    """
    kernel.become(world)
    fates = kernel.ask(world, grace_seconds=grace_seconds)
    return [
        Witnessed(world=world, question=question, fate=fate)
        for question, fate in zip(world.questions, fates, strict=True)
    ]


def check(kernel: Kernel, world: World, *, predictor: Predictor = prediction_of) -> list[Witnessed]:
    """Hold a predictor to what the kernel shows.

    :param kernel: it becomes the world.
    :param world: the world.
    :param predictor: who predicts.
    :return: what the kernel showed.
    :raises AssertionError: with the story, if they disagree; about silence, if they disagree twice.
    """
    seen = witness(kernel, world)
    different = [each for each in seen if each.difference(predictor)]
    if different and not any(each.contradicts_by_sight(predictor) for each in different):
        seen = witness(kernel, world, grace_seconds=_PATIENT_SECONDS)
        different = [each for each in seen if each.difference(predictor)]
    if different:
        told = min(different, key=lambda each: each.fate.outcome is not Outcome.ANSWERED)
        raise AssertionError(told.story(predictor))
    return seen


def explore(
    kernel: Kernel, *, pairs: int, predictor: Predictor = prediction_of, first: Iterable[World] = ()
) -> list[Witnessed]:
    """Check given worlds, then random ones until enough different pairs of policy and destination agreed.

    The worlds are the same in every run, and those of fewer pairs come first among those of more.

    :param kernel: it becomes one world after the other.
    :param pairs: how many.
    :param predictor: who predicts.
    :param first: worlds to begin with, default none.
    :return: what the kernel showed.
    :raises AssertionError: with the story of the simplest disagreement that Hypothesis found.
    """
    seen: dict[World, list[Witnessed]] = {}
    different: set[tuple[MasqueradePolicy, IPAddress]] = set()

    def compare(world: World) -> None:
        if world in seen:  # Hypothesis repeats itself
            return
        seen[world] = check(kernel, world, predictor=predictor)
        different.update((world.policy, question.destination) for question in world.questions)

    for world in first:
        compare(world)
    compare_random = _RANDOMLY(given(worlds())(compare))
    for number in range(pairs):  # each round adds one pair at least
        if len(different) >= pairs:
            break
        seed(number)(compare_random)()
    return list(chain.from_iterable(seen.values()))
