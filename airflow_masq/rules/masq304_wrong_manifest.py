"""A manifest is not a valid EgressNATPolicy.

The manifest's `apiVersion`, `kind`, name, `action` or destinations are not valid. Predictions assume that it is not in
force. Or it has the same name as a manifest above it, which it replaces.

## Why

The object is an `EgressNATPolicy` of `networking.gke.io/v1`. Its only action is `NoSNAT`, and its destinations are
objects with a `cidr` [source: egress-nat-policy-form]. Google Distributed Cloud uses the same kind for a different
object, which has selectors [source: egress-nat-policy-spec]. How the API server handles a wrong manifest is not
verified. Only one object of a kind can have a given name at a time [source: k8s-object-names].

## How to fix

Change the field to what the message expects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity
from airflow_masq.rules.views.manifests import find_other_problems

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan


def _check(plan: Plan) -> Iterator[Problem]:
    for where, problem in find_other_problems(plan):
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
