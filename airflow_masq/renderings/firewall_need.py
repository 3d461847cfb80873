"""What the firewall of each target must let in, before and after the plan, as facts and sentences without a form.

It names no address that the plan does not name, and asks for no rule that would not help.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from airflow_masq.environment import COMPOSER_3, IMAGE_VERSION_PLACE, OUT_OF_YOUR_NETWORK
from airflow_masq.exceptions import InexpressibleError
from airflow_masq.network.firewall import FirewallAnswer
from airflow_masq.network.policy import MasqueradePolicy
from airflow_masq.network.prediction import Prediction, predict_every_pod
from airflow_masq.network.ranges import AddressKind
from airflow_masq.plan import Plan, Remedy, Target
from airflow_masq.renderings.policy import require_own_ranges
from airflow_masq.text import join_words

# What each scheme is carried by [source: rfc-9110-default-ports, rfc-8489-transport, rfc-1035-transport]
_PROTOCOLS: Final = {
    "http": "TCP",
    "https": "TCP",
    "stun": "UDP",
    "stun+tcp": "TCP",
    "dns": "UDP and TCP",
}
_UNKNOWN_SOURCES: Final = {
    AddressKind.POD: "Pod addresses of that IP version, which the plan does not name",
    AddressKind.NODE: "node addresses of that IP version, which the plan does not name",
    AddressKind.NAT: "Cloud NAT's addresses, which the plan does not name",
    AddressKind.NODE_EXTERNAL: "the nodes' external addresses, which no plan names",
    AddressKind.DROPPED: "none, since the packet is lost on the way",
}


@dataclass(frozen=True, kw_only=True)
class FirewallNeed:
    """One target and what its firewall must let in.

    Each prediction is of every Pod, and ``None`` if the plan does not name the target's address.

    :param target: the target.
    :param before: without the agent, under GKE's default policy.
    :param after: under the plan's policy.
    :param remedy: the change of the plan after which the firewall lets packets in, if it does not under the plan;
        ``None`` if there is none.
    :param remedied: after that change; ``None`` if there is none.
    """

    target: Target
    before: Prediction | None
    after: Prediction | None
    remedy: Remedy | None = None
    remedied: Prediction | None = None

    @property
    def destination(self) -> str:
        """The target's address or name; a connection's id where only the connection holds it."""
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
        """What to ask of the team that keeps the firewall."""
        if self.after is None:
            return "Find out the target's address first; the plan does not name it."
        if self.after.arrives_as is AddressKind.DROPPED:
            return "No rule helps: the plan's Cloud NAT must cover this traffic first."
        sources = describe_sources(self.after)
        if not self.after.sources:
            return f"Find out the source first: {sources}."
        if self.remedy is not None:
            return (
                f"No rule for Pods: {self.remedy.step} instead. Packets then come from "
                f"{describe_sources(self.remedied)}, which the firewall lets in."
            )
        request = f"{sources} to {self.destination}, port {self.port}, {self.protocol}"
        return {
            FirewallAnswer.ALL: f"Nothing; the firewall lets in {sources}.",
            FirewallAnswer.SOME: f"Let in all of {request}; so far only a part is let in.",
        }.get(self.after.firewall, f"Let in {request}.")

    @property
    def reason(self) -> str:
        """Why packets come from there."""
        if self.after is None:
            return "The source of a packet depends on its destination."
        if self.after.masqueraded:
            return "The nodes masquerade: they replace the Pod's address with their own."
        by = "" if self.after.matched_cidr is None else f", by {self.after.matched_cidr}"
        return f"The nodes keep the Pod's address ({self.after.reason}{by}; {self.after.origin})."

    @property
    def consequence(self) -> str:
        """What happens if the request is not fulfilled."""
        answer = FirewallAnswer.UNKNOWN if self.after is None else self.after.firewall
        if self.after is not None and self.after.arrives_as is AddressKind.DROPPED:
            return "Packets are lost before they reach the firewall; tasks wait for their time-out."
        if answer is FirewallAnswer.ALL and self.before is not None and self.before.firewall is FirewallAnswer.NONE:
            sources = describe_sources(self.before)
            return f"Tasks connect; without the agent the firewall would drop packets from {sources}."
        return {
            FirewallAnswer.ALL: "Tasks connect.",
            FirewallAnswer.NONE: "The firewall drops the packets; tasks wait for their time-out.",
            FirewallAnswer.SOME: "Some tasks connect; the others wait for their time-out.",
            FirewallAnswer.UNKNOWN: "If the firewall does not let all of them in, some tasks or all of them wait for "
            "their time-out.",
        }[answer]


def describe_sources(prediction: Prediction | None) -> str:
    """List the sources of a prediction, or say what is known of them."""
    if prediction is None:
        return "not known"
    return join_words(prediction.sources, most=None) or _UNKNOWN_SOURCES[prediction.arrives_as]


def list_firewall_needs(plan: Plan, *, form: str) -> tuple[FirewallNeed, ...]:
    """List for each target of a plan, in its order, what the target's firewall must let in.

    :param plan: the plan.
    :param form: the form, for errors.
    :raises InexpressibleError: when the plan has no targets, is one of Composer 3, or does not name the node or Pod
        ranges.
    """
    if plan.environment.generation == COMPOSER_3:
        reason = f"{OUT_OF_YOUR_NETWORK}, so a plan does not show its source addresses"
        raise InexpressibleError(form=form, where=IMAGE_VERSION_PLACE, reason=reason)
    if not plan.targets:
        reason = "the plan has no targets, but the request is about them; add targets"
        raise InexpressibleError(form=form, where="targets", reason=reason)
    require_own_ranges(plan, form=form, need="the request names the addresses that a firewall sees")
    without_agent, remedy = plan.policy_without_agent, plan.find_remedy()
    needs = []
    for target in plan.targets:
        before, after = (_predict(plan, policy=policy, target=target) for policy in (without_agent, plan.policy))
        need = FirewallNeed(target=target, before=before, after=after)
        if after is not None and after.firewall is FirewallAnswer.NONE:
            remedied = _predict(plan, policy=remedy.policy, target=target)
            if remedied is not None and remedied.firewall is FirewallAnswer.ALL:
                need = FirewallNeed(target=target, before=before, after=after, remedy=remedy, remedied=remedied)
        needs.append(need)
    return tuple(needs)


def _predict(plan: Plan, *, policy: MasqueradePolicy, target: Target) -> Prediction | None:
    if target.address is None:
        return None
    return predict_every_pod(
        plan.ranges, policy=policy, destination=target.address, allowed_sources=target.allowed_sources
    )
