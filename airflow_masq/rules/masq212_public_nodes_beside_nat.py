"""The plan names Cloud NAT, but its environment has nodes with external addresses.

The plan names Cloud NAT, its environment is not private, and the plan does not say whether nodes are public. The plan
is judged as if nodes had no external addresses.

## Why

Nodes of an environment that is not private have external addresses, and Cloud NAT serves machines without one
[source: cloud-nat-addresses, cloud-nat-external-first]. Masqueraded packets to the internet then leave with the node's
external address, and only packets that keep a Pod's address use Cloud NAT. That a plan with Cloud NAT means private
nodes is inferred.

## How to fix

If nodes have external addresses, set `network.public_nodes: true`. If they have none, set `enablePrivateEnvironment:
true` in the environment, or `network.public_nodes: false` in the plan.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan


def _check(plan: Plan) -> Iterator[Problem]:
    if plan.takes_nodes_for_private:
        yield Problem(
            where="network",
            message="The plan names Cloud NAT, but its environment is not private, so its nodes have external "
            "addresses. Masqueraded packets to the internet would then arrive from these. The plan is judged as if "
            "nodes had none. Set network.public_nodes to true or false.",
        )


RULE: Final = Rule(
    code="MASQ212",
    severity=Severity.WARNING,
    provenance=Provenance.INFERRED,
    check=_check,
    text=__doc__,
    bad="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig: {serviceAccount: composer@example-project.iam.gserviceaccount.com, enableIpMasqAgent: true}
network:
  node_ranges: [10.128.0.0/20]
  pod_ranges: [192.168.0.0/16]
  nat_addresses: [203.0.113.7]
  nat_covers: [node]
""",
    good="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig: {serviceAccount: composer@example-project.iam.gserviceaccount.com, enableIpMasqAgent: true}
    privateEnvironmentConfig: {enablePrivateEnvironment: true}
network:
  node_ranges: [10.128.0.0/20]
  pod_ranges: [192.168.0.0/16]
  nat_addresses: [203.0.113.7]
  nat_covers: [node]
""",
)
