"""What changed since the last run of the same check: each target's outcome over the runs.

The history goes from report to report: each run takes that of the last one, and adds its own outcome. A target that
this run did not ask has none. Of a target that several workers asked, the worst outcome counts.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from airflow_masq.verdict.codes import Outcome, find_worst

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from airflow_masq.verdict.report import Report

MOST_RECENT_OUTCOMES: Final = 10
"""How many runs a history goes back."""

_FLAPPING_CHANGES: Final = 3


@dataclass(frozen=True, kw_only=True)
class TargetHistory:
    """One target's outcomes, run by run.

    :param outcome: that of the last run.
    :param since: when the first of the runs with this outcome began, as far as the history goes back; ``None`` if no
        attempt was made.
    :param previous: the outcome before; ``None`` if no other is known.
    :param recent: the outcomes of the last runs, at most ten, the last one last.
    :raises ValueError: when these contradict each other, or the time has no zone.
    """

    target: str
    outcome: Outcome
    since: datetime | None
    previous: Outcome | None
    recent: tuple[Outcome, ...]

    def __post_init__(self) -> None:
        if not self.recent or self.recent[-1] is not self.outcome or self.previous is self.outcome:
            raise ValueError("a history ends with its outcome, and another one came before")
        if self.since is not None and self.since.tzinfo is None:
            raise ValueError("a history's time needs its time zone")

    @property
    def has_changed(self) -> bool:
        """Whether the last run had another outcome than the one before."""
        return len(self.recent) > 1 and self.recent[-2] is not self.outcome

    @property
    def is_flapping(self) -> bool:
        """Whether the outcome changed three times or more within the last runs."""
        return sum(one is not other for one, other in itertools.pairwise(self.recent)) >= _FLAPPING_CHANGES


def find_target_outcomes(*reports: Report) -> dict[str, Outcome]:
    """Find the worst outcome of each target, in the order in which the reports name them.

    A report that left verdicts out has their targets' outcomes in its history.
    """
    outcomes: defaultdict[str, list[Outcome]] = defaultdict(list)
    for report in reports:
        for verdict in report.verdicts:
            outcomes[verdict.target].append(verdict.outcome)
        for history in report.history:
            outcomes[history.target].append(history.outcome)
    return {target: find_worst(found) for target, found in outcomes.items()}


def add_history(report: Report, *, previous: Report | None) -> Report:
    """Add each target's history to a report, before anything of it is left out.

    :param previous: the last run's report of the same environment; ``None`` if there is none.
    """
    known = {} if previous is None else {history.target: history for history in previous.history}
    return replace(report, history=make_history([report], known=known))


def make_history(
    reports: Sequence[Report], *, known: Mapping[str, TargetHistory] = MappingProxyType({})
) -> tuple[TargetHistory, ...]:
    """Make the history of all targets of one run's reports.

    :param known: the histories of the last run, by target; default none.
    """
    started = _find_starts(reports)
    histories = []
    recent: tuple[Outcome, ...]
    for target, outcome in find_target_outcomes(*reports).items():
        before = known.get(target)
        if before is None:
            began, former, recent = started.get(target), None, (outcome,)
        else:
            recent = (*before.recent, outcome)[-MOST_RECENT_OUTCOMES:]
            is_same = before.outcome is outcome
            began = before.since if is_same else started.get(target)
            former = before.previous if is_same else before.outcome
        histories.append(TargetHistory(target=target, outcome=outcome, since=began, previous=former, recent=recent))
    return tuple(histories)


def _find_starts(reports: Sequence[Report]) -> Mapping[str, datetime]:
    """Find when each target was first asked in this run."""
    starts: dict[str, datetime] = {}
    for report in reports:
        times = [(verdict.target, each.started_at) for verdict in report.verdicts for each in verdict.evidence]
        times += [(history.target, history.since) for history in report.history if history.since is not None]
        for target, time in times:
            starts[target] = min(starts.get(target, time), time)
    return starts
