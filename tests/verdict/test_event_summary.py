"""What an asset event carries: enough for a page, bounded, and where it came from."""

from __future__ import annotations

import json

import pytest

from airflow_masq.verdict import EventSource, Outcome, summarise_reports
from airflow_masq.verdict.event_summary import EVENT_LIMIT_BYTES, EVENT_SCHEMA
from tests.operators.report_examples import example_report

SOURCE = EventSource(dag_id="check_source_ip", run_id="manual__1", task_id="report", check_task_ids=("check",))


def test_an_event_names_its_task_and_its_findings() -> None:
    """A page can show environment, node, target and verdict from the event alone, and see which task it is from."""
    report = example_report([Outcome.PASS, Outcome.FAIL], problems=("task check[2] crashed",))
    assert summarise_reports([report], source=SOURCE) == {
        "schema": EVENT_SCHEMA,
        "dag_id": "check_source_ip",
        "run_id": "manual__1",
        "task_id": "report",
        "check_task_ids": ["check"],
        "environments": [
            {
                "environment": "production",
                "outcome": "FAIL",
                "counts": {"FAIL": 1, "ERROR": 0, "INCONCLUSIVE": 0, "PASS": 1},
                "nodes_seen": 2,
                "nodes_total": None,
                "problems": ["task check[2] crashed"],
                "verdicts": [
                    {
                        "node": "192.168.1.0/26",
                        "target": "erp",
                        "outcome": "FAIL",
                        "code": report.verdicts[1].code.value,
                        "expected": "node",
                        "observed": "192.168.0.2",
                    },
                    {
                        "node": "192.168.0.0/26",
                        "target": "erp",
                        "outcome": "PASS",
                        "code": report.verdicts[0].code.value,
                        "expected": "node",
                        "observed": "10.128.0.2",
                    },
                ],
            }
        ],
        "omitted": 0,
    }


@pytest.mark.parametrize("limit_bytes", [800, 2_000, EVENT_LIMIT_BYTES])
def test_an_event_is_bounded(limit_bytes: int) -> None:
    """However much was found, the event fits; what it lacks is counted, and the FAIL is kept before any PASS."""
    reports = [example_report([Outcome.PASS] * 250 + [Outcome.FAIL], environment=name) for name in ("a", "b")]
    event = summarise_reports(reports, source=SOURCE, limit_bytes=limit_bytes)
    kept = [row for environment in event["environments"] for row in environment["verdicts"]]
    assert len(json.dumps(event)) <= limit_bytes
    assert 0 < len(kept) < 502
    assert len(kept) + event["omitted"] == 502
    assert kept[0]["outcome"] == "FAIL"
    assert [environment["counts"]["PASS"] for environment in event["environments"]] == [250, 250]


def test_foreign_text_is_escaped() -> None:
    """A control character in a problem does not reach the page as one."""
    event = summarise_reports([example_report([], problems=("evil\x1b[31m" + "x" * 9000,))], source=SOURCE)
    [problem] = event["environments"][0]["problems"]
    assert "\x1b" not in problem
    assert len(problem) <= 120
