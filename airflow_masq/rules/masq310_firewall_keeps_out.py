"""A target's firewall does not let in the source addresses of workers.

`allowed_sources` lists the source addresses that a target's firewall lets in. Under this plan, workers have other
source addresses. If the list contains none of their addresses, this is an error, since no task reaches the service. If
it contains some, it is a warning, since only some tasks reach the service.

## Why

Google's page has this example: VMs are in 10.0.0.0/8, and the firewall lets in only that range. Pods are in
192.168.0.0/16 to save addresses. Without the agent "the service receives traffic from 192.168.0.0/16 and drops it
because of a firewall rule. With the IP Masquerade agent enabled and configured, the service gets requests from
10.0.0.0/8, which are accepted" [source: composer-agent-example]. A firewall that drops a packet does not answer, so the
task times out.

## How to fix

Follow the message. If the agent helps, enable it. Otherwise, ask the firewall's team to let in the source that the
message names, and add that source to `allowed_sources` afterwards. `airflow-masq render PLAN --as firewall-request`
writes the request. You cannot enable the agent later, but a firewall can be changed at any time: to create the
environment before the firewall is ready, set the create operator's `on_findings` to `warn`.
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
from airflow_masq.rules.views.policy import find_exempting_entry, is_exempt_by_default
from airflow_masq.rules.views.targets import PredictedTarget, predict_targets
from airflow_masq.text import join_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def _check(plan: Plan) -> Iterator[Problem]:
    remedy = plan.find_remedy()
    for predicted in predict_targets(plan):
        has_own_cause = find_exempting_entry(plan, predicted=predicted) is not None
        if predicted.is_link_local or (has_own_cause and not is_exempt_by_default(plan, predicted=predicted)):
            continue  # MASQ309 or MASQ307 reports it, with its cause
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
                f"{predicted} lets in only a part of {_list_ranges(prediction.sources)}, where workers come from, so "
                f"some of them do not get through. It lets in {allowed}. Ask the firewall's team to let in all of "
                "these sources."
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
    ask = f"Ask the firewall's team to let in {_name_sources(predicted.prediction)}"
    remedied = predicted.predict_under(remedy.policy)
    if remedied.firewall is FirewallAnswer.ALL and predicted.target.expect is AddressKind.POD:
        return f"This contradicts expect: pod. {ask}, or remove expect."
    if remedied.firewall is FirewallAnswer.ALL:
        return f"{remedy.state} they come {_describe_source(remedied)}, which it lets in: {remedy.step}."
    if predicted.prediction.arrives_as is not AddressKind.POD:
        return f"{ask}."
    if remedied.reason is Reason.NO_MASQUERADING_FOR_IPV6:
        return f"The agent does not change this. {ask}, or use the service's IPv4 address."
    if remedied.arrives_as is AddressKind.POD:
        narrow = ""
        if any(predicted.address in network for network in predicted.ranges.node):
            narrow = " If network.node_ranges names more than the cluster's own subnetwork, correct that first."
        return (
            "The agent does not change this, since packets to this destination are never masqueraded."
            f"{narrow} {ask}, or move the service."
        )
    return (
        f"The agent alone does not help: with it, workers come {_describe_source(remedied)}, "
        f"{_OTHER_ANSWERS[remedied.firewall]}. {ask}, or enable the agent and ask for {_name_sources(remedied)}."
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
