"""`useIpAliases` does not fit the generation of Composer.

`ipAllocationPolicy.useIpAliases` is a field of Composer 1. There the agent needs it to be true; anything else is an
error. Later environments always have a VPC-native cluster, and the field has no use.

## Why

"This field is only supported for Cloud Composer environments in versions composer-1… Environments in newer versions
always use VPC-native GKE clusters"
([IPAllocationPolicy](https://cloud.google.com/composer/docs/reference/rest/v1/projects.locations.environments#IPAllocationPolicy),
read 2026-11-22). gcloud says of `--enable-ip-masq-agent` that it needs IP aliases on Composer 1 ([gcloud composer
environments create](https://cloud.google.com/sdk/gcloud/reference/composer/environments/create), read 2026-11-22), and
refuses `--enable-ip-alias` for later environments. What the service does with the field there is not verified.

## How to fix

On Composer 2, remove the field. On Composer 1, set it to true.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.environment import COMPOSER_1
from airflow_masq.environment.cidr_fields import IP_ALLOCATION_POLICY
from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan

_PLACE: Final = ".".join(("environment", *IP_ALLOCATION_POLICY, "useIpAliases"))


def _check(plan: Plan) -> Iterator[Problem]:
    composer = plan.environment.generation
    if composer is None:
        return
    aliases = plan.environment.value(*IP_ALLOCATION_POLICY, "useIpAliases")
    if composer == COMPOSER_1 and aliases is not True and plan.environment.masquerades:
        message = "On Composer 1, the agent needs a VPC-native cluster; set useIpAliases: true."
        yield Problem(where=_PLACE, message=message, severity=Severity.ERROR)
    if composer > COMPOSER_1 and aliases is not None:
        message = f"useIpAliases is a field of Composer 1, and Composer {composer} is always VPC-native; remove it."
        yield Problem(where=_PLACE, message=message)


RULE: Final = Rule(
    code="MASQ107",
    severity=Severity.WARNING,
    provenance=Provenance.DOCUMENTED,
    check=_check,
    text=__doc__,
    bad="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.14.1-airflow-2.10.5}
    nodeConfig:
      enableIpMasqAgent: true
      ipAllocationPolicy: {useIpAliases: false}
""",
    good="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.14.1-airflow-2.10.5}
    nodeConfig: {enableIpMasqAgent: true}
""",
)
