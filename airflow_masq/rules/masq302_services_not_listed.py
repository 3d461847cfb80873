"""The Service range is missing from the non-masquerade list.

The plan's own policy does not name the cluster's Service range. As a rule that does no harm, so it is only worth
knowing.

## Why

Nodes replace a Service's address by that of a Pod behind it before they decide about the source ([Virtual
IPs](https://kubernetes.io/docs/reference/networking/virtual-ips), read 2026-11-22), so what counts is the Pod range.
A packet to a Service's address without anything behind it is not translated, and would leave with the node's address;
GKE's own fixed policy lists the Services too ([Egress NAT
Policy](https://cloud.google.com/kubernetes-engine/docs/how-to/egress-nat-policy-ip-masq-autopilot), read 2026-11-22).

## How to fix

Add the Service range, as GKE does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity
from airflow_masq.rules.views.policy import policy_place, uncovered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan


def _check(plan: Plan) -> Iterator[Problem]:
    for network in uncovered(plan, networks=plan.ranges.service):
        yield Problem(
            where=policy_place(plan),
            message=f"The Service range {network} is missing from the non-masquerade list; add it, as GKE does.",
        )


RULE: Final = Rule(
    code="MASQ302",
    severity=Severity.INFO,
    provenance=Provenance.INFERRED,
    check=_check,
    text=__doc__,
    bad="""
network:
  node_ranges: [10.128.0.0/20]
  pod_ranges: [192.168.0.0/16]
  service_ranges: [10.96.0.0/20]
policy:
  agent_config: |
    nonMasqueradeCIDRs: [10.128.0.0/20, 192.168.0.0/16]
""",
    good="""
network:
  node_ranges: [10.128.0.0/20]
  pod_ranges: [192.168.0.0/16]
  service_ranges: [10.96.0.0/20]
policy:
  agent_config: |
    nonMasqueradeCIDRs: [10.128.0.0/20, 192.168.0.0/16, 10.96.0.0/20]
""",
)
