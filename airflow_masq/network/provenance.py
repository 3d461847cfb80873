"""How we know what we tell a person.

It stands apart because policies, predictions and rules all carry it. It must not grow opinions about facts: those carry
their source where they are used.
"""

from __future__ import annotations

from enum import StrEnum


class Provenance(StrEnum):
    """Where a statement comes from, the surest first."""

    DOCUMENTED = "documented"  # Google or the agent's own source says so
    OBSERVED = "observed"  # seen when the real thing was run
    INFERRED = "inferred"  # concluded by us from the other two


def weakest(*provenances: Provenance) -> Provenance:
    """Say how sure a conclusion is that rests on several statements.

    :param provenances: those of the statements it rests on, at least one.
    :return: the least sure of them.
    """
    return max(provenances, key=tuple(Provenance).index)
