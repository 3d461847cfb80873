"""A report as a table for people, in task logs and terminals, with what is missing and what changed.

It shows at most 200 verdicts, then the worst first, since 10,000 made a log of 39 MB; the others are counted.

Texts in a report may come from an XCom that others wrote, so what is not printable is escaped here once more.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from airflow_masq.text import COLUMN_GAP, align, escape_again, format_count, join_words, shorten
from airflow_masq.verdict.codes import CODES, Outcome, find_code
from airflow_masq.verdict.report import Report, Verdict
from airflow_masq.verdict.vouching import VOUCHERS

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
_LONGEST_CELL: Final = 300
_LONGEST_REASON: Final = 2_000
_MOST_ROWS: Final = 200
_MOST_LINES: Final = 20  # of problems, for each report
_MOST_CHANGES: Final = 10

TASK_LOG_WIDTH: Final = 200
"""Wide enough for every column; task logs are scrolled, not wrapped."""

_INDENT: Final = "    "


def render_table(*reports: Report, width: int = TASK_LOG_WIDTH) -> str:
    """Write reports as one aligned table, then what is missing, the coverage and the next steps.

    :param reports: one or more, each of one environment.
    :param width: how many characters a line may have, default 200; where a row does not fit with its reason, the reason
        stands below it.
    :return: lines without a closing line end.
    """
    pairs = [(report, verdict) for report in reports for verdict in report.verdicts]
    if len(pairs) > _MOST_ROWS:
        pairs = sorted(pairs, key=lambda pair: tuple(Outcome).index(pair[1].outcome))[:_MOST_ROWS]
    lines = list(_lay_out([_make_row(report, verdict) for report, verdict in pairs], width=width))
    found = sum(sum(report.counts.values()) for report in reports)
    if found > len(pairs):
        lines.append(f"and {format_count(found - len(pairs), noun='more verdict')}, none worse than these")
    lines.append("")
    for report in reports:
        for line in _describe_report(report):
            lines += textwrap.wrap(line, width, subsequent_indent=_INDENT)
    for step in _list_next_steps(reports):
        lines += textwrap.wrap(step, width, subsequent_indent=_INDENT)
    return "\n".join(lines)


def _make_row(report: Report, verdict: Verdict) -> list[str]:
    reasons = [verdict.reason, *(f"{finding.code}: {finding.message}" for finding in verdict.findings)]
    return [
        _shorten(report.environment),
        shorten(escape_again(verdict.node_label or "unknown"), limit=_LONGEST_CELL),
        shorten(escape_again(verdict.target), limit=_LONGEST_CELL),
        shorten(escape_again(verdict.expected), limit=_LONGEST_CELL) or "-",
        "-" if verdict.observed is None else f"{verdict.observed} ({verdict.attribution})",
        verdict.outcome.value,
        verdict.code.value,
        shorten(" ".join(map(escape_again, reasons)), limit=_LONGEST_REASON),
    ]


def _describe_report(report: Report) -> Iterator[str]:
    """Say what is missing of a report, how it came out, what vouches for it and what changed."""
    environment = _shorten(report.environment)
    counts = ", ".join(f"{number} {outcome}" for outcome, number in report.counts.items() if number)
    for problem in report.problems[:_MOST_LINES]:
        yield f"{environment}: {escape_again(problem)}"
    if len(report.problems) > _MOST_LINES:
        yield f"{environment}: and {format_count(len(report.problems) - _MOST_LINES, noun='more problem')}"
    yield f"{environment}: {report.outcome}. {counts or 'No verdicts'}. {report.coverage}"
    with_source = [verdict for verdict in report.verdicts if verdict.observed is not None]
    vouchers = Counter(word for verdict in with_source for word in verdict.vouched_by)
    if vouchers:
        words = ", ".join(f"{word} {vouchers[word]}" for word in VOUCHERS if vouchers[word])
        noun = "verdict with a source is" if len(with_source) == 1 else "verdicts with a source are"
        yield f"{environment}: {len(with_source)} {noun} vouched for by: {words}."
    by_outcome = sorted(report.history, key=lambda history: tuple(Outcome).index(history.outcome))
    changed = [
        f"{escape_again(each.target)} is {each.outcome} (was {each.previous})"
        for each in by_outcome
        if each.has_changed
    ]
    if changed:
        yield f"{environment}: changed since the last check: {join_words(changed, most=_MOST_CHANGES)}."
    flapping = [escape_again(each.target) for each in report.history if each.is_flapping]
    if flapping:
        yield f"{environment}: flapping between outcomes: {join_words(flapping, most=_MOST_CHANGES)}."


def _lay_out(rows: Sequence[Sequence[str]], *, width: int) -> Iterator[str]:
    """Lay rows out in columns that are as wide as their longest line."""
    header = [name.upper() for name in _COLUMNS]
    wrapped = [
        [textwrap.wrap(cell, limit) or [""] for cell, limit in zip(row, _COLUMNS.values(), strict=True)]
        for row in (header, *rows)
    ]
    widths = [max(len(line) for row in wrapped for line in row[column]) for column in range(len(_COLUMNS))]
    is_reason_below = sum(widths) + len(COLUMN_GAP) * (len(widths) - 1) > width
    if is_reason_below:
        widths = widths[:-1]
    for number, row in enumerate(wrapped):
        yield from align(zip_longest(*row[: len(widths)], fillvalue=""), widths=widths)
        if number == 0:
            yield from align([["-" * column for column in widths]])
        elif is_reason_below:
            yield from textwrap.wrap(rows[number - 1][-1], width, initial_indent=_INDENT, subsequent_indent=_INDENT)


def _list_next_steps(reports: Sequence[Report]) -> list[str]:
    """Say what to do about every code that is no PASS, each once."""
    verdicts = [verdict for report in reports for verdict in report.verdicts]
    codes = sorted({verdict.code for verdict in verdicts if verdict.outcome is not Outcome.PASS})
    codes += sorted({code for report in reports for code in map(find_code, report.problems) if code})
    codes += sorted({finding.code for verdict in verdicts for finding in verdict.findings})
    return [f"Next, {code} ({CODES[code].title}): {CODES[code].what_to_do}" for code in codes]


def _shorten(environment: str) -> str:
    """Shorten ``projects/P/locations/L/environments/E`` to ``E``."""
    return shorten(escape_again(environment.rpartition("/")[2]), limit=_LONGEST_CELL)
