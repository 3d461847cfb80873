"""Reports as Prometheus text [source: prometheus-text-format], for a textfile collector or a push gateway.

Every series is a gauge: a report says how things were when it was made, and a counter would have to live on. One label
set has one series, so verdicts of several workers on one node are added up. Their number is bounded, the worst first.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from airflow_masq.text import escape
from airflow_masq.verdict.verdict_code import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from airflow_masq.verdict.report import Report

_LONGEST_LABEL: Final = 200
_MOST_SERIES: Final = 2_000  # of one metric
_ESCAPES: Final = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})

_Series = tuple[dict[str, str], float]


def render_prometheus(reports: Sequence[Report]) -> str:
    """Write reports, one for each environment, as metrics.

    :return: lines that end with a line end; write them as UTF-8.
    """
    lines = []
    for name, description, series in _list_metrics(reports):
        lines += [f"# HELP {name} {description}", f"# TYPE {name} gauge"]
        values: dict[str, float] = {}
        for labels, value in series:
            values.setdefault(_write_labels(labels), value)  # labels that were cut to the same text: the worst stays
        lines += [f"{name}{{{labels}}} {value}" for labels, value in values.items()]
    return "\n".join([*lines, ""])


def _list_metrics(reports: Sequence[Report]) -> Iterator[tuple[str, str, Iterable[_Series]]]:
    """List each metric's name, its description and its series."""
    places = [({"environment": report.environment}, report) for report in reports]
    histories = [
        (at | {"target": each.target}, each) for at, report in places for each in report.history[:_MOST_SERIES]
    ]
    yield (
        "airflow_masq_verdicts",
        "How many verdicts have an outcome.",
        [(at | {"outcome": outcome}, number) for at, report in places for outcome, number in report.counts.items()],
    )
    yield (
        "airflow_masq_verdict",
        "How many workers of a node have this verdict about a target.",
        _count_verdicts(reports),
    )
    yield (
        "airflow_masq_problems",
        "What is missing from the report.",
        [(at, len(report.problems)) for at, report in places],
    )
    yield (
        "airflow_masq_nodes_seen",
        "How many nodes the check ran on.",
        [(at, len(report.nodes_seen)) for at, report in places],
    )
    yield (
        "airflow_masq_nodes_total",
        "How many nodes there are.",  # a number that is not known has no series, and is not zero
        [(at, report.nodes_total) for at, report in places if report.nodes_total is not None],
    )
    yield (
        "airflow_masq_target_since_timestamp_seconds",
        "Since when a target has its outcome.",
        [(at | {"outcome": each.outcome}, each.since.timestamp()) for at, each in histories if each.since is not None],
    )
    yield (
        "airflow_masq_target_flapping",
        "Whether a target's outcome keeps changing.",
        [(at, float(each.is_flapping)) for at, each in histories],
    )


def _count_verdicts(reports: Sequence[Report]) -> Iterable[_Series]:
    counts = Counter(
        (report.environment, verdict.target, verdict.node_label or "", verdict.outcome, verdict.code)
        for report in reports
        for verdict in report.verdicts
    )
    rows = sorted(counts.items(), key=lambda row: tuple(Outcome).index(row[0][3]))[:_MOST_SERIES]
    for (environment, target, node, outcome, code), count in rows:
        labels = {"environment": environment, "target": target, "node": node, "outcome": outcome, "code": code}
        yield {name: str(value) for name, value in labels.items()}, count


def _write_labels(labels: Mapping[str, str]) -> str:
    # Labels are escaped twice: to one printable line, and then as the format asks.
    values = {name: escape(value, limit=_LONGEST_LABEL) for name, value in labels.items()}
    return ",".join(f'{name}="{value.translate(_ESCAPES)}"' for name, value in values.items())
