"""A target's firewall does not let in the address that workers come with.

`allowed_sources` says what a target's firewall lets in, and the source address that this plan leads to is not among
it, or not all of it. Where none of it is let in, this is an error: as the plan stands, no task reaches the service.
Where a part of it is, it is a warning: some tasks do.

## Why

This is the example on Google's page: VMs are in 10.0.0.0/8 and the firewall lets in only those; Pods are in
192.168.0.0/16 to save addresses. Without the agent "the service receives traffic from 192.168.0.0/16 and drops it
because of a firewall rule. With the IP Masquerade agent enabled and configured, the service gets requests from
10.0.0.0/8, which are accepted" ([About the IP Masquerade
agent](https://cloud.google.com/composer/docs/composer-2/enable-ip-masquerade-agent), read 2026-11-22). A firewall
that drops a packet does not answer, so what a task sees is a time-out.

## How to fix

Do what the message says: enable the agent where it helps, otherwise ask the team of that firewall to let in the
source that the message names, and write it into `allowed_sources` once they did. `airflow-masq render PLAN --as
firewall-request` writes that request. The agent cannot be enabled later, a firewall can be changed at any time: to
create the environment before the firewall is ready, set the create operator's `on_findings` to `warn`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.environment import masquerade_enabled
from airflow_masq.network import PredictedKind, Provenance, Reason
from airflow_masq.plan import policy_with_agent
from airflow_masq.rules.policy_facts import AGENT_CONFIG, EGRESS_NAT_POLICIES, culprit
from airflow_masq.rules.rule import Problem, Rule, Severity
from airflow_masq.rules.target_facts import PredictedTarget, predicted_targets

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from airflow_masq.plan import Plan


def _check(plan: Plan) -> Iterator[Problem]:
    for predicted in predicted_targets(plan):
        if predicted.is_ipv6_bypass or culprit(plan, predicted) is not None:
            continue  # MASQ314 and MASQ307 say it, with its cause
        if predicted.is_let_in is False:
            yield _kept_out(plan, predicted)
        elif predicted.is_let_in_partly:
            yield Problem(
                where=f"{predicted.where}.allowed_sources",
                message=f"{predicted} lets in {_allowed(predicted)}, which is only a part of {_sources(predicted)}, "
                "where workers come from: whether one gets through depends on its address. Ask that side to let in "
                "all of it.",
                severity=Severity.WARNING,
                provenance=predicted.prediction.provenance,
            )


def _kept_out(plan: Plan, predicted: PredictedTarget) -> Problem:
    with_agent = predicted.under(policy_with_agent(plan))
    return Problem(
        where=f"{predicted.where}.allowed_sources",
        message=f"{predicted} lets in only {_allowed(predicted)}, but workers reach it {_source(predicted)}"
        f"{_cause(predicted)}, so its firewall drops them. {_advice(predicted, with_agent, remedy=_remedy(plan))}",
        provenance=predicted.prediction.provenance,
    )


_AGENT: Final = "With the IP masquerade agent {}: create the environment with enableIpMasqAgent: true."
_NO_OTHER_POLICY: Final = "With Composer's own policy {}: leave policy out."
_BETTER_LIST: Final = "Masqueraded, {}: correct the list under policy."


def _remedy(plan: Plan) -> str:
    if plan.policy_choice.name in {AGENT_CONFIG, EGRESS_NAT_POLICIES}:
        return _BETTER_LIST
    return _NO_OTHER_POLICY if masquerade_enabled(plan.environment) else _AGENT


def _source(predicted: PredictedTarget) -> str:
    at = f" in {_sources(predicted)}" if predicted.sources else ", which this plan does not tell"
    return f"{_WITH[predicted.prediction.arrives_as]}{at}"


_WITH: Final = {
    PredictedKind.POD: "with their Pod's address",
    PredictedKind.NODE: "with their node's address",
    PredictedKind.NAT: "through Cloud NAT, with its address",
    PredictedKind.NODE_EXTERNAL: "with their node's external address",
}


def _cause(predicted: PredictedTarget) -> str:
    prediction = predicted.prediction
    if prediction.arrives_as is not PredictedKind.POD:
        return ""
    if prediction.matched_cidr is not None:
        return f" ({prediction.origin} exempts {prediction.matched_cidr} from masquerading)"
    return " (nothing is masqueraded)" if prediction.reason is Reason.DEFAULT_SNAT_DISABLED else ""


def _advice(predicted: PredictedTarget, with_agent: PredictedTarget, *, remedy: str) -> str:
    if with_agent.is_let_in is True:
        return remedy.format(f"they come {_source(with_agent)}, which it lets in")
    ask = f"Ask that side to let in {_sources(predicted) or 'that address'}"
    if predicted.prediction.arrives_as is not PredictedKind.POD:
        return f"{ask}."
    if with_agent.prediction.arrives_as is PredictedKind.POD:
        return f"No agent changes that, since this destination is never masqueraded. {ask}, or move the service."
    return (
        f"The agent alone would not help: then they come {_source(with_agent)}, which it does not let in either. "
        f"{ask}, or, with the agent, {_sources(with_agent) or 'that address'}."
    )


def _allowed(predicted: PredictedTarget) -> str:
    return _listed(predicted.target.allowed_sources)


def _sources(predicted: PredictedTarget) -> str:
    return _listed(predicted.sources)


def _listed(networks: Iterable[object]) -> str:
    return ", ".join(str(network).removesuffix("/32") for network in networks)


RULE: Final = Rule(
    code="MASQ310",
    severity=Severity.ERROR,
    provenance=Provenance.DOCUMENTED,
    check=_check,
    text=__doc__,
    bad="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.14.1-airflow-2.10.5}
    nodeConfig: {enableIpMasqAgent: false}
network:
  node_ranges: [10.128.0.0/20]
  pod_ranges: [192.168.0.0/16]
targets:
  - name: onprem-erp
    observe: http://172.20.0.10:8080/client-ip
    allowed_sources: [10.0.0.0/8]
""",
    good="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.14.1-airflow-2.10.5}
    nodeConfig: {enableIpMasqAgent: true}
network:
  node_ranges: [10.128.0.0/20]
  pod_ranges: [192.168.0.0/16]
targets:
  - name: onprem-erp
    observe: http://172.20.0.10:8080/client-ip
    allowed_sources: [10.0.0.0/8]
""",
)
