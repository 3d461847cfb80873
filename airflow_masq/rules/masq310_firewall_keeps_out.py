"""A target's firewall does not let in the addresses that workers come from.

`allowed_sources` says what a target's firewall lets in. The source addresses that this plan leads to are not in it, or
only some of them are. If none of them is let in, this is an error: no task reaches the service. If some are, it is a
warning: only some tasks reach it.

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

from airflow_masq.network.firewall import FirewallAnswer
from airflow_masq.network.policy import Reason
from airflow_masq.network.prediction import Prediction
from airflow_masq.network.provenance import Provenance
from airflow_masq.network.ranges import AddressKind
from airflow_masq.plan import Plan, Remedy
from airflow_masq.rules.rule import Problem, Rule, Severity
from airflow_masq.rules.views.policy import culprit, is_exempt_by_default
from airflow_masq.rules.views.targets import PredictedTarget, predict_targets
from airflow_masq.text import join_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def _check(plan: Plan) -> Iterator[Problem]:
    remedy = plan.find_remedy()
    for predicted in predict_targets(plan):
        is_told = culprit(plan, predicted=predicted) is not None and not is_exempt_by_default(plan, predicted=predicted)
        if predicted.is_link_local or is_told:
            continue  # MASQ309 and MASQ307 say it, with its cause
        prediction, where = predicted.prediction, f"{predicted.where}.allowed_sources"
        allowed = _list_ranges(predicted.target.allowed_sources)
        if prediction.firewall is FirewallAnswer.NONE:
            message = (
                f"{predicted} lets in only {allowed}, but workers reach it {_describe_source(prediction)}"
                f"{_describe_cause(prediction)}, so its firewall drops them. {_advise(predicted, remedy)}"
            )
            yield Problem(where=where, message=message, provenance=prediction.provenance)
        elif prediction.firewall is FirewallAnswer.SOME:
            message = (
                f"{predicted} lets in {allowed}, which is only a part of {_list_ranges(prediction.sources)}, where "
                "workers come from: whether one gets through depends on its address. Ask that side to let in all of it."
            )
            yield Problem(where=where, message=message, severity=Severity.WARNING, provenance=prediction.provenance)


def _describe_source(prediction: Prediction) -> str:
    at = f" in {_list_ranges(prediction.sources)}" if prediction.sources else ", which this plan does not name"
    return f"{_SOURCES[prediction.arrives_as]}{at}"


_SOURCES: Final = {
    AddressKind.POD: "with their Pod's address",
    AddressKind.NODE: "with their node's address",
    AddressKind.NAT: "through Cloud NAT, with its address",
    AddressKind.NODE_EXTERNAL: "with their node's external address",
}


def _describe_cause(prediction: Prediction) -> str:
    if prediction.arrives_as is not AddressKind.POD:
        return ""
    if prediction.matched_cidr is not None:
        return f" ({prediction.origin} exempts {prediction.matched_cidr} from masquerading)"
    return _OTHER_CAUSES.get(prediction.reason, "")


_OTHER_CAUSES: Final = {
    Reason.DEFAULT_SNAT_DISABLED: " (nothing is masqueraded)",
    Reason.NO_MASQUERADING_FOR_IPV6: " (IPv6 is not masqueraded)",
}


def _advise(predicted: PredictedTarget, remedy: Remedy) -> str:
    ask = f"Ask that side to let in {_name_sources(predicted.prediction)}"
    remedied = predicted.predict_under(remedy.policy)
    if remedied.firewall is FirewallAnswer.ALL and predicted.target.expect is AddressKind.POD:
        return f"That contradicts expect: pod. {ask}, or remove expect."
    if remedied.firewall is FirewallAnswer.ALL:
        return f"{remedy.state} they come {_describe_source(remedied)}, which it lets in: {remedy.step}."
    if predicted.prediction.arrives_as is not AddressKind.POD:
        return f"{ask}."
    if remedied.reason is Reason.NO_MASQUERADING_FOR_IPV6:
        return f"The agent does not change that. {ask}, or reach the service by IPv4."
    if remedied.arrives_as is AddressKind.POD:
        narrow = ""
        if any(predicted.address in network for network in predicted.ranges.node):
            narrow = " If network.node_ranges names more than the cluster's own subnetwork, correct that first."
        return (
            "The agent does not change that, since packets to this destination are never masqueraded."
            f"{narrow} {ask}, or move the service."
        )
    return (
        f"The agent alone would not help: then they come {_describe_source(remedied)}, "
        f"{_OTHER_ANSWERS[remedied.firewall]}. {ask}, or, with the agent, {_name_sources(remedied)}."
    )


_OTHER_ANSWERS: Final = {
    FirewallAnswer.NONE: "which it does not let in either",
    FirewallAnswer.SOME: "of which it lets in only a part",
    FirewallAnswer.UNKNOWN: "and whether it lets that in is not known",
}


def _name_sources(prediction: Prediction) -> str:
    return _list_ranges(prediction.sources) or "that address"


def _list_ranges(networks: Iterable[object]) -> str:
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
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig: {serviceAccount: composer@example-project.iam.gserviceaccount.com, enableIpMasqAgent: false}
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
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig: {serviceAccount: composer@example-project.iam.gserviceaccount.com, enableIpMasqAgent: true}
network:
  node_ranges: [10.128.0.0/20]
  pod_ranges: [192.168.0.0/16]
targets:
  - name: onprem-erp
    observe: http://172.20.0.10:8080/client-ip
    allowed_sources: [10.0.0.0/8]
""",
)
