"""How the package knows what it says. Policies, predictions and rules all carry a provenance."""

from __future__ import annotations

from enum import StrEnum


class Provenance(StrEnum):
    """Where a statement comes from, the surest first."""

    DOCUMENTED = "documented"  # Google or the agent's own source says so
    OBSERVED = "observed"  # seen when the real thing was run
    INFERRED = "inferred"  # concluded by us from the other two


def find_weakest(*provenances: Provenance) -> Provenance:
    """Say how sure a conclusion is that rests on these statements."""
    return max(provenances, key=tuple(Provenance).index)
