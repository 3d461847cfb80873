"""The plan has EgressNATPolicy objects, but the cluster does not use them.

The plan has `egress_nat_policies`, but its environment is Composer 1, which runs on a GKE Standard cluster. Standard
clusters do not use these objects, so every prediction from this plan may be wrong.

## Why

On Standard clusters, the agent's ConfigMap `kube-system/ip-masq-agent` decides what is masqueraded
[source: gke-agent-config-map]. `EgressNATPolicy` objects apply to Autopilot clusters [source: gke-autopilot-agent].
Composer 1 runs on a Standard cluster, and Composer 2 on an Autopilot cluster [source: composer-autopilot]. How a
Standard cluster handles such an object is not verified.

## How to fix

Remove `policy`, or describe the agent's config under `agent_config`. Composer 1 has reached its end of life, so
Composer 2 is the better choice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.environment import COMPOSER_1
from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity
from airflow_masq.rules.views.policy import EGRESS_NAT_POLICIES, EGRESS_NAT_POLICIES_PLACE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan


def _check(plan: Plan) -> Iterator[Problem]:
    if plan.policy_choice.name == EGRESS_NAT_POLICIES and plan.environment.generation == COMPOSER_1:
        yield Problem(
            where=EGRESS_NAT_POLICIES_PLACE,
            message="Composer 1 runs on a GKE Standard cluster, which does not use EgressNATPolicy objects. Write "
            "agent_config instead, or remove policy.",
        )


RULE: Final = Rule(
    code="MASQ318",
    severity=Severity.ERROR,
    provenance=Provenance.DOCUMENTED,
    check=_check,
    text=__doc__,
    bad="""
environment:
  config:
    softwareConfig: {imageVersion: composer-1.20.12-airflow-1.10.15}
    nodeConfig: {enableIpMasqAgent: true, ipAllocationPolicy: {useIpAliases: true}}
network: {node_ranges: [10.128.0.0/20], pod_ranges: [192.168.0.0/16]}
policy:
  egress_nat_policies:
    - apiVersion: networking.gke.io/v1
      kind: EgressNATPolicy
      metadata: {name: default}
      spec: {action: NoSNAT, destinations: [{cidr: 10.128.0.0/20}, {cidr: 192.168.0.0/16}]}
""",
    good="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig: {serviceAccount: composer@example-project.iam.gserviceaccount.com, enableIpMasqAgent: true}
network: {node_ranges: [10.128.0.0/20], pod_ranges: [192.168.0.0/16]}
policy:
  egress_nat_policies:
    - apiVersion: networking.gke.io/v1
      kind: EgressNATPolicy
      metadata: {name: default}
      spec: {action: NoSNAT, destinations: [{cidr: 10.128.0.0/20}, {cidr: 192.168.0.0/16}]}
""",
)
