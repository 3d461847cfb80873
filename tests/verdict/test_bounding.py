"""Reports, tables and events keep a bounded size, whatever was found, and lose no outcome."""

from __future__ import annotations

import dataclasses
import json
import time

import pytest

from airflow_masq.observation.observation import Failure
from airflow_masq.verdict import (
    EventSource,
    Outcome,
    Report,
    Verdict,
    bound_reports,
    decode_report,
    encode_report,
    render_table,
    summarise_reports,
)
from airflow_masq.verdict.changes import TargetHistory
from tests.verdict.reports import NEED, failing, passing, report
from tests.verdict.scenes import failed, vantage, verdict_of


def many(number: int, *, template: Verdict, prefix: str = "t") -> list[Verdict]:
    """Give verdicts about many targets."""
    return [dataclasses.replace(template, target=f"{prefix}{each}") for each in range(number)]


def measure(reports: list[Report]) -> int:
    """Count the bytes of an XCom."""
    return len(json.dumps([encode_report(each) for each in reports]))


def test_a_small_report_is_left_alone() -> None:
    """What fits stays as it is."""
    small = report(passing(), failing(name="b"), problems=("a",))
    assert bound_reports([small, report()]) == [small, report()]


@pytest.mark.parametrize("limit_bytes", [10_000, 100_000])
def test_a_large_report_keeps_the_worst_and_counts_the_others(limit_bytes: int) -> None:
    """What does not fit is counted, the outcome and the counts stay, and the report can be read back."""
    large = report(
        *many(500, template=passing()), failing(name="b"), *many(300, template=failing(name="c"), prefix="f")
    )
    [short] = bound_reports([large], limit_bytes=limit_bytes)
    assert measure([short]) <= limit_bytes
    assert 0 < len(short.verdicts) < len(large.verdicts)
    assert (short.outcome, short.counts, short.nodes_seen) == (large.outcome, large.counts, large.nodes_seen)
    assert decode_report(json.loads(json.dumps(encode_report(short)))) == short
    # One PASS of the first worker, since nothing worse was seen from it, and FAILs in their order.
    assert short.verdicts[0].outcome is Outcome.PASS
    assert {verdict.outcome for verdict in short.verdicts[1:]} == {Outcome.FAIL}


def test_every_worker_keeps_its_worst_verdict() -> None:
    """A hundred workers stay a hundred nodes, although a single one saw all the FAILs."""
    pods = [f"192.168.{number}.2" for number in range(100)]
    one = many(200, template=failing(local=pods[0], name="bad"), prefix="f")
    workers = [passing(local=pod, name=pod) for pod in pods[1:]]
    large = report(*one, *workers, nodes_total=100)
    [short] = bound_reports([large], limit_bytes=200_000)
    assert short.coverage == "100 of 100 nodes seen."
    assert len(short.verdicts) < len(large.verdicts)


def test_reports_share_the_room() -> None:
    """The FAIL of one environment comes before the PASSes of another."""
    calm = dataclasses.replace(report(*many(300, template=passing())), environment="calm")
    bad = report(*many(20, template=failing()))
    first, second = bound_reports([calm, bad], limit_bytes=60_000)
    assert (len(second.verdicts), second.omitted) == (20, {})
    assert first.omitted[Outcome.PASS] == 300 - len(first.verdicts)


def test_many_reports_with_long_lists_share_the_room() -> None:
    """Problems and histories of five environments take their shares, so that together they stay in the limit."""
    history = tuple(
        TargetHistory(target=f"t{each}", outcome=Outcome.PASS, since=None, previous=None, recent=(Outcome.PASS,))
        for each in range(2_000)
    )
    crowded = dataclasses.replace(report(passing(), problems=("x" * 2_000,) * 100), history=history)
    short = bound_reports([crowded] * 5, limit_bytes=200_000)
    assert measure(short) <= 200_000
    assert all(each.problems and each.history for each in short)


@pytest.mark.parametrize("name", ["n" * 240, None])
def test_the_names_of_nodes_count(name: str | None) -> None:
    """A report lists the nodes that were seen, whose names may be long, or not known."""
    workers = [passing(local=f"192.168.{number}.2", name=f"{number}") for number in range(200)]
    named = [
        dataclasses.replace(
            each, node=None, vantage=dataclasses.replace(each.vantage, node_name=name and f"{name}{number}")
        )
        for number, each in enumerate(workers)
    ]
    [short] = bound_reports([report(*named)], limit_bytes=100_000)
    assert 0 < len(short.verdicts) < 200
    assert measure([short]) <= 100_000


