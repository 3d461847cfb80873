"""The environment does not enable the IP masquerade agent.

`config.nodeConfig.enableIpMasqAgent` is missing or false. The environment then keeps GKE's default policy, under which
Pods show their own addresses to every private destination.

## Why

The agent can be enabled only when an environment is created, and not in the console
[source: composer-agent-creation-only]. The service cannot tell false from a missing field
[source: composer-agent-flag-presence]. An explicit false is a warning, since it was written on purpose. Composer 3 has
no agent, and MASQ101 reports that instead.

## How to fix

Set the field to true. `CloudComposerCreateMasqueradeEnvironmentOperator` sets it by itself. If the environment exists
already, create a new one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.environment import COMPOSER_3
from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan


def _check(plan: Plan) -> Iterator[Problem]:
    environment = plan.environment
    if not environment or environment.masquerades or environment.generation == COMPOSER_3:
        return
    yield Problem(
        where="environment.config.nodeConfig.enableIpMasqAgent",
        message="The IP masquerade agent is not enabled, and it can be enabled only when the environment is created. "
        "Set enableIpMasqAgent: true. The create operator sets it by itself.",
        severity=Severity.WARNING if environment.refuses_agent else None,
    )


RULE: Final = Rule(
    code="MASQ104",
    severity=Severity.INFO,
    provenance=Provenance.DOCUMENTED,
    check=_check,
    text=__doc__,
    bad="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig: {serviceAccount: composer@example-project.iam.gserviceaccount.com}
""",
    good="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig: {serviceAccount: composer@example-project.iam.gserviceaccount.com, enableIpMasqAgent: true}
""",
)
