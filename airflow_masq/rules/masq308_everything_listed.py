"""The non-masquerade list holds everything.

The plan's own policy names `0.0.0.0/0` (or `::/0`) as a destination that keeps the Pod's address, or ranges that are
the same together, such as `0.0.0.0/1` and `128.0.0.0/1`. Nothing is masqueraded at all then, as if there
were no agent, and less than with GKE's default. It is a remark only where the plan's Cloud NAT covers Pods: then it is
the documented way to have all traffic to the internet leave through Cloud NAT.

## Why

The list names what is *not* masqueraded ([IP masquerade
agent](https://cloud.google.com/kubernetes-engine/docs/how-to/ip-masquerade-agent), read 2026-11-22). With
`[0.0.0.0/0]` the real agent let every destination see the Pod's address (observed 2026-11-22); that an
`EgressNATPolicy` does the same is our conclusion. Google describes this list as the way to have Pods of public nodes
use Cloud NAT instead of their nodes' external addresses (Google Cloud knowledge base 000004894).

## How to fix

Remove the entry or entries, and name the cluster's node and Pod ranges only. Keep them if all traffic is meant to leave
with Pod addresses: then no destination may need a node's address, and Cloud NAT must cover the Pods
(`network.nat_covers`).
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
    severity, advice = None, "; list the cluster's node and Pod ranges only."
    if AddressKind.POD in plan.ranges.nat_covers:
        severity = Severity.INFO
        advice = ", and those on the internet see Cloud NAT's. Each target is judged for itself."
    for entry in entries:
        if entry.cidr.prefixlen == 0:
            yield Problem(
                where=entry.where,
                message=f"{entry.cidr} keeps every destination from being masqueraded, so all of them see Pods' "
                f"addresses{advice}",
                severity=severity,
                provenance=_provenance(plan),
            )
    for everything in cidr_merge([entry.cidr for entry in entries]):
        parts = [entry for entry in entries if entry.cidr.version == everything.version]
        if everything.prefixlen == 0 and all(part.cidr.prefixlen for part in parts):
            yield Problem(
                where=parts[0].where,
                message=f"The {len(parts)} ranges listed are {everything} together and keep every destination from "
                f"being masqueraded{advice}",
                severity=severity,
                provenance=_provenance(plan),
            )


def _provenance(plan: Plan) -> Provenance | None:
    """Only the agent was seen to do this; of EgressNATPolicy objects it is our conclusion."""
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
