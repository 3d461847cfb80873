"""A CIDR of the environment cannot be read, or is not aligned to its prefix.

A Pod or Service range in `ipAllocationPolicy` must be an aligned block such as `192.168.0.0/16`, or a bare size such
as `/14` for which GKE chooses the block.

## Why

The service refuses anything else
([IPAllocationPolicy](https://cloud.google.com/composer/docs/reference/rest/v1/projects.locations.environments#IPAllocationPolicy),
read 2026-11-22).

## How to fix

Write the block as the message says.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.network import Provenance, parse_cidr
from airflow_masq.rules.environment_facts import ADDRESS_FIELDS, IP_ALLOCATION_POLICY_PLACE, address_field
from airflow_masq.rules.rule import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan

_BARE_SIZE: Final = re.compile(r"/(?:[1-9]|[12][0-9]|3[0-2])")


def _check(plan: Plan) -> Iterator[Problem]:
    for purpose, cidr_field, _ in ADDRESS_FIELDS:
        text = address_field(plan, cidr_field)
        if not text or _BARE_SIZE.fullmatch(text):
            continue
        try:
            parse_cidr(text)
        except InvalidInputError as error:
            yield Problem(
                where=f"{IP_ALLOCATION_POLICY_PLACE}.{cidr_field}",
                message=f"The {purpose} range must be {error.expected}, saw {error.seen}.",
            )


RULE: Final = Rule(
    code="MASQ203",
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
      ipAllocationPolicy: {clusterIpv4CidrBlock: 192.168.1.0/16}
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
