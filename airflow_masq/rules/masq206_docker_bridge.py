"""A range includes addresses of the Docker bridge, 172.17.0.0/16.

A range of the environment includes addresses of 172.17.0.0/16, or another network of the plan is inside that block.
Some of Google's machines use this block for Docker. They cannot exchange packets with other machines in it. For the GKE
master range this is an error, since the service refuses it.

## Why

Docker's bridge network uses 172.17.0.0/16 by default. Cloud SQL, which stores Airflow's database, reserves that block
for Docker: connections from the block to an instance fail [source: cloud-sql-docker-bridge]. Whether a masqueraded
environment avoids this is not verified.

If the GKE master range overlaps the block, the service answers, "The IP range 172.17.0.0/16 is reserved for the Docker
bridge network. GKE master CIDR block must not overlap with it" [source: composer-docker-bridge-refused]. That was seen
with Composer 1. That Composer 2 gives the same answer is inferred.

## How to fix

Use another block of 172.16.0.0/12, for example 172.18.0.0/16, or another private range. If another network has these
addresses, make sure that no task needs a host there.
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
            message = (
                f"The {named} is in {_RESERVED}. Hosts there may be unreachable. Make sure that no task needs them."
            )
            yield Problem(where=named.where, message=message)
        elif not named.is_other and (named.network in _DOCKER_BRIDGE or _DOCKER_BRIDGE in named.network):
            message = f"The {named} includes addresses of {_RESERVED}. Use another range."
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
