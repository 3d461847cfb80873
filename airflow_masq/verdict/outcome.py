"""The four outcomes of a check, worst first; they must stay four, since exit codes and dashboards count them."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Outcome(StrEnum):
    """What a verdict comes to, the worst first."""

    FAIL = "FAIL"  # an address was seen, and it is not what is needed
    ERROR = "ERROR"  # the probe was not carried out as asked
    INCONCLUSIVE = "INCONCLUSIVE"  # nothing was seen, or what was seen proves nothing
    PASS = "PASS"  # noqa: S105 - an outcome, no password


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """Give the worst of several outcomes.

    :param outcomes: any number of them.
    :return: the worst; ``INCONCLUSIVE`` of none, since what saw nothing is never a PASS.
    """
    return min(outcomes, key=tuple(Outcome).index, default=Outcome.INCONCLUSIVE)
