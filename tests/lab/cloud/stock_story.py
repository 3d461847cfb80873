"""A program for the tests that runs Google's stock Composer operators, unmodified, against the emulator.

    python stock_story.py SCENARIO…

It prints one JSON object: for each scenario what the operator returned or raised. Operators run as on a worker, with a
context that records XComs; a deferral runs the stock trigger and then the operator's completion method. The program
needs a process of its own, since gRPC reads the proxy and the certificates from the environment only once.
"""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from airflow.providers.google.cloud.operators.cloud_composer import (
    CloudComposerCreateEnvironmentOperator,
    CloudComposerDeleteEnvironmentOperator,
    CloudComposerGetEnvironmentOperator,
    CloudComposerListEnvironmentsOperator,
)
from airflow.sdk.exceptions import TaskDeferred

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow.sdk import BaseOperator
    from airflow.triggers.base import BaseTrigger, TriggerEvent

_IMAGE: Final = "composer-2.17.9-airflow-2.11.1"
_SERVICE_ACCOUNT: Final = "composer@example-project.iam.gserviceaccount.com"
_PLACE: Final[dict[str, Any]] = {"project_id": "example-project", "region": "us-central1"}


@dataclass
class _TaskInstance:
    """Records the XComs that an operator pushes."""

    pushed: dict[str, object] = field(default_factory=dict)

    def xcom_push(self, *, key: str, value: object) -> None:
        self.pushed[key] = value


async def _run_trigger(trigger: BaseTrigger) -> TriggerEvent:
    """Serialise a trigger, run it as the triggerer does, and return its first event."""
    _, arguments = trigger.serialize()
    async for event in type(trigger)(**arguments).run():
        return event
    raise RuntimeError("the trigger ended without an event")


def _execute(operator: BaseOperator) -> object:
    """Execute an operator, including its deferral."""
    context: Any = {"ti": _TaskInstance(), "task": operator}
    try:
        return operator.execute(context)
    except TaskDeferred as deferral:
        event = asyncio.run(_run_trigger(deferral.trigger))
        return getattr(operator, deferral.method_name)(context, event.payload)


def _make_resource(*, agent: bool) -> dict[str, Any]:
    return {
        "config": {
            "software_config": {"image_version": _IMAGE},
            "node_config": {"service_account": _SERVICE_ACCOUNT, "enable_ip_masq_agent": agent},
        }
    }


def _make_create(environment_id: str, *, agent: bool = True, deferrable: bool = False) -> BaseOperator:
    return CloudComposerCreateEnvironmentOperator(
        task_id="create",
        environment_id=environment_id,
        environment=_make_resource(agent=agent),
        deferrable=deferrable,
        pooling_period_seconds=0,
        **_PLACE,
    )


def _make_delete(environment_id: str, *, deferrable: bool = False) -> BaseOperator:
    return CloudComposerDeleteEnvironmentOperator(
        task_id="delete", environment_id=environment_id, deferrable=deferrable, pooling_period_seconds=0, **_PLACE
    )


_SCENARIOS: Final[dict[str, Callable[[], BaseOperator]]] = {
    "create": lambda: _make_create("plain"),
    "create deferrable": lambda: _make_create("deferred", deferrable=True),
    "get": lambda: CloudComposerGetEnvironmentOperator(task_id="get", environment_id="plain", **_PLACE),
    "list": lambda: CloudComposerListEnvironmentsOperator(task_id="list", **_PLACE),
    "delete": lambda: _make_delete("plain"),
    "delete deferrable": lambda: _make_delete("deferred", deferrable=True),
    "get deleted": lambda: CloudComposerGetEnvironmentOperator(task_id="get", environment_id="plain", **_PLACE),
    "create over agentless": lambda: _make_create("agentless"),
    "create over creating": lambda: _make_create("creating"),
    "create over failed": lambda: _make_create("failed"),
    "create failing": lambda: _make_create("doomed"),
    "create failing deferrable": lambda: _make_create("doomed-deferred", deferrable=True),
    "create failing without words": lambda: _make_create("doomed-wordless", deferrable=True),
    "delete failing without words": lambda: _make_delete("stubborn", deferrable=True),
    "create from camelCase": lambda: CloudComposerCreateEnvironmentOperator(
        task_id="create",
        environment_id="camel",
        environment={"config": {"softwareConfig": {"imageVersion": _IMAGE}}},
        **_PLACE,
    ),
}


def _run(scenario: str) -> dict[str, object]:
    try:
        return {"returned": _execute(_SCENARIOS[scenario]())}
    except Exception as error:  # noqa: BLE001 - the tests look at every error of an operator
        return {"raised": type(error).__name__, "message": str(error)}


if __name__ == "__main__":
    sys.stdout.write(json.dumps({scenario: _run(scenario) for scenario in sys.argv[1:]}) + "\n")
