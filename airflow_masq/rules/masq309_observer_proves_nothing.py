"""The observer is at an address where traffic is never masqueraded.

The target is in the cluster's node, Pod or Service ranges, or its address is link-local. Packets to it arrive from the
Pod's address with or without the agent, so its answer proves nothing about the agent. Or its address is a loopback or
multicast address, and packets to it do not leave the Pod.

## Why

On Autopilot, `EgressNATPolicy` objects apply to all packets except those to the cluster's node, Pod and Service ranges
[source: gke-autopilot-agent]. Your own list must include these ranges as well [source: composer-agent-caution]. A
common mistake is an observer on a VM in the nodes' subnet.

## How to fix

Run the observer in another subnet or on-premises. If it is meant to show that traffic between Pods is *not*
masqueraded, add `expect: pod` to the target.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.network.arrival import never_leaves_pod
from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity
from airflow_masq.rules.views.targets import predict_targets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan


def _check(plan: Plan) -> Iterator[Problem]:
    for index, target in enumerate(plan.targets):
        if target.address is not None and never_leaves_pod(target.address):
            yield Problem(
                where=f"targets[{index}].observe",
                message=f"Packets to {target.name} ({target.address}) do not leave the Pod, so its answer proves "
                "nothing. Use the address of an observer outside the cluster.",
            )
    for predicted in predict_targets(plan):
        if predicted.proves_nothing:
            place = "is link-local" if predicted.is_link_local else "is in the cluster's own ranges"
            yield Problem(
                where=f"{predicted.where}.observe",
                message=f"{predicted} {place}, where traffic is never masqueraded, so its answer proves "
                "nothing about the agent. Use an observer in another subnet, or add expect: pod.",
            )


RULE: Final = Rule(
    code="MASQ309",
    severity=Severity.WARNING,
    provenance=Provenance.DOCUMENTED,
    check=_check,
    text=__doc__,
    bad="""
network:
  node_ranges: [10.128.0.0/20]
  pod_ranges: [192.168.0.0/16]
policy: composer
targets:
  - name: observer
    observe: http://10.128.15.200:8080/client-ip
    expect: node
""",
    good="""
network:
  node_ranges: [10.128.0.0/20]
  pod_ranges: [192.168.0.0/16]
policy: composer
targets:
  - name: observer
    observe: http://10.200.0.20:8080/client-ip
    expect: node
""",
)
