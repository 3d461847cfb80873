"""Whether the policy that is live in a cluster has the effect that the plan says.

Objects are compared by their effect, not by their names: the destinations that keep the Pod's address, without those in
the cluster's own ranges, which keep it in any case on Autopilot [source: egress-nat-policy-objects].
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.cluster_policy import PolicyDifference, compare_policies
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.network.live_policy import LiveObject, LivePolicy
from airflow_masq.network.ranges import parse_cidr
from airflow_masq.plan.policy_section import AGENT_CONFIG

if TYPE_CHECKING:
    from collections.abc import Iterable

    from netaddr import IPNetwork

    from airflow_masq.plan import Plan

_IN_EFFECT: Final = "in effect"


def compare_with_planned_policy(plan: Plan, *, live: LivePolicy) -> PolicyDifference | None:
    """Compare a plan's policy with that of its cluster; ``None`` where the plan's is no list of such objects."""
    if plan.policy_choice.name == AGENT_CONFIG or len(plan.policy.chains) != 1:
        return None
    fixed = [cidr for each in live.fixed for cidr in each.destinations]
    own = [*plan.ranges.node, *plan.ranges.pod, *plan.ranges.service, *filter(None, map(_parse, fixed))]
    planned = [str(exemption.cidr) for exemption in plan.policy.chains[0].exemptions]
    found = [cidr for each in live.editable for cidr in each.destinations]
    return compare_policies(_make_policy(planned, own=own), _make_policy(found, own=own), names=("plan", "live"))


def _make_policy(destinations: Iterable[str], *, own: list[IPNetwork]) -> LivePolicy:
    """Make a policy of one object with the destinations outside the cluster's own ranges."""
    outside = [text for text in destinations if not _is_within(_parse(text), own)]
    return LivePolicy(objects=(LiveObject(name=_IN_EFFECT, destinations=tuple(outside)),))


def _is_within(cidr: IPNetwork | None, ranges: list[IPNetwork]) -> bool:
    return cidr is not None and any(cidr in each for each in ranges)


def _parse(text: str) -> IPNetwork | None:
    try:
        return parse_cidr(text)
    except InvalidInputError:  # what an API server has accepted exists, whatever it says
        return None
