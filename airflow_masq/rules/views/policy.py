"""What several rules read from a policy that a plan describes in full; it must not judge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from netaddr import IPSet

from airflow_masq.network.egress_nat_policy import check_egress_nat_policy, read_egress_nat_policy
from airflow_masq.network.policy import Reason, gke_fixed
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
    """One range that a plan's own policy keeps from being masqueraded.

    :param where: its place in the plan.
    :param cidr: the range.
    """

    where: str
    cidr: IPNetwork


def lists_defaults(plan: Plan) -> bool:
    """Say whether the agent's own list is in force because the plan's config has none.

    :param plan: the plan.
    :return: whether it is.
    """
    reading = plan.policy_choice.agent_reading
    return reading is not None and reading.config is not None and reading.config.lists_defaults


def list_entries(plan: Plan) -> tuple[ListEntry, ...]:
    """Give the ranges that the plan's own policy keeps from being masqueraded.

    :param plan: the plan.
    :return: what stands in its manifests or its agent's config, where that is in force; the agent's defaults where the
        config has no list; nothing for Composer's and GKE's policies.
    """
    choice = plan.policy_choice
    if choice.name == EGRESS_NAT_POLICIES:
        return tuple(_manifest_entries(plan))
    if choice.name == AGENT_CONFIG and choice.daemon_set:
        return tuple(
            ListEntry(where=AGENT_CONFIG_PLACE, cidr=exemption.cidr)
            for chain in plan.policy.chains
            for exemption in chain.exemptions
        )
    return ()


def policy_place(plan: Plan) -> str:
    """Give the place of the policy that a plan describes in full.

    :param plan: the plan.
    :return: the place of its agent's config, or of its manifests.
    """
    return AGENT_CONFIG_PLACE if plan.policy_choice.name == AGENT_CONFIG else EGRESS_NAT_POLICIES_PLACE


def uncovered(plan: Plan, *, networks: Iterable[IPNetwork]) -> list[IPNetwork]:
    """Give the ranges that the plan's own policy does not keep from being masqueraded as a whole.

    What GKE adds of itself on Autopilot does not count.

    :param plan: the plan.
    :param networks: the ranges to look for.
    :return: those that are missing; none where the plan describes no policy in full, as where GKE's or Composer's
        object ``default`` stays in force beside its own, or where that masquerades nothing.
    """
    choice = plan.policy_choice
    is_described = choice.replaces_default or (choice.name == AGENT_CONFIG and choice.daemon_set)
    if not is_described or not plan.policy.chains:
        return []
    (chain,) = plan.policy.chains
    fixed = frozenset(gke_fixed(plan.ranges) if choice.name == EGRESS_NAT_POLICIES else ())
    listed = IPSet([exemption.cidr for exemption in chain.exemptions if exemption not in fixed])
    return [network for network in networks if network not in listed and (network.version == IPV4 or chain.ipv6)]


def culprit(plan: Plan, *, predicted: PredictedTarget) -> ListEntry | None:
    """Give the entry of the plan's own policy that keeps a target from being masqueraded although it needs to be.

    :param plan: the plan.
    :param predicted: the target.
    :return: the entry; ``None`` where it is masqueraded or accepts Pods, where no entry is to blame, and where the
        entry is one that must be there.
    """
    prediction = predicted.prediction
    if not predicted.accepts_only_nodes or predicted.is_in_cluster or prediction.matched_cidr is None:
        return None
    entries = (entry for entry in list_entries(plan) if entry.cidr == prediction.matched_cidr)
    return next((entry for entry in entries if entry.cidr.prefixlen > 0), None)


def is_exempt_by_default(plan: Plan, *, predicted: PredictedTarget) -> bool:
    """Say whether GKE's own object, which stays in force beside the plan's, keeps a target from being masqueraded too.

    :param plan: the plan.
    :param predicted: the target.
    :return: whether it does, so that correcting the plan's own entries would not suffice.
    """
    return plan.policy_choice.name == EGRESS_NAT_POLICIES and any(
        predicted.address in exemption.cidr
        for chain in plan.policy.chains
        for exemption in chain.exemptions
        if exemption.reason is Reason.DESTINATION_IP_IN_DEFAULT_NON_MASQUERADE_RANGE
    )


def _manifest_entries(plan: Plan) -> Iterator[ListEntry]:
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
