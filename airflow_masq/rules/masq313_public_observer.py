"""A public observer cannot verify the agent.

The target is on the internet, for example a "what is my IP" page. Packets to it arrive from Cloud NAT's address or a
node's external address with or without the agent, so its answer proves nothing about the agent.

## Why

GKE masquerades traffic to the internet by default. The agent changes only traffic to private and other reserved ranges
[source: gke-default-list]. That a public observer therefore cannot verify the agent is inferred.

## How to fix

Use a private observer in another subnet or on-premises. If the target is meant to check Cloud NAT, add `expect: nat`
(or `expect: node-external`) to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity
from airflow_masq.rules.views.public_observers import verifies_nothing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan


def _check(plan: Plan) -> Iterator[Problem]:
    for index, target in enumerate(plan.targets):
        if verifies_nothing(plan, target=target):
            yield Problem(
                where=f"targets[{index}].observe",
                message=f"{target.name} ({target.host}) is on the internet, where traffic is masqueraded with or "
                "without the agent, so it cannot verify the agent. Use a private observer, or add expect: nat.",
            )


RULE: Final = Rule(
    code="MASQ313",
    severity=Severity.WARNING,
    provenance=Provenance.INFERRED,
    check=_check,
    text=__doc__,
    bad="""
network:
  node_ranges: [10.128.0.0/20]
  pod_ranges: [192.168.0.0/16]
  nat_addresses: [203.0.113.7]
policy: composer
targets:
  - name: what-is-my-ip
    observe: https://ifconfig.me/ip
""",
    good="""
network:
  node_ranges: [10.128.0.0/20]
  pod_ranges: [192.168.0.0/16]
  nat_addresses: [203.0.113.7]
policy: composer
targets:
  - name: what-is-my-ip
    observe: https://ifconfig.me/ip
    expect: nat
""",
)
