"""The plan and its environment name different ranges.

`network.pod_ranges` (or `service_ranges`) does not include the block that the environment requests in
`ipAllocationPolicy`. Predictions are made from `network`, so they would be wrong for the environment.

## Why

The cluster gets the environment's block [source: composer-ip-allocation-forms]. That `network` should agree with it is
inferred. More ranges than the environment's own can be right: a cluster can get further Pod ranges later.

## How to fix

Remove the ranges from `network`, since they default to the environment's, or correct the wrong range.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from netaddr import cidr_merge

from airflow_masq.environment.cidr_fields import POD_FIELD, SERVICE_FIELD
from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity
from airflow_masq.text import join_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan


def _check(plan: Plan) -> Iterator[Problem]:
    for field, where, networks in (
        (POD_FIELD, "network.pod_ranges", plan.ranges.pod),
        (SERVICE_FIELD, "network.service_ranges", plan.ranges.service),
    ):
        own = plan.environment.get_cidr(field)
        if own is not None and not any(own in network for network in cidr_merge(networks)):
            yield Problem(
                where=where,
                message=f"The environment requests the {field.purpose} range {own}, but {where} has "
                f"{join_words(networks)}. Remove that field, or correct one of them.",
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
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig:
      serviceAccount: composer@example-project.iam.gserviceaccount.com
      enableIpMasqAgent: true
      ipAllocationPolicy: {clusterIpv4CidrBlock: 192.168.0.0/16}
network:
  node_ranges: [10.128.0.0/20]
  pod_ranges: [192.168.0.0/20]
""",
    good="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig:
      serviceAccount: composer@example-project.iam.gserviceaccount.com
      enableIpMasqAgent: true
      ipAllocationPolicy: {clusterIpv4CidrBlock: 192.168.0.0/16}
network:
  node_ranges: [10.128.0.0/20]
  pod_ranges: [192.168.0.0/16]
""",
)
