"""The non-masquerade list is longer than the agent takes.

The plan's `EgressNATPolicy` objects and GKE's own list together name more than 64 destinations. GKE writes all of them
into the agent's config, and the agent refuses a config with more than 64 by default. Whether GKE raises that limit, or
refuses the objects first, is not known.

## Why

"The GKE controller translates the policy into the ip-masq-agent ConfigMap" [source: gke-autopilot-controller]. The
agent's `cidrLimit` is 64 unless the config says otherwise [source: ip-masq-agent-config-struct]. A config that the
agent refuses changes nothing on nodes that run, and leaves a new node without any rule, so that its Pods' addresses
show everywhere [source: observed-agent-first-start].

## How to fix

Merge neighbouring ranges into larger ones, and remove those that are inside another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.agent.fields import DEFAULT_CIDR_LIMIT
from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity
from airflow_masq.rules.views.policy import EGRESS_NAT_POLICIES, list_entries, name_policy_place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan


def _check(plan: Plan) -> Iterator[Problem]:
    if plan.policy_choice.name != EGRESS_NAT_POLICIES:
        return
    listed = {entry.cidr for entry in list_entries(plan)}
    count = len(listed | {*plan.ranges.node, *plan.ranges.pod, *plan.ranges.service})
    if count > DEFAULT_CIDR_LIMIT:
        yield Problem(
            where=name_policy_place(plan),
            message=f"The objects and the cluster's own ranges name {count} destinations, and the agent takes "
            f"{DEFAULT_CIDR_LIMIT} by default. Merge neighbouring ranges.",
        )


def _write_plan(*cidrs: str) -> str:
    destinations = ", ".join(f"{{cidr: {cidr}}}" for cidr in cidrs)
    return f"""
network:
  node_ranges: [10.128.0.0/20]
  pod_ranges: [192.168.0.0/16]
policy:
  egress_nat_policies:
    - apiVersion: networking.gke.io/v1
      kind: EgressNATPolicy
      metadata: {{name: default}}
      spec:
        action: NoSNAT
        destinations: [{destinations}]
"""


RULE: Final = Rule(
    code="MASQ322",
    severity=Severity.WARNING,
    provenance=Provenance.INFERRED,
    check=_check,
    text=__doc__,
    bad=_write_plan("10.128.0.0/20", "192.168.0.0/16", *(f"172.20.{number}.0/24" for number in range(64))),
    good=_write_plan("10.128.0.0/20", "192.168.0.0/16", "172.20.0.0/18"),
)
