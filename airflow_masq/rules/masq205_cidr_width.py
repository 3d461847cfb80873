"""A block for Google's side has a size that its field does not accept.

The block for the GKE master, Cloud SQL, Composer's network, the web server or Composer 3's internal addresses is too
large or too small.

## Why

gcloud checks these sizes before it calls the service: the GKE master takes /23 to /28, Cloud SQL a /24 or larger,
Composer's network and the web server /24 to /29, Composer 3's internal range a /20 [source: gcloud-cidr-widths]. Other
tools do not check them, and the service answers only after minutes.

## How to fix

Use a block of the size that the message names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.environment.cidr_fields import INTERNAL_FIELD, RESERVED_FIELDS, CidrField
from airflow_masq.network.provenance import Provenance
from airflow_masq.network.ranges import IPV4
from airflow_masq.rules.rule import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan


def _check(plan: Plan) -> Iterator[Problem]:
    for field in (*RESERVED_FIELDS, INTERNAL_FIELD):
        network = plan.environment.get_cidr(field)
        if network is None or network.version != IPV4:
            continue  # MASQ203 reports it
        if field.shortest_prefix <= network.prefixlen <= field.longest_prefix:
            continue
        yield Problem(
            where=field.where,
            message=f"The {field.purpose} range must be {_describe_widths(field)}, but is {network}.",
        )


def _describe_widths(field: CidrField) -> str:
    if field.shortest_prefix == field.longest_prefix:
        return f"a /{field.longest_prefix}"
    if field.shortest_prefix == 1:
        return f"a /{field.longest_prefix} or larger"
    return f"between a /{field.shortest_prefix} and a /{field.longest_prefix}"


RULE: Final = Rule(
    code="MASQ205",
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
      privateClusterConfig: {masterIpv4CidrBlock: 172.16.0.0/22}
""",
    good="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig: {serviceAccount: composer@example-project.iam.gserviceaccount.com, enableIpMasqAgent: true}
    privateEnvironmentConfig:
      enablePrivateEnvironment: true
      privateClusterConfig: {masterIpv4CidrBlock: 172.16.0.0/28}
""",
)
