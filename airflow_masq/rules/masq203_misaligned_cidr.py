"""A CIDR of the environment cannot be read, or is not aligned to its prefix.

Every field of the environment that holds a CIDR must hold an aligned IPv4 block such as `192.168.0.0/16`. Only the Pod
and Service ranges in `ipAllocationPolicy` may also be a bare size such as `/14`, for which GKE chooses the block.

## Why

The service refuses any other text [source: composer-ip-allocation-forms].

## How to fix

Write the block as the message says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.environment.cidr_fields import CIDR_FIELDS
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.network.provenance import Provenance
from airflow_masq.network.ranges import IPV4, parse_cidr
from airflow_masq.rules.rule import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan


def _check(plan: Plan) -> Iterator[Problem]:
    for field in CIDR_FIELDS:
        text = plan.environment.get_text(*field.path)
        if not text or (field.takes_bare_size and plan.environment.get_bare_size(field)):
            continue
        try:
            network = parse_cidr(text)
        except InvalidInputError as error:
            message = f"The {field.purpose} range must be {error.expected}, but is {error.seen}."
            yield Problem(where=field.where, message=message)
            continue
        if network.version != IPV4:
            message = f"The {field.purpose} range must be an IPv4 CIDR such as 10.0.0.0/8, but is {network}."
            yield Problem(where=field.where, message=message)


RULE: Final = Rule(
    code="MASQ203",
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
      ipAllocationPolicy: {clusterIpv4CidrBlock: 192.168.1.0/16}
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
