"""The non-masquerade list covers a target that accepts only node addresses.

The target needs packets from a node's address, because `expect` says so or because its firewall lets in the node ranges
but not the Pod ranges. An entry of the plan's own list covers the target, so packets would arrive from the Pod's
address.

## Why

Packets to `NoSNAT` destinations and to `nonMasqueradeCIDRs` keep the Pod's address as the source
[source: gke-agent-config-map, egress-nat-policy-form]. A common mistake is `10.0.0.0/8` in the list, which exposes Pod
addresses to all on-premises services in that range.

## How to fix

Replace the entry with the cluster's node and Pod ranges. If the plan has no such entry, it is one of the agent's
defaults: write your own list, which replaces them. You can change an `EgressNATPolicy` and the agent's config at any
time, without a new environment or cluster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.agent.fields import CIDRS_KEY
from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity
from airflow_masq.rules.views.policy import find_exempting_entry, lists_defaults
from airflow_masq.rules.views.targets import predict_targets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan


def _check(plan: Plan) -> Iterator[Problem]:
    for predicted in predict_targets(plan):
        entry = find_exempting_entry(plan, predicted=predicted)
        if entry is not None:
            effect = (
                f"covers {predicted}, so packets would arrive from Pod addresses, but that target accepts only node "
                "addresses"
            )
            message = f"{entry.cidr} {effect}. Replace it with the cluster's node and Pod ranges."
            if lists_defaults(plan):
                message = (
                    f"{CIDRS_KEY} is missing, so the agent's default list is in force. Its entry {entry.cidr} "
                    f"{effect}. Write {CIDRS_KEY} with the cluster's node and Pod ranges."
                )
            yield Problem(where=entry.where, message=message, provenance=predicted.prediction.provenance)


RULE: Final = Rule(
    code="MASQ307",
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
        destinations: [{cidr: 10.0.0.0/8}, {cidr: 192.168.0.0/16}]
targets:
  - name: onprem-erp
    observe: http://10.200.0.10:8080/client-ip
    allowed_sources: [10.128.0.0/20]
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
targets:
  - name: onprem-erp
    observe: http://10.200.0.10:8080/client-ip
    allowed_sources: [10.128.0.0/20]
""",
)
