"""The verdicts of one environment together, with how much of it was seen.

Coverage is counted from the verdicts and stated; it must never be assumed, since nobody can aim a task at a node. What
did not report is a problem, and a report with problems is an ERROR at best.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from netaddr import IPNetwork

from airflow_masq.text import format_count
from airflow_masq.verdict.codes import VerdictCode
from airflow_masq.verdict.outcome import Outcome, worst
from airflow_masq.verdict.verdict import ObservedFinding, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_masq.observation.observation import Vantage

_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Report:
    """The verdicts of one environment.

    :param environment: the environment's name.
    :param verdicts: any number of them.
    :param nodes_total: how many nodes there are; ``None`` where nobody knows, which is the default.
    :param problems: what is missing from the report, one line each, for example a check that crashed.
    """

    environment: str
    verdicts: tuple[Verdict, ...]
    nodes_total: int | None = None
    problems: tuple[str, ...] = ()

    @property
    def nodes_seen(self) -> tuple[str, ...]:
        """The nodes that something was probed from, by their blocks of Pod addresses, in the addresses' order."""
        return tuple(sorted({verdict.node for verdict in self.verdicts if verdict.node}, key=IPNetwork))

    @property
    def outcome(self) -> Outcome:
        """The worst outcome; a problem counts as an ERROR, and an empty report is INCONCLUSIVE."""
        outcomes = [verdict.outcome for verdict in self.verdicts]
        return worst([*outcomes, Outcome.ERROR] if self.problems else outcomes)

    @property
    def counts(self) -> Mapping[Outcome, int]:
        """How many verdicts have each outcome, the worst first; outcomes without verdicts are there with 0."""
        counter = Counter(verdict.outcome for verdict in self.verdicts)
        return {outcome: counter[outcome] for outcome in Outcome}

    @property
    def coverage(self) -> str:
        """How much of the environment was seen, as a sentence."""
        seen = len(self.nodes_seen)
        if self.nodes_total is None:
            return f"{format_count(seen, noun='node')} seen; how many there are is not known."
        return f"{seen} of {format_count(self.nodes_total, noun='node')} seen."


def merge(reports: Sequence[Report]) -> Report:
    """Put several reports of one environment together.

    Nobody can aim a check at a worker, so several checks may have run on the same one. Of what they found about a
    target the worst stays: an address that leaked once has leaked.

    :param reports: at least one.
    :return: one report; its number of nodes is the largest that any of them knows.
    :raises ValueError: when there is none, or they are of several environments.
    """
    environments = {report.environment for report in reports}
    if len(environments) != 1:
        raise ValueError(f"expected reports of one environment, saw {len(environments)}")
    by_worker: defaultdict[tuple[Vantage, str], list[Verdict]] = defaultdict(list)
    for verdict in (verdict for report in reports for verdict in report.verdicts):
        by_worker[verdict.vantage, verdict.target].append(verdict)
    totals = [report.nodes_total for report in reports if report.nodes_total is not None]
    return Report(
        environment=environments.pop(),
        verdicts=tuple(map(_worst_of, by_worker.values())),
        nodes_total=max(totals, default=None),
        problems=tuple(dict.fromkeys(problem for report in reports for problem in report.problems)),
    )


def _worst_of(verdicts: Sequence[Verdict]) -> Verdict:
    """Choose between verdicts of one worker about one target; where they differ, the chosen one says so."""
    outcome = worst(verdict.outcome for verdict in verdicts)
    kept = max((verdict for verdict in verdicts if verdict.outcome is outcome), key=_made_at)
    if len({(verdict.code, verdict.observed) for verdict in verdicts}) == 1:
        return kept
    counts = Counter(f"{verdict.outcome} ({verdict.observed or 'nothing seen'})" for verdict in verdicts)
    found = ", ".join(f"{number} x {what}" for what, number in counts.items())
    message = f"Checks that ran on this worker disagree: {found}; the worst is shown."
    finding = ObservedFinding(code=VerdictCode.ATTEMPTS_DISAGREE, message=message)
    return replace(kept, findings=(*kept.findings, finding))


def _made_at(verdict: Verdict) -> datetime:
    return verdict.evidence[-1].started_at if verdict.evidence else _LONG_AGO
