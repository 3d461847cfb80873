"""Node, Pod and Service ranges overlap.

Two of the cluster's ranges share addresses. GKE will not make such a cluster, and an address in both could not be
attributed.

## Why

A subnet's primary and secondary ranges must not overlap one another ([VPC
subnets](https://cloud.google.com/vpc/docs/subnets), read 2026-11-22), and nodes, Pods and Services each need one of
their own ([VPC-native clusters](https://cloud.google.com/kubernetes-engine/docs/concepts/alias-ips), read
2026-11-22).

## How to fix

Give each its own range. With the agent, Pods and Services need none that is routable, so 192.168.0.0/16 or a part of
100.64.0.0/10 will do.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Final

from airflow_masq.network import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan


def _check(plan: Plan) -> Iterator[Problem]:
    named = (
        ("Pod", "network.pod_ranges", plan.ranges.pod),
        ("Service", "network.service_ranges", plan.ranges.service),
        ("node", "network.node_ranges", plan.ranges.node),
    )
    for (name, where, networks), (other_name, _, other_networks) in combinations(named, 2):
        for network in networks:
            for other in other_networks:
                if network in other or other in network:
                    message = f"{name} range {network} overlaps {other_name} range {other}; give each its own."
                    yield Problem(where=where, message=message)


RULE: Final = Rule(
    code="MASQ201",
    severity=Severity.ERROR,
    provenance=Provenance.DOCUMENTED,
    check=_check,
    text=__doc__,
    bad="""
network:
  node_ranges: [10.128.0.0/20]
  pod_ranges: [10.128.0.0/14]
  service_ranges: [10.96.0.0/20]
""",
    good="""
network:
  node_ranges: [10.128.0.0/20]
  pod_ranges: [192.168.0.0/16]
  service_ranges: [10.96.0.0/20]
""",
)
