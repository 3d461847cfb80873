"""A range takes addresses of the Docker bridge, 172.17.0.0/16.

One of the environment's ranges holds addresses of 172.17.0.0/16, or one of the other networks that the plan names lies
in it. Some of Google's machines keep that block to themselves: what lies in it cannot be reached from them, or cannot
reach them.

## Why

Docker's bridge network takes 172.17.0.0/16 by default, and Cloud SQL, which holds Airflow's database, keeps that
block to itself for the same reason: connections from it to an instance fail ([Cloud SQL private
IP](https://cloud.google.com/sql/docs/mysql/private-ip), read 2026-11-22). That a masqueraded environment escapes this
is not verified.

## How to fix

Take another block of 172.16.0.0/12, for example 172.18.0.0/16, or one of the other private ranges. Another network
cannot be moved for this; see that no task depends on what is there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from netaddr import IPNetwork

from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity
from airflow_masq.rules.views.ranges import list_ranges

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan

_DOCKER_BRIDGE: Final = IPNetwork("172.17.0.0/16")
_KEPT: Final = f"{_DOCKER_BRIDGE}, which the Docker bridge and Cloud SQL keep to themselves"


def _check(plan: Plan) -> Iterator[Problem]:
    for named in list_ranges(plan):
        if named.network in _DOCKER_BRIDGE and named.is_other:
            message = f"The {named} lies in {_KEPT}: what is there may be out of reach, whatever the plan says."
            yield Problem(where=named.where, message=message)
        elif not named.is_other and (named.network in _DOCKER_BRIDGE or _DOCKER_BRIDGE in named.network):
            message = f"The {named} takes addresses of {_KEPT}; take another."
            yield Problem(where=named.where, message=message)


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
