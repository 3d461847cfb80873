"""The plan has an agent config, but the cluster does not use one.

The plan has `agent_config`, but its environment is Composer 2, which runs on GKE Autopilot. Autopilot clusters have no
agent config, so every prediction from this plan may be wrong.

## Why

On Autopilot, you cannot write the config, since its namespace `kube-system` is read-only. `EgressNATPolicy` objects
decide what is masqueraded [source: gke-autopilot-agent]. Composer 2 runs on Autopilot [source: composer-autopilot].

## How to fix

Remove `policy` (Composer's own policy is in force if the environment has the agent), or describe the cluster's objects
under `egress_nat_policies`. If the plan is for your own Standard cluster, remove `environment` instead.
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
            message="Composer 2 runs on GKE Autopilot, which does not use an agent config. Write egress_nat_policies "
            "instead, or remove policy.",
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
