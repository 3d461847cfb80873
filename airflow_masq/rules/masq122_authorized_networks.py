"""There are more than 50 authorised networks.

`masterAuthorizedNetworksConfig.cidrBlocks` has more than 50 entries.

## Why

Terraform's reference allows "up to 50 external networks" [source: terraform-authorized-networks]. Whether the service
refuses more is not verified, so it is a warning.

## How to fix

Merge neighbouring blocks, or remove those that are not needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.network.provenance import Provenance
from airflow_masq.plan import Plan
from airflow_masq.rules.rule import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

_BLOCKS: Final = ("config", "masterAuthorizedNetworksConfig", "cidrBlocks")
_MOST_NETWORKS: Final = 50


def _check(plan: Plan) -> Iterator[Problem]:
    blocks = plan.environment.get_value(*_BLOCKS)
    if isinstance(blocks, list) and len(blocks) > _MOST_NETWORKS:
        yield Problem(
            where=".".join(("environment", *_BLOCKS)),
            message=f"Terraform's reference allows {_MOST_NETWORKS} authorised networks, but the plan has "
            f"{len(blocks)}. Merge or remove some.",
        )


_MANY: Final = ", ".join(f"{{cidrBlock: 10.{number}.0.0/16}}" for number in range(_MOST_NETWORKS + 1))

RULE: Final = Rule(
    code="MASQ122",
    severity=Severity.WARNING,
    provenance=Provenance.DOCUMENTED,
    check=_check,
    text=__doc__,
    bad=f"""
environment:
  config:
    softwareConfig: {{imageVersion: composer-2.17.9-airflow-2.11.1}}
    nodeConfig: {{serviceAccount: composer@example-project.iam.gserviceaccount.com, enableIpMasqAgent: true}}
    masterAuthorizedNetworksConfig:
      enabled: true
      cidrBlocks: [{_MANY}]
""",
    good="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig: {serviceAccount: composer@example-project.iam.gserviceaccount.com, enableIpMasqAgent: true}
    masterAuthorizedNetworksConfig:
      enabled: true
      cidrBlocks: [{cidrBlock: 10.0.0.0/8}]
""",
)
