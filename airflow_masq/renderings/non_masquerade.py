"""The list of destinations that keep the Pod's address, for the two objects that hold nothing else.

It is the plan's policy and the cluster's own ranges in one list, since Google's caution wants at least the node and Pod
ranges in it. It must not know how either object is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.environment import COMPOSER_1, COMPOSER_3, IMAGE_VERSION_PLACE, OUT_OF_YOUR_NETWORK
from airflow_masq.environment.cidr_fields import POD_FIELD
from airflow_masq.exceptions import InexpressibleError
from airflow_masq.network.egress_nat_policy import check_egress_nat_policy
from airflow_masq.network.ranges import IPV4, drop_inner_ranges

if TYPE_CHECKING:
    from netaddr import IPNetwork

    from airflow_masq.network.policy import Chain
    from airflow_masq.plan import Plan

# https://cloud.google.com/composer/docs/composer-2/enable-ip-masquerade-agent ("Configure the IP Masquerade agent"),
# read 2026-11-22.
_CAUTION: Final = "Google wants the node and Pod ranges in the list, since Composer enables intranode visibility"

# The agent refuses a list with IPv6 ranges as a whole unless it runs with the flag (ip-masq-agent.go, read 2026-11-22).
_IPV6: Final = (
    "an agent refuses it without its flag --enable-ipv6, and an EgressNATPolicy is not documented to take it; "
    "leave it out of the plan to render the IPv4 part"
)


_FOR_AUTOPILOT: Final = "egress-nat-policy"


def sole_chain(plan: Plan, *, form: str) -> Chain:
    """Give the one chain that the plan's policy amounts to.

    :param plan: the plan.
    :param form: the form, for errors.
    :return: the chain.
    :raises InexpressibleError: when the environment's cluster does not read the form, the policy masquerades nothing,
        is several chains, masquerades IPv6, or a manifest or config of the plan is not one that the cluster or its
        agent would take.
    """
    _refuse_other_clusters(plan, form=form)
    _refuse_flawed_manifests(plan, form=form)
    _refuse_flawed_config(plan, form=form)
    if not plan.policy.chains:
        reason = f"policy {plan.policy.name} masquerades nothing, and the form lists exceptions from masquerading"
        raise InexpressibleError(form=form, where="policy", reason=reason)
    if len(plan.policy.chains) > 1:
        reason = "several agents masquerade, and only what all of them except keeps the Pod's address"
        raise InexpressibleError(form=form, where="policy", reason=reason)
    chain = plan.policy.chains[0]
    if chain.ipv6:
        reason = "masquerading IPv6 is the agent's flag --enable-ipv6, which is no part of the form"
        raise InexpressibleError(form=form, where="policy", reason=reason)
    return chain


def non_masquerade_cidrs(plan: Plan, *, form: str) -> list[IPNetwork]:
    """List the destinations that keep the Pod's address.

    :param plan: the plan.
    :param form: the form, for errors.
    :return: the policy's, then the node, Pod and Service ranges that it does not cover; IPv4 only.
    :raises InexpressibleError: as ``sole_chain``, and when the plan does not tell the node or Pod ranges, or tells IPv6
        ones.
    """
    chain = sole_chain(plan, form=form)
    for where, ranges in (("network.node_ranges", plan.ranges.node), (pod_range_place(plan), plan.ranges.pod)):
        if not ranges:
            reason = f"{_CAUTION}; name them under network"
            raise InexpressibleError(form=form, where=where, reason=reason)
        for network in ranges:
            if network.version != IPV4:
                reason = f"{network} is IPv6; {_IPV6}"
                raise InexpressibleError(form=form, where=where, reason=reason)
    own = (*plan.ranges.node, *plan.ranges.pod, *plan.ranges.service)
    cidrs = list(dict.fromkeys((*(exemption.cidr for exemption in chain.exemptions), *own)))
    for network in cidrs:
        if network.version != IPV4:
            where = "network.service_ranges" if network in plan.ranges.service else "policy"
            raise InexpressibleError(form=form, where=where, reason=f"{network} is IPv6; {_IPV6}")
    outer, droppable = set(drop_inner_ranges(cidrs)), set(own)
    return [cidr for cidr in cidrs if cidr in outer or cidr not in droppable]


def pod_range_place(plan: Plan) -> str:
    """Give the place in the plan that tells the Pod ranges, or should.

    :param plan: the plan.
    :return: the name of a secondary range where the plan has that instead, since it is what no form here can use.
    """
    path = POD_FIELD.range_name_path
    return ".".join(("environment", *path)) if plan.environment.value(*path) else "network.pod_ranges"


def _refuse_other_clusters(plan: Plan, *, form: str) -> None:
    composer = plan.environment.generation
    if composer == COMPOSER_3:
        reason = f"{OUT_OF_YOUR_NETWORK}, so there is no policy of yours"
        raise InexpressibleError(form=form, where=IMAGE_VERSION_PLACE, reason=reason)
    if composer == COMPOSER_1 and form == _FOR_AUTOPILOT:
        reason = "Composer 1 runs on a Standard cluster, which no EgressNATPolicy governs; use agent-config"
        raise InexpressibleError(form=form, where=IMAGE_VERSION_PLACE, reason=reason)


def _refuse_flawed_manifests(plan: Plan, *, form: str) -> None:
    for index, manifest in enumerate(plan.policy_choice.manifests):
        for problem in check_egress_nat_policy(manifest):
            where = f"policy.egress_nat_policies[{index}].{problem.where}"
            raise InexpressibleError(form=form, where=where, reason=problem.message)


def _refuse_flawed_config(plan: Plan, *, form: str) -> None:
    reading = plan.policy_choice.agent_reading
    if reading is not None and reading.error is not None:
        reason = f"the agent refuses the config, which then has no effect: {reading.error}"
        raise InexpressibleError(form=form, where="policy.agent_config", reason=reason)
