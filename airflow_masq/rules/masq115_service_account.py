"""The environment names no service account.

`config.nodeConfig.serviceAccount` is missing. The service refuses to create an environment of Composer 2 or 3 without
it. Composer 1 is not judged, since MASQ102 reports its end of life.

## Why

Since April 2025 the service answers 400, "Composer environment service account is required to be explicitly specified"
[source: composer-service-account-required, composer-service-account-release-note]. Before, it took the default service
account of Compute Engine. The field is still optional in the API's schema
[source: composer-service-account-optional-in-schema], and the examples on Google's page about the agent lack it
[source: composer-agent-example]. The answer was seen with Composer 2. That Composer 3 gives the same is inferred.

## How to fix

Set the e-mail address of a service account with the role `roles/composer.worker`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.environment.resource import SERVICE_ACCOUNT
from airflow_masq.network.provenance import Provenance
from airflow_masq.plan import Plan
from airflow_masq.rules.rule import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


def _check(plan: Plan) -> Iterator[Problem]:
    if plan.environment.lacks_service_account:
        yield Problem(
            where=".".join(("environment", *SERVICE_ACCOUNT)),
            message="The service does not create an environment without a service account. Set serviceAccount to the "
            "e-mail address of one that has the role roles/composer.worker.",
        )


RULE: Final = Rule(
    code="MASQ115",
    severity=Severity.ERROR,
    provenance=Provenance.DOCUMENTED,
    check=_check,
    text=__doc__,
    bad="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig: {enableIpMasqAgent: true}
""",
    good="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig: {serviceAccount: composer@example-project.iam.gserviceaccount.com, enableIpMasqAgent: true}
""",
)
