"""The verdict about one target from one vantage, and the report of one environment, as values.

They hold what must be true of them whether they were judged here or read from an XCom: the outcome is that of the code,
nothing that was not seen passes, and coverage is counted from the verdicts, never assumed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Final

from netaddr import IPNetwork

from airflow_masq.network.prediction import Prediction
from airflow_masq.network.ranges import AddressKind
from airflow_masq.observation.observation import Observation
from airflow_masq.observation.vantage import Component, Vantage
from airflow_masq.text import format_count
from airflow_masq.verdict.changes import TargetHistory, make_history
from airflow_masq.verdict.codes import Outcome, VerdictCode, find_worst
from airflow_masq.verdict.consistency import find_contradiction
from airflow_masq.verdict.node_comparison import compare_nodes
from airflow_masq.verdict.vouching import list_vouchers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from netaddr import IPAddress

MOST_RANGES: Final = 50
"""How many of the plan's ranges a report holds."""

_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class ObservedFinding:
    """A finding beside a verdict, which it does not change: a code from ``MASQ491`` on."""

    code: VerdictCode
    message: str


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the observations of one target from one vantage come to.

    :param target: the target's name.
    :param vantage: where the probe ran.
    :param node: the block of Pod addresses that identifies a worker's node; ``None`` if the plan does not tell how
        large a node's block is, or the vantage is no worker's Pod.
    :param outcome: the outcome of ``code``.
    :param code: what was found.
    :param expected: what is needed, in a few words; empty where the plan does not say.
    :param destination: the observer's address that decides; ``None`` if no attempt got that far.
    :param observed: the last source address that an observation at that address holds.
    :param attribution: what that source is in the plan's network, one of ``ATTRIBUTED_KINDS``.
    :param reason: one sentence.
    :param evidence: every observation, at all addresses, in order.
    :param prediction: what the model expects; ``None`` if it lacks an address to start from.
    :param findings: what else is worth saying.
    :raises ValueError: when something in it contradicts something else.
    """

    target: str
    vantage: Vantage
    node: str | None
    outcome: Outcome
    code: VerdictCode
    expected: str
    destination: IPAddress | None
    observed: IPAddress | None
    attribution: AddressKind | None
    reason: str
    evidence: tuple[Observation, ...]
    prediction: Prediction | None
    findings: tuple[ObservedFinding, ...]

    def __post_init__(self) -> None:
        contradiction = find_contradiction(self)
        if contradiction is not None:
            raise ValueError(contradiction)

    @property
    def vouched_by(self) -> tuple[str, ...]:
        """What vouches for the verdict, in short words that stay: see ``vouching.py``.

        A PASS rests on every address at which a source was seen, any other verdict on the one that decides.
        """
        destinations = {self.destination}
        if self.outcome is Outcome.PASS:
            destinations |= {each.destination for each in self.evidence if each.observed is not None}
        return list_vouchers(self.evidence, destinations=destinations, vantage=self.vantage)

    @property
    def node_label(self) -> str | None:
        """The node for people: its name, else its block of Pod addresses."""
        return self.vantage.node_name or self.node


@dataclass(frozen=True, kw_only=True)
class Report:
    """The verdicts of one environment.

    :param environment: the environment's name.
    :param verdicts: any number of them.
    :param nodes_total: how many nodes there are, default not known.
    :param problems: what is missing from the report, one line each, for example a check that crashed; a line may begin
        with a code.
    :param omitted: how many verdicts of each outcome were found and left out, default none.
    :param history: each target's outcome over the runs of this check, default not known.
    :param ranges: the plan's ranges and what an address in each is, for a picture of the addresses; default not known.
    """

    environment: str
    verdicts: tuple[Verdict, ...]
    nodes_total: int | None = None
    problems: tuple[str, ...] = ()
    omitted: Mapping[Outcome, int] = field(default_factory=dict)
    history: tuple[TargetHistory, ...] = ()
    ranges: tuple[tuple[AddressKind, IPNetwork], ...] = ()

    @cached_property
    def workers_seen(self) -> frozenset[Vantage]:
        """The workers that something was probed from; no other component counts."""
        return frozenset(verdict.vantage for verdict in self.verdicts if verdict.vantage.component is Component.WORKER)

    @property
    def nodes_seen(self) -> tuple[str, ...]:
        """The workers' nodes: by name where all workers know theirs, else by their blocks of Pod addresses."""
        names = {vantage.node_name for vantage in self.workers_seen}
        if None not in names:
            return tuple(sorted(name for name in names if name))
        return tuple(sorted({verdict.node for verdict in self.verdicts if verdict.node}, key=IPNetwork))

    @property
    def workers_without_node(self) -> int:
        """How many workers probed from a node that is not known."""
        if all(vantage.node_name for vantage in self.workers_seen):
            return 0
        known = {verdict.vantage for verdict in self.verdicts if verdict.node}
        return sum(vantage.pod_ip is not None for vantage in self.workers_seen - known)

    @property
    def outcome(self) -> Outcome:
        """The worst outcome; a problem counts as an ERROR, and an empty report is INCONCLUSIVE."""
        outcomes = [outcome for outcome, number in self.counts.items() if number]
        return find_worst([*outcomes, Outcome.ERROR] if self.problems else outcomes)

    @property
    def counts(self) -> Mapping[Outcome, int]:
        """How many verdicts have each outcome, the worst first; those left out count, and there may be 0."""
        counter = Counter(self.omitted)
        counter.update(verdict.outcome for verdict in self.verdicts)
        return {outcome: counter[outcome] for outcome in Outcome}

    @property
    def coverage(self) -> str:
        """How much of the environment was seen, as a sentence; what is not known is said behind a semicolon."""
        seen, hidden, total = len(self.nodes_seen), self.workers_without_node, self.nodes_total
        if hidden:
            workers = format_count(hidden, noun="worker")
            also = f"{format_count(seen, noun='node')} and " if seen else ""
            nodes = "nodes" if total is None else f"of {format_count(total, noun='node')}"
            return (
                f"{also}{workers} seen; on how many {nodes} {'it' if hidden == 1 else 'they'} ran is not known: "
                "complete cluster.pods_per_node and network.pod_ranges in the plan."
            )
        if total is None:
            return f"{format_count(seen, noun='node')} seen; the number of nodes is not known."
        excess = "; correct nodes_total or cluster.pods_per_node, since there cannot be more" if seen > total else ""
        return f"{seen} of {format_count(total, noun='node')} seen{excess}."


