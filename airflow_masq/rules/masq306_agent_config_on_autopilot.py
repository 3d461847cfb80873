"""An agent config is given for a cluster that takes none.

The plan describes the agent's own config, while the environment is of Composer 2, whose cluster is an Autopilot one.
Whatever is predicted from this plan rests on a config that cannot be there.

## Why

On Autopilot `kube-system`, where that config would be, is read-only, and `EgressNATPolicy` objects govern what is
masqueraded ([IP masquerading in Autopilot
clusters](https://cloud.google.com/kubernetes-engine/docs/concepts/ip-masquerade-agent), read 2026-11-22). Composer 2
runs on Autopilot.

## How to fix

Leave `policy` out (Composer's own policy is in force where the environment has the agent), or describe the cluster's
objects under `egress_nat_policies`. A plan for a Standard cluster of your own has no `environment`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.environment import COMPOSER_2
from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity
from airflow_masq.rules.views.policy import AGENT_CONFIG, AGENT_CONFIG_PLACE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan


def _check(plan: Plan) -> Iterator[Problem]:
    if plan.policy_choice.name == AGENT_CONFIG and plan.environment.generation == COMPOSER_2:
        yield Problem(
            where=AGENT_CONFIG_PLACE,
            message="Composer 2 runs on GKE Autopilot, which takes no agent config; describe egress_nat_policies, "
            "or leave policy out.",
        )


RULE: Final = Rule(
    code="MASQ306",
    severity=Severity.ERROR,
    provenance=Provenance.DOCUMENTED,
    check=_check,
    text=__doc__,
    bad="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig: {serviceAccount: composer@example-project.iam.gserviceaccount.com, enableIpMasqAgent: true}
network: {node_ranges: [10.128.0.0/20], pod_ranges: [192.168.0.0/16]}
policy:
  agent_config: |
    nonMasqueradeCIDRs: [10.128.0.0/20, 192.168.0.0/16]
""",
    good="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig: {serviceAccount: composer@example-project.iam.gserviceaccount.com, enableIpMasqAgent: true}
network: {node_ranges: [10.128.0.0/20], pod_ranges: [192.168.0.0/16]}
""",
)
