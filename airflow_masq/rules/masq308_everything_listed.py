"""The non-masquerade list covers every destination.

The plan's own policy lists `0.0.0.0/0` (or `::/0`) as a non-masquerade destination, or ranges that together cover it,
such as `0.0.0.0/1` and `128.0.0.0/1`. Nothing is masqueraded then, which is less than with GKE's default policy. It is
only a remark if the plan's Cloud NAT covers Pods, since Google documents this list as the way to send all traffic to
the internet through Cloud NAT.

## Why

The list names what is *not* masqueraded [source: gke-agent-config-map]. With `[0.0.0.0/0]`, the real agent masqueraded
nothing [source: observed-agent-truth-table]. That an `EgressNATPolicy` does the same is inferred. Google describes this
list as the way to have Pods of public nodes use Cloud NAT instead of their nodes' external addresses
[source: gke-all-through-cloud-nat].

## How to fix

Remove these entries, and list only the cluster's node and Pod ranges. Keep them if all traffic is meant to leave with
Pod addresses. Then no service may need a node's address, and Cloud NAT must cover the Pods (`network.nat_covers`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from netaddr import cidr_merge

from airflow_masq.network.provenance import Provenance
from airflow_masq.network.ranges import IPV4, AddressKind
from airflow_masq.rules.rule import Problem, Rule, Severity
from airflow_masq.rules.views.policy import AGENT_CONFIG, list_entries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan


def _check(plan: Plan) -> Iterator[Problem]:
    masquerades_ipv6 = any(chain.ipv6 for chain in plan.policy.chains)
    judged = (entry for entry in list_entries(plan) if entry.cidr.version == IPV4 or masquerades_ipv6)
    entries = tuple(dict.fromkeys(judged))
    severity, advice = None, ". List only the cluster's node and Pod ranges."
    if AddressKind.POD in plan.ranges.nat_covers:
        severity = Severity.INFO
        advice = ", and those on the internet from Cloud NAT's. Each target is judged for itself."
    for entry in entries:
        if entry.cidr.prefixlen == 0:
            yield Problem(
                where=entry.where,
                message=f"{entry.cidr} exempts every destination from masquerading, so all packets would arrive from "
                f"Pod addresses{advice}",
                severity=severity,
                provenance=_find_provenance(plan),
            )
    for everything in cidr_merge([entry.cidr for entry in entries]):
        parts = [entry for entry in entries if entry.cidr.version == everything.version]
        if everything.prefixlen == 0 and all(part.cidr.prefixlen for part in parts):
            yield Problem(
                where=parts[0].where,
                message=f"The {len(parts)} ranges listed cover {everything} together, so no destination is masqueraded "
                f"and all packets would arrive from Pod addresses{advice}",
                severity=severity,
                provenance=_find_provenance(plan),
            )


def _find_provenance(plan: Plan) -> Provenance | None:
    """Return the rule's own for the agent, which was observed; for EgressNATPolicy objects it is inferred."""
    return None if plan.policy_choice.name == AGENT_CONFIG else Provenance.INFERRED


RULE: Final = Rule(
    code="MASQ308",
    severity=Severity.ERROR,
    provenance=Provenance.OBSERVED,
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
        destinations: [{cidr: 0.0.0.0/0}]
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
