"""A target expects another source than this plan leads to.

`expect` names the kind of address that a target must see, and the prediction for it is another one. Every check
against it would fail.

## Why

What a target sees follows from the masquerade policy, and on the way to the internet from Cloud NAT and the nodes'
external addresses ([IP masquerade
agent](https://cloud.google.com/kubernetes-engine/docs/concepts/ip-masquerade-agent), read 2026-11-22). The prediction
is a model: where a check sees something else, believe the check.

## How to fix

`airflow-masq explain PLAN TARGET` shows the packet's way. Change the policy, or `expect`, or the ranges under
`network` if they are not the cluster's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.network.firewall import FirewallAnswer
from airflow_masq.network.provenance import Provenance
from airflow_masq.network.ranges import AddressKind
from airflow_masq.rules.rule import Problem, Rule, Severity
from airflow_masq.rules.views.policy import culprit
from airflow_masq.rules.views.public_observers import verifies_nothing
from airflow_masq.rules.views.targets import PredictedTarget, predict_targets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan


def _check(plan: Plan) -> Iterator[Problem]:
    for predicted in predict_targets(plan):
        expected, kind = predicted.target.expect, predicted.prediction.arrives_as
        is_met = expected is None or kind is expected
        if is_met or kind is AddressKind.DROPPED or _is_told_otherwise(plan, predicted):
            continue
        yield Problem(
            where=f"{predicted.where}.expect",
            message=f"{predicted} expects {expected}, and this plan leads to {kind} ({predicted.prediction.reason}); "
            f"change the policy, or expect {kind}.",
            provenance=predicted.prediction.provenance,
        )


def _is_told_otherwise(plan: Plan, predicted: PredictedTarget) -> bool:
    """Say whether another rule names the cause already: MASQ307, MASQ309, MASQ310, MASQ313 or MASQ314."""
    return (
        predicted.proves_nothing
        or predicted.is_ipv6_bypass
        or predicted.prediction.firewall is FirewallAnswer.NONE
        or culprit(plan, predicted=predicted) is not None
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
