"""A subnetwork is set without its network.

`nodeConfig.subnetwork` is set and `nodeConfig.network` is not. If a network attachment overrides both, MASQ111 reports
that instead.

## Why

"If a subnetwork is provided, nodeConfig.network must also be provided" [source: composer-subnetwork-needs-network].
gcloud refuses a subnetwork without its network, too [source: gcloud-source-demands].

## How to fix

Set the network that the subnetwork belongs to. With Shared VPC, that is a network of the host project.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan

_NODE_CONFIG: Final = ("config", "nodeConfig")


def _check(plan: Plan) -> Iterator[Problem]:
    if plan.environment.get_text(*_NODE_CONFIG, "composerNetworkAttachment"):
        return
    if plan.environment.get_text(*_NODE_CONFIG, "subnetwork") and not plan.environment.get_text(
        *_NODE_CONFIG, "network"
    ):
        yield Problem(
            where="environment.config.nodeConfig.subnetwork",
            message="A subnetwork needs its network. Set nodeConfig.network too.",
        )


RULE: Final = Rule(
    code="MASQ112",
    severity=Severity.ERROR,
    provenance=Provenance.DOCUMENTED,
    check=_check,
    text=__doc__,
    bad="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig:
      serviceAccount: composer@example-project.iam.gserviceaccount.com
      enableIpMasqAgent: true
      subnetwork: projects/example-project/regions/us-central1/subnetworks/composer
""",
    good="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig:
      serviceAccount: composer@example-project.iam.gserviceaccount.com
      enableIpMasqAgent: true
      network: projects/example-project/global/networks/main
      subnetwork: projects/example-project/regions/us-central1/subnetworks/composer
""",
)
