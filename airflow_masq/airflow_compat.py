"""Everything that Airflow 2 and Airflow 3 name differently, in one place; it must hold names, no behaviour of ours.

Airflow 3 moved what DAG authors use to ``airflow.sdk`` [source: airflow-task-sdk]. The common-compat provider offers
the same bridge, but the version that Airflow 2.10.5 images carry does not have all of these names yet. This file can go
when Composer images with Airflow 2 reach end of life; until then no other module of the package imports one of these
names from Airflow itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.triggers.base import BaseTrigger, TriggerEvent

if TYPE_CHECKING:
    from airflow.sdk import DAG, Asset, BaseHook, BaseOperator, Param, get_current_context, task
    from airflow.sdk import Context as Context  # noqa: PLC0414 - the explicit re-export of a type that mypy asks for
    from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowNotFoundException
else:
    try:
        from airflow.sdk import DAG, Asset, BaseHook, BaseOperator, Param, get_current_context, task
        from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowNotFoundException
    except ImportError:  # Airflow 2
        from airflow.datasets import Dataset as Asset
        from airflow.decorators import task
        from airflow.exceptions import AirflowException, AirflowFailException, AirflowNotFoundException
        from airflow.hooks.base import BaseHook
        from airflow.models.baseoperator import BaseOperator
        from airflow.models.dag import DAG
        from airflow.models.param import Param
        from airflow.operators.python import get_current_context

__all__ = [
    "DAG",
    "AirflowException",
    "AirflowFailException",
    "AirflowNotFoundException",
    "Asset",
    "BaseHook",
    "BaseOperator",
    "BaseTrigger",
    "Param",
    "TriggerEvent",
    "get_current_context",
    "task",
]
