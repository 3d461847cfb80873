"""What changed since the last run: each target's outcome over the runs."""

from __future__ import annotations

import dataclasses
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.verdict import (
    Outcome,
    Report,
    TargetHistory,
    add_history,
    bound_check,
    decode_report,
    encode_report,
    merge,
)
from tests.verdict.reports import NEED, failing, passing, report, silent
from tests.verdict.scenes import MORNING, saw, verdict_of

if TYPE_CHECKING:
    from collections.abc import Sequence

HOUR = 3600.0


def run_of(*outcomes: bool) -> Report:
    """Give the report of the last of several runs, an hour apart; each is a PASS or a FAIL."""
    last = None
    for number, outcome in enumerate(outcomes):
        verdict = (passing if outcome else failing)(after=number * HOUR)
        last = add_history(report(verdict), previous=last)
    assert last is not None
    return last


def history_of(*outcomes: bool) -> TargetHistory:
    """Give the target's history after several runs."""
    [history] = run_of(*outcomes).history
    return history


def test_the_first_run_has_nothing_to_compare_with() -> None:
    """A history begins with one outcome, since the first attempt."""
    assert history_of(True) == TargetHistory(
        target="erp", outcome=Outcome.PASS, since=MORNING, previous=None, recent=(Outcome.PASS,)
    )
    assert not history_of(True).has_changed


def test_a_change_is_told_once_and_its_time_stays() -> None:
    """The run that saw another outcome says so; later runs say since when it is so, and what was before."""
    changed, later = history_of(True, True, False), history_of(True, True, False, False)
    assert (changed.has_changed, changed.previous, changed.since) == (True, Outcome.PASS, MORNING + timedelta(hours=2))
    assert (later.has_changed, later.previous, later.since) == (False, Outcome.PASS, changed.since)
    assert history_of(True, False, True).since == MORNING + timedelta(hours=2)


@pytest.mark.parametrize(
    ("outcomes", "is_flapping"),
    [
        ([True, False, True], False),
        ([True, False, True, False], True),
        ([True, True, False, False, True, True, False], True),
        # Only the last ten runs count.
        ([True, False, True, False, *[False] * 7], False),
    ],
)
def test_an_outcome_that_changes_to_and_fro_is_flapping(outcomes: Sequence[bool], is_flapping: bool) -> None:  # noqa: FBT001 - a row
    """Three changes within the last ten runs are flapping, and fewer are not."""
    assert history_of(*outcomes).is_flapping is is_flapping


def test_the_worst_of_the_workers_counts() -> None:
    """A target that one worker saw wrong is wrong; a target that was not asked has no history."""
    several = add_history(report(passing(), failing(name="b"), silent(name="c")), previous=run_of(True))
    assert [(each.target, each.outcome, each.previous) for each in several.history] == [
        ("erp", Outcome.FAIL, Outcome.PASS)
    ]
    other = dataclasses.replace(passing(), target="other")
    assert [each.target for each in add_history(report(other), previous=run_of(True)).history] == ["other"]


def test_what_a_check_left_out_is_in_its_history() -> None:
    """A target whose verdicts had no room is compared with the last run all the same, after checks were merged."""
    verdicts = [dataclasses.replace(passing(after=5), target=f"t{number}") for number in range(300)]
    large = report(*verdicts, dataclasses.replace(failing(), target="bad"))
    short = bound_check(large, limit_bytes=100_000)
    other = bound_check(report(dataclasses.replace(failing(name="b", after=2), target="t7")))
    assert len(short.verdicts) < 300
    assert (other.omitted, other.history) == ({}, ())
    last = add_history(merge([short, other]), previous=None)
    assert {history.target for history in last.history} == {"bad", *(f"t{number}" for number in range(300))}
    by_target = {history.target: history for history in last.history}
    assert (by_target["t7"].outcome, by_target["t7"].since) == (Outcome.FAIL, MORNING + timedelta(seconds=2))
    assert (by_target["t299"].outcome, by_target["t299"].since) == (Outcome.PASS, MORNING + timedelta(seconds=5))
    assert decode_report(json.loads(json.dumps(encode_report(short)))) == short
    now = add_history(merge([short]), previous=last)
    assert [history.target for history in now.history if history.has_changed] == ["t7"]


def test_a_history_of_what_was_left_out_is_no_better_than_what_was_kept() -> None:
    """A forged history that makes a target better than a verdict that is there is refused."""
    content: Any = encode_report(dataclasses.replace(run_of(False), omitted={Outcome.PASS: 1}))
    assert decode_report(content).history[0].outcome is Outcome.FAIL
    content["history"][0] |= {"outcome": "PASS", "recent": ["PASS"]}
    with pytest.raises(InvalidInputError, match="a history that agrees with the verdicts"):
        decode_report(content)


def test_the_time_is_that_of_the_first_attempt() -> None:
    """Of several workers and attempts the earliest time counts; a target that was not asked has none."""
    verdicts = [passing(after=9), verdict_of(saw("10.128.0.2", after=7), saw("10.128.0.2", after=3), need=NEED)]
    [history] = add_history(report(*verdicts), previous=None).history
    assert history.since == MORNING + timedelta(seconds=3)
    assert add_history(report(verdict_of(need=NEED)), previous=None).history[0].since is None


@given(st.lists(st.booleans(), min_size=1, max_size=30))
def test_a_history_stays_short_and_true(outcomes: list[bool]) -> None:
    """However many runs there were, a history holds the last ten, and the time of the last change."""
    history = history_of(*outcomes)
    words = [Outcome.PASS if outcome else Outcome.FAIL for outcome in outcomes]
    assert history.recent == tuple(words[-10:])
    same = next((back for back, outcome in enumerate(reversed(words)) if outcome is not words[-1]), len(words))
    assert history.since == MORNING + timedelta(hours=len(words) - same)
    assert history.previous == (None if same == len(words) else words[-same - 1])
