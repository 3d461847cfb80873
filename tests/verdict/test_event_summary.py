"""What an asset event carries: enough for a page, bounded, and where it came from."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from airflow_masq.verdict import EventSource, Outcome, add_history, summarise_reports
from airflow_masq.verdict.event_summary import EVENT_LIMIT_BYTES, EVENT_SCHEMA
from tests.operators.report_examples import example_report

SOURCE = EventSource(dag_id="check_source_ip", run_id="manual__1", task_id="report", check_task_ids=("check",))


def test_an_event_names_its_task_and_its_findings() -> None:
    """A page can show environment, node, target and verdict from the event alone, and see which task it is from."""
    report = example_report([Outcome.PASS, Outcome.FAIL], problems=("task check[2] crashed",))
    assert summarise_reports([report], source=SOURCE) == {
        "outcome": "FAIL",
        "summary": "production: 1 FAIL, 1 PASS, 1 problem, 2 nodes seen",
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
                "coverage": "2 nodes seen; the number of nodes is not known.",
                "ranges": [{"kind": "node", "cidr": "10.128.0.0/20"}, {"kind": "pod", "cidr": "192.168.0.0/16"}],
                "problems": ["task check[2] crashed"],
                "targets": [{"target": "erp", "outcome": "FAIL"}],
                "allowlist": [{"kind": "pod", "sources": ["192.168.0.0/16"], "targets": ["erp"], "omitted": 0}],
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
                "omitted": 0,
            }
        ],
        "environments_omitted": 0,
        "omitted": 0,
    }


def test_the_outcome_stands_first() -> None:
    """Who looks at an event sees the worst outcome and one line for each environment before anything else."""
    reports = [
        example_report([Outcome.PASS], environment="projects/p/locations/l/environments/staging"),
        replace(example_report([Outcome.FAIL, Outcome.PASS]), nodes_total=3),
        example_report([], environment="unknown"),
    ]
    event = summarise_reports(reports, source=SOURCE)
    assert list(event)[:2] == ["outcome", "summary"]
    assert event["outcome"] == "FAIL"
    assert event["summary"] == (
        "production: 1 FAIL, 1 PASS, 2 of 3 nodes seen; unknown: no verdicts, 0 nodes seen; "
        "staging: 1 PASS, 1 node seen"
    )


def test_the_worst_environment_has_room_first() -> None:
    """Of many environments, the one that fails is in the event, whatever its name."""
    reports = [example_report([Outcome.PASS], environment=f"a{number}") for number in range(30)]
    event = summarise_reports([*reports, example_report([Outcome.FAIL], environment="z")], source=SOURCE)
    assert event["environments"][0]["environment"] == "z"
    assert event["environments"][0]["omitted"] == 0
    assert event["omitted"] > 0


@pytest.mark.parametrize("number", [20, 21, 60, 1000])
def test_of_many_environments_none_vanishes(number: int) -> None:
    """Each environment is named with its outcome, the worst in full; what has no room is counted."""
    leaks, passes = example_report([Outcome.FAIL]), example_report([Outcome.PASS])
    reports = [replace(passes, environment=f"environment-{each}") for each in range(number - 1)]
    event = summarise_reports([*reports, replace(leaks, environment="leaks")], source=SOURCE)
    assert len(json.dumps(event)) <= EVENT_LIMIT_BYTES
    rows = event["environments"]
    assert len(rows) + event["environments_omitted"] == number
    assert (event["environments_omitted"] > 0) == (number == 1000)
    assert (rows[0]["environment"], rows[0]["verdicts"][0]["outcome"]) == ("leaks", "FAIL")
    assert ["targets" in row for row in rows] == [True] * 20 + [False] * (len(rows) - 20)
    assert all(
        row == {"environment": row["environment"], "outcome": "PASS", "coverage": passes.coverage, "omitted": 1}
        for row in rows[20:]
    )


def test_problems_leave_room_for_targets() -> None:
    """Hundreds of problems do not push the targets and the verdicts out of the event; what is left out is counted."""
    problems = tuple(f"MASQ461 node {number} {'x' * 300}" for number in range(500))
    event = summarise_reports([example_report([Outcome.FAIL], problems=problems)], source=SOURCE)
    [environment] = event["environments"]
    assert [row["target"] for row in environment["targets"]] == ["erp"]
    assert len(environment["verdicts"]) == 1
    assert 0 < len(environment["problems"]) < 500
    assert environment["omitted"] == event["omitted"] == 500 - len(environment["problems"])
    assert len(json.dumps(event)) <= EVENT_LIMIT_BYTES


def test_an_event_of_no_report_is_no_pass() -> None:
    """Where nothing was reported the outcome is INCONCLUSIVE, as everywhere."""
    assert summarise_reports([], source=SOURCE)["outcome"] == "INCONCLUSIVE"


@pytest.mark.parametrize("limit_bytes", [2_400, 3_200, EVENT_LIMIT_BYTES])
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


def test_an_event_tells_what_changed() -> None:
    """A target's row has the outcome before and since when; those that have just changed come first, at most 100."""
    last = add_history(example_report([Outcome.PASS]), previous=None)
    [first] = summarise_reports([last], source=SOURCE)["environments"][0]["targets"]
    assert first == {"target": "erp", "outcome": "PASS"}
    now = add_history(example_report([Outcome.FAIL]), previous=last)
    event = summarise_reports([now], source=SOURCE)
    [row] = event["environments"][0]["targets"]
    assert row == {
        "target": "erp",
        "outcome": "FAIL",
        "previous": "PASS",
        "since": "2026-11-22T00:00:00+00:00",
        "changed": True,
    }
    assert event["omitted"] == 0
    recent = (Outcome.PASS, Outcome.FAIL)
    one = replace(now.history[0], since=None, recent=recent)
    same = replace(one, recent=(Outcome.FAIL, Outcome.FAIL))
    history = tuple(replace(one if number % 2 else same, target=f"t{number}") for number in range(150))
    rows = summarise_reports([replace(now, verdicts=(), history=history)], source=SOURCE)["environments"][0]["targets"]
    assert [row["target"] for row in rows[:75]] == [f"t{number}" for number in range(1, 150, 2)]
    assert (len(rows), rows[0]["since"], rows[75]["changed"]) == (100, None, False)


