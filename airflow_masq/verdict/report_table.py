"""A report as a table for people, in task logs and terminals; it must show every verdict and hide no doubt.

Texts in a report may come from an XCom that somebody else wrote: what is not printable is escaped here once more.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from airflow_masq.text import printable
from airflow_masq.verdict import wording
from airflow_masq.verdict.codes import CODES
from airflow_masq.verdict.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from airflow_masq.verdict.report import Report
    from airflow_masq.verdict.verdict import Verdict

# Column and the most characters of a line in it; a longer text continues below.
_COLUMNS: Final = {
    "environment": 24,
    "node": 20,
    "target": 24,
    "expected": 20,
    "observed": 28,
    "verdict": 12,
    "code": 7,
    "reason": 72,
}
_LONGEST_TEXT: Final = 2_000
_REASON: Final = "reason"

#: Wide enough for every column; task logs are scrolled, not wrapped.
TASK_LOG_WIDTH: Final = 200
_INDENT: Final = "    "
_GAP: Final = "  "


def render_table(*reports: Report, width: int = TASK_LOG_WIDTH) -> str:
    """Write reports as one aligned table, then what is missing, the coverage and the next step.

    :param reports: one or more, each of one environment.
    :param width: how many characters a line may have, default 200; where a row does not fit with its reason, the reason
        stands below it.
    :return: lines without a closing line end.
    """
    rows = [_row(report, verdict) for report in reports for verdict in report.verdicts]
    lines = [*_table(rows, width=width), ""]
    for report in reports:
        environment = _short(report.environment)
        lines += [f"{environment}: {_line(problem)}" for problem in report.problems]
        lines.append(f"{environment}: {report.outcome}. {_counted(report)}. {report.coverage}")
    for step in _next_steps(reports):
        lines += textwrap.wrap(step, width, subsequent_indent=_INDENT)
    return "\n".join(lines)


def _row(report: Report, verdict: Verdict) -> list[str]:
    observed = ""
    if verdict.observed is not None and verdict.attribution is not None:
        observed = wording.named(verdict.observed, verdict.attribution)
    reasons = [verdict.reason, *(f"{finding.code}: {finding.message}" for finding in verdict.findings)]
    return [
        _short(report.environment),
        verdict.node or "unknown",
        _line(verdict.target),
        _line(verdict.expected) or "-",
        observed or "-",
        verdict.outcome.value,
        verdict.code.value,
        " ".join(map(_line, reasons)),
    ]


def _table(rows: Sequence[Sequence[str]], *, width: int) -> Iterator[str]:
    """Lay rows out in columns that are as wide as their longest line."""
    header = [name.upper() for name in _COLUMNS]
    wrapped = [_wrapped(row) for row in (header, *rows)]
    widths = [max(len(line) for row in wrapped for line in row[column]) for column in range(len(_COLUMNS))]
    if sum(widths) + len(_GAP) * (len(widths) - 1) > width:
        yield from _table_with_reasons_below(rows, widths=widths[:-1], width=width)
        return
    for number, row in enumerate(wrapped):
        yield from _aligned(row, widths)
        if number == 0:
            yield _rule(widths)


def _table_with_reasons_below(rows: Sequence[Sequence[str]], *, widths: Sequence[int], width: int) -> Iterator[str]:
    yield from _aligned(_wrapped([name.upper() for name in _COLUMNS if name != _REASON]), widths)
    yield _rule(widths)
    for *cells, reason in rows:
        yield from _aligned(_wrapped(cells), widths)
        yield from textwrap.wrap(reason, width, initial_indent=_INDENT, subsequent_indent=_INDENT)


def _wrapped(row: Sequence[str]) -> list[list[str]]:
    return [textwrap.wrap(cell, width) or [""] for cell, width in zip(row, _COLUMNS.values(), strict=False)]


def _aligned(row: Sequence[Sequence[str]], widths: Sequence[int]) -> Iterator[str]:
    for line_number in range(max(map(len, row))):
        cells = [lines[line_number] if line_number < len(lines) else "" for lines in row]
        yield _GAP.join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _rule(widths: Sequence[int]) -> str:
    return _GAP.join("-" * width for width in widths)


def _counted(report: Report) -> str:
    counted = [f"{number} {outcome}" for outcome, number in report.counts.items() if number]
    return ", ".join(counted) or "No verdicts"


def _next_steps(reports: Sequence[Report]) -> list[str]:
    """Say what to do about every code that is no PASS, each once."""
    verdicts = [verdict for report in reports for verdict in report.verdicts]
    codes = sorted({verdict.code for verdict in verdicts if verdict.outcome is not Outcome.PASS})
    codes += sorted({finding.code for verdict in verdicts for finding in verdict.findings})
    return [f"Next, {code} ({CODES[code].title}): {CODES[code].what_to_do}" for code in codes]


def _short(environment: str) -> str:
    """Shorten ``projects/P/locations/L/environments/E`` to ``E``."""
    return _line(environment.rpartition("/")[2])


def _line(text: str) -> str:
    # What is printable already may hold escapes of ours, which must not be escaped twice.
    return text if text.isprintable() and len(text) <= _LONGEST_TEXT else printable(text, limit=_LONGEST_TEXT)
