"""Measures how the create operator survives: kills at every call, random faults, calls of the API, many deferred tasks.

    ./scripts/bench provisioning

The emulated Composer API answers on loopback. Google's stock operator is measured in the same situation, by its own
trigger. The last line is one JSON object.
"""

from __future__ import annotations

import asyncio
import importlib
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args

from tests.airflow_env import airflow_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_masq.triggers.environment_running import EnvironmentRunningTrigger

FAULT_RUNS: Final = 60
DEFERRED: Final = 100
SILENT_SECONDS, SLOW_SECONDS = 3600.0, 0.5
TIMEOUT_SECONDS: Final = 3.0
TICK_SECONDS: Final = 0.005
IDLE_SECONDS: Final = 3.0
WARM_UP_SECONDS: Final = 6.0
MEASURED_SECONDS: Final = 10.0
STOCK: Final = "_stock"
# How many creations fail before and during the runs of a sweep.
SWEEPS: Final = {"": 0, "_recreate": 1, "_recreate_fails": 2, STOCK: 0}
TRIGGERS: Final = {
    "": "airflow_masq.triggers.environment_running.EnvironmentRunningTrigger",
    "stock_": "airflow.providers.google.cloud.triggers.cloud_composer.CloudComposerExecutionTrigger",
}
# A creation of 25 minutes with a look every 30 seconds, 500 times as fast.
CREATION_SECONDS, POLL_SECONDS = 3.0, 0.06

_STOCK_PROGRAM: Final = """
import asyncio, sys
from airflow.providers.google.cloud.operators.cloud_composer import CloudComposerCreateEnvironmentOperator
from airflow.sdk.exceptions import TaskDeferred

async def wait(trigger):
    async for event in trigger.run():
        return event

operator = CloudComposerCreateEnvironmentOperator(
    task_id="create", environment_id="example-environment", project_id="example-project", region="us-central1",
    environment={"config": {"software_config": {"image_version": sys.argv[1]},
                            "node_config": {"service_account": sys.argv[2]}}},
    deferrable=True, pooling_period_seconds=float(sys.argv[3]),
)
class Instance:
    def xcom_push(self, **words): pass
context = {"ti": Instance(), "task": operator}
try:
    operator.execute(context)
except TaskDeferred as deferral:
    event = asyncio.run(wait(type(deferral.trigger)(**deferral.trigger.serialize()[1])))
    getattr(operator, deferral.method_name)(context, event.payload)
"""


def sweep_crashes() -> dict[str, int]:
    """Kill the task before and after every call, in its slot and deferred; then the stock operator's."""
    from lab.cloud.faults import Moment  # noqa: PLC0415 - Airflow's settings come first
    from tests.task_processes import Zygote, run_killed  # noqa: PLC0415 - as above

    result: dict[str, int] = {}
    for suffix, failed_creations in SWEEPS.items():
        outcomes: list[bool] = []
        with Zygote() as zygote:
            for deferrable, moment in itertools.product((False, True), get_args(Moment)):
                for call in itertools.count():
                    outcome = run_killed(
                        zygote,
                        deferrable=deferrable,
                        kill_call=call,
                        kill_moment=moment,
                        failed_creations=failed_creations,
                        is_stock=suffix == STOCK,
                    )
                    if outcome is None:
                        break
                    outcomes.append(outcome)
        result |= {f"crash_points{suffix}": len(outcomes), f"crash_points_ok{suffix}": sum(outcomes)}
    return result


def run_random_faults() -> dict[str, int]:
    """Run the task against an API that fails at random; then the stock operator's, against the same."""
    from tests.emulated_cloud import EmulatedCloud  # noqa: PLC0415 - as above
    from tests.random_faults import make_faults, run_with_faults  # noqa: PLC0415 - as above
    from tests.task_processes import Zygote, run_stock  # noqa: PLC0415 - as above

    wrong = [run_with_faults(seed, deferrable=seed % 2 == 1) for seed in range(FAULT_RUNS)]
    for text in filter(None, wrong):
        print(f"random faults: {text}", file=sys.stderr)
    is_right = []
    with Zygote() as zygote:
        for seed in range(FAULT_RUNS):
            with EmulatedCloud(creation_seconds=0.1) as cloud:
                cloud.faults.observe = make_faults(cloud, seed=seed)
                is_right.append(run_stock(zygote, cloud=cloud, deferrable=seed % 2 == 1))
    return {
        "random_fault_runs": len(wrong),
        "random_fault_runs_ok": wrong.count(""),
        "random_fault_runs_ok_stock": sum(is_right),
    }


def count_calls() -> dict[str, int]:
    """Count the calls of one creation, ours and the stock operator's, both deferred, with the same pause."""
    from airflow.sdk.exceptions import TaskDeferred  # noqa: PLC0415 - as above

    from airflow_masq.operators.create_environment import (  # noqa: PLC0415 - as above
        CloudComposerCreateMasqueradeEnvironmentOperator,
    )
    from airflow_masq.triggers.environment_running import EnvironmentRunningTrigger  # noqa: PLC0415 - as above
    from tests.emulated_cloud import IMAGE, SERVICE_ACCOUNT, EmulatedCloud, environment_resource  # noqa: PLC0415

    with EmulatedCloud(creation_seconds=CREATION_SECONDS) as cloud:
        os.environ["AIRFLOW_CONN_TEST_GOOGLE"] = cloud.airflow_connection
        operator = CloudComposerCreateMasqueradeEnvironmentOperator(
            task_id="create",
            gcp_conn_id="test_google",
            environment=environment_resource(),
            poll_interval_seconds=POLL_SECONDS,
            deferrable=True,
        )
        context: Any = {}
        try:
            operator.execute(context)
        except TaskDeferred as deferral:
            trigger = EnvironmentRunningTrigger(**deferral.trigger.serialize()[1])
            operator.execute_complete(context, asyncio.run(wait_for(trigger)))
        ours = cloud.faults.count_calls()
    with EmulatedCloud(creation_seconds=CREATION_SECONDS) as cloud:
        program = [sys.executable, "-c", _STOCK_PROGRAM, IMAGE, SERVICE_ACCOUNT, str(POLL_SECONDS)]
        subprocess.run(program, env={**os.environ, **cloud.stock_settings}, check=True, stdout=sys.stderr)  # noqa: S603
        stock = cloud.faults.count_calls()
    return {"api_calls_ours": ours, "api_calls_stock": stock}


