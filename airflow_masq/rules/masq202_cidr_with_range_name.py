"""A CIDR and the name of a secondary range are given for the same purpose.

`ipAllocationPolicy` says where Pods (or Services) get their addresses either by a CIDR or by the name of a secondary
range of the subnet. Both together contradict each other.

## Why

In Google's types the two are one choice
([IPAllocationPolicy](https://cloud.google.com/composer/docs/reference/rest/v1/projects.locations.environments#IPAllocationPolicy),
read 2026-11-22). Its Python client silently drops one of them when given a dict, which was observed on 2026-11-22:
the environment is then created with a range that nobody meant.

## How to fix

Keep the one that you mean: the name where the subnet has the range already, the CIDR where GKE is to make it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.environment.cidr_fields import POD_FIELD, SERVICE_FIELD
from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan


def _check(plan: Plan) -> Iterator[Problem]:
    for field in (POD_FIELD, SERVICE_FIELD):
        if plan.environment.text(*field.path) and plan.environment.text(*field.range_name_path):
            yield Problem(
                where=field.where,
                message=f"{field.name} and {field.range_name_path[-1]} are both set for the {field.purpose} range; "
                "keep one of them.",
            )


RULE: Final = Rule(
    code="MASQ202",
    severity=Severity.ERROR,
    provenance=Provenance.OBSERVED,
    check=_check,
    text=__doc__,
    bad="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.14.1-airflow-2.10.5}
    nodeConfig:
      enableIpMasqAgent: true
      ipAllocationPolicy: {clusterIpv4CidrBlock: 192.168.0.0/16, clusterSecondaryRangeName: pods}
""",
    good="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.14.1-airflow-2.10.5}
    nodeConfig:
      enableIpMasqAgent: true
      ipAllocationPolicy: {clusterIpv4CidrBlock: 192.168.0.0/16}
""",
)
