"""Private Service Connect and VPC peering are both requested.

`cloudComposerConnectionSubnetwork` selects Private Service Connect, and `networkingConfig.connectionType` is
`VPC_PEERING`. An environment can connect to Google's side in only one of these ways.

## Why

With the subnetwork, "the environment will use Private Service Connect instead of VPC peerings"
[source: composer-psc-subnetwork]. gcloud refuses the two together [source: gcloud-source-demands].

## How to fix

Keep one: remove the connection type (or set it to `PRIVATE_SERVICE_CONNECT`), or remove the subnetwork. Private Service
Connect takes one address of the subnetwork; VPC peering takes a block for Cloud SQL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan

_SECTION: Final = ("config", "privateEnvironmentConfig")


def _check(plan: Plan) -> Iterator[Problem]:
    subnetwork = plan.environment.text(*_SECTION, "cloudComposerConnectionSubnetwork")
    connection_type = plan.environment.text(*_SECTION, "networkingConfig", "connectionType")
    if subnetwork and connection_type == "VPC_PEERING":
        yield Problem(
            where="environment.config.privateEnvironmentConfig.networkingConfig.connectionType",
            message="cloudComposerConnectionSubnetwork selects Private Service Connect, but connectionType is "
            "VPC_PEERING. Keep one of them.",
        )


RULE: Final = Rule(
    code="MASQ110",
    severity=Severity.ERROR,
    provenance=Provenance.DOCUMENTED,
    check=_check,
    text=__doc__,
    bad="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig: {serviceAccount: composer@example-project.iam.gserviceaccount.com, enableIpMasqAgent: true}
    privateEnvironmentConfig:
      enablePrivateEnvironment: true
      cloudComposerConnectionSubnetwork: projects/example-project/regions/us-central1/subnetworks/psc
      networkingConfig: {connectionType: VPC_PEERING}
""",
    good="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig: {serviceAccount: composer@example-project.iam.gserviceaccount.com, enableIpMasqAgent: true}
    privateEnvironmentConfig:
      enablePrivateEnvironment: true
      cloudComposerConnectionSubnetwork: projects/example-project/regions/us-central1/subnetworks/psc
      networkingConfig: {connectionType: PRIVATE_SERVICE_CONNECT}
""",
)
