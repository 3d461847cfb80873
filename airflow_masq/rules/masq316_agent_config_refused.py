"""The agent refuses its config.

The agent would refuse the config under `policy.agent_config`. At its first start, the agent would then write no rules,
and all packets would leave with Pod addresses. Later, it would keep the old rules but no longer repair them.

## Why

The agent checks its config before it writes any rules [source: ip-masq-agent-source]. The real agent wrote no chain at
its first start, and left an existing chain unchanged later [source: observed-agent-first-start].

## How to fix

Correct the place that the message names. Run `airflow-masq agent-config FILE` to see which rules the agent would write.
Read the agent's log after every change, since Kubernetes accepts any text in a ConfigMap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity
from airflow_masq.rules.views.policy import AGENT_CONFIG_PLACE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan


def _check(plan: Plan) -> Iterator[Problem]:
    reading = plan.policy_choice.agent_reading
    if reading is not None and not reading.accepted:
        refuses, why = "refuses", str(reading.error)
        if not reading.certain:
            refuses, why = "probably refuses", f"{why}; {reading.warnings[-1]}"
        yield Problem(
            where=AGENT_CONFIG_PLACE,
            message=f"The agent {refuses} this config ({why}). At its first start it would then masquerade nothing. "
            "Correct the config.",
            provenance=None if reading.certain else Provenance.INFERRED,
        )


RULE: Final = Rule(
    code="MASQ316",
    severity=Severity.ERROR,
    provenance=Provenance.OBSERVED,
    check=_check,
    text=__doc__,
    bad="""
network: {node_ranges: [10.128.0.0/20], pod_ranges: [192.168.0.0/16]}
policy:
  agent_config: |
    nonMasqueradeCIDRs: [10.128.0.0/20, 192.168.1.0/16]
""",
    good="""
network: {node_ranges: [10.128.0.0/20], pod_ranges: [192.168.0.0/16]}
policy:
  agent_config: |
    nonMasqueradeCIDRs: [10.128.0.0/20, 192.168.0.0/16]
""",
)
