"""A worker's memory does not fit its vCPUs.

On Composer 2, `workloadsConfig.worker.memoryGb` is less than 1 GB or more than 6.5 GB for each vCPU in `cpu`.

## Why

The service answers 400, "Worker memory must be between 2.00GB and 13.00GB for given vCpu"
[source: composer-worker-memory] to an update. That this was a worker with 2 vCPUs, and that the service refuses a
creation too, is inferred, so it is a warning.

## How to fix

Change the memory or the vCPUs as the message says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.environment import COMPOSER_2
from airflow_masq.network.provenance import Provenance
from airflow_masq.plan import Plan
from airflow_masq.rules.rule import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORKER: Final = ("config", "workloadsConfig", "worker")
_LEAST_GB_PER_CPU: Final = 1.0
_MOST_GB_PER_CPU: Final = 6.5


def _check(plan: Plan) -> Iterator[Problem]:
    cpu, memory = (plan.environment.get_value(*_WORKER, name) for name in ("cpu", "memoryGb"))
    if plan.environment.generation != COMPOSER_2 or not isinstance(cpu, int | float):
        return
    least, most = cpu * _LEAST_GB_PER_CPU, cpu * _MOST_GB_PER_CPU
    if cpu > 0 and isinstance(memory, int | float) and memory > 0 and not least <= memory <= most:
        yield Problem(
            where=".".join(("environment", *_WORKER, "memoryGb")),
            message=f"A worker with {cpu:g} vCPUs needs {least:g} to {most:g} GB of memory, but the plan has "
            f"{memory:g} GB. Change one of them.",
        )


RULE: Final = Rule(
    code="MASQ121",
    severity=Severity.WARNING,
    provenance=Provenance.INFERRED,
    check=_check,
    text=__doc__,
    bad="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig: {serviceAccount: composer@example-project.iam.gserviceaccount.com, enableIpMasqAgent: true}
    workloadsConfig: {worker: {cpu: 2, memoryGb: 16}}
""",
    good="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig: {serviceAccount: composer@example-project.iam.gserviceaccount.com, enableIpMasqAgent: true}
    workloadsConfig: {worker: {cpu: 2, memoryGb: 13}}
""",
)
