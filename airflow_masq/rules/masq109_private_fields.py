"""A field of private environments is set in a public environment.

The environment sets a field that only private environments have, and
`privateEnvironmentConfig.enablePrivateEnvironment` is not true. Google's own description of an existing environment is
not judged, since Google adds unused defaults to it. MASQ120 names them.

## Why

The blocks for Google's side, a private endpoint, Private Service Connect and privately used public addresses describe
how a private environment is connected. Google's reference says of one of them, "You cannot set networking connection
type in public IP environment" [source: composer-connection-type]. gcloud refuses each of them without
`--enable-private-environment` [source: gcloud-source-demands]. The service answers 400, "Cannot set private cluster
configuration without enabling Private IP Environment" [source: composer-high-resilience-public].

## How to fix

Set `enablePrivateEnvironment: true`, or remove the field. The agent itself does not need a private environment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity
from airflow_masq.rules.views.fields import list_private_fields

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan


def _check(plan: Plan) -> Iterator[Problem]:
    for path in list_private_fields(plan.environment):
        yield Problem(
            where=".".join(("environment", *path)),
            message=f"{path[-1]} needs a private environment. Set enablePrivateEnvironment: true, or remove it.",
        )


RULE: Final = Rule(
    code="MASQ109",
    severity=Severity.ERROR,
    provenance=Provenance.DOCUMENTED,
    check=_check,
    text=__doc__,
    bad="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig: {serviceAccount: composer@example-project.iam.gserviceaccount.com, enableIpMasqAgent: true}
    privateEnvironmentConfig: {cloudSqlIpv4CidrBlock: 10.64.0.0/24}
""",
    good="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig: {serviceAccount: composer@example-project.iam.gserviceaccount.com, enableIpMasqAgent: true}
    privateEnvironmentConfig: {enablePrivateEnvironment: true, cloudSqlIpv4CidrBlock: 10.64.0.0/24}
""",
)
