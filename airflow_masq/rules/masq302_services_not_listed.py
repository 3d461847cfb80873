"""The Service range is missing from the non-masquerade list.

The plan's own policy does not list the cluster's Service range. This is only a remark, since it usually does no harm.

## Why

Nodes replace a Service's address with the address of one of its Pods before they choose the source address
[source: k8s-virtual-ips], so the Pod range decides. A packet to a Service that has no Pods keeps its destination, and
would leave with the node's address. GKE's own fixed policy lists the Service range too
[source: egress-nat-policy-objects].

## How to fix

Add the Service range to the list, as GKE's own policy does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity
from airflow_masq.rules.views.policy import find_unlisted, name_policy_place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan


def _check(plan: Plan) -> Iterator[Problem]:
    for network in find_unlisted(plan, networks=plan.ranges.service):
        yield Problem(
            where=name_policy_place(plan),
            message=f"The Service range {network} is missing from the non-masquerade list. Add it, as GKE does.",
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
