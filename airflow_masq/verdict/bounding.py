"""Reports of a bounded size, since Airflow keeps XComs in its database: the worst verdicts stay, the others count."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from airflow_masq.text import format_count, shorten
from airflow_masq.verdict.changes import add_history
from airflow_masq.verdict.codes import Outcome
from airflow_masq.verdict.report_codec import encode_report, write_history, write_verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from airflow_masq.verdict.report import Report, Verdict

REPORTS_LIMIT_BYTES: Final = 2_000_000
"""The most that a run's reports take as JSON."""

CHECK_LIMIT_BYTES: Final = 1_000_000
"""The most that the report of one check takes, of which a run may have 200."""

_MOST_PROBLEMS: Final = 100
_LONGEST_PROBLEM: Final = 2_000
_MOST_HISTORIES: Final = 2_000
# The parts of the room that they may fill at most: verdicts say more.
_PROBLEMS_PART: Final = 4
_HISTORY_PART: Final = 2
_SEPARATOR_BYTES: Final = 2


def bound_check(report: Report, *, limit_bytes: int = CHECK_LIMIT_BYTES) -> Report:
    """Bound the report of one check; where verdicts are left out, its history has every target's outcome."""
    [bounded] = bound_reports([report], limit_bytes=limit_bytes)
    if bounded.omitted:
        [bounded] = bound_reports([add_history(report, previous=None)], limit_bytes=limit_bytes)
    return bounded


def bound_reports(reports: Sequence[Report], *, limit_bytes: int = REPORTS_LIMIT_BYTES) -> list[Report]:
    """Leave verdicts out of reports, so that together they take at most ``limit_bytes`` as JSON.

    The worst verdict of each worker is kept first, so that the coverage stays what it was, then the others from FAIL to
    PASS. What is left out is counted in ``omitted``, so a report's outcome and counts never change; its targets'
    outcomes stay in the history.
    """
    room_of_each = limit_bytes // max(1, len(reports))
    bare = [_leave_out_lines(replace(report, verdicts=()), room=room_of_each) for report in reports]
    room = limit_bytes - sum(len(json.dumps(encode_report(report))) for report in bare)
    kept: list[list[Verdict]] = [[] for _ in reports]
    left_out: list[Counter[Outcome]] = [Counter(report.omitted) for report in reports]
    for position, verdict in _list_by_weight(reports):
        # What a report says of its nodes and counts grows with each verdict, by less than this.
        size = len(json.dumps(write_verdict(verdict))) + len(verdict.node_label or "") + 8 * _SEPARATOR_BYTES
        if size <= room:
            room -= size
            kept[position].append(verdict)
        else:
            left_out[position][verdict.outcome] += 1
    return [
        replace(each, verdicts=_keep_order(report.verdicts, kept=verdicts), omitted=dict(omitted))
        for each, report, verdicts, omitted in zip(bare, reports, kept, left_out, strict=True)
    ]


def _leave_out_lines(report: Report, *, room: int) -> Report:
    """Cut the problems and the history, of which the worst and what changed is kept.

    :param room: how many bytes the report may take as JSON.
    """
    problems = tuple(shorten(problem, limit=_LONGEST_PROBLEM) for problem in report.problems)
    kept = min(_MOST_PROBLEMS, _count_what_fits(problems, room=room // _PROBLEMS_PART))
    if len(problems) > kept:
        more = f"{format_count(len(problems) - kept, noun='more problem')} not shown; the tasks' logs have them"
        problems = (*problems[:kept], more)
    order = tuple(Outcome)
    by_weight = sorted(report.history, key=lambda each: (not each.has_changed, order.index(each.outcome)))
    kept = min(_MOST_HISTORIES, _count_what_fits(map(write_history, by_weight), room=room // _HISTORY_PART))
    history = report.history if len(by_weight) <= kept else tuple(by_weight[:kept])
    return replace(report, problems=problems, history=history)


def _count_what_fits(values: Iterable[object], *, room: int) -> int:
    """Count how many of the first values have room together as JSON."""
    sizes = itertools.accumulate(len(json.dumps(value)) + _SEPARATOR_BYTES for value in values)
    return sum(size <= room for size in sizes)


def _list_by_weight(reports: Sequence[Report]) -> Iterable[tuple[int, Verdict]]:
    """List all verdicts with their report's position: each worker's worst, then the worst of all."""
    pairs = [
        (position, verdict)
        for outcome in Outcome
        for position, report in enumerate(reports)
        for verdict in report.verdicts
        if verdict.outcome is outcome
    ]
    seen = set()
    first: list[tuple[int, Verdict]] = []
    others: list[tuple[int, Verdict]] = []
    for position, verdict in pairs:
        is_first = (position, verdict.vantage) not in seen
        seen.add((position, verdict.vantage))
        (first if is_first else others).append((position, verdict))
    return [*first, *others]


def _keep_order(verdicts: Sequence[Verdict], *, kept: Sequence[Verdict]) -> tuple[Verdict, ...]:
    wanted = set(map(id, kept))
    return tuple(verdict for verdict in verdicts if id(verdict) in wanted)
