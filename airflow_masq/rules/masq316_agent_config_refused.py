"""The agent refuses its config.

The agent would not accept the config under `policy.agent_config`. At its first start it then writes no rules at all,
and Pods' addresses leak to every destination; later it keeps the old rules, but no longer repairs them.

## Why

The agent checks its config before it writes anything
([ip-masq-agent](https://github.com/kubernetes-sigs/ip-masq-agent), read 2026-11-22). What becomes of the rules was
observed with the real agent on 2026-11-22: no chain at the first start, an unchanged one afterwards.

## How to fix

Correct the place that the message names; `airflow-masq agent-config FILE` shows which rules the agent would write.
Look at the agent's log after every change: Kubernetes accepts any text in a ConfigMap.
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
            message=f"The agent {refuses} this config ({why}), and at its first start masquerades nothing; correct it.",
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
