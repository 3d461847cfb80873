"""Two ranges of the plan overlap.

Two of the ranges for nodes, Pods, Services, the GKE master, Cloud SQL, Composer's network, the web server and the
other networks that the plan names share addresses. Between the environment's own ranges that is an error: Google will
not make such an environment, and an address in both could not be attributed. Where one of the two is another network
(`other_ranges`), it is a warning: the environment can be made, but some addresses of that network may be out of its
reach. Between two other networks it is only worth knowing. A range that is listed twice for one purpose is a warning.

## Why

A subnet's primary and secondary ranges must not overlap one another ([VPC
subnets](https://cloud.google.com/vpc/docs/subnets), read 2026-11-22), nodes, Pods and Services each need one of their
own ([VPC-native clusters](https://cloud.google.com/kubernetes-engine/docs/concepts/alias-ips), read 2026-11-22), and
the blocks for Google's side must be disjoint
([PrivateEnvironmentConfig](https://cloud.google.com/composer/docs/reference/rest/v1/projects.locations.environments#PrivateEnvironmentConfig),
read 2026-11-22). gcloud and Terraform do not compare them. What an overlap with another network does depends on its
routes: the more specific one wins.

## How to fix

Give each its own range. With the agent, Pods and Services need none that is routable, so 192.168.0.0/16 or a part of
100.64.0.0/10 will do.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Final

from airflow_masq.network import Provenance
from airflow_masq.rules.range_facts import NamedRange, named_ranges
from airflow_masq.rules.rule import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan


def _check(plan: Plan) -> Iterator[Problem]:
    for first, second in combinations(named_ranges(plan), 2):
        if not first.overlaps(second):
            continue
        if first == second:
            message = f"{_capitalised(first)} is listed twice; list it once."
            yield Problem(where=first.where, message=message, severity=Severity.WARNING)
        elif not _are_one_network(first, second):
            message = f"{_capitalised(first)} overlaps {second}; give each its own."
            yield Problem(where=first.where, message=message, severity=_severity(first, second))


def _capitalised(named: NamedRange) -> str:
    return f"{str(named)[0].upper()}{str(named)[1:]}"


def _are_one_network(first: NamedRange, second: NamedRange) -> bool:
    """Say whether both belong to one network outside the environment, whose routes may lie inside one another."""
    return first.is_other and second.is_other and first.name == second.name


def _severity(first: NamedRange, second: NamedRange) -> Severity | None:
    if first.is_other and second.is_other:
        return Severity.INFO
    return Severity.WARNING if second.is_other else None


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
