"""Whether a target's firewall lets workers in cannot be told from this plan.

A target has `allowed_sources`, and the plan does not say where the source address would lie: the node or Pod ranges
are missing, or the addresses of Cloud NAT are. Or it does not say where the target lies: its observer is a name, or
stands in a connection, and `lint` resolves neither.

## Why

A firewall can be judged only against addresses. Google's own advice for a firewall that needs fixed addresses is to
reserve them for Cloud NAT ([Cloud NAT addresses](https://cloud.google.com/nat/docs/ports-and-addresses), read
2026-11-22); a node's external address is not known before the node exists.

## How to fix

Complete `network` as the message says; write the observer's address in place of its name, or ask `airflow-masq
explain PLAN ADDRESS` about it.
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
    AddressKind.POD: "with a Pod's address, and network.pod_ranges {}",
    AddressKind.NODE: "with a node's address, and network.node_ranges {}",
    AddressKind.NAT: "through Cloud NAT, and network.nat_addresses {}",
    AddressKind.NODE_EXTERNAL: "with a node's external address, which is not known beforehand; use Cloud NAT instead",
}


def _check(plan: Plan) -> Iterator[Problem]:
    for index, target in enumerate(plan.targets):
        if target.allowed_sources and target.address is None:
            place = "stands in a connection" if target.host is None else f"is a name ({target.host})"
            yield Problem(
                where=f"targets[{index}].allowed_sources",
                message=f"Whether {target.name} lets workers in cannot be told: its observer {place}, "
                "which is not resolved here.",
            )
    for predicted in predict_targets(plan):
        kind = predicted.prediction.arrives_as
        is_open = predicted.target.allowed_sources and predicted.prediction.firewall is FirewallAnswer.UNKNOWN
        if is_open and kind in _MISSING:
            known = {AddressKind.POD: plan.ranges.pod, AddressKind.NODE: plan.ranges.node}.get(kind, ())
            lack = f"has no IPv{predicted.address.version} range" if known else "is missing"
            yield Problem(
                where=f"{predicted.where}.allowed_sources",
                message=f"Whether {predicted} lets workers in cannot be told: they come {_MISSING[kind].format(lack)}.",
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
