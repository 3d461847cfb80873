"""The plan and its environment name different ranges.

`network.pod_ranges` (or `service_ranges`) does not hold the block that the environment itself asks for in
`ipAllocationPolicy`. Whatever is predicted from this plan rests on `network`, and would be wrong of the environment.

## Why

The environment's block is the one that its cluster gets
([IPAllocationPolicy](https://cloud.google.com/composer/docs/reference/rest/v1/projects.locations.environments#IPAllocationPolicy),
read 2026-11-22); `network` is what this plan says of it. That they should agree is our conclusion. More ranges than the
environment's own may be right: a cluster can be given further Pod ranges later.

## How to fix

Leave the ranges out under `network`, since they default to the environment's. Or correct the one that is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from netaddr import cidr_merge

from airflow_masq.environment.cidr_fields import POD_FIELD, SERVICE_FIELD
from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity
from airflow_masq.rules.views.environment import block
from airflow_masq.text import join_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan


def _check(plan: Plan) -> Iterator[Problem]:
    for field, where, networks in (
        (POD_FIELD, "network.pod_ranges", plan.ranges.pod),
        (SERVICE_FIELD, "network.service_ranges", plan.ranges.service),
    ):
        own = block(plan, field=field)
        if own is not None and not any(own in network for network in cidr_merge(networks)):
            yield Problem(
                where=where,
                message=f"The environment asks for {field.purpose} range {own}, and this says {join_words(networks)}; "
                "leave it out, or correct one of them.",
            )


RULE: Final = Rule(
    code="MASQ211",
    severity=Severity.WARNING,
    provenance=Provenance.INFERRED,
    check=_check,
    text=__doc__,
    bad="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.14.1-airflow-2.10.5}
    nodeConfig:
      enableIpMasqAgent: true
      ipAllocationPolicy: {clusterIpv4CidrBlock: 192.168.0.0/16}
network:
  node_ranges: [10.128.0.0/20]
  pod_ranges: [192.168.0.0/20]
""",
    good="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.14.1-airflow-2.10.5}
    nodeConfig:
      enableIpMasqAgent: true
      ipAllocationPolicy: {clusterIpv4CidrBlock: 192.168.0.0/16}
network:
  node_ranges: [10.128.0.0/20]
  pod_ranges: [192.168.0.0/16]
""",
)