def merge(reports: Sequence[Report]) -> Report:
    """Merge several reports of one environment.

    A check cannot be sent to a chosen worker, so several checks may have run on the same one. Of what they found about
    a target the worst stays: an address that leaked once has leaked. What several nodes together show is told apart by
    ``compare_nodes``.

    :param reports: at least one.
    :return: one report, whose history has this run alone; its number of nodes is the largest that any of them knows.
    :raises ValueError: when there is none, or they are of several environments.
    """
    environments = {report.environment for report in reports}
    if len(environments) != 1:
        raise ValueError(f"expected reports of one environment, saw {len(environments)}")
    by_worker: defaultdict[tuple[Vantage, str], list[Verdict]] = defaultdict(list)
    for verdict in (verdict for report in reports for verdict in report.verdicts):
        by_worker[verdict.vantage, verdict.target].append(verdict)
    totals = [report.nodes_total for report in reports if report.nodes_total is not None]
    merged = Report(
        environment=environments.pop(),
        verdicts=compare_nodes([_choose_worst(found) for found in by_worker.values()]),
        nodes_total=max(totals, default=None),
        problems=tuple(dict.fromkeys(problem for report in reports for problem in report.problems)),
        omitted=dict(sum((Counter(report.omitted) for report in reports), Counter())),
        ranges=tuple(dict.fromkeys(item for report in reports for item in report.ranges))[:MOST_RANGES],
    )
    left_out = [replace(report, verdicts=()) for report in reports]  # what had no room is in their histories
    return replace(merged, history=make_history([merged, *left_out]))


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