def test_what_was_left_out_before_still_counts() -> None:
    """A report that was bounded once, by the check, is bounded again by the report of the run."""
    large = report(*many(300, template=passing()))
    [once] = bound_reports([large], limit_bytes=100_000)
    [twice] = bound_reports([once], limit_bytes=50_000)
    assert twice.counts == large.counts
    assert len(twice.verdicts) < len(once.verdicts)


def test_problems_and_histories_are_bounded() -> None:
    """The first hundred problems stay, and of histories those that changed or are bad."""
    histories = [
        TargetHistory(target=f"t{each}", outcome=Outcome.PASS, since=None, previous=None, recent=(Outcome.PASS,))
        for each in range(3_000)
    ]
    recent = (Outcome.PASS, Outcome.FAIL)
    changed = TargetHistory(target="x", outcome=Outcome.FAIL, since=None, previous=Outcome.PASS, recent=recent)
    large = report(problems=("x" * 9_000, *(f"problem {each}" for each in range(1, 5_000))))
    [short] = bound_reports([dataclasses.replace(large, history=(*histories, changed))])
    assert short.problems[-2:] == ("problem 99", "4900 more problems not shown; the tasks' logs have them")
    assert short.problems[0] == "x" * 1_999 + "…"
    assert len(short.history) == 2_000
    hundred = report(problems=tuple(f"problem {each}" for each in range(100)))
    assert bound_reports([hundred]) == [hundred]
    [one_more] = bound_reports([report(problems=(*hundred.problems, "one"))])
    assert one_more.problems[100:] == ("1 more problem not shown; the tasks' logs have them",)
    assert short.history[0] is changed


def test_a_report_keeps_its_size_whatever_its_texts_are() -> None:
    """Letters that take twelve bytes as JSON, in names and problems, leave fewer of them, and room for verdicts."""
    histories = tuple(
        TargetHistory(
            target=f"{'😀' * 60}{each}", outcome=Outcome.PASS, since=None, previous=None, recent=(Outcome.PASS,)
        )
        for each in range(2_000)
    )
    large = report(*many(50, template=failing()), problems=("😀" * 2_000,) * 100)
    [short] = bound_reports([dataclasses.replace(large, history=histories)], limit_bytes=200_000)
    assert measure([short]) <= 200_000
    assert short.problems[-1].endswith("more problems not shown; the tasks' logs have them")
    assert 0 < len(short.history) < 2_000
    assert short.verdicts


def test_long_texts_make_no_large_table() -> None:
    """A forged report with the longest texts that are read makes a table of bounded size."""
    text = "x" * 20_000
    forged = dataclasses.replace(failing(), target=text, reason=text)
    forged = dataclasses.replace(forged, vantage=dataclasses.replace(forged.vantage, node_name=text))
    large = dataclasses.replace(report(*[forged] * 300, problems=(text,) * 50), environment=text)
    assert len(render_table(large)) < 2_000_000


def test_ten_thousand_verdicts_make_no_large_log_event_or_xcom() -> None:
    """Where 10,000 verdicts once made a log of 39 MB, table, event and XCom stay small, and are made quickly."""
    reason = failed(Failure.CONNECT_TIMEOUT, detail="x" * 1_900)
    long_winded = verdict_of(reason, need=NEED, at=vantage(name="a"))
    large = report(*many(9_999, template=long_winded), failing(name="b"), problems=("p" * 5_000,) * 1_000)
    started = time.process_time()
    table = render_table(large)
    event = summarise_reports(
        [large], source=EventSource(dag_id="d", run_id="r", task_id="t", check_task_ids=("check",))
    )
    [short] = bound_reports([large])
    assert time.process_time() - started < 30
    assert len(table) < 1_500_000
    assert "and 9800 more verdicts, none worse than these" in table
    assert "and 980 more problems" in table
    assert "FAIL" in table.splitlines()[2]
    assert len(json.dumps(event)) <= 32_768
    assert measure([short]) <= 2_000_000
    assert short.counts[Outcome.INCONCLUSIVE] == 9_999
