"""What a task returned in the run before, for what has changed since."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from airflow_masq.airflow_compat import IS_AIRFLOW_2

if TYPE_CHECKING:
    from airflow_masq.airflow_compat import Context

_NOT_MAPPED: Final = -1


def pull_last_result(context: Context) -> object:
    """Read what this task returned in the last run of its DAG that left something; ``None`` where none did.

    A run of an earlier logical date is the one before. XComs of prior dates come in the order of these dates
    [source: airflow-prior-xcoms], and where PostgreSQL is the database a run without one, as Airflow 3 has them, comes
    before all others, however old it is [source: postgresql-nulls-first]. So Airflow 3 is asked for the run first.
    """
    instance = context["ti"]
    map_index = getattr(instance, "map_index", None)
    pull = partial(
        instance.xcom_pull,
        task_ids=instance.task_id,
        map_indexes=_NOT_MAPPED if map_index is None else map_index,
    )
    has_date = getattr(context.get("dag_run"), "logical_date", None) is not None
    # A run of Airflow 2 always has its date; earlier versions of Airflow 3 lack the method.
    if has_date and not IS_AIRFLOW_2 and hasattr(instance, "get_previous_ti"):
        before = instance.get_previous_ti(map_index=_NOT_MAPPED if map_index is None else map_index)
        found: object = None if before is None else pull(run_id=before.run_id)
        if found is not None:
            return found
    return pull(include_prior_dates=True)
