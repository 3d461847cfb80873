"""An observer stands where nothing is ever masqueraded.

A target lies in the cluster's node, Pod or Service ranges, or is link-local. It sees the Pod's address with and
without the agent, so what it reports proves nothing about the agent. Or it is a loopback or multicast address, for
which no packet leaves the Pod at all.

## Why

On Autopilot `EgressNATPolicy` objects govern everything except packets to the cluster's node, Pod and Service ranges
([IP masquerading in Autopilot
clusters](https://cloud.google.com/kubernetes-engine/docs/concepts/ip-masquerade-agent), read 2026-11-22), and a
proper list of one's own names these ranges too. An observer on a VM in the nodes' subnet is the usual mistake.

## How to fix

Put the observer in another subnet, or on premises. If it is there to show that Pods are *not* masqueraded among
themselves, say so: `expect: pod`.
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
                message=f"{target.name} ({target.address}) is no address that a packet leaves the Pod for, so it "
                "proves nothing; name the address of a service elsewhere.",
            )
    for predicted in predict_targets(plan):
        if predicted.proves_nothing:
            place = "is link-local" if predicted.is_link_local else "lies in the cluster's own ranges"
            yield Problem(
                where=f"{predicted.where}.observe",
                message=f"{predicted} {place}, where nothing is masqueraded with or without the agent, so it proves "
                "nothing; put it in another subnet, or say expect: pod.",
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
