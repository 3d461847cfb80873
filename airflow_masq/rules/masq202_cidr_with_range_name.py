"""A CIDR and the name of a secondary range are set for the same purpose.

`ipAllocationPolicy` takes the Pod range (or the Service range) either as a CIDR or as the name of a secondary range of
the subnet, not as both.

## Why

In Google's types, only one of the two can be set [source: composer-ip-allocation-oneof]. Google's Python client
silently drops one of them when it is given a dict [source: observed-client-drops-range]. The environment may then be
created with a range that you did not want.

## How to fix

Keep the name if the subnet already has the range. Keep the CIDR if GKE is to create the range.
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
        if plan.environment.get_text(*field.path) and plan.environment.get_text(*field.range_name_path):
            yield Problem(
                where=field.where,
                message=f"{field.name} and {field.range_name_path[-1]} are both set for the {field.purpose} range. "
                "Keep only one of them.",
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
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig:
      serviceAccount: composer@example-project.iam.gserviceaccount.com
      enableIpMasqAgent: true
      ipAllocationPolicy: {clusterIpv4CidrBlock: 192.168.0.0/16, clusterSecondaryRangeName: pods}
""",
    good="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig:
      serviceAccount: composer@example-project.iam.gserviceaccount.com
      enableIpMasqAgent: true
      ipAllocationPolicy: {clusterIpv4CidrBlock: 192.168.0.0/16}
""",
)
