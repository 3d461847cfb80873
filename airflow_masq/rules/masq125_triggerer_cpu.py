"""A triggerer has more than one vCPU.

On Composer 2, `workloadsConfig.triggerer.cpu` is more than 1.

## Why

The service answers 400, "You have to specify Triggerer CPUs not larger than 1.00" [source: composer-triggerer-cpu] to
an update. That it refuses a creation too is inferred, so it is a warning.

## How to fix

Set `cpu` to 1 or less, and raise `count` for more triggers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.environment import COMPOSER_2
from airflow_masq.network.provenance import Provenance
from airflow_masq.plan import Plan
from airflow_masq.rules.rule import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

_CPU: Final = ("config", "workloadsConfig", "triggerer", "cpu")
_MOST_CPUS: Final = 1


def _check(plan: Plan) -> Iterator[Problem]:
    cpu = plan.environment.get_value(*_CPU)
    if plan.environment.generation == COMPOSER_2 and isinstance(cpu, int | float) and cpu > _MOST_CPUS:
        yield Problem(
            where=".".join(("environment", *_CPU)),
            message=f"A triggerer has {_MOST_CPUS} vCPU at most, but the plan has {cpu:g}. Set cpu to 1 or less, and "
            "raise count instead.",
        )


RULE: Final = Rule(
    code="MASQ125",
    severity=Severity.WARNING,
    provenance=Provenance.DOCUMENTED,
    check=_check,
    text=__doc__,
    bad="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig: {serviceAccount: composer@example-project.iam.gserviceaccount.com, enableIpMasqAgent: true}
    workloadsConfig:
      triggerer: {count: 1, cpu: 1.5, memoryGb: 3}
""",
    good="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig: {serviceAccount: composer@example-project.iam.gserviceaccount.com, enableIpMasqAgent: true}
    workloadsConfig:
      triggerer: {count: 2, cpu: 1, memoryGb: 3}
""",
)
