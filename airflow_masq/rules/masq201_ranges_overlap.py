"""Two ranges of the plan overlap.

Two ranges share addresses. The ranges of nodes, Pods, Services, the GKE master, Cloud SQL, Composer's network, the web
server and the other networks that the plan names are compared.

- Between two ranges of the environment, an overlap is an error. Google does not create such an environment, and the
  check cannot tell which range an address belongs to.
- With another network (`other_ranges`), it is a warning: the environment can be created, but may not reach some
  addresses of that network. It is only a remark if the environment's range is a part of the other network's range, for
  example of a company's `10.0.0.0/8`.
- Between two other networks, it is a remark.
- The block for Cloud SQL is a pool for VPC peering. It is not compared if the environment uses Private Service Connect,
  or is Google's own description of an existing environment.
- A range that is listed twice for one purpose is a warning.

## Why

A subnet's primary and secondary ranges must not overlap [source: vpc-subnet-overlap]. Nodes, Pods and Services each
need their own range [source: gke-vpc-native-ranges]. The blocks for Google's side must be disjoint
[source: composer-private-blocks-disjoint]. Google reserves a range from the block for Cloud SQL
[source: composer-cloud-sql-pool]. gcloud and Terraform do not compare them. The effect of an overlap with another
network depends on its routes: the more specific route wins.

## How to fix

Give each purpose its own range. With the agent, Pods and Services need no routable range, so use 192.168.0.0/16 or a
part of 100.64.0.0/10.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity
from airflow_masq.rules.views.ranges import NamedRange, find_overlaps, list_ranges

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan

# One range that is repeated in a long list would make millions of pairs.
_MOST_PAIRS: Final = 10_000
_MOST_PROBLEMS: Final = 50


def _check(plan: Plan) -> Iterator[Problem]:
    alike: dict[tuple[bool, str, str], list[NamedRange]] = {}
    for named in list_ranges(plan):
        alike.setdefault((named.is_other, named.name, str(named.network)), []).append(named)
    for first, *others in alike.values():
        if others:
            message = f"The {first} is listed more than once. List it once."
            yield Problem(where=others[0].where, message=message, severity=Severity.WARNING)
    problems = list(islice(_find_overlap_problems([first for first, *_ in alike.values()]), _MOST_PAIRS))
    # Errors come first: they have no severity of their own.
    yield from sorted(problems, key=lambda problem: problem.severity is not None)[:_MOST_PROBLEMS]
    if len(problems) > _MOST_PROBLEMS:
        message = f"Only {_MOST_PROBLEMS} overlaps are listed, and there are more. Fix these first."
        yield Problem(where="network", message=message, severity=Severity.INFO)


def _find_overlap_problems(ranges: list[NamedRange]) -> Iterator[Problem]:
    for first, second in find_overlaps(ranges):
        if first.is_other and second.is_other and first.name == second.name:
            continue  # routes of one network may lie inside one another
        if first.name == second.name and (first.is_beside_network or second.is_beside_network):
            continue  # one range, of which the plan has two accounts; MASQ211 reports those that differ
        is_part = second.is_other and not first.is_other and first.network != second.network
        if is_part and first.network in second.network:
            message = (
                f"The {first} is a part of the {second}. The more specific route wins, so addresses of {second.name} "
                "inside it cannot be reached. Make sure that no task needs them."
            )
            yield Problem(where=first.where, message=message, severity=Severity.INFO)
        else:
            severity = Severity.WARNING if first.is_other or second.is_other else None
            if first.is_other and second.is_other:
                severity = Severity.INFO
            message = f"The {first} overlaps the {second}. Give each its own range."
            yield Problem(where=first.where, message=message, severity=severity)


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
