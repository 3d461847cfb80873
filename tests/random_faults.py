"""Runs the create task against an API that fails at random, a bounded number of times, by a seed."""

from __future__ import annotations

import asyncio
import os
import random
from typing import TYPE_CHECKING, Any, Final

import grpc
from airflow.sdk.exceptions import TaskDeferred

from airflow_masq.airflow_compat import AirflowException
from airflow_masq.operators.create_environment import CloudComposerCreateMasqueradeEnvironmentOperator
from airflow_masq.triggers.environment_running import EnvironmentRunningTrigger
from lab.cloud.errors import ApiError
from tests.emulated_cloud import EmulatedCloud, environment_resource

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.cloud.faults import Moment

MOST_FAULTS: Final = 8
_SHARE_OF_CALLS: Final = 0.4
_SILENCE_SECONDS: Final = 0.3
_STATUSES: Final = (
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.UNAUTHENTICATED,
)


def run_with_faults(seed: int, *, deferrable: bool) -> str:
    """Run the task once, without retries, and look what came of it.

    :return: empty if exactly one right environment is there and the task told the truth, else what is wrong.
    """
    with EmulatedCloud(creation_seconds=0.1) as cloud:
        cloud.faults.observe = make_faults(cloud, seed=seed)
        os.environ["AIRFLOW_CONN_TEST_GOOGLE"] = cloud.airflow_connection
        try:
            facts = _run(deferrable=deferrable)
        except AirflowException as error:
            return str(error)
        finally:
            cloud.faults.observe = lambda _moment, _method: None
        [environment] = cloud.list()
        found = (environment["uuid"], environment["state"], False)
        return "" if found == (facts["uuid"], "RUNNING", facts["adopted"]) else f"told {facts}"


def make_faults(cloud: EmulatedCloud, *, seed: int) -> Callable[[Moment, str], None]:
    """Make an observer of the API's calls that lets some of them fail."""
    numbers = random.Random(seed)  # noqa: S311 - no secret
    left = MOST_FAULTS
    refused: list[str] = []

    def fail(moment: Moment, method: str) -> None:
        nonlocal left
        if left == 0 or numbers.random() > _SHARE_OF_CALLS / 2:
            return
        left -= 1
        if moment == "before" and numbers.random() < 0.1:
            cloud.faults.stall_next(method, _SILENCE_SECONDS)
            return
        choices = (*_STATUSES, grpc.StatusCode.NOT_FOUND) if method == "GetOperation" else _STATUSES
        status = numbers.choice(choices)
        if status in {grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.UNAUTHENTICATED}:
            # Before anything is created, a refusal that stays for three calls in a row has to be told.
            if not cloud.list() and refused[-2:] == [method, method]:
                return
            refused.append(method)
        raise ApiError(status, f"fault of seed {seed}")

    return fail


def _run(*, deferrable: bool) -> dict[str, Any]:
    operator = CloudComposerCreateMasqueradeEnvironmentOperator(
        task_id="create",
        gcp_conn_id="test_google",
        environment=environment_resource(),
        poll_interval_seconds=0.02,
        creation_timeout_seconds=60,
        api_timeout_seconds=0.2,
        deferrable=deferrable,
    )

    async def wait(trigger: EnvironmentRunningTrigger) -> Any:  # noqa: ANN401 - an event's payload
        async for event in trigger.run():
            return event.payload
        return None

    context: Any = {}
    event: Any = None
    while True:
        try:
            return operator.execute(context) if event is None else operator.execute_complete(context, event)
        except TaskDeferred as deferral:
            event = asyncio.run(wait(EnvironmentRunningTrigger(**deferral.trigger.serialize()[1])))
