"""A task that is killed at any call, and runs again, ends with exactly one right environment."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, get_args

import pytest

from lab.cloud.faults import Moment
from tests.task_processes import Zygote, run_killed

if TYPE_CHECKING:
    from collections.abc import Iterator

# A sweep runs dozens of processes: 12 s on a machine that does nothing else, ten times that on a crowded one.
pytestmark = [pytest.mark.airflow, pytest.mark.timeout(480)]


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    """Give a process that has everything imported."""
    with Zygote() as zygote:
        yield zygote


@pytest.mark.parametrize("deferrable", [False, True], ids=["in its slot", "deferred"])
@pytest.mark.parametrize("moment", get_args(Moment))
@pytest.mark.parametrize(
    ("failed_creations", "least_calls"),
    [
        (0, 5),  # look, create, operation twice, environment
        (1, 9),  # look, operations, look again, delete, look, create, operation twice, environment
        (2, 8),  # look, operations, look again, delete, look, create, operation, look
    ],
    ids=["nothing exists", "one failed", "the second fails as well"],
)
def test_a_task_survives_its_death_at_every_call(
    zygote: Zygote, *, deferrable: bool, moment: Moment, failed_creations: int, least_calls: int
) -> None:
    """The process is killed before, or after, each of its calls takes effect; the retry continues what there is.

    With ``recreate_failed`` what an earlier creation left is deleted exactly once, whatever happens then.
    """
    outcomes = []
    for call in itertools.count():
        outcome = run_killed(
            zygote, deferrable=deferrable, kill_call=call, kill_moment=moment, failed_creations=failed_creations
        )
        if outcome is None:
            break
        outcomes.append(outcome)
    assert outcomes == [True] * len(outcomes)
    assert len(outcomes) >= least_calls


@pytest.mark.parametrize("deferrable", [False, True], ids=["in its slot", "deferred"])
@pytest.mark.parametrize("seed", range(12))
def test_faults_that_pass_do_not_fail_the_task(monkeypatch: pytest.MonkeyPatch, seed: int, *, deferrable: bool) -> None:
    """An API that fails at random, eight times at most, does not keep the task from its one right environment."""
    from tests.random_faults import run_with_faults  # noqa: PLC0415 - imports Airflow, which takes seconds

    monkeypatch.setenv("AIRFLOW_CONN_TEST_GOOGLE", "")
    assert run_with_faults(seed, deferrable=deferrable) == ""
