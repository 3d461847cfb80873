"""Which run is the last one, where Airflow 3 has runs without a logical date."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_masq.operators.last_run import pull_last_result

pytestmark = pytest.mark.airflow


class Instance:
    """Takes the place of Airflow 3's task instance.

    :param runs: what the task left, by run.
    :param before: the run before, by its logical date.
    """

    task_id, map_index = "audit", None

    def __init__(self, runs: dict[str, object], *, before: str | None) -> None:
        self.runs, self.before = runs, before

    def get_previous_ti(self, *, map_index: int) -> SimpleNamespace | None:
        """Name the run before."""
        assert map_index == -1
        return None if self.before is None else SimpleNamespace(run_id=self.before)

    def xcom_pull(
        self, *, task_ids: str, map_indexes: int, run_id: str | None = None, include_prior_dates: bool = False
    ) -> object:
        """Give what a run left; of all prior runs the first one, as PostgreSQL sorts them."""
        assert (task_ids, map_indexes) == ("audit", -1)
        return next(iter(self.runs.values()), None) if include_prior_dates else self.runs.get(run_id or "")


@pytest.mark.parametrize(
    ("before", "date", "expected"),
    [
        ("last-week", True, "audit of last week"),
        ("crashed", True, "audit without a date"),
        (None, True, "audit without a date"),
        ("last-week", False, "audit without a date"),
    ],
)
def test_a_run_of_the_date_before_counts_first(before: str | None, expected: str, *, date: bool) -> None:
    """A run without a date, which would come before all others, is taken only where no run of a date left anything."""
    runs: dict[str, object] = {"by-hand": "audit without a date", "last-week": "audit of last week"}
    run = SimpleNamespace(logical_date=datetime(2026, 1, 5, tzinfo=UTC) if date else None)
    context: Any = {"ti": Instance(runs, before=before), "dag_run": run}
    assert pull_last_result(context) == expected
