"""Holds a predictor to what the kernel shows, in given worlds and in random ones, until enough pairs agreed.

The predictor is handed in, so that a deliberately wrong one can be tried. This module must not decide what is right;
where two accounts of a packet differ is for ``witnessed.py`` to say.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final

from hypothesis import HealthCheck, Phase, given, seed, settings

from lab.packets.tracer import Outcome
from tests.scenarios.calls import prediction_of
from tests.scenarios.drawing import worlds
from tests.scenarios.witnessed import Witnessed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from netaddr import IPAddress

    from airflow_masq.network.policy import MasqueradePolicy
    from tests.scenarios.calls import Predictor
    from tests.scenarios.kernel import Kernel
    from tests.scenarios.worlds import World

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
    """Check given worlds, then random ones until enough different pairs of policy and destination agreed in these.

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
    different.clear()
    compare_random = _RANDOMLY(given(worlds())(compare))
    for number in range(pairs):  # each round adds one pair at least
        if len(different) >= pairs:
            break
        seed(number)(compare_random)()
    return list(chain.from_iterable(seen.values()))