def test_foreign_text_is_escaped() -> None:
    """A control character in a problem does not reach the page as one."""
    event = summarise_reports([example_report([], problems=("evil\x1b[31m" + "x" * 9000,))], source=SOURCE)
    [problem] = event["environments"][0]["problems"]
    assert "\x1b" not in problem
    assert len(problem) == 400


def test_an_event_is_safe_to_show() -> None:
    """Names in a report, which others may have written, reach the page escaped and cut."""
    evil = "\x1b[31m" + "x" * 9_000
    [verdict] = example_report([Outcome.FAIL]).verdicts
    forged = replace(example_report([]), environment=evil, verdicts=(replace(verdict, target=evil),))
    source = EventSource(dag_id=evil, run_id=evil, task_id=evil, check_task_ids=(evil,))
    event = summarise_reports([forged], source=source)
    texts = [each for each in json.loads(json.dumps(event), object_pairs_hook=_list_texts) if isinstance(each, str)]
    assert sum("\\x1b[31m" in text for text in texts) >= 6
    assert all(text.isprintable() and len(text) <= 400 for text in texts)
    assert len(event["environments"][0]["verdicts"]) == 1


def _list_texts(pairs: list[tuple[str, object]]) -> list[object]:
    """List what a mapping holds, with what is in its lists."""
    inner = [value if isinstance(value, list) else [value] for _, value in pairs]
    flat = [item for values in inner for item in values]
    return [text for item in flat for text in (item if isinstance(item, list) else [item])]


def test_what_was_not_seen_is_null() -> None:
    """A page can tell an address that was not seen from a text."""
    [verdict] = example_report([Outcome.INCONCLUSIVE]).verdicts
    unknown = replace(verdict, node=None)
    event = summarise_reports([replace(example_report([]), verdicts=(unknown,))], source=SOURCE)
    [row] = event["environments"][0]["verdicts"]
    assert (row["node"], row["observed"]) == (None, None)
