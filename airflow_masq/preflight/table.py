"""The report of a preflight as text, for the command line and for a task's log."""

from __future__ import annotations

import textwrap
from collections import Counter
from typing import TYPE_CHECKING, Final

from airflow_masq.rules import Severity
from airflow_masq.rules.views.targets import predict_targets
from airflow_masq.text import align, format_count, join_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_masq.preflight.report import PreflightReport

_NOUNS: Final = {"error": "error", "warning": "warning", "unknown": "unknown", "info": Severity.INFO.noun, "ok": "ok"}
_UNCOUNTED: Final = frozenset({"unknown", "ok"})
_WIDTH: Final = max(map(len, _NOUNS.values()))
_INDENT: Final = " " * (_WIDTH + 2)


def write_lines(
    report: PreflightReport, *, width: int = 120, paint: Callable[[str, str], str] = lambda text, _severity: text
) -> Iterator[str]:
    """Write the report, the most urgent first.

    :param width: of a line.
    :param paint: colours a text of a severity (``error``, ``warning``, ``unknown``, ``info``, ``ok``).
    """
    for row in report.rows:
        head = f"{row.code}  {row.where}"
        yield f"{paint(_NOUNS[row.severity].ljust(_WIDTH), row.severity)}  {head}"
        yield from textwrap.wrap(
            row.message,
            width=width,
            initial_indent=_INDENT,
            subsequent_indent=_INDENT,
            break_long_words=False,
            break_on_hyphens=False,
        )
    yield ""
    yield from _list_ranges(report)
    yield from _list_predictions(report)
    yield from _list_addresses(report)
    counts = Counter(_NOUNS[row.severity] for row in report.rows)
    parts = [
        f"{number} {noun}" if noun in _UNCOUNTED else format_count(number, noun=noun)
        for noun, number in ((noun, counts[noun]) for noun in _NOUNS.values())
        if number
    ]
    yield f"{report.environment}: {', '.join(parts)}."


def _list_ranges(report: PreflightReport) -> Iterator[str]:
    ranges, capacity = report.plan.ranges, report.plan.capacity
    yield "Ranges, of the plan or as they were read"
    rows = [
        (kind, join_words(networks) or "not known")
        for kind, networks in (("nodes", ranges.node), ("Pods", ranges.pod), ("Services", ranges.service))
    ]
    rows.append(("room", "not known" if capacity.nodes is None else format_count(capacity.nodes, noun="node")))
    yield from _indent(align(rows))
    yield ""


def _list_predictions(report: PreflightReport) -> Iterator[str]:
    predicted = predict_targets(report.plan)
    if predicted:
        yield "Predicted source addresses"
        yield from _indent(
            align(
                (
                    each.target.name,
                    each.prediction.arrives_as.value,
                    join_words(each.prediction.sources) or "not known",
                )
                for each in predicted
            )
        )
        yield ""


def _list_addresses(report: PreflightReport) -> Iterator[str]:
    yield "Addresses to allowlist"
    rows = [
        (entry.source, f"seen by {entry.seen_by}", entry.origin, "fixed" if entry.is_fixed else "can change")
        for entry in report.allowlist
    ]
    yield from _indent(align(rows) if rows else ["none is known; the rows above say why"])
    yield ""


def _indent(lines: list[str]) -> Iterator[str]:
    yield from (f"  {line}" for line in lines)
