"""A plan with numbers in place of names: what was read completes what the plan does not say, and replaces nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from airflow_masq.environment.cidr_fields import POD_FIELD, SERVICE_FIELD
from airflow_masq.preflight.allowlist import find_covering_gateways
from airflow_masq.preflight.answers import Answers, Unanswered

if TYPE_CHECKING:
    from airflow_masq.network.ranges import NetworkRanges
    from airflow_masq.plan import Plan
    from airflow_masq.preflight.subject import Subject


def complete_plan(subject: Subject, *, plan: Plan, answers: Answers) -> Plan:
    """Complete a plan's ranges and its Cloud NAT.

    :return: a plan that ``lint``, predictions and capacity take; the same one where nothing was read.
    """
    ranges = _complete_nat(subject, plan=plan, ranges=_complete_ranges(plan, answers), answers=answers)
    policy = plan.policy_choice.derive_policy(ranges=ranges, environment=plan.environment)
    return replace(plan, ranges=ranges, policy=policy)


def _complete_ranges(plan: Plan, answers: Answers) -> NetworkRanges:
    found, ranges = answers.subnetwork.answer, plan.ranges
    if isinstance(found, Unanswered):
        return ranges
    pod, service = (
        found.secondary_ranges.get(plan.environment.get_text(*field.range_name_path))
        for field in (POD_FIELD, SERVICE_FIELD)
    )
    return replace(
        ranges,
        node=ranges.node or ((found.primary_range,) if found.primary_range else ()),
        pod=ranges.pod or ((pod,) if pod else ()),
        service=ranges.service or ((service,) if service else ()),
    )


def _complete_nat(subject: Subject, *, plan: Plan, ranges: NetworkRanges, answers: Answers) -> NetworkRanges:
    """Complete Cloud NAT where the plan says nothing of it and its nodes are private."""
    found = answers.gateways.answer
    if isinstance(found, Unanswered) or ranges.nat_addresses or ranges.nat_covers or ranges.public_nodes:
        return ranges
    gateways = find_covering_gateways(subject, plan, found)
    return replace(
        ranges,
        nat_addresses=tuple(address for gateway in gateways for address in gateway.addresses),
        nat_covers=frozenset(kind for gateway in gateways for kind in gateway.kinds),
    )
