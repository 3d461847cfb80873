"""The policy contradicts the environment's enableIpMasqAgent.

`policy` is `composer` but the environment does not enable the agent, or `policy` is `gke-default` or `none` but the
environment does. Every prediction from this plan may be wrong. This is an error if packets to a target would arrive
from another address than it needs under the policy that follows from `enableIpMasqAgent`.

## Why

"If you enable the IP Masquerade agent, the default GKE's EgressNatPolicy will be replaced with Cloud Composer's
definition". Without the agent, GKE's default policy stays in force [source: composer-agent-replaces-policy].

## How to fix

Remove `policy`, since it follows from `enableIpMasqAgent`. If the policy is right, change `enableIpMasqAgent` instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.network.firewall import FirewallAnswer
from airflow_masq.network.prediction import Prediction
from airflow_masq.network.provenance import Provenance
from airflow_masq.plan import Plan, Target
from airflow_masq.rules.rule import Problem, Rule, Severity
from airflow_masq.rules.views.targets import PredictedTarget, predict_targets
from airflow_masq.text import join_words

if TYPE_CHECKING:
    from collections.abc import Iterator


_WITHOUT_AGENT: Final = ("gke-default", "none")


def _check(plan: Plan) -> Iterator[Problem]:
    name, has_agent = plan.policy_choice.name, plan.environment.masquerades
    if not plan.environment or not plan.policy_choice.stated:
        return
    if name == "composer" and not has_agent:
        message = (
            "policy is composer, which needs the agent, but enableIpMasqAgent is not true. Set it, or remove policy."
        )
    elif name in _WITHOUT_AGENT and has_agent:
        message = (
            f"policy is {name}, but enableIpMasqAgent is true, so Composer's own policy is in force. Remove policy."
        )
    else:
        return
    misjudged = [predicted.target.name for predicted in predict_targets(plan) if _is_misjudged(plan, predicted)]
    if misjudged:
        names = join_words(misjudged)
        message += (
            f" Under the policy that follows from enableIpMasqAgent, packets to {names} would not arrive from the "
            "expected address."
        )
    yield Problem(where="policy", message=message, severity=Severity.ERROR if misjudged else None)


def _is_misjudged(plan: Plan, predicted: PredictedTarget) -> bool:
    """Say whether a target gets what it needs under the stated policy, but not under the one that the flag leads to."""
    by_flag = predicted.predict_under(
        plan.policy_with_agent if plan.environment.masquerades else plan.policy_without_agent
    )
    return _suffices(predicted.target, predicted.prediction) and not _suffices(predicted.target, by_flag)


def _suffices(target: Target, prediction: Prediction) -> bool:
    is_expected = target.expect is None or target.expect is prediction.arrives_as
    return is_expected and prediction.firewall is not FirewallAnswer.NONE


RULE: Final = Rule(
    code="MASQ305",
    severity=Severity.WARNING,
    provenance=Provenance.DOCUMENTED,
    check=_check,
    text=__doc__,
    bad="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig: {serviceAccount: composer@example-project.iam.gserviceaccount.com, enableIpMasqAgent: true}
policy: gke-default
""",
    good="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig: {serviceAccount: composer@example-project.iam.gserviceaccount.com, enableIpMasqAgent: true}
policy: composer
""",
)
