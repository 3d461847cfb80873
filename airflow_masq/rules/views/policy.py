"""The non-masquerade list of a policy that the plan itself describes, as several rules read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from netaddr import IPSet

from airflow_masq.network.egress_nat_policy import check_egress_nat_policy, read_egress_nat_policy
from airflow_masq.network.policy import Reason, list_gke_fixed_exemptions
from airflow_masq.network.ranges import IPV4

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from netaddr import IPNetwork

    from airflow_masq.plan import Plan
    from airflow_masq.rules.views.targets import PredictedTarget

AGENT_CONFIG: Final = "agent_config"
AGENT_CONFIG_PLACE: Final = "policy.agent_config"
EGRESS_NAT_POLICIES: Final = "egress_nat_policies"
EGRESS_NAT_POLICIES_PLACE: Final = "policy.egress_nat_policies"


@dataclass(frozen=True, kw_only=True)
class ListEntry:
    """One range that a plan's own policy exempts from masquerading, with its place in the plan."""

    where: str
    cidr: IPNetwork


def lists_defaults(plan: Plan) -> bool:
    """Say whether the agent's own list is in force because the plan's config has none."""
    reading = plan.policy_choice.agent_reading
    return reading is not None and reading.config is not None and reading.config.lists_defaults


def list_entries(plan: Plan) -> tuple[ListEntry, ...]:
    """List the ranges that the plan's own policy exempts from masquerading.

    :return: the entries of its manifests, or of its agent's config if the agent reads it; the agent's defaults if the
        config has no list; nothing for Composer's and GKE's policies.
    """
    choice = plan.policy_choice
    if choice.name == EGRESS_NAT_POLICIES:
        return tuple(_list_manifest_entries(plan))
    if choice.name == AGENT_CONFIG and choice.daemon_set:
        return tuple(
            ListEntry(where=AGENT_CONFIG_PLACE, cidr=exemption.cidr)
            for chain in plan.policy.chains
            for exemption in chain.exemptions
        )
    return ()


def name_policy_place(plan: Plan) -> str:
    """Name the place of the plan's own policy: its agent's config, or its manifests."""
    return AGENT_CONFIG_PLACE if plan.policy_choice.name == AGENT_CONFIG else EGRESS_NAT_POLICIES_PLACE


def find_unlisted(plan: Plan, *, networks: Iterable[IPNetwork]) -> list[IPNetwork]:
    """Find the ranges that the plan's own policy does not exempt from masquerading as a whole.

    The ranges that GKE itself adds on Autopilot do not count.

    :param networks: the ranges to look for.
    :return: those that are missing; none if the plan does not describe the whole policy (GKE's or Composer's object
        ``default`` stays in force beside its own), or if the policy masquerades nothing.
    """
    choice = plan.policy_choice
    is_described = choice.replaces_default or (choice.name == AGENT_CONFIG and choice.daemon_set)
    if not is_described or not plan.policy.chains:
        return []
    (chain,) = plan.policy.chains
    fixed = frozenset(list_gke_fixed_exemptions(plan.ranges) if choice.name == EGRESS_NAT_POLICIES else ())
    listed = IPSet([exemption.cidr for exemption in chain.exemptions if exemption not in fixed])
    return [network for network in networks if network not in listed and (network.version == IPV4 or chain.ipv6)]


def find_exempting_entry(plan: Plan, *, predicted: PredictedTarget) -> ListEntry | None:
    """Find the entry of the plan's own policy that exempts a target from masquerading although it accepts only nodes.

    :return: the entry; ``None`` if the target is masqueraded or accepts Pods, if no entry is the cause, or if the entry
        is required.
    """
    prediction = predicted.prediction
    if not predicted.accepts_only_nodes or predicted.is_in_cluster or prediction.matched_cidr is None:
        return None
    entries = (entry for entry in list_entries(plan) if entry.cidr == prediction.matched_cidr)
    return next((entry for entry in entries if entry.cidr.prefixlen > 0), None)


def is_exempt_by_default(plan: Plan, *, predicted: PredictedTarget) -> bool:
    """Say whether GKE's own object, which stays in force beside the plan's, exempts a target from masquerading too.

    If so, correcting the plan's own entries is not enough.
    """
    return plan.policy_choice.name == EGRESS_NAT_POLICIES and any(
        predicted.address in exemption.cidr
        for chain in plan.policy.chains
        for exemption in chain.exemptions
        if exemption.reason is Reason.DESTINATION_IP_IN_DEFAULT_NON_MASQUERADE_RANGE
    )


def _list_manifest_entries(plan: Plan) -> Iterator[ListEntry]:
    accepted = [
        (place, read_egress_nat_policy(manifest))
        for place, manifest in plan.policy_choice.placed_manifests
        if not check_egress_nat_policy(manifest)
    ]
    in_force = {policy.name: place for place, policy in accepted}  # of two with one name, the later
    for place, policy in accepted:
        if in_force[policy.name] != place:
            continue
        for position, cidr in enumerate(policy.destinations):
            yield ListEntry(where=f"{place}.spec.destinations[{position}].cidr", cidr=cidr)
