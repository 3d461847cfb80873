"""The names that Airflow 2 and Airflow 3 import from different modules.

Airflow 3 moved what DAG authors use to ``airflow.sdk`` [source: airflow-task-sdk]. The common-compat provider does the
same, but its version in Airflow 2.10.5 images does not have all of these names. Remove this file when Composer images
with Airflow 2 reach end of life. Until then, no other module imports these names from Airflow directly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_masq.airflow_version import IS_AIRFLOW_2

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk import (
        DAG,
        Asset,
        BaseHook,
        BaseOperator,
        BaseOperatorLink,
        Param,
        Variable,
        get_current_context,
        task,
    )
    from airflow.sdk import Context as Context  # noqa: PLC0414 - the explicit re-export of a type that mypy asks for
    from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowNotFoundException
else:
    try:
        from airflow.sdk import (
            DAG,
            Asset,
            BaseHook,
            BaseOperator,
            BaseOperatorLink,
            Param,
            Variable,
            get_current_context,
            task,
        )
    except ImportError:  # Airflow 2
        from airflow.datasets import Dataset as Asset
        from airflow.decorators import task
        from airflow.hooks.base import BaseHook
        from airflow.models.baseoperator import BaseOperator
        from airflow.models.baseoperatorlink import BaseOperatorLink
        from airflow.models.dag import DAG
        from airflow.models.param import Param
        from airflow.models.variable import Variable
        from airflow.operators.python import get_current_context
    try:
        from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowNotFoundException
    except ImportError:  # before Airflow 3.2, which has the names above, and where Airflow 2's modules are slow
        from airflow.exceptions import AirflowException, AirflowFailException, AirflowNotFoundException


def read_variable(name: str) -> str | None:
    """Read an Airflow Variable; ``None`` if it is not set. Call it when a task runs, never at parse time."""
    default: dict[str, Any] = {"default_var" if IS_AIRFLOW_2 else "default": None}
    value = Variable.get(name, **default)
    return None if value is None else str(value)


def count_in_metrics(name: str, *, count: int, tags: Mapping[str, str]) -> None:
    """Add to a counter of Airflow's own metrics, which goes nowhere where metrics are off.

    Airflow 3.3 has functions in the place of the class that earlier versions have [source: airflow-stats-module].
    """
    try:
        from airflow.sdk.observability.stats import incr  # noqa: PLC0415 - a task asks for it, no DAG file does
    except ImportError:
        from airflow.stats import Stats  # noqa: PLC0415 - as above

        incr = Stats.incr
    incr(name, count, tags=dict(tags))


def read_xcom(ti_key: Any, *, key: str, task_id: str | None = None) -> object:  # noqa: ANN401 - each Airflow has its own
    """Read an XCom of the task instance that a link belongs to, or of another task of its run that is not mapped.

    :return: the value; ``None`` if there is none.
    """
    if IS_AIRFLOW_2:
        from airflow.models.xcom import XCom  # noqa: PLC0415 - a link is asked for when a task has run
    else:
        from airflow.sdk.execution_time.xcom import XCom  # noqa: PLC0415 - as above
    place = {"dag_id": ti_key.dag_id, "run_id": ti_key.run_id, "task_id": task_id or ti_key.task_id, "key": key}
    map_index = -1 if task_id else ti_key.map_index
    if not IS_AIRFLOW_2 and map_index == -1:  # asked for one that is missing, Airflow 3 logs an error; for all, none
        values = XCom.get_all(**place) or [None]
        return values[0]
    value: object = XCom.get_one(**place, map_index=map_index)
    return value


def make_asset(*, uri: str, name: str, group: str, description: str) -> Asset:
    """Make an asset; the dataset of Airflow 2 has neither name nor group. The description is part of its extra."""
    extra: dict[str, Any] = {"description": description}
    if IS_AIRFLOW_2:
        return Asset(uri=uri, extra=extra)
    return Asset(uri=uri, name=name, group=group, extra=extra)


def add_outlet(arguments: dict[str, Any], *, asset: Asset) -> None:
    """Add the asset whose events are the history to a task's outlets, which stay; without it the event would be lost.

    :param arguments: an operator's, with the DAG's ``default_args`` as Airflow passes them.
    """
    given = arguments.get("outlets") or (arguments.get("default_args") or {}).get("outlets") or []
    outlets = list(given) if isinstance(given, list | tuple) else [given]
    is_there = any(getattr(each, "uri", None) == asset.uri for each in outlets)
    arguments["outlets"] = outlets if is_there else [*outlets, asset]


__all__ = [
    "DAG",
    "IS_AIRFLOW_2",
    "AirflowException",
    "AirflowFailException",
    "AirflowNotFoundException",
    "Asset",
    "BaseHook",
    "BaseOperator",
    "BaseOperatorLink",
    "Param",
    "add_outlet",
    "count_in_metrics",
    "get_current_context",
    "make_asset",
    "read_variable",
    "read_xcom",
    "task",
]
