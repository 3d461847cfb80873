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

from airflow_masq.network.arrival import PredictedKind
from airflow_masq.network.policy import Reason
from airflow_masq.network.provenance import Provenance
from airflow_masq.network.ranges import SourceKind
from airflow_masq.plan import Plan, Remedy, remedy_of
from airflow_masq.rules.rule import Problem, Rule, Severity
from airflow_masq.rules.views.policy import culprit, is_exempt_by_default
from airflow_masq.rules.views.targets import PredictedTarget, predicted_targets
from airflow_masq.text import join_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from airflow_masq.network.every_pod import EveryPod


def _check(plan: Plan) -> Iterator[Problem]:
    remedy = remedy_of(plan)
    for predicted in predicted_targets(plan):
        is_told = culprit(plan, predicted=predicted) is not None and not is_exempt_by_default(plan, predicted=predicted)
        if predicted.is_link_local or is_told:
            continue  # MASQ309 and MASQ307 say it, with its cause
        if predicted.is_let_in is False:
            yield _kept_out(predicted, remedy)
        elif predicted.is_let_in_partly:
            yield Problem(
                where=f"{predicted.where}.allowed_sources",
                message=f"{predicted} lets in {_allowed(predicted)}, which is only a part of "
                f"{_listed(predicted.sources)}, where workers come from: whether one gets through depends on its "
                "address. Ask that side to let in all of it.",
                severity=Severity.WARNING,
                provenance=predicted.prediction.provenance,
            )


def _kept_out(predicted: PredictedTarget, remedy: Remedy) -> Problem:
    return Problem(
        where=f"{predicted.where}.allowed_sources",
        message=f"{predicted} lets in only {_allowed(predicted)}, but workers reach it {_source(predicted.every_pod)}"
        f"{_cause(predicted)}, so its firewall drops them. {_advice(predicted, remedy)}",
        provenance=predicted.prediction.provenance,
    )


def _source(seen: EveryPod) -> str:
    at = f" in {_listed(seen.sources)}" if seen.sources else ", which this plan does not tell"
    return f"{_WITH[seen.prediction.arrives_as]}{at}"


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
    return _OTHER_CAUSES.get(prediction.reason, "")


_OTHER_CAUSES: Final = {
    Reason.DEFAULT_SNAT_DISABLED: " (nothing is masqueraded)",
    Reason.NO_MASQUERADING_FOR_IPV6: " (IPv6 is not masqueraded)",
}


def _advice(predicted: PredictedTarget, remedy: Remedy) -> str:
    ask = f"Ask that side to let in {_named(predicted.every_pod)}"
    remedied = predicted.under(remedy.policy)
    if remedied.let_in is True and predicted.target.expect is SourceKind.POD:
        return f"That contradicts expect: pod. {ask}, or leave expect out."
    if remedied.let_in is True:
        return f"{remedy.state} they come {_source(remedied)}, which it lets in: {remedy.step}."
    if predicted.prediction.arrives_as is not PredictedKind.POD:
        return f"{ask}."
    if remedied.prediction.reason is Reason.NO_MASQUERADING_FOR_IPV6:
        return f"No agent of Composer's changes that. Reach the service by IPv4. Or {ask[0].lower()}{ask[1:]}."
    if remedied.prediction.arrives_as is PredictedKind.POD:
        narrow = ""
        if any(predicted.address in network for network in predicted.ranges.node):
            narrow = " If network.node_ranges names more than the cluster's own subnetwork, correct that first."
        return (
            f"No agent changes that, since this destination is never masqueraded.{narrow} {ask}, or move the service."
        )
    either = "which it does not let in either" if remedied.let_in is False else "of which it may let in none or some"
    return (
        f"The agent alone would not help: then they come {_source(remedied)}, {either}. "
        f"{ask}, or, with the agent, {_named(remedied)}."
    )


def _named(seen: EveryPod) -> str:
    return _listed(seen.sources) or "that address"


def _allowed(predicted: PredictedTarget) -> str:
    return _listed(predicted.target.allowed_sources)


def _listed(networks: Iterable[object]) -> str:
    return join_words(str(network).removesuffix("/32").removesuffix("/128") for network in networks)


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
