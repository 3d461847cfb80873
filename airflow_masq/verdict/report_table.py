"""A report as a table for people, in task logs and terminals; it must show every verdict and hide no doubt.

Texts in a report may come from an XCom that somebody else wrote: what is not printable is escaped here once more.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from airflow_masq.verdict import wording
from airflow_masq.verdict.codes import CODES
from airflow_masq.verdict.outcome import Outcome
from airflow_masq.wire import printable

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
_GAP: Final = "  "


def render_table(*reports: Report) -> str:
    """Write reports as one aligned table, then what is missing, the coverage and the next step.

    :param reports: one or more, each of one environment.
    :return: lines without a closing line end.
    """
    rows = [_row(report, verdict) for report in reports for verdict in report.verdicts]
    lines = [*_table(rows), ""]
    for report in reports:
        environment = _short(report.environment)
        lines += [f"{environment}: {_line(problem)}" for problem in report.problems]
        lines.append(f"{environment}: {report.outcome}. {_counted(report)}. {report.coverage}")
    return "\n".join([*lines, *_next_steps(reports)])


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


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Lay rows out in columns that are as wide as their longest line."""
    header = [name.upper() for name in _COLUMNS]
    wrapped = [[textwrap.wrap(cell, width) or [""] for cell, width in _pairs(row)] for row in (header, *rows)]
    widths = [max(len(line) for row in wrapped for line in row[column]) for column in range(len(_COLUMNS))]
    for number, row in enumerate(wrapped):
        for line_number in range(max(map(len, row))):
            cells = [lines[line_number] if line_number < len(lines) else "" for lines in row]
            yield _GAP.join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
        if number == 0:
            yield _GAP.join("-" * width for width in widths)


def _pairs(row: Sequence[str]) -> Iterator[tuple[str, int]]:
    return zip(row, _COLUMNS.values(), strict=True)


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
