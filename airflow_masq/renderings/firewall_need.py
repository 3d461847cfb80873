"""What the firewall of each target must let in, before and after the plan: facts and sentences, in no form yet.

It must not claim an address that the plan does not tell, nor ask for a rule that would not help.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from airflow_masq.environment import COMPOSER_3, IMAGE_VERSION_PLACE, OUT_OF_YOUR_NETWORK
from airflow_masq.exceptions import InexpressibleError
from airflow_masq.network.arrival import PredictedKind
from airflow_masq.network.every_pod import predict_every_pod
from airflow_masq.network.prediction import Prediction
from airflow_masq.plan import Plan, Remedy, Target
from airflow_masq.renderings.policy import find_pod_range_place

if TYPE_CHECKING:
    from netaddr import IPNetwork

    from airflow_masq.network.policy import MasqueradePolicy

# RFC 9110 section 4.2, RFC 8489 section 3 and RFC 1035 section 4.2, read 2026-11-22.
_PROTOCOLS: Final = {
    "http": "TCP",
    "https": "TCP",
    "stun": "UDP",
    "stun+tcp": "TCP",
    "dns": "UDP and TCP",
}
_NAMELESS: Final = {
    PredictedKind.POD: "Pod addresses of that IP version, which the plan does not name",
    PredictedKind.NODE: "node addresses of that IP version, which the plan does not name",
    PredictedKind.NAT: "Cloud NAT's addresses, which the plan does not name",
    PredictedKind.NODE_EXTERNAL: "the nodes' external addresses, which no plan names",
    PredictedKind.DROPPED: "none, since the packet is lost on the way",
}


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Where packets to a target come from under one policy.

    :param prediction: what is expected of one Pod's packet; ``None`` where the plan does not tell the target's address.
    :param ranges: the ranges of all Pods' sources; empty where they are not known.
    :param let_in: whether the target's firewall lets all of them in; ``None`` where it lets in a part, or that cannot
        be told.
    :param let_in_part: whether it is known to let in some of them and not others.
    """

    prediction: Prediction | None
    ranges: tuple[IPNetwork, ...] = ()
    let_in: bool | None = None
    let_in_part: bool = False

    def __str__(self) -> str:
        if self.ranges:
            return _listed(self.ranges)
        return "not known" if self.prediction is None else _NAMELESS[self.prediction.arrives_as]


@dataclass(frozen=True, kw_only=True)
class FirewallNeed:
    """One target and what its firewall must let in.

    :param target: the target.
    :param before: the sources without the agent, under GKE's default policy.
    :param after: the sources under the plan's policy.
    :param remedy: the change of the plan after which its firewall lets packets in, where it does not under the plan;
        ``None`` where there is none.
    :param remedied: the sources after that change; ``None`` where there is none.
    """

    target: Target
    before: Sources
    after: Sources
    remedy: Remedy | None = None
    remedied: Sources | None = None

    @property
    def destination(self) -> str:
        """The target's address or name; a connection's id where only the connection knows it."""
        return self.target.host or f"connection {urlsplit(self.target.observe).netloc}"

    @property
    def port(self) -> str:
        """The target's port; empty where a connection holds it."""
        return "" if self.target.port is None else str(self.target.port)

    @property
    def protocol(self) -> str:
        """The transport; empty where a connection holds it."""
        return _PROTOCOLS.get(urlsplit(self.target.observe).scheme, "")

    @property
    def request(self) -> str:
        """What to ask of whoever keeps the firewall."""
        if self.after.prediction is None:
            return "Find out the address first; the plan names none."
        if self.after.prediction.arrives_as is PredictedKind.DROPPED:
            return "No rule helps; the plan's Cloud NAT must cover this traffic first."
        if not self.after.ranges:
            return f"Find out the source first: {self.after}."
        if self.after.let_in:
            return f"Nothing; the firewall lets in {self.after}."
        if self.remedy is not None:
            return (
                f"No rule for Pods: {self.remedy.step}, which makes it unnecessary. Packets then come from "
                f"{self.remedied}, which the firewall lets in."
            )
        request = f"{self.after} to {self.destination}, port {self.port}, {self.protocol}"
        return f"Let in all of {request}; so far it is a part." if self.after.let_in_part else f"Let in {request}."

    @property
    def reason(self) -> str:
        """Why packets come from there."""
        prediction = self.after.prediction
        if prediction is None:
            return "Where packets come from depends on where they go."
        if prediction.masqueraded:
            return "The nodes masquerade: they put their own address in place of the Pod's."
        by = "" if prediction.matched_cidr is None else f", by {prediction.matched_cidr}"
        return f"The nodes leave the Pod's address as it is ({prediction.reason}{by}; {prediction.origin})."

    @property
    def otherwise(self) -> str:
        """What happens where nobody does what is asked."""
        if self.after.prediction is not None and self.after.prediction.arrives_as is PredictedKind.DROPPED:
            return "Packets are lost before any firewall sees them; tasks wait for their time-out."
        if self.after.let_in:
            dropped = f"; without the agent the firewall would drop what comes from {self.before}"
            return f"Tasks connect{dropped if self.before.let_in is False else ''}."
        if self.after.let_in_part:
            return "Some tasks connect; those whose packets come from the rest wait for their time-out."
        if self.after.let_in is False:
            return "The firewall drops the packets; tasks wait for their time-out."
        return "Where the firewall does not let all of them in, some tasks or all wait for their time-out."


def firewall_needs(plan: Plan, *, form: str) -> tuple[FirewallNeed, ...]:
    """Say for each target what its firewall must let in.

    :param plan: the plan.
    :param form: the form, for errors.
    :return: the needs in the plan's order.
    :raises InexpressibleError: when the plan has no targets, is one of Composer 3, or does not tell the node or Pod
        ranges.
    """
    if plan.environment.generation == COMPOSER_3:
        reason = f"{OUT_OF_YOUR_NETWORK}, so a plan does not tell its source addresses"
        raise InexpressibleError(form=form, where=IMAGE_VERSION_PLACE, reason=reason)
    for where, values in (
        ("targets", plan.targets),
        ("network.node_ranges", plan.ranges.node),
        (find_pod_range_place(plan), plan.ranges.pod),
    ):
        if not values:
            reason = "the plan tells none, and the request is about them; name them"
            raise InexpressibleError(form=form, where=where, reason=reason)
    without_agent, remedy = plan.policy_without_agent, plan.find_remedy()
    return tuple(_need(plan, target, without_agent=without_agent, remedy=remedy) for target in plan.targets)


def _need(plan: Plan, target: Target, *, without_agent: MasqueradePolicy, remedy: Remedy) -> FirewallNeed:
    before, after = (_sources(plan, policy, target) for policy in (without_agent, plan.policy))
    if after.let_in is False:
        remedied = _sources(plan, remedy.policy, target)
        if remedied.let_in:
            return FirewallNeed(target=target, before=before, after=after, remedy=remedy, remedied=remedied)
    return FirewallNeed(target=target, before=before, after=after)


def _sources(plan: Plan, policy: MasqueradePolicy, target: Target) -> Sources:
    destination = target.address
    if destination is None:
        return Sources(prediction=None)
    seen = predict_every_pod(
        plan.ranges, policy=policy, destination=destination, allowed_sources=target.allowed_sources
    )
    return Sources(prediction=seen.prediction, ranges=seen.sources, let_in=seen.let_in, let_in_part=seen.let_in_part)


def _listed(networks: tuple[IPNetwork, ...]) -> str:
    return ", ".join(str(network) for network in networks)
