"""Two ranges of the plan overlap.

Two of the ranges for nodes, Pods, Services, the GKE master, Cloud SQL, Composer's network, the web server and the
other networks that the plan names share addresses. Between the environment's own ranges that is an error: Google will
not make such an environment, and an address in both could not be attributed. Where one of the two is another network
(`other_ranges`), it is a warning: the environment can be made, but some addresses of that network may be out of its
reach. It is only worth knowing between two other networks, and where an environment's range is a part of another
network's, as where `10.0.0.0/8` stands for a whole company. A range that is listed twice for one purpose is a warning.

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

from itertools import islice
from typing import TYPE_CHECKING, Final

from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity
from airflow_masq.rules.views.ranges import NamedRange, find_overlaps, list_ranges

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from airflow_masq.plan import Plan

# Whoever repeats one range in a long list makes millions of pairs of it.
_MOST_PAIRS: Final = 10_000
_MOST_PROBLEMS: Final = 50


def _check(plan: Plan) -> Iterator[Problem]:
    alike: dict[tuple[bool, str, str], list[NamedRange]] = {}
    for named in list_ranges(plan):
        alike.setdefault((named.is_other, named.name, str(named.network)), []).append(named)
    for first, *others in alike.values():
        if others:
            message = f"The {first} is listed more than once; list it once."
            yield Problem(where=others[0].where, message=message, severity=Severity.WARNING)
    problems = list(islice(_overlaps([first for first, *_ in alike.values()]), _MOST_PAIRS))
    yield from sorted(problems, key=_is_no_error)[:_MOST_PROBLEMS]
    if len(problems) > _MOST_PROBLEMS:
        message = f"There are more overlaps than the {_MOST_PROBLEMS} that are told; mend those first."
        yield Problem(where="network", message=message, severity=Severity.INFO)


def _is_no_error(problem: Problem) -> bool:
    return problem.severity is not None


def _overlaps(ranges: list[NamedRange]) -> Iterator[Problem]:
    for first, second in find_overlaps(ranges):
        is_part = second.is_other and not first.is_other and first.network != second.network
        if is_part and first.network in second.network:
            message = (
                f"The {first} is a part of the {second}. The more specific route wins, so that addresses of "
                f"{second.name} inside it are out of reach; see that there are none."
            )
            yield Problem(where=first.where, message=message, severity=Severity.INFO)
        elif not _are_one_network(first, second):
            message = f"The {first} overlaps the {second}; give each its own."
            yield Problem(where=first.where, message=message, severity=_severity((first, second)))


def _are_one_network(first: NamedRange, second: NamedRange) -> bool:
    """Say whether both belong to one network outside the environment, whose routes may lie inside one another."""
    return first.is_other and second.is_other and first.name == second.name


def _severity(pair: Iterable[NamedRange]) -> Severity | None:
    others = [named.is_other for named in pair]
    if all(others):
        return Severity.INFO
    return Severity.WARNING if any(others) else None


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
