"""High resilience is requested for a public environment.

`config.resilienceMode` is `HIGH_RESILIENCE`, and `privateEnvironmentConfig.enablePrivateEnvironment` is not true.

## Why

The service answers 400, "In high resilience mode, You can't use public IP networking mode"
[source: composer-high-resilience-public]. That was seen with Composer 2. Other generations are not judged.

## How to fix

Set `enablePrivateEnvironment: true`, or remove `resilienceMode`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.environment import COMPOSER_2
from airflow_masq.network.provenance import Provenance
from airflow_masq.plan import Plan
from airflow_masq.rules.rule import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


def _check(plan: Plan) -> Iterator[Problem]:
    environment = plan.environment
    is_resilient = environment.get_text("config", "resilienceMode") == "HIGH_RESILIENCE"
    if is_resilient and environment.generation == COMPOSER_2 and not environment.is_private:
        yield Problem(
            where="environment.config.resilienceMode",
            message="The service refuses high resilience in a public environment. Set enablePrivateEnvironment: true, "
            "or remove resilienceMode.",
        )


RULE: Final = Rule(
    code="MASQ119",
    severity=Severity.ERROR,
    provenance=Provenance.DOCUMENTED,
    check=_check,
    text=__doc__,
    bad="""
environment:
  config:
    resilienceMode: HIGH_RESILIENCE
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig: {serviceAccount: composer@example-project.iam.gserviceaccount.com, enableIpMasqAgent: true}
""",
    good="""
environment:
  config:
    resilienceMode: HIGH_RESILIENCE
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig: {serviceAccount: composer@example-project.iam.gserviceaccount.com, enableIpMasqAgent: true}
    privateEnvironmentConfig: {enablePrivateEnvironment: true}
""",
)
