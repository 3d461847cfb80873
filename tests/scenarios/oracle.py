"""Compares a predictor with what happens in the kernel, in given and in random worlds, until enough pairs agreed.

The predictor is a parameter, so a wrong one can be tried too. ``witnessed.py`` finds the differences.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final

from hypothesis import HealthCheck, Phase, given, seed, settings

from lab.packets.tracer import GRACE_SECONDS, Outcome
from tests.scenarios.calls import predict_call
from tests.scenarios.drawing import worlds
from tests.scenarios.witnessed import ObservedPacket

if TYPE_CHECKING:
    from collections.abc import Iterable

    from netaddr import IPAddress

    from airflow_masq.network.policy import MasqueradePolicy
    from tests.scenarios.calls import Predictor
    from tests.scenarios.kernel import Kernel
    from tests.scenarios.worlds import World

#: A missing answer counts as a difference only if it is missing again after this longer time.
_PATIENT_SECONDS: Final = 1.0

_RANDOMLY: Final = settings(
    max_examples=25,
    database=None,
    deadline=None,
    phases=(Phase.generate, Phase.shrink),
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow],  # the kernel takes the time, and not the drawing
)


def observe(kernel: Kernel, world: World, *, grace_seconds: float = GRACE_SECONDS) -> list[ObservedPacket]:
    """Load a world into the kernel, and return what happened to the packet of every question.

    :param grace_seconds: see :meth:`Tracer.follow`.
    """
    kernel.load(world)
    results = kernel.connect(world, grace_seconds=grace_seconds)
    return [
        ObservedPacket(world=world, question=question, result=result)
        for question, result in zip(world.questions, results, strict=True)
    ]


def check(kernel: Kernel, world: World, *, predictor: Predictor = predict_call) -> list[ObservedPacket]:
    """Compare a predictor with what happens in the kernel, and return the packets.

    :raises AssertionError: with a description, if they differ; for a missing answer, if they differ twice.
    """
    packets = observe(kernel, world)
    different = [packet for packet in packets if packet.find_difference(predictor)]
    if different and not any(packet.is_certain(predictor) for packet in different):
        packets = observe(kernel, world, grace_seconds=_PATIENT_SECONDS)
        different = [packet for packet in packets if packet.find_difference(predictor)]
    if different:
        simplest = min(different, key=lambda packet: packet.result.outcome is not Outcome.ANSWERED)
        raise AssertionError(simplest.describe(predictor))
    return packets


def explore(
    kernel: Kernel, *, pairs: int, predictor: Predictor = predict_call, first: Iterable[World] = ()
) -> list[ObservedPacket]:
    """Check given worlds, then random ones until so many different pairs of policy and destination agreed in these.

    The random worlds are the same in every run, and a run with more pairs begins with the worlds of one with fewer.

    :param first: the given worlds.
    :return: the packets of all worlds.
    :raises AssertionError: with a description of the simplest difference that Hypothesis found.
    """
    seen: dict[World, list[ObservedPacket]] = {}
    different: set[tuple[MasqueradePolicy, IPAddress]] = set()

    def compare(world: World) -> None:
        if world in seen:  # Hypothesis repeats itself
            return
        seen[world] = check(kernel, world, predictor=predictor)
        different.update((world.policy, question.destination) for question in world.questions)

    for world in first:
        compare(world)
    different.clear()
    compare_random = _RANDOMLY(given(worlds())(compare))
    for number in range(pairs):  # each round adds at least one pair
        if len(different) >= pairs:
            break
        seed(number)(compare_random)()
    return list(chain.from_iterable(seen.values()))
