"""A manifest is not an EgressNATPolicy that can take effect.

Its `apiVersion`, `kind`, name, `action` or destinations are not what they must be; here it is taken to be not in
force. Or it has the name of an object above it, whose place it takes.

## Why

The object is an `EgressNATPolicy` of `networking.gke.io/v1`; its only action is `NoSNAT`, and its destinations are
objects with a `cidr` ([Egress NAT
Policy](https://cloud.google.com/kubernetes-engine/docs/how-to/egress-nat-policy-ip-masq-autopilot), read 2026-11-22).
Objects of the same name in Google Distributed Cloud (`kind: EgressNATPolicy` with selectors) are something else. What
the API server answers to a wrong one is not verified. There is one object of a kind and name at a time ([Object
Names](https://kubernetes.io/docs/concepts/overview/working-with-objects/names), read 2026-11-22).

## How to fix

Write what the message says was expected.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity
from airflow_masq.rules.views.manifests import other_problems

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan


def _check(plan: Plan) -> Iterator[Problem]:
    for where, problem in other_problems(plan):
        yield Problem(where=where, message=f"Expected {problem.expected}, saw {problem.seen}.")


RULE: Final = Rule(
    code="MASQ304",
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
        action: SNAT
        destinations: [{cidr: 10.128.0.0/20}, {cidr: 192.168.0.0/16}]
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
