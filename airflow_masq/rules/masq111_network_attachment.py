"""A network attachment is set together with a network.

`nodeConfig.composerNetworkAttachment` connects the environment to a VPC network by itself. The service then ignores
`network` and `subnetwork`.

## Why

The attachment "takes precedence over network and subnetwork settings" [source: composer-network-attachment], so the
environment does not get the network that the file names. gcloud and Terraform refuse the combination.

## How to fix

On Composer 3, keep either the attachment or the network. Composer 2, which the agent needs, has no attachments: set the
network and the subnetwork.
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
    if not plan.environment.text(*_NODE_CONFIG, "composerNetworkAttachment"):
        return
    named = [field for field in ("network", "subnetwork") if plan.environment.text(*_NODE_CONFIG, field)]
    if named:
        yield Problem(
            where="environment.config.nodeConfig.composerNetworkAttachment",
            message=f"composerNetworkAttachment overrides {' and '.join(named)}. Keep only one of them.",
        )


RULE: Final = Rule(
    code="MASQ111",
    severity=Severity.WARNING,
    provenance=Provenance.DOCUMENTED,
    check=_check,
    text=__doc__,
    bad="""
environment:
  config:
    softwareConfig: {imageVersion: composer-3-airflow-2.10.5-build.3}
    nodeConfig:
      serviceAccount: composer@example-project.iam.gserviceaccount.com
      composerNetworkAttachment: projects/example-project/regions/us-central1/networkAttachments/composer
      network: projects/example-project/global/networks/main
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
