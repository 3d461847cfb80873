"""The stated policy contradicts the environment's flag.

`policy` says `composer` although the environment does not ask for the agent, or `gke-default` or `none` although it
does. Everything that is predicted from this plan would be wrong.

## Why

"If you enable the IP Masquerade agent, the default GKE's EgressNatPolicy will be replaced with Cloud Composer's
definition"; without the agent it stays ([Enable the IP Masquerade
agent](https://cloud.google.com/composer/docs/composer-2/enable-ip-masquerade-agent), read 2026-11-22).

## How to fix

Leave `policy` out: it follows from the flag. Or correct the flag, if the policy is what was meant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.environment import masquerade_enabled
from airflow_masq.network import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan

_WITHOUT_AGENT: Final = ("gke-default", "none")


def _check(plan: Plan) -> Iterator[Problem]:
    choice = plan.policy_choice
    if not plan.environment or not choice.stated:
        return
    if choice.name == "composer" and not masquerade_enabled(plan.environment):
        message = "policy says composer, which comes with the agent only, and enableIpMasqAgent is not true; set it."
        yield Problem(where="policy", message=message)
    if choice.name in _WITHOUT_AGENT and masquerade_enabled(plan.environment):
        message = (
            f"policy says {choice.name}, and enableIpMasqAgent is true, which puts Composer's policy in its place; "
            "leave policy out."
        )
        yield Problem(where="policy", message=message)


RULE: Final = Rule(
    code="MASQ305",
    severity=Severity.WARNING,
    provenance=Provenance.DOCUMENTED,
    check=_check,
    text=__doc__,
    bad="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.14.1-airflow-2.10.5}
    nodeConfig: {enableIpMasqAgent: true}
policy: gke-default
""",
    good="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.14.1-airflow-2.10.5}
    nodeConfig: {enableIpMasqAgent: true}
policy: composer
""",
)
