"""Compares what was predicted with what the kernel showed, and tells a difference as a story.

The predictor is handed in, so that a deliberately wrong one can be tried. This module must not decide what is right: it
says only where two accounts of one packet differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Final

from hypothesis import HealthCheck, Phase, given, seed, settings
from netaddr import IPAddress, IPNetwork

from airflow_masq.network import PredictedKind, predict
from lab.packets.topology import DEFAULT_CLOUD_NAT
from lab.packets.tracer import Outcome
from tests.scenarios.worlds import ASKING_POD, EXTERNAL_ADDRESS, NODE, World, address_of, worlds

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_masq.network import MasqueradePolicy, Prediction
    from lab.packets.tracer import Fate
    from tests.scenarios.kernel import Kernel
    from tests.scenarios.worlds import Question

    Predictor = Callable[[World, Question], Prediction]

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


def prediction_of(world: World, question: Question) -> Prediction:
    """Predict as a caller does who knows the Pod and its node.

    :param world: policy and plan.
    :param question: the destination.
    :return: airflow-masq's own prediction.
    """
    version = question.arrives_for.version
    node = address_of(NODE, version=version)
    return predict(
        world.ranges,
        world.policy,
        pod=node if world.host_network else address_of(ASKING_POD, version=version),
        destination=question.destination,
        allowed_sources=world.firewall_of(question),
        host_network=world.host_network,
        node_address=node,
        backend=question.backend,
    )


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
        """Compare with a prediction.

        :param predictor: who predicts.
        :return: the difference in a few words; ``None`` where there is none.
        """
        prediction = predictor(self.world, self.question)
        if prediction.arrives_as is PredictedKind.DROPPED:
            return None if self.fate.outcome is Outcome.LOST else "was not lost on the way"
        if self.fate.source is None:
            return f"never arrived, let alone as {prediction.arrives_as}"
        source = IPAddress(str(self.fate.source))
        kind = _KINDS.get(source)
        if kind is not prediction.arrives_as:
            return f"arrived as {kind or 'nobody known'}, not as {prediction.arrives_as}"
        if kind is not PredictedKind.NAT and prediction.masqueraded is not self._was_masqueraded(kind):
            return f"arrived as {kind}, and whether the node masqueraded was predicted wrongly"
        if kind is not PredictedKind.NODE_EXTERNAL and prediction.sources != (IPNetwork(source),):
            return f"arrived from {source}, not from {', '.join(map(str, prediction.sources))}"
        return self._difference_at_firewall(prediction)

    def _was_masqueraded(self, kind: PredictedKind) -> bool:
        return kind is not PredictedKind.POD and not self.world.host_network

    def _difference_at_firewall(self, prediction: Prediction) -> str | None:
        let_in = self.fate.outcome is Outcome.ANSWERED
        if prediction.allowed is None and self.world.firewall_of(self.question):
            is_nameless = prediction.arrives_as is PredictedKind.NODE_EXTERNAL  # no plan names such an address
            return None if is_nameless else "has a known source, and the prediction could not tell"
        if let_in is (prediction.allowed is False):
            return f"was {'let in' if let_in else 'not let in'} by the firewall"
        return None

    def story(self, predictor: Predictor = prediction_of) -> str:
        """Tell the packet's world, what was predicted and what happened.

        :param predictor: who predicts.
        :return: lines for a person.
        """
        world, prediction = self.world, predictor(self.world, self.question)
        host_network = " on the host network" if world.host_network else ""
        behind = f", a ClusterIP for {self.question.backend}" if self.question.backend else ""
        lines = [
            "the prediction and the kernel disagree:",
            f"  the packet {self.difference(predictor)}",
            f"  policy     {world.policy.name}: {'; '.join(_chains(world)) or 'no chain'}",
            f"  Cloud NAT  covers {', '.join(sorted(world.nat_covers)) or 'nothing'}",
            f"  nodes      {'public' if world.public_nodes else 'private'}",
            f"  firewall   lets in {', '.join(map(str, world.firewall_of(self.question))) or 'everybody'}",
            f"  packet     from a Pod{host_network} to {self.question.destination}{behind}",
            f"  predicted  {prediction.arrives_as} {', '.join(map(str, prediction.sources))} ({prediction.reason})",
            *(f"             - {step}" for step in prediction.path),
            f"  kernel     {self.fate}",
        ]
        return "\n".join(lines)


def _chains(world: World) -> list[str]:
    return [
        " ".join(
            [
                agents.name,
                f"[{', '.join(str(exemption.cidr) for exemption in agents.exemptions)}]",
                *(["for IPv6 too"] if agents.ipv6 else []),
                *(["and link-local"] if agents.masquerades_link_local else []),
                *(["and IPv6 link-local"] if agents.masquerades_link_local_ipv6 else []),
            ]
        )
        for agents in world.policy.chains
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
    if any(each.fate.outcome is not Outcome.ANSWERED and each.difference(predictor) for each in seen):
        seen = witness(kernel, world, grace_seconds=_PATIENT_SECONDS)
    different = next((each for each in seen if each.difference(predictor)), None)
    if different is not None:
        raise AssertionError(different.story(predictor))
    return seen


def explore(kernel: Kernel, *, pairs: int, predictor: Predictor = prediction_of) -> list[Witnessed]:
    """Check random worlds until enough different pairs of policy and destination agreed.

    The worlds are the same in every run, and those of fewer pairs come first among those of more.

    :param kernel: it becomes one world after the other.
    :param pairs: how many.
    :param predictor: who predicts.
    :return: what the kernel showed.
    :raises AssertionError: with the story of the simplest disagreement that Hypothesis found.
    """
    seen: dict[World, list[Witnessed]] = {}
    different: set[tuple[MasqueradePolicy, IPAddress]] = set()

    @_RANDOMLY
    @given(worlds())
    def compare(world: World) -> None:
        if world in seen:  # Hypothesis repeats itself
            return
        seen[world] = check(kernel, world, predictor=predictor)
        different.update((world.policy, question.destination) for question in world.questions)

    for number in range(pairs):  # each round adds one pair at least
        seed(number)(compare)()
        if len(different) >= pairs:
            break
    return list(chain.from_iterable(seen.values()))
