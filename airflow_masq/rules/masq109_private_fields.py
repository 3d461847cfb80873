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

from airflow_masq.environment import COMPOSER_3
from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan

_SECTION: Final = ("config", "privateEnvironmentConfig")
_FIELDS: Final = (
    ("cloudComposerConnectionSubnetwork",),
    ("cloudComposerNetworkIpv4CidrBlock",),
    ("cloudSqlIpv4CidrBlock",),
    ("enablePrivatelyUsedPublicIps",),
    ("networkingConfig", "connectionType"),
    ("privateClusterConfig", "enablePrivateEndpoint"),
    ("privateClusterConfig", "masterIpv4CidrBlock"),
    ("webServerIpv4CidrBlock",),
)
_UNSPECIFIED: Final = "CONNECTION_TYPE_UNSPECIFIED"


def _check(plan: Plan) -> Iterator[Problem]:
    # Composer 3 has no private cluster of yours; what it does with these fields is not verified.
    if plan.environment.is_private or plan.environment.generation == COMPOSER_3 or plan.environment.is_described:
        return
    for field in _FIELDS:
        path = (*_SECTION, *field)
        if plan.environment.value(*path) not in (None, "", False, _UNSPECIFIED):
            yield Problem(
                where=".".join(("environment", *path)),
                message=f"{field[-1]} needs a private environment. Set enablePrivateEnvironment: true, or remove it.",
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
