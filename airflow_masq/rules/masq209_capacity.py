"""The ranges are too small for the number of workers.

`network.workers`, or else the environment's own `workloadsConfig.worker.maxCount`, says how many workers there can be.
The node or Pod ranges are too small for them. If there can be more workers than Pods, this is an error. If there can
only be more workers than nodes, it is a warning, since each worker may need its own node. It is a warning, too, if
`cluster.nodes_total` says that there are more nodes than the ranges have room for: one of them is wrong.

## Why

Every node takes one address of the node range, of which Google reserves four [source: vpc-subnet-unusable], and a whole
block of the Pod range, a /26 with Autopilot's 32 Pods [source: gke-pod-block]. How many workers Autopilot places on one
node depends on their size; that it may be only one is inferred.

## How to fix

Enlarge the range that the message names. With the agent, the Pod range does not have to be routable, so it can be
large. `airflow-masq capacity PLAN` shows how many nodes and Pods each range has room for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity
from airflow_masq.text import join_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan


_MOST_WORKERS: Final = ("config", "workloadsConfig", "worker", "maxCount")


def _check(plan: Plan) -> Iterator[Problem]:
    room = plan.capacity
    name, ranges = ("Pod", room.pod_ranges) if room.nodes == room.nodes_by_pod_range else ("node", room.node_ranges)
    limit = f"{name} range {join_words(each.cidr for each in ranges)}"
    if room.nodes is not None and plan.nodes_total is not None and plan.nodes_total > room.nodes:
        yield Problem(
            where="cluster.nodes_total",
            message=f"The plan says that the cluster has {plan.nodes_total} nodes, but the {limit} has room for "
            f"{room.nodes}. Correct the one that is wrong, since a check states its coverage by this number.",
        )
    if room.is_enough is not False:
        return
    cannot_run = (room.pods or 0) < (room.wanted_nodes or 0)
    own = plan.environment.get_value(*_MOST_WORKERS) == room.wanted_nodes
    yield Problem(
        where=".".join(("environment", *_MOST_WORKERS)) if own else "network.workers",
        message=f"The plan wants {room.wanted_nodes} workers, but the {limit} has room for {room.nodes} nodes with "
        f"{room.pods} Pods in all. Enlarge it, or plan fewer workers.",
        severity=Severity.ERROR if cannot_run else None,
    )


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
