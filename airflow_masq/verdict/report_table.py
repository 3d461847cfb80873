"""A report as a table for people, in task logs and terminals. It shows every verdict, and what is missing.

Texts in a report may come from an XCom that others wrote, so what is not printable is escaped here once more.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from airflow_masq.text import printable
from airflow_masq.verdict.codes import CODES, Outcome, find_code
from airflow_masq.verdict.report import Report

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Each column with the most characters of a line in it; a longer text continues below.
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

TASK_LOG_WIDTH: Final = 200
"""Wide enough for every column; task logs are scrolled, not wrapped."""

_INDENT: Final = "    "
_GAP: Final = "  "


def render_table(*reports: Report, width: int = TASK_LOG_WIDTH) -> str:
    """Write reports as one aligned table, then what is missing, the coverage and the next steps.

    :param reports: one or more, each of one environment.
    :param width: how many characters a line may have, default 200; if a row does not fit with its reason, the reason
        is below it.
    :return: lines without a closing line end.
    """
    rows = []
    for report in reports:
        for verdict in report.verdicts:
            reasons = [verdict.reason, *(f"{finding.code}: {finding.message}" for finding in verdict.findings)]
            row = [
                _shorten(report.environment),
                verdict.node or "unknown",
                _escape(verdict.target),
                _escape(verdict.expected) or "-",
                "-" if verdict.observed is None else f"{verdict.observed} ({verdict.attribution})",
                verdict.outcome.value,
                verdict.code.value,
                " ".join(map(_escape, reasons)),
            ]
            rows.append(row)
    lines = [*_lay_out(rows, width=width), ""] if rows else []
    for report in reports:
        environment = _shorten(report.environment)
        counts = ", ".join(f"{number} {outcome}" for outcome, number in report.counts.items() if number)
        lines += [f"{environment}: {_escape(problem)}" for problem in report.problems]
        lines.append(f"{environment}: {report.outcome}. {counts or 'No verdicts'}. {report.coverage}")
    for step in _list_next_steps(reports):
        lines += textwrap.wrap(step, width, subsequent_indent=_INDENT)
    return "\n".join(lines)


def _lay_out(rows: Sequence[Sequence[str]], *, width: int) -> Iterator[str]:
    """Lay rows out in columns that are as wide as their longest line."""
    header = [name.upper() for name in _COLUMNS]
    wrapped = [_wrap(row) for row in (header, *rows)]
    widths = [max(len(line) for row in wrapped for line in row[column]) for column in range(len(_COLUMNS))]
    is_reason_below = sum(widths) + len(_GAP) * (len(widths) - 1) > width
    if is_reason_below:
        widths = widths[:-1]
    for number, row in enumerate(wrapped):
        yield from _align(row[: len(widths)], widths)
        if number == 0:
            yield _GAP.join("-" * column for column in widths)
        elif is_reason_below:
            yield from textwrap.wrap(rows[number - 1][-1], width, initial_indent=_INDENT, subsequent_indent=_INDENT)


def _wrap(row: Sequence[str]) -> list[list[str]]:
    return [textwrap.wrap(cell, width) or [""] for cell, width in zip(row, _COLUMNS.values(), strict=True)]


def _align(row: Sequence[Sequence[str]], widths: Sequence[int]) -> Iterator[str]:
    for line_number in range(max(map(len, row))):
        cells = [lines[line_number] if line_number < len(lines) else "" for lines in row]
        yield _GAP.join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _list_next_steps(reports: Sequence[Report]) -> list[str]:
    """Say what to do about every code that is no PASS, each once."""
    verdicts = [verdict for report in reports for verdict in report.verdicts]
    codes = sorted({verdict.code for verdict in verdicts if verdict.outcome is not Outcome.PASS})
    codes += sorted({code for report in reports for code in map(find_code, report.problems) if code})
    codes += sorted({finding.code for verdict in verdicts for finding in verdict.findings})
    return [f"Next, {code} ({CODES[code].title}): {CODES[code].what_to_do}" for code in codes]


def _shorten(environment: str) -> str:
    """Shorten ``projects/P/locations/L/environments/E`` to ``E``."""
    return _escape(environment.rpartition("/")[2])


def _escape(text: str) -> str:
    # What is printable already may hold escapes of ours, which must not be escaped twice.
    return text if text.isprintable() and len(text) <= _LONGEST_TEXT else printable(text, limit=_LONGEST_TEXT)
