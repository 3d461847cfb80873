"""The ranges have no room for the workers wanted.

`network.workers`, or else the environment's own `workloadsConfig.worker.maxCount`, says how many workers there may be,
and the node or Pod ranges are too small for so many. It is an error where the workers outnumber all Pods that could
run, and a warning where they outnumber the nodes: each worker may need a node of its own.

## Why

Every node takes an address of the node range, of which Google keeps four ([VPC
subnets](https://cloud.google.com/vpc/docs/subnets#unusable-ip-addresses-in-every-subnet), read 2026-11-22), and a
whole block of the Pod range, with Autopilot's 32 Pods a /26 ([Flexible Pod
CIDR](https://cloud.google.com/kubernetes-engine/docs/how-to/flexible-pod-cidr), read 2026-11-22). How many workers
Autopilot puts on one node depends on their size; that it may be one only is our conclusion.

## How to fix

Enlarge the range that the message names. With the agent the Pod range need not be routable, so it can be as large as
you like; `airflow-masq capacity PLAN` shows what each range has room for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.environment import value_at
from airflow_masq.network.provenance import Provenance
from airflow_masq.plan.capacity import plan_capacity
from airflow_masq.rules.rule import Problem, Rule, Severity
from airflow_masq.text import join_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.network.capacity import Capacity
    from airflow_masq.plan import Plan


_MOST_WORKERS: Final = ("config", "workloadsConfig", "worker", "maxCount")


def _check(plan: Plan) -> Iterator[Problem]:
    room = plan_capacity(plan)
    if room.is_enough is not False:
        return
    cannot_run = (room.pods or 0) < (room.wanted_nodes or 0)
    own = value_at(plan.environment, *_MOST_WORKERS) == room.wanted_nodes
    yield Problem(
        where=".".join(("environment", *_MOST_WORKERS)) if own else "network.workers",
        message=f"{room.wanted_nodes} workers are wanted, and the {_bound(room)} of {room.nodes} nodes at most, "
        f"{room.pods} Pods in all; enlarge it, or want fewer.",
        severity=Severity.ERROR if cannot_run else None,
    )


def _bound(room: Capacity) -> str:
    name, ranges = ("Pod", room.pod_ranges) if room.nodes == room.nodes_by_pod_range else ("node", room.node_ranges)
    of = join_words(each.cidr for each in ranges)
    return f"{name} range {of} has room for blocks" if name == "Pod" else f"{name} range {of} has addresses"


RULE: Final = Rule(
    code="MASQ209",
    severity=Severity.WARNING,
    provenance=Provenance.INFERRED,
    check=_check,
    text=__doc__,
    bad="""
network:
  node_ranges: [10.128.0.0/20]
  pod_ranges: [192.168.0.0/23]
  workers: 12
""",
    good="""
network:
  node_ranges: [10.128.0.0/20]
  pod_ranges: [192.168.0.0/22]
  workers: 12
""",
)
