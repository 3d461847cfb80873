"""What applying a policy would change, and why it must not be applied.

    live objects ─┐
    wanted ones  ─┼──▶ difference, effects on targets, findings ──▶ refusals
    plan, nodes  ─┘

The rules about plans judge the policy as it would be, with everything that stays in force beside the wanted objects.
GKE's own object says which ranges the cluster has, so a plan of another cluster is noticed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from netaddr import IPSet

from airflow_masq.cluster_policy.differences import PolicyDifference, compare_policies
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.network.egress_nat_policy import DEFAULT_NAME, KIND
from airflow_masq.network.ranges import IPV4, parse_address, parse_cidr
from airflow_masq.plan import PolicyChoice
from airflow_masq.rules import Finding, Severity, lint
from airflow_masq.rules.views.policy import EGRESS_NAT_POLICIES_PLACE
from airflow_masq.rules.views.targets import predict_targets
from airflow_masq.text import escape, join_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from netaddr import IPNetwork

    from airflow_masq.cluster_policy.wanted import WantedPolicy
    from airflow_masq.network.live_policy import LiveNode, LivePolicy
    from airflow_masq.plan import Plan

# The rules about a list and about what it does to targets. What else lint says of a plan has nothing to do with it.
_ABOUT_POLICY: Final = frozenset(
    {"MASQ301", "MASQ302", "MASQ303", "MASQ304", "MASQ307", "MASQ308", "MASQ310", "MASQ311", "MASQ314", "MASQ322"}
)
# Refused whatever their severity: lists that lack the cluster's ranges [source: composer-agent-caution], or that the
# agent would not read.
_ALWAYS_REFUSED: Final = frozenset({"MASQ301", "MASQ322"})
# What a target's firewall says of a policy; refused only if the change brings it.
_ABOUT_FIREWALLS: Final = frozenset({"MASQ310"})

_MOST_NAMED: Final = 5


@dataclass(frozen=True, kw_only=True)
class TargetEffect:
    """From which kind of address packets to a target arrive before and after a change.

    :param target: its name, and its address.
    """

    target: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.target}: {self.before} address → {self.after} address"


@dataclass(frozen=True, kw_only=True)
class PolicyChange:
    """A change, before it is made.

    :param before: what is live.
    :param after: what would be.
    :param manifests: what to apply: the wanted objects that differ from the live ones. Empty: nothing to change.
    :param difference: of the wanted objects, from live to wanted.
    :param effects: on the targets for which something changes.
    :param findings: of the rules about policies, for the policy as it would be.
    :param refusals: why it must not be applied, in sentences with their codes or places; none: it may.
    :param remarks: what a person should know besides.
    """

    before: LivePolicy
    after: LivePolicy
    manifests: tuple[Mapping[str, Any], ...]
    difference: PolicyDifference
    effects: tuple[TargetEffect, ...]
    findings: tuple[Finding, ...]
    refusals: tuple[str, ...]
    remarks: tuple[str, ...]

    def list_lines(self) -> list[str]:
        """Describe the change for people: the diff, what it does to targets, and what speaks for or against it."""
        return [
            *(self.difference.list_lines() or ["Nothing to change: the policy is in force already"]),
            *(f"Effect on {effect}" for effect in self.effects),
            *(f"Note: {remark}" for remark in self.remarks),
            *(f"{each.code} {each.severity} {each.where}: {each.message}" for each in self.findings),
        ]


def plan_change(live: LivePolicy, *, wanted: WantedPolicy, plan: Plan, nodes: Iterable[LiveNode] = ()) -> PolicyChange:
    """Decide what applying wanted objects changes.

    :param plan: its ranges are the cluster's, its targets are judged. Its own policy does not matter here.
    :param nodes: the cluster's nodes, to see whether the ranges are this cluster's; none if they are not known.
    """
    target_policy = wanted.policy
    after = live.replace(target_policy.objects)
    difference = compare_policies(_keep_names(live, of=target_policy), target_policy, names=("live", "wanted"))
    changed = {each.name for each in difference.objects}
    plan_before, plan_after = (_put_policy(plan, policy) for policy in (live, after))
    findings = _lint(plan_after)
    known = {(each.code, each.where) for each in _lint(plan_before)}
    # What is wrong with an object that stays as it is does not speak against another one.
    tolerated = _ABOUT_FIREWALLS if DEFAULT_NAME in changed else _ABOUT_FIREWALLS | {"MASQ301"}
    unchanged = tuple(f"{_name_place(each.name)}." for each in live.objects if each.name not in changed)
    refusals = [
        f"{each.code} {each.where.replace(EGRESS_NAT_POLICIES_PLACE, f'{KIND} objects')}: {each.message}"
        for each in findings
        if (each.code in _ALWAYS_REFUSED or each.severity is Severity.ERROR)
        and not ((each.code, each.where) in known and (each.code in tolerated or each.where.startswith(unchanged)))
    ]
    refusals += [
        f"{_name_place(each.name)}: Kubernetes' addon manager undoes every change of it (its label "
        "addonmanager.kubernetes.io/mode is Reconcile). Change it where it comes from."
        for each in live.objects
        if each.name in changed and each.is_reconciled
    ]
    refusals += _find_foreign_ranges(live, plan=plan, nodes=nodes)
    if DEFAULT_NAME in changed:
        refusals += _find_unlisted_ranges(after, plan=plan)
    return PolicyChange(
        before=live,
        after=after,
        manifests=tuple(each for each in wanted.manifests if each["metadata"]["name"] in changed),
        difference=difference,
        effects=tuple(_list_effects(plan_before, plan_after)),
        findings=findings,
        refusals=tuple(refusals),
        remarks=tuple(_list_remarks(live, wanted=target_policy, plan=plan)),
    )


def _put_policy(plan: Plan, policy: LivePolicy) -> Plan:
    """Put live objects in the place of the plan's policy; GKE's own count as the plan's ranges, as everywhere."""
    choice = PolicyChoice(
        name="egress_nat_policies",
        stated=True,
        manifests=tuple(each.as_manifest() for each in policy.editable),
        manifest_places=tuple(_name_place(each.name) for each in policy.editable),
    )
    derived = choice.derive_policy(ranges=plan.ranges, environment=plan.environment)
    return replace(plan, policy_choice=choice, policy=derived)


