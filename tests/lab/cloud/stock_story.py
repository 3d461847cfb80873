"""A program for the tests: Google's stock Composer operators, unmodified, led to the emulator by the environment.

    python stock_story.py SCENARIO…

It prints one JSON object: for each scenario what the operator returned or raised. Operators are executed as a worker
does, with a context that records XComs; a deferral runs the stock trigger and then the operator's completion method. It
must run in a process of its own, since gRPC reads the proxy and the certificates from the environment once.
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

_PLACE: Final[dict[str, Any]] = {"project_id": "example-project", "region": "us-central1"}


@dataclass
class _TaskInstance:
    """Takes the XComs that an operator pushes."""

    pushed: dict[str, object] = field(default_factory=dict)

    def xcom_push(self, *, key: str, value: object) -> None:
        self.pushed[key] = value


async def _first_event(trigger: BaseTrigger) -> TriggerEvent:
    """Run a trigger as the triggerer does, after the round trip through its serialised form."""
    _, arguments = trigger.serialize()
    async for event in type(trigger)(**arguments).run():
        return event
    raise RuntimeError("the trigger ended without an event")


def _execute(operator: BaseOperator) -> object:
    """Execute an operator, deferral included."""
    context: Any = {"ti": _TaskInstance(), "task": operator}
    try:
        return operator.execute(context)
    except TaskDeferred as deferral:
        event = asyncio.run(_first_event(deferral.trigger))
        return getattr(operator, deferral.method_name)(context, event.payload)


def _resource(*, agent: bool) -> dict[str, Any]:
    return {
        "config": {
            "software_config": {"image_version": "composer-2.14.1-airflow-2.10.5"},
            "node_config": {"enable_ip_masq_agent": agent},
        }
    }


def _create(environment_id: str, *, agent: bool = True, deferrable: bool = False) -> BaseOperator:
    return CloudComposerCreateEnvironmentOperator(
        task_id="create",
        environment_id=environment_id,
        environment=_resource(agent=agent),
        deferrable=deferrable,
        pooling_period_seconds=0,
        **_PLACE,
    )


def _delete(environment_id: str, *, deferrable: bool = False) -> BaseOperator:
    return CloudComposerDeleteEnvironmentOperator(
        task_id="delete", environment_id=environment_id, deferrable=deferrable, pooling_period_seconds=0, **_PLACE
    )


_SCENARIOS: Final[dict[str, Callable[[], BaseOperator]]] = {
    "create": lambda: _create("plain"),
    "create deferrable": lambda: _create("deferred", deferrable=True),
    "get": lambda: CloudComposerGetEnvironmentOperator(task_id="get", environment_id="plain", **_PLACE),
    "list": lambda: CloudComposerListEnvironmentsOperator(task_id="list", **_PLACE),
    "delete": lambda: _delete("plain"),
    "delete deferrable": lambda: _delete("deferred", deferrable=True),
    "get deleted": lambda: CloudComposerGetEnvironmentOperator(task_id="get", environment_id="plain", **_PLACE),
    "create over agentless": lambda: _create("agentless"),
    "create over creating": lambda: _create("creating"),
    "create over failed": lambda: _create("failed"),
    "create failing": lambda: _create("doomed"),
    "create failing deferrable": lambda: _create("doomed-deferred", deferrable=True),
    "create failing without words": lambda: _create("doomed-wordless", deferrable=True),
    "delete failing without words": lambda: _delete("stubborn", deferrable=True),
    "create from camelCase": lambda: CloudComposerCreateEnvironmentOperator(
        task_id="create",
        environment_id="camel",
        environment={"config": {"softwareConfig": {"imageVersion": "composer-2.14.1-airflow-2.10.5"}}},
        **_PLACE,
    ),
}


def _outcome(scenario: str) -> dict[str, object]:
    try:
        return {"returned": _execute(_SCENARIOS[scenario]())}
    except Exception as error:  # noqa: BLE001 - whatever an operator raises is the answer that the tests look at
        return {"raised": type(error).__name__, "message": str(error)}


if __name__ == "__main__":
    sys.stdout.write(json.dumps({scenario: _outcome(scenario) for scenario in sys.argv[1:]}) + "\n")
