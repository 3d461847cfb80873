"""The check cannot count the nodes that it saw.

The plan has targets, but not `cluster.pods_per_node`. The check finds the node of a worker from its name, where the
Pod's author passes it in a variable, or from the block of addresses that the Pods of one node share. How large that
block is depends on the number.

## Why

All Pods of a node get their addresses from one block: a /26 for 32 Pods, a /24 for 110 [source: gke-pod-block]. Without
the number the report says that the nodes are not known, and a right address from a few nodes looks like one from all of
them. `cluster.nodes_total`, which says how many there are ("4 of 6 nodes seen"), does not help alone. Verdicts do not
depend on either.

## How to fix

Set `cluster.pods_per_node` to the largest number of Pods on a node: `gcloud container clusters describe` shows it for
each node pool as `maxPodsConstraint`. Or pass `spec.nodeName` in the variable `AIRFLOW_MASQ_NODE_NAME` of the workers'
Pods.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.environment import COMPOSER_3
from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan


def _check(plan: Plan) -> Iterator[Problem]:
    # Without Pod ranges nothing passes, which MASQ320 reports; Composer 3 has no nodes of the customer's.
    is_counted = plan.knows_pods_per_node or plan.environment.generation == COMPOSER_3
    if plan.targets and plan.ranges.pod and not is_counted:
        yield Problem(
            where="cluster.pods_per_node",
            message="The plan does not say how many Pods a node runs, so the check cannot tell nodes apart by their "
            "Pods' addresses: its coverage will not be known. Add the number that the cluster's node pools have.",
        )


RULE: Final = Rule(
    code="MASQ321",
    severity=Severity.INFO,
    provenance=Provenance.DOCUMENTED,
    check=_check,
    text=__doc__,
    bad="""
network:
  node_ranges: [10.128.0.0/20]
  pod_ranges: [192.168.0.0/16]
policy: composer
targets:
  - name: onprem-erp
    observe: http://172.20.0.10:8080/client-ip
""",
    good="""
cluster:
  pods_per_node: 32
network:
  node_ranges: [10.128.0.0/20]
  pod_ranges: [192.168.0.0/16]
policy: composer
targets:
  - name: onprem-erp
    observe: http://172.20.0.10:8080/client-ip
""",
)