async def wait_for(trigger: EnvironmentRunningTrigger) -> Mapping[str, Any]:
    """Run a trigger to its event."""
    async for event in trigger.run():
        payload: Mapping[str, Any] = event.payload
        return payload
    raise RuntimeError("the trigger ended without an event")


def measure_deferred() -> dict[str, float]:
    """Let many triggers, ours and then the stock operator's, wait for a silent and for a slow API."""
    from airflow_masq.clients.composer import ComposerClient  # noqa: PLC0415 - as above
    from airflow_masq.environment import EnvironmentResource  # noqa: PLC0415 - as above
    from tests.emulated_cloud import LOCATION, NAME, PROJECT, EmulatedCloud, environment_resource  # noqa: PLC0415

    resource = EnvironmentResource.read(environment_resource())
    measured: defaultdict[str, list[float]] = defaultdict(list)
    for (prefix, trigger), seconds in itertools.product(TRIGGERS.items(), (SILENT_SECONDS, SLOW_SECONDS)):
        with EmulatedCloud() as cloud:
            cloud.hold_creations()
            with ComposerClient(None, endpoint=cloud.endpoint) as client:
                operation_name = client.create(NAME, resource=resource).name
            for method in ("GetEnvironment", "GetOperation"):
                for _ in range(DEFERRED * 100):
                    cloud.faults.stall_next(method, seconds)
            arguments: dict[str, Any] = {"operation_name": operation_name}
            if prefix:
                arguments |= {"project_id": PROJECT, "region": LOCATION, "pooling_period_seconds": 0.5}
                environment = {**os.environ, **cloud.stock_settings}
            else:
                arguments |= {"name": str(NAME), "gcp_conn_id": "test_google", "poll_interval_seconds": 0.5}
                arguments["api_timeout_seconds"] = TIMEOUT_SECONDS
                environment = {**os.environ, "AIRFLOW_CONN_TEST_GOOGLE": cloud.airflow_connection}
            program = [sys.executable, "-P", __file__, "--deferred", trigger, json.dumps(arguments)]
            done = subprocess.run(program, env=environment, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603
            for key, value in json.loads(done.stdout.splitlines()[-1]).items():
                measured[f"{prefix}{key}"].append(value)
    return {"deferred": DEFERRED, **{key: round(max(values), 3) for key, values in measured.items()}}


async def wait_deferred(trigger: str, arguments: Mapping[str, Any]) -> dict[str, float]:
    """Measure, as another trigger would see it, how long the event loop and its threads keep others waiting.

    Python's collector works as it does in a triggerer: when it likes to.

    :param trigger: the trigger's class, which is imported in the event loop, as a triggerer does.
    """
    from airflow.jobs import triggerer_job_runner  # noqa: F401, PLC0415 - what a triggerer has loaded

    idle = await measure_wait(IDLE_SECONDS)
    watch = asyncio.create_task(measure_wait(WARM_UP_SECONDS))
    await asyncio.sleep(0)
    module, _, name = trigger.rpartition(".")
    trigger_class = getattr(importlib.import_module(module), name)
    first = asyncio.create_task(wait_for(trigger_class(**arguments)))
    first_wait = await watch
    before = read_resident_mb()
    tasks = [first, *(asyncio.create_task(wait_for(trigger_class(**arguments))) for _ in range(DEFERRED - 1))]
    longest = await measure_wait(MEASURED_SECONDS)
    extra = read_resident_mb() - before
    if any(task.done() for task in tasks):
        raise RuntimeError("a trigger ended although the environment is being created")
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return {
        "deferred_extra_mb": extra,
        "other_trigger_wait_s": longest,
        "other_trigger_wait_at_first_s": first_wait,
        "other_trigger_wait_idle_s": idle,
    }


async def measure_wait(seconds: float) -> float:
    """Return the longest time that this task waited for its turn and for a thread of asyncio's own.

    :param seconds: for how long to measure.
    """
    longest = 0.0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.monotonic()
        await asyncio.sleep(TICK_SECONDS)
        await asyncio.to_thread(lambda: None)
        longest = max(longest, time.monotonic() - began - TICK_SECONDS)
    return longest


def read_resident_mb() -> float:
    """Return this process's resident memory."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> None:
    """Measure, and print the results."""
    if sys.argv[1:2] == ["--deferred"]:
        print(json.dumps(asyncio.run(wait_deferred(sys.argv[2], json.loads(sys.argv[3])))))
        return
    with tempfile.TemporaryDirectory() as home:
        os.environ.update(airflow_settings(Path(home)))
        result = {**sweep_crashes(), **run_random_faults(), **count_calls(), **measure_deferred()}
        print(json.dumps(result))


if __name__ == "__main__":
    main()
