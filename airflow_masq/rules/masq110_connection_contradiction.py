"""Settings of a private environment contradict each other.

`cloudComposerConnectionSubnetwork` selects Private Service Connect, and `networkingConfig.connectionType` is
`VPC_PEERING`. An environment can connect to Google's side in only one of these ways. Or `networkingType` and
`enablePrivateEnvironment` disagree about whether the environment is private, which is a warning.

## Why

With the subnetwork, "the environment will use Private Service Connect instead of VPC peerings"
[source: composer-psc-subnetwork]. gcloud refuses the two together [source: gcloud-source-demands]. Google's reference
says of `enablePrivateEnvironment`: "This field is going to be deprecated. Use networkingType instead"
[source: composer-networking-type]. Which of the two the service obeys is not verified; predictions follow
`networkingType`.

## How to fix

Keep one: remove the connection type (or set it to `PRIVATE_SERVICE_CONNECT`), or remove the subnetwork. Private Service
Connect takes one address of the subnetwork; VPC peering takes a block for Cloud SQL. Of `networkingType` and
`enablePrivateEnvironment`, keep one: gcloud, Terraform and the client library know only `enablePrivateEnvironment`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity
from airflow_masq.text import describe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan

_SECTION: Final = ("config", "privateEnvironmentConfig")


def _check(plan: Plan) -> Iterator[Problem]:
    subnetwork = plan.environment.get_text(*_SECTION, "cloudComposerConnectionSubnetwork")
    connection_type = plan.environment.get_text(*_SECTION, "networkingConfig", "connectionType")
    if subnetwork and connection_type == "VPC_PEERING":
        yield Problem(
            where="environment.config.privateEnvironmentConfig.networkingConfig.connectionType",
            message="cloudComposerConnectionSubnetwork selects Private Service Connect, but connectionType is "
            "VPC_PEERING. Keep one of them.",
        )
    networking_type = plan.environment.get_text(*_SECTION, "networkingType")
    is_private = plan.environment.get_value(*_SECTION, "enablePrivateEnvironment")
    if (networking_type, is_private) in {("PUBLIC", True), ("PRIVATE", False)}:
        yield Problem(
            where="environment.config.privateEnvironmentConfig.networkingType",
            message=f"networkingType is {networking_type}, but enablePrivateEnvironment is {describe(is_private)}. "
            "Keep one of them.",
            severity=Severity.WARNING,
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