def _name_place(name: str) -> str:
    return f"{KIND} {escape(name, limit=60)}"


def _lint(plan: Plan) -> tuple[Finding, ...]:
    return tuple(each for each in lint(plan) if each.code in _ABOUT_POLICY)


def _keep_names(policy: LivePolicy, *, of: LivePolicy) -> LivePolicy:
    names = {each.name for each in of.objects}
    return replace(policy, objects=tuple(each for each in policy.objects if each.name in names))


def _list_effects(before: Plan, after: Plan) -> Iterator[TargetEffect]:
    old = {each.where: each.prediction.arrives_as for each in predict_targets(before)}
    for predicted in predict_targets(after):
        kind = predicted.prediction.arrives_as
        if kind is not old[predicted.where]:
            yield TargetEffect(target=str(predicted), before=old[predicted.where].value, after=kind.value)


def _find_foreign_ranges(live: LivePolicy, *, plan: Plan, nodes: Iterable[LiveNode]) -> Iterator[str]:
    """Find signs that the plan's ranges are not this cluster's: what GKE's own object and the nodes say otherwise."""
    fixed = IPSet(_list_fixed_ranges(live))
    for key, networks in (("node_ranges", plan.ranges.node), ("pod_ranges", plan.ranges.pod)):
        for network in networks if fixed else ():
            if network.version == IPV4 and network not in fixed:
                yield (
                    f"network.{key}: {network} is not among the cluster's ranges, which GKE's own object lists as "
                    f"{join_words(fixed.iter_cidrs())}. Check that the plan is this cluster's, and correct its ranges."
                )
    strangers = []
    for node in nodes:
        for purpose, texts, networks in (
            ("the address", node.addresses, plan.ranges.node),
            ("the Pod block", node.pod_blocks, plan.ranges.pod),
        ):
            strangers += [
                f"node {escape(node.name, limit=60)} has {purpose} {escape(text, limit=60)}"
                for text in texts
                if networks and not _is_inside(text, networks)
            ]
    if strangers:
        yield (
            f"network: {join_words(strangers, most=_MOST_NAMED)}, outside the plan's ranges. Correct them, so that the "
            "list has the ranges of all nodes."
        )


def _find_unlisted_ranges(after: LivePolicy, *, plan: Plan) -> Iterator[str]:
    """Find ranges of the cluster that only GKE's own object names: the plan does not, and the lists lack them."""
    listed = IPSet(_list_ranges(cidr for each in after.editable for cidr in each.destinations))
    known = IPSet([*plan.ranges.node, *plan.ranges.pod, *plan.ranges.service])
    for network in _list_fixed_ranges(after):
        if network not in known and network not in listed:
            yield (
                f"MASQ301: The cluster's range {network}, which GKE's own object lists, is missing from the "
                "non-masquerade list, and the plan does not say that it is for Services. Add it to the list, or to the "
                "plan's network."
            )
    if not _list_fixed_ranges(after) and not (plan.ranges.node and plan.ranges.pod):
        yield (
            "network: the node or Pod ranges are not known, so whether the list has them is not known either. Write "
            "network.node_ranges and network.pod_ranges in the plan."
        )


def _list_remarks(live: LivePolicy, *, wanted: LivePolicy, plan: Plan) -> Iterator[str]:
    others = [each.name for each in live.editable if wanted.find(each.name) is None]
    if others:
        names = join_words(escape(name, limit=60) for name in others)
        yield f"further objects stay in force, and what they list keeps the Pod's address: {names}"
    if not live.fixed:
        yield "the cluster has no object of GKE's own, so its ranges are the plan's"
    names = join_words(each.name for each in plan.targets if each.address is None)
    if names:
        yield f"not judged, since the plan has a name and no address: {names}"


def _list_fixed_ranges(policy: LivePolicy) -> list[IPNetwork]:
    return _list_ranges(cidr for each in policy.fixed for cidr in each.destinations)


def _list_ranges(texts: Iterable[str]) -> list[IPNetwork]:
    """Read CIDRs, IPv4 ones; others, and what is none, are in force nowhere here."""
    networks = []
    for text in texts:
        try:
            network = parse_cidr(text)
        except InvalidInputError:
            continue
        if network.version == IPV4:
            networks.append(network)
    return networks


def _is_inside(text: str, networks: Iterable[IPNetwork]) -> bool:
    """Say whether an address or a CIDR is inside one of the networks; what cannot be read is not held against them."""
    try:
        value = parse_cidr(text) if "/" in text else parse_address(text)
    except InvalidInputError:
        return True
    return value.version != IPV4 or any(value in network for network in networks)
