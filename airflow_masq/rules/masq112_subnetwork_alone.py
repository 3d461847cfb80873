"""A subnetwork is given without its network.

`nodeConfig.subnetwork` is set and `nodeConfig.network` is not. Where a network attachment overrides both, that is
MASQ111's matter.

## Why

"If a subnetwork is provided, nodeConfig.network must also be provided"
([NodeConfig](https://cloud.google.com/composer/docs/reference/rest/v1/projects.locations.environments#NodeConfig), read
2026-11-22).

## How to fix

Name the network that the subnetwork belongs to; with Shared VPC that is one of the host project.
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
    if plan.environment.text(*_NODE_CONFIG, "composerNetworkAttachment"):
        return
    if plan.environment.text(*_NODE_CONFIG, "subnetwork") and not plan.environment.text(*_NODE_CONFIG, "network"):
        yield Problem(
            where="environment.config.nodeConfig.subnetwork",
            message="A subnetwork needs its network beside it; set nodeConfig.network.",
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
    softwareConfig: {imageVersion: composer-2.14.1-airflow-2.10.5}
    nodeConfig:
      enableIpMasqAgent: true
      subnetwork: projects/example-project/regions/us-central1/subnetworks/composer
""",
    good="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.14.1-airflow-2.10.5}
    nodeConfig:
      enableIpMasqAgent: true
      network: projects/example-project/global/networks/main
      subnetwork: projects/example-project/regions/us-central1/subnetworks/composer
""",
)
