"""The demo's history: copies of real runs that say so, with every time earlier."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from airflow_masq.verdict import read_reports, write_reports
from lab.demo.made_up_history import make_earlier, shift_times
from lab.demo.past_runs import PastRun
from tests.verdict.reports import passing, report


def test_a_copy_is_a_report_of_an_earlier_time() -> None:
    """The package reads a copy as a report, whose attempts began that much earlier; nothing else differs."""
    real = report(passing())
    run = PastRun(
        dag_id="check",
        run_id="manual__1",
        time=datetime(2026, 11, 28, 12, tzinfo=UTC),
        extra={"run_id": "manual__1", "environments": [{"targets": [{"since": "2026-11-28T11:00:00+00:00"}]}]},
        report=write_reports([real]),
    )
    copy = make_earlier(run, by=timedelta(hours=3))
    (earlier,) = read_reports(copy.report)
    (before,), (after,) = real.verdicts, earlier.verdicts
    assert [each.started_at for each in after.evidence] == [
        each.started_at - timedelta(hours=3) for each in before.evidence
    ]
    assert copy.run_id == copy.extra["run_id"] == "made-up__2026-11-28T09:00:00+00:00"
    assert copy.extra["environments"][0]["targets"][0]["since"] == "2026-11-28T08:00:00+00:00"
    assert (before.code, before.observed) == (after.code, after.observed)


def test_only_times_are_shifted() -> None:
    """A text that looks like a time stays, unless its key is one of a time; so does a time that is not known."""
    value = {
        "reason": "2026-11-28T11:00:00+00:00",
        "since": None,
        "list": [1, {"started_at": "2026-11-28T11:00:00+00:00"}],
    }
    shifted = shift_times(json.loads(json.dumps(value)), by=timedelta(hours=-1))
    assert shifted["reason"] == value["reason"]
    assert shifted["since"] is None
    assert shifted["list"] == [1, {"started_at": "2026-11-28T10:00:00+00:00"}]
