"""A field of private environments is set in a public environment.

The environment sets a field that only private environments have, and
`privateEnvironmentConfig.enablePrivateEnvironment` is not true. An environment that Google has described is not
judged, since Google prints unused defaults of public environments; MASQ120 names them.

## Why

Blocks for Google's side, a private endpoint, Private Service Connect and privately used public addresses all describe
how a private environment is connected
([PrivateEnvironmentConfig](https://cloud.google.com/composer/docs/reference/rest/v1/projects.locations.environments#PrivateEnvironmentConfig),
read 2026-11-22: "You cannot set networking connection type in public IP environment"). gcloud refuses each of them
without `--enable-private-environment`. The service answers 400, "Cannot set private cluster configuration without
enabling Private IP Environment" ([magic-modules 9689](https://github.com/GoogleCloudPlatform/magic-modules/pull/9689),
read 2026-11-27).

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
            message=f"{path[-1]} needs a private environment; set enablePrivateEnvironment: true, or remove it.",
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
