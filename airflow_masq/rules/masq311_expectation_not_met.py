"""A target's expect does not match the prediction.

`expect` names the kind of source address that the target must see, but under this plan packets would arrive from
another kind. Every check of this target would fail.

## Why

The masquerade policy decides from which address packets arrive. On the way to the internet, Cloud NAT and the nodes'
external addresses decide as well [source: gke-default-list, vpc-alias-nat]. The prediction is a model: if a check sees
something else, trust the check.

## How to fix

Run `airflow-masq explain PLAN TARGET` to see the packet's path. Then change the policy or `expect`. If the ranges under
`network` are not the cluster's, correct them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.network.firewall import FirewallAnswer
from airflow_masq.network.provenance import Provenance
from airflow_masq.network.ranges import AddressKind
from airflow_masq.rules.rule import Problem, Rule, Severity
from airflow_masq.rules.views.policy import find_exempting_entry
from airflow_masq.rules.views.public_observers import verifies_nothing
from airflow_masq.rules.views.targets import PredictedTarget, predict_targets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan


def _check(plan: Plan) -> Iterator[Problem]:
    for predicted in predict_targets(plan):
        expected, kind = predicted.target.expect, predicted.prediction.arrives_as
        is_met = expected is None or kind is expected
        if is_met or kind is AddressKind.DROPPED or _is_reported_elsewhere(plan, predicted):
            continue
        yield Problem(
            where=f"{predicted.where}.expect",
            message=f"{predicted} expects a {expected} address, but under this plan packets would arrive from a {kind} "
            f"address ({predicted.prediction.reason}). Change the policy, or write expect: {kind}.",
            provenance=predicted.prediction.provenance,
        )


def _is_reported_elsewhere(plan: Plan, predicted: PredictedTarget) -> bool:
    """Say whether another rule already reports the cause: MASQ307, MASQ309, MASQ310, MASQ313 or MASQ314."""
    return (
        predicted.proves_nothing
        or predicted.is_ipv6_bypass
        or predicted.prediction.firewall is FirewallAnswer.NONE
        or find_exempting_entry(plan, predicted=predicted) is not None
        or verifies_nothing(plan, target=predicted.target)
    )


RULE: Final = Rule(
    code="MASQ311",
    severity=Severity.WARNING,
    provenance=Provenance.INFERRED,
    check=_check,
    text=__doc__,
    bad="""
network:
  node_ranges: [10.128.0.0/20]
  pod_ranges: [192.168.0.0/16]
policy: gke-default
targets:
  - name: onprem-erp
    observe: http://172.20.0.10:8080/client-ip
    expect: node
""",
    good="""
network:
  node_ranges: [10.128.0.0/20]
  pod_ranges: [192.168.0.0/16]
policy: composer
targets:
  - name: onprem-erp
    observe: http://172.20.0.10:8080/client-ip
    expect: node
""",
)
