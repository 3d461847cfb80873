"""The destinations of an EgressNATPolicy are bare strings.

An entry of `spec.destinations` is text such as `10.0.0.0/8`, but each entry must be an object with a `cidr`.
Predictions assume that this manifest is not in force.

## Why

Google's page writes `destinations:` as a list of `- cidr: …` [source: egress-nat-policy-form]. Some articles show bare
strings. How the API server handles them is not verified.

## How to fix

Write `{cidr: 10.0.0.0/8}` instead of `10.0.0.0/8`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity
from airflow_masq.rules.views.manifests import find_bare_destinations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan


def _check(plan: Plan) -> Iterator[Problem]:
    for where, problem in find_bare_destinations(plan):
        message = f"Expected an object such as {{cidr: 10.0.0.0/8}}, saw the bare string {problem.seen}."
        yield Problem(where=where, message=message)


RULE: Final = Rule(
    code="MASQ303",
    severity=Severity.ERROR,
    provenance=Provenance.DOCUMENTED,
    check=_check,
    text=__doc__,
    bad="""
network:
  node_ranges: [10.128.0.0/20]
  pod_ranges: [192.168.0.0/16]
policy:
  egress_nat_policies:
    - apiVersion: networking.gke.io/v1
      kind: EgressNATPolicy
      metadata: {name: default}
      spec:
        action: NoSNAT
        destinations: [{cidr: 10.128.0.0/20}, 192.168.0.0/16]
""",
    good="""
network:
  node_ranges: [10.128.0.0/20]
  pod_ranges: [192.168.0.0/16]
policy:
  egress_nat_policies:
    - apiVersion: networking.gke.io/v1
      kind: EgressNATPolicy
      metadata: {name: default}
      spec:
        action: NoSNAT
        destinations: [{cidr: 10.128.0.0/20}, {cidr: 192.168.0.0/16}]
""",
)
