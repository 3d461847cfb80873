"""The agent accepts its config, but the config probably has a mistake.

The config under `policy.agent_config` has a misspelt key, a duplicate or redundant range, an interval of zero, or YAML
that the agent may read differently than other tools do. The agent does not report this.

## Why

The agent ignores unknown keys, so the defaults stay in force [source: ip-masq-agent-config-struct,
observed-agent-config-format]. It reads YAML with a Go library, which reads rare constructs differently from other
libraries [source: observed-agent-yaml-gaps]. Examples are `y` for true, `010`, tags, tabs and a second document. If a
config has one of these, the message says that the reading is not certain and names the line.

## How to fix

Do what the message says. A remark needs no change if it describes what you want. If the reading is not certain, write
the line that the message names in plain YAML: one range per line, `true` and `false` for booleans, and quotes around
text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.agent.warnings import EMPTY_LIST, describe_everything_listed
from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity
from airflow_masq.rules.views.policy import AGENT_CONFIG_PLACE, find_unlisted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan


def _check(plan: Plan) -> Iterator[Problem]:
    reading = plan.policy_choice.agent_reading
    if reading is None or reading.config is None:
        return  # MASQ316 reports it
    listed = reading.config.non_masquerade
    reported_elsewhere = {describe_everything_listed(cidr) for cidr in listed if cidr.prefixlen == 0}  # MASQ308
    if find_unlisted(plan, networks=(*plan.ranges.node, *plan.ranges.pod)):
        reported_elsewhere.add(EMPTY_LIST)  # MASQ301, where the ranges are known
    choice = plan.policy_choice
    remarks = [(remark, Severity.INFO) for remark in (*choice.remarks, *reading.remarks)]
    found = (*choice.warnings, *reading.warnings)
    warnings = [(warning, None) for warning in found if warning not in reported_elsewhere]
    for sentence, severity in (*remarks, *warnings):
        yield Problem(
            where=AGENT_CONFIG_PLACE,
            message=f"In the agent's config, {sentence}{'' if sentence.endswith('?') else '.'}",
            severity=severity,
            provenance=None if reading.certain else Provenance.INFERRED,
        )


RULE: Final = Rule(
    code="MASQ317",
    severity=Severity.WARNING,
    provenance=Provenance.OBSERVED,
    check=_check,
    text=__doc__,
    bad="""
network: {node_ranges: [10.128.0.0/20], pod_ranges: [192.168.0.0/16]}
policy:
  agent_config: |
    nonMasqueradeCIDRs: [10.128.0.0/20, 192.168.0.0/16, 192.168.0.0/16]
""",
    good="""
network: {node_ranges: [10.128.0.0/20], pod_ranges: [192.168.0.0/16]}
policy:
  agent_config: |
    nonMasqueradeCIDRs: [10.128.0.0/20, 192.168.0.0/16]
""",
)
