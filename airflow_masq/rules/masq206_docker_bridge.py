"""A range includes addresses of the Docker bridge, 172.17.0.0/16.

A range of the environment includes addresses of 172.17.0.0/16, or another network that the plan names lies inside that
block. Some of Google's machines use the block themselves, so addresses in it cannot be reached from them, or cannot
reach them. For the GKE master it is an error, since the service refuses it.

## Why

Docker's bridge network takes 172.17.0.0/16 by default, and Cloud SQL, which holds Airflow's database, reserves that
block for the same reason: connections from it to an instance fail ([Cloud SQL private
IP](https://cloud.google.com/sql/docs/mysql/private-ip), read 2026-11-22). Whether a masqueraded environment avoids this
is not verified. Of the GKE master's block the service says, "The IP range 172.17.0.0/16 is reserved for the Docker
bridge network. GKE master CIDR block must not overlap with it" ([terraform-provider-google
7956](https://github.com/hashicorp/terraform-provider-google/issues/7956), read 2026-11-27); that was seen with Composer
1, and that Composer 2 does the same is inferred.

## How to fix

Use another block of 172.16.0.0/12, for example 172.18.0.0/16, or another private range. Another network cannot be
renumbered for this; make sure that no task depends on what is there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from netaddr import IPNetwork

from airflow_masq.environment.cidr_fields import MASTER_FIELD
from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity
from airflow_masq.rules.views.ranges import list_ranges

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan

_DOCKER_BRIDGE: Final = IPNetwork("172.17.0.0/16")
_RESERVED: Final = f"{_DOCKER_BRIDGE}, which the Docker bridge and Cloud SQL reserve"


def _check(plan: Plan) -> Iterator[Problem]:
    for named in list_ranges(plan):
        if named.network in _DOCKER_BRIDGE and named.is_other:
            message = f"The {named} lies in {_RESERVED}. Hosts there may be unreachable with any plan."
            yield Problem(where=named.where, message=message)
        elif not named.is_other and (named.network in _DOCKER_BRIDGE or _DOCKER_BRIDGE in named.network):
            message = f"The {named} includes addresses of {_RESERVED}; use another range."
            is_refused = named.where == MASTER_FIELD.where
            yield Problem(where=named.where, message=message, severity=Severity.ERROR if is_refused else None)


RULE: Final = Rule(
    code="MASQ206",
    severity=Severity.WARNING,
    provenance=Provenance.DOCUMENTED,
    check=_check,
    text=__doc__,
    bad="""
network:
  node_ranges: [10.128.0.0/20]
  pod_ranges: [172.17.0.0/16]
""",
    good="""
network:
  node_ranges: [10.128.0.0/20]
  pod_ranges: [172.18.0.0/16]
""",
)
