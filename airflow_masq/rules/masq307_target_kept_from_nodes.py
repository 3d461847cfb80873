"""An entry of the policy keeps a target that accepts only nodes from being masqueraded.

A target must see a node's address: `expect` says so, or its firewall lets in the nodes and not the Pods. An entry of
the plan's own list covers it, so it sees the Pod's address.

## Why

`NoSNAT` destinations, and those in `nonMasqueradeCIDRs`, keep the Pod's address as the source ([IP masquerade
agent](https://cloud.google.com/kubernetes-engine/docs/concepts/ip-masquerade-agent), read 2026-11-22). A classic is
`10.0.0.0/8` in the list, which lets Pods' addresses leak to everything on premises.

## How to fix

Narrow the entry to what really must see Pods: the cluster's node and Pod ranges. Where it stands in no list of the
plan, it is one of the agent's defaults: write a list, which takes their place. An `EgressNATPolicy` and the agent's
config can be changed at any time, without a new environment or cluster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.agent.fields import CIDRS_KEY
from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity
from airflow_masq.rules.views.policy import culprit, lists_defaults
from airflow_masq.rules.views.targets import predict_targets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan


def _check(plan: Plan) -> Iterator[Problem]:
    for predicted in predict_targets(plan):
        entry = culprit(plan, predicted=predicted)
        if entry is not None:
            told = f"covers {predicted}, which accepts only nodes and will see the Pod's address"
            message = f"{entry.cidr} {told}; narrow it to the cluster's node and Pod ranges."
            if lists_defaults(plan):
                message = (
                    f"{CIDRS_KEY} is missing, so the agent's default list is in force, whose {entry.cidr} {told}; list "
                    "the cluster's node and Pod ranges."
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
