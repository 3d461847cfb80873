"""Cloud NAT does not cover the addresses with which packets leave for the internet.

Packets reach public destinations with the node's address if the policy masquerades, and with the Pod's address if it
does not. Cloud NAT translates only the ranges that it is configured for (`network.nat_covers`). A packet from any other
range is lost, so the service does not answer.

## Why

Cloud NAT can be limited to a subnet's primary range (the nodes) or to secondary ranges (the Pods)
[source: cloud-nat-ranges]. Which range a packet needs follows from the masquerade policy. This is inferred. The agent
changes the source from Pods to nodes, so a configuration that worked before can stop working. Nodes with their own
external addresses need no Cloud NAT for masqueraded packets.

## How to fix

Let Cloud NAT translate the range that the message names, or better both: "primary and secondary ranges for all
subnets". If it already does, add the range to `network.nat_covers`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.network.prediction import Prediction, predict_every_pod
from airflow_masq.network.provenance import Provenance
from airflow_masq.network.ranges import AddressKind
from airflow_masq.rules.rule import Problem, Rule, Severity
from airflow_masq.rules.views.targets import SOMEWHERE_PUBLIC, predict_targets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan


def _check(plan: Plan) -> Iterator[Problem]:
    ranges = plan.ranges
    if ranges.nat_covers or ranges.nat_addresses:
        prediction = predict_every_pod(ranges, policy=plan.policy, destination=SOMEWHERE_PUBLIC)
        if prediction.arrives_as is AddressKind.DROPPED:
            yield Problem(
                where="network.nat_covers",
                message=f"Packets to the internet leave with {_describe_source(prediction)}, which Cloud NAT does not "
                "cover, so they are lost. Let Cloud NAT translate these addresses too.",
            )
            return
    for predicted in predict_targets(plan):
        if predicted.prediction.arrives_as is AddressKind.DROPPED:
            yield Problem(
                where=f"{predicted.where}.observe",
                message=f"{predicted} is on the internet and is reached with {_describe_source(predicted.prediction)}, "
                "which no Cloud NAT covers, so the packets are lost. Add Cloud NAT, or list what it covers in "
                "network.nat_covers.",
            )


def _describe_source(prediction: Prediction) -> str:
    return "a node's address" if prediction.masqueraded else "a Pod's address"


RULE: Final = Rule(
    code="MASQ210",
    severity=Severity.WARNING,
    provenance=Provenance.INFERRED,
    check=_check,
    text=__doc__,
    bad="""
network:
  node_ranges: [10.128.0.0/20]
  pod_ranges: [192.168.0.0/16]
  nat_addresses: [203.0.113.7]
  nat_covers: [pod]
policy: composer
""",
    good="""
network:
  node_ranges: [10.128.0.0/20]
  pod_ranges: [192.168.0.0/16]
  nat_addresses: [203.0.113.7]
  nat_covers: [node, pod]
policy: composer
""",
)
