"""Executes the create operator by hand, against the emulated Composer API of the connection ``test_google``."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from airflow_masq.operators.create_environment import CloudComposerCreateMasqueradeEnvironmentOperator
from tests.emulated_cloud import LOCATION, PROJECT, environment_resource

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_masq.airflow_compat import Context
    from airflow_masq.clients.composer import ComposerClient

ENVIRONMENT_ID = "example-environment"
NAME = str(environment_resource()["name"])


def operator(**arguments: object) -> CloudComposerCreateMasqueradeEnvironmentOperator:
    """Make an operator that polls often."""
    settings: dict[str, Any] = {
        "task_id": "create",
        "gcp_conn_id": "test_google",
        "poll_interval_seconds": 0.01,
        "creation_timeout_seconds": 30,
        "api_timeout_seconds": 5,
    }
    if "plan" not in arguments:
        settings["environment"] = environment_resource()
    return CloudComposerCreateMasqueradeEnvironmentOperator(**{**settings, **arguments})


def execute(**arguments: object) -> dict[str, Any]:
    """Execute an operator."""
    context: Context = {}
    return operator(**arguments).execute(context)


def client() -> ComposerClient:
    """Ask the emulator as the operator does."""
    from airflow_masq.hooks.composer import ComposerHook  # noqa: PLC0415 - Google's libraries are slow

    return ComposerHook(gcp_conn_id="test_google").get_conn()


def environments() -> tuple[dict[str, Any], ...]:
    """List what exists."""
    with client() as connected:
        return tuple(each.as_rest() for each in connected.list(PROJECT, location=LOCATION))


def complete(
    outcome: str,
    *,
    message: str = "",
    record: dict[str, Any] | None = None,
    **arguments: object,
) -> dict[str, Any]:
    """Resume an operator after its trigger fired."""
    context: Context = {}
    record = {"adopted": False} if record is None else record
    event = {"outcome": outcome, "message": message, "name": NAME, "deadline": time.time() + 30, "record": record}
    return operator(**{"deferrable": True, **arguments}).execute_complete(context, event)


def make_context(*, try_number: int, began: datetime, xcoms: dict[str, object] | None = None) -> Context:
    """Make what Airflow tells a task of itself.

    :param xcoms: gets what the task pushes.
    """

    def push(*, key: str, value: object) -> None:
        if xcoms is not None:
            xcoms[key] = value

    instance = SimpleNamespace(try_number=try_number, xcom_push=push)
    context: Any = {"ti": instance, "dag_run": SimpleNamespace(start_date=began)}
    result: Context = context
    return result
