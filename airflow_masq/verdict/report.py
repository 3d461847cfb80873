"""The verdict about one target from one vantage, and the report of one environment, as values.

They hold what must be true of them whether they were judged here or read from an XCom: the outcome is that of the code,
nothing that was not seen passes, and coverage is counted from the verdicts, never assumed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from netaddr import IPNetwork

from airflow_masq.network.prediction import Prediction
from airflow_masq.network.ranges import AddressKind
from airflow_masq.observation.observation import Observation, Vantage, choose_deciding
from airflow_masq.text import format_count
from airflow_masq.verdict.codes import CODES, Outcome, VerdictCode, find_worst

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from netaddr import IPAddress

_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class ObservedFinding:
    """A finding beside a verdict, which it does not change: ``MASQ491`` or ``MASQ492``."""

    code: VerdictCode
    message: str


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the observations of one target from one vantage come to.

    :param target: the target's name.
    :param vantage: where the probe ran.
    :param node: the block of Pod addresses that identifies the vantage's node; ``None`` where no address is known.
    :param outcome: the outcome of ``code``.
    :param code: what was found.
    :param expected: what is needed, in a few words; empty where the plan does not say.
    :param observed: the last address that an observation holds.
    :param attribution: what that address is in the plan's network, one of ``ATTRIBUTED_KINDS``.
    :param reason: one sentence.
    :param evidence: every observation, in order.
    :param prediction: what the model expects; ``None`` where it lacks an address to start from.
    :param findings: what else is worth saying.
    :raises ValueError: when the outcome is not the code's, passes without an address, or rests on a reply that shows a
        proxy in between.
    """

    target: str
    vantage: Vantage
    node: str | None
    outcome: Outcome
    code: VerdictCode
    expected: str
    observed: IPAddress | None
    attribution: AddressKind | None
    reason: str
    evidence: tuple[Observation, ...]
    prediction: Prediction | None
    findings: tuple[ObservedFinding, ...]

    def __post_init__(self) -> None:
        if CODES[self.code].outcome is not self.outcome:
            raise ValueError(f"{self.code} has another outcome than {self.outcome}")
        last = choose_deciding(self.evidence)
        if self.observed != (last and last.observed) or (self.observed is None) != (self.attribution is None):
            raise ValueError("a verdict holds the last address of its observations, attributed")
        if self.outcome is Outcome.PASS and self.observed is None:
            raise ValueError("nothing that was not seen may pass")
        if self.outcome in {Outcome.PASS, Outcome.FAIL} and last is not None and last.intermediaries:
            raise ValueError("a reply that shows a proxy in between proves nothing")


@dataclass(frozen=True, kw_only=True)
class Report:
    """The verdicts of one environment.

    :param environment: the environment's name.
    :param verdicts: any number of them.
    :param nodes_total: how many nodes there are, default not known.
    :param problems: what is missing from the report, one line each, for example a check that crashed; a line may begin
        with a code.
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
        return find_worst([*outcomes, Outcome.ERROR] if self.problems else outcomes)

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
            return f"{format_count(seen, noun='node')} seen; the number of nodes is not known."
        return f"{seen} of {format_count(self.nodes_total, noun='node')} seen."


def merge(reports: Sequence[Report]) -> Report:
    """Merge several reports of one environment.

    A check cannot be sent to a chosen worker, so several checks may have run on the same one. Of what they found about
    a target the worst stays: an address that leaked once has leaked.

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
        verdicts=tuple(map(_choose_worst, by_worker.values())),
        nodes_total=max(totals, default=None),
        problems=tuple(dict.fromkeys(problem for report in reports for problem in report.problems)),
    )


def _choose_worst(verdicts: Sequence[Verdict]) -> Verdict:
    """Choose between verdicts of one worker about one target; where they differ, the chosen one says so."""
    outcome = find_worst(verdict.outcome for verdict in verdicts)
    latest = max(
        (verdict for verdict in verdicts if verdict.outcome is outcome),
        key=lambda verdict: verdict.evidence[-1].started_at if verdict.evidence else _LONG_AGO,
    )
    if len({(verdict.code, verdict.observed) for verdict in verdicts}) == 1:
        return latest
    counts = Counter(f"{verdict.outcome} ({verdict.observed or 'nothing seen'})" for verdict in verdicts)
    found = ", ".join(f"{number} x {what}" for what, number in counts.items())
    message = f"Checks that ran on this worker disagree: {found}; the worst is shown."
    finding = ObservedFinding(code=VerdictCode.ATTEMPTS_DISAGREE, message=message)
    return replace(latest, findings=(*latest.findings, finding))
