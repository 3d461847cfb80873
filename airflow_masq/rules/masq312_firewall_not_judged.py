"""The plan does not show whether a target's firewall lets workers in.

The target has `allowed_sources`, but the plan lacks one of these:

- the source address of workers: the node ranges, the Pod ranges or the addresses of Cloud NAT are missing;
- the target's address: the observer is given by name or by a connection, and `lint` does not resolve these.

## Why

A firewall rule can be compared only with known addresses. If a firewall needs fixed addresses, Google recommends
reserving them for Cloud NAT [source: cloud-nat-addresses]. A node's external address is not known before the node
exists.

## How to fix

Complete `network` as the message says. If the observer is given by name, write its address in the plan instead, or run
`airflow-masq explain PLAN ADDRESS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.network.firewall import FirewallAnswer
from airflow_masq.network.provenance import Provenance
from airflow_masq.network.ranges import AddressKind
from airflow_masq.rules.rule import Problem, Rule, Severity
from airflow_masq.rules.views.targets import predict_targets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan

_MISSING: Final = {
    AddressKind.POD: "with a Pod's address, but network.pod_ranges {}. Add the cluster's Pod ranges",
    AddressKind.NODE: "with a node's address, but network.node_ranges {}. Add the cluster's node ranges",
    AddressKind.NAT: "through Cloud NAT, but network.nat_addresses {}. Add the addresses of Cloud NAT",
    AddressKind.NODE_EXTERNAL: "with a node's external address, which is not known in advance. Use Cloud NAT instead",
}


def _check(plan: Plan) -> Iterator[Problem]:
    for index, target in enumerate(plan.targets):
        if target.allowed_sources and target.address is None:
            given = "by a connection" if target.host is None else f"by name ({target.host})"
            yield Problem(
                where=f"targets[{index}].allowed_sources",
                message=f"It is not known whether {target.name} lets workers in. Its observer is given {given}, which "
                "lint does not resolve. Write the observer's address, or run airflow-masq explain PLAN ADDRESS.",
            )
    for predicted in predict_targets(plan):
        kind = predicted.prediction.arrives_as
        is_open = predicted.target.allowed_sources and predicted.prediction.firewall is FirewallAnswer.UNKNOWN
        if is_open and kind in _MISSING:
            known = {AddressKind.POD: plan.ranges.pod, AddressKind.NODE: plan.ranges.node}.get(kind, ())
            lack = f"has no IPv{predicted.address.version} range" if known else "is missing"
            yield Problem(
                where=f"{predicted.where}.allowed_sources",
                message=f"It is not known whether {predicted} lets workers in. "
                f"They come {_MISSING[kind].format(lack)}.",
            )


RULE: Final = Rule(
    code="MASQ312",
    severity=Severity.INFO,
    provenance=Provenance.INFERRED,
    check=_check,
    text=__doc__,
    bad="""
network:
  pod_ranges: [192.168.0.0/16]
policy: composer
targets:
  - name: onprem-erp
    observe: http://172.20.0.10:8080/client-ip
    allowed_sources: [10.0.0.0/8]
""",
    good="""
network:
  node_ranges: [10.128.0.0/20]
  pod_ranges: [192.168.0.0/16]
policy: composer
targets:
  - name: onprem-erp
    observe: http://172.20.0.10:8080/client-ip
    allowed_sources: [10.0.0.0/8]
""",
)
