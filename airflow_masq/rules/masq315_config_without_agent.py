"""The plan has an agent config, but no agent reads it.

The plan has `agent_config` and `daemon_set: false`: the cluster has the ConfigMap but not the agent's DaemonSet. The
config has no effect, and GKE's default list stays in force.

## Why

On Standard clusters without the DaemonSet, the default list stays in force. With `--disable-default-snat`, nothing is
masqueraded [source: gke-standard-outcomes].

## How to fix

Deploy the DaemonSet `kube-system/ip-masq-agent`, or write the policy that is in force: `policy: gke-default`, or
`policy: none` for a cluster that was created with `--disable-default-snat`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity
from airflow_masq.rules.views.policy import AGENT_CONFIG, AGENT_CONFIG_PLACE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan


def _check(plan: Plan) -> Iterator[Problem]:
    choice = plan.policy_choice
    if choice.name == AGENT_CONFIG and not choice.daemon_set:
        yield Problem(
            where=AGENT_CONFIG_PLACE,
            message="Without the agent's DaemonSet, this config has no effect and GKE's default list stays in force. "
            "Deploy kube-system/ip-masq-agent.",
        )


RULE: Final = Rule(
    code="MASQ315",
    severity=Severity.WARNING,
    provenance=Provenance.DOCUMENTED,
    check=_check,
    text=__doc__,
    bad="""
network: {node_ranges: [10.128.0.0/20], pod_ranges: [192.168.0.0/16]}
policy:
  daemon_set: false
  agent_config: |
    nonMasqueradeCIDRs: [10.128.0.0/20, 192.168.0.0/16]
""",
    good="""
network: {node_ranges: [10.128.0.0/20], pod_ranges: [192.168.0.0/16]}
policy:
  agent_config: |
    nonMasqueradeCIDRs: [10.128.0.0/20, 192.168.0.0/16]
""",
)
