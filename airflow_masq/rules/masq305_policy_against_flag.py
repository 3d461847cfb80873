"""The stated policy contradicts the environment's flag.

`policy` says `composer` although the environment does not ask for the agent, or `gke-default` or `none` although it
does. Everything that is predicted from this plan may be wrong; where a target would not see what it needs by the policy
that follows from the flag, this is an error.

## Why

"If you enable the IP Masquerade agent, the default GKE's EgressNatPolicy will be replaced with Cloud Composer's
definition"; without the agent it stays ([Enable the IP Masquerade
agent](https://cloud.google.com/composer/docs/composer-2/enable-ip-masquerade-agent), read 2026-11-22).

## How to fix

Leave `policy` out: it follows from the flag. Or correct the flag, if the policy is what was meant.
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
        message = "policy says composer, which comes with the agent only, and enableIpMasqAgent is not true; set it."
    elif name in _WITHOUT_AGENT and has_agent:
        message = (
            f"policy says {name}, and enableIpMasqAgent is true, which puts Composer's policy in its place; leave "
            "policy out."
        )
    else:
        return
    misjudged = [predicted.target.name for predicted in predict_targets(plan) if _is_misjudged(plan, predicted)]
    if misjudged:
        message += f" By the flag, {join_words(misjudged)} would not see what it needs."
    yield Problem(where="policy", message=message, severity=Severity.ERROR if misjudged else None)


def _is_misjudged(plan: Plan, predicted: PredictedTarget) -> bool:
    """Say whether a target gets what it needs by the stated policy, and does not by the one that the flag brings."""
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
