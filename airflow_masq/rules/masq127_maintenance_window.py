"""The maintenance window is too short.

`maintenanceWindow` leaves less than 12 hours in a week, or less than 4 hours at a time.

## Why

Google says of the window that it "must encompass at least 12 hours per week. This may be split into multiple chunks,
each with a size of at least 4 hours" [source: composer-maintenance-windows].

## How to fix

Move `endTime`, or add days to `recurrence`: 4 hours on 3 days are enough. Without a window Composer takes its default.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan

_WINDOW: Final = ("config", "maintenanceWindow")
_DAYS: Final = frozenset({"MO", "TU", "WE", "TH", "FR", "SA", "SU"})
_WEEKLY: Final = re.compile("(?:RRULE:)?FREQ=WEEKLY;BYDAY=([A-Z,]+)")
_DAILY: Final = re.compile("(?:RRULE:)?FREQ=DAILY")
_LEAST_A_WEEK: Final = timedelta(hours=12)
_LEAST_AT_A_TIME: Final = timedelta(hours=4)


def _check(plan: Plan) -> Iterator[Problem]:
    start, end, recurrence = (
        plan.environment.get_text(*_WINDOW, key) for key in ("startTime", "endTime", "recurrence")
    )
    try:
        at_a_time = datetime.fromisoformat(end) - datetime.fromisoformat(start)
    except ValueError:  # one of the two is not set
        return
    days = _count_days(recurrence)
    if days is not None and (at_a_time < _LEAST_AT_A_TIME or at_a_time * days < _LEAST_A_WEEK):
        yield Problem(
            where=".".join(("environment", *_WINDOW)),
            message=f"The maintenance window must have 12 hours in a week, at least 4 at a time, but it has "
            f"{_show(at_a_time)} on {days} {'day' if days == 1 else 'days'}. Move endTime or add days to recurrence.",
        )


def _count_days(recurrence: str) -> int | None:
    """Count the days of a week; ``None`` where the text is another rule."""
    if _DAILY.fullmatch(recurrence):
        return len(_DAYS)
    match = _WEEKLY.fullmatch(recurrence)
    days = set(match[1].split(",")) if match else set()
    return len(days) if days and days <= _DAYS else None


def _show(time: timedelta) -> str:
    return f"{time.total_seconds() / 3600:g} hours"


RULE: Final = Rule(
    code="MASQ127",
    severity=Severity.ERROR,
    provenance=Provenance.DOCUMENTED,
    check=_check,
    text=__doc__,
    bad="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig: {serviceAccount: composer@example-project.iam.gserviceaccount.com, enableIpMasqAgent: true}
    maintenanceWindow:
      startTime: "2026-01-01T01:00:00Z"
      endTime: "2026-01-01T07:00:00Z"
      recurrence: FREQ=WEEKLY;BYDAY=SU
""",
    good="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig: {serviceAccount: composer@example-project.iam.gserviceaccount.com, enableIpMasqAgent: true}
    maintenanceWindow:
      startTime: "2026-01-01T01:00:00Z"
      endTime: "2026-01-01T07:00:00Z"
      recurrence: FREQ=WEEKLY;BYDAY=SA,SU
""",
)
