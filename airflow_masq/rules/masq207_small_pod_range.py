"""The Pod range is too small for a working environment.

The Pod ranges together have fewer addresses than a /23. Each node takes a block of them, so the cluster can have only a
few nodes.

## Why

A node's block is the next power of two that is at least twice the number of its Pods; with Autopilot's 32 Pods, it is a
/26 [source: gke-pod-block]. So a /24 is enough for 4 nodes and a /23 for 8. That an environment needs at least a /23 is
inferred from this; Composer's guidance for older environments asks for more [source: composer-shared-vpc-ranges].

## How to fix

Use a larger range. With the agent, it does not have to be routable, so it can be large: use 192.168.0.0/16 or a part of
100.64.0.0/10.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.network.provenance import Provenance
from airflow_masq.network.ranges import IPV4_BITS
from airflow_masq.rules.rule import Problem, Rule, Severity
from airflow_masq.rules.views.ranges import measure_pod_ranges

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan

_FEWEST_ADDRESSES: Final = 2 ** (IPV4_BITS - 23)


def _check(plan: Plan) -> Iterator[Problem]:
    size = measure_pod_ranges(plan)
    if size is not None and size.addresses < _FEWEST_ADDRESSES:
        yield Problem(
            where=size.where,
            message=f"Pods have {size.addresses} addresses ({size.text}), fewer than the {_FEWEST_ADDRESSES} of a /23. "
            "Use a larger range; with the agent, it does not have to be routable.",
        )


RULE: Final = Rule(
    code="MASQ207",
    severity=Severity.WARNING,
    provenance=Provenance.INFERRED,
    check=_check,
    text=__doc__,
    bad="""
network:
  node_ranges: [10.128.0.0/20]
  pod_ranges: [192.168.0.0/24]
""",
    good="""
network:
  node_ranges: [10.128.0.0/20]
  pod_ranges: [192.168.0.0/23]
""",
)
