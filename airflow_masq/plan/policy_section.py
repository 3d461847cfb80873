"""The policy of a plan: one of three words, or the very objects or config that govern the cluster.

What people hand in is read leniently here, so that a plan with a flawed manifest or config can still be linted: what
the API server or the agent would refuse is not in force, and saying so is a rule's matter.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from airflow_masq.agent.config import AgentConfigReading, agent_policy, read_agent_config
from airflow_masq.environment import masquerade_enabled
from airflow_masq.network.egress_nat_policy import (
    DEFAULT_NAME,
    check_egress_nat_policy,
    egress_nat_policies,
    read_egress_nat_policy,
)
from airflow_masq.network.policy import MasqueradePolicy, composer_policy, gke_default_policy, no_policy
from airflow_masq.network.provenance import Provenance
from airflow_masq.plan.environment_section import runs_on_autopilot
from airflow_masq.plan.values import Plan, PolicyChoice

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow_masq.network.ranges import NetworkRanges
    from airflow_masq.plan.document import Place

_NAMED: Final[Mapping[str, Callable[[NetworkRanges, bool], MasqueradePolicy]]] = {
    "composer": lambda ranges, autopilot: composer_policy(ranges, autopilot=autopilot),
    "gke-default": lambda ranges, autopilot: gke_default_policy(ranges, autopilot=autopilot),
    "none": lambda _ranges, _autopilot: no_policy(),
}
_MANIFESTS: Final = "egress_nat_policies"
_AGENT_CONFIG: Final = "agent_config"
_AGENT_SETTINGS: Final = {"reserved_ranges": True, "daemon_set": True, "enable_ipv6": False}  # with their defaults
_FORMS: Final = f"{', '.join(_NAMED)}, or a mapping with {_MANIFESTS} or {_AGENT_CONFIG}"


def read_policy_choice(place: Place | None, *, environment: Mapping[str, object]) -> PolicyChoice:
    """Read which policy a plan takes to be in force.

    :param place: where it stands; ``None`` where the plan does not say.
    :param environment: the environment in camelCase, whose flag decides where the plan does not.
    :return: the choice.
    :raises PlanError: when it is neither one of the words nor a mapping with exactly one form of policy.
    """
    if place is None:
        return policy_choice_of(environment)
    if isinstance(place.value, dict):
        return _read_own_policy(place)
    if place.value not in tuple(_NAMED):
        raise place.error(f"one of {_FORMS}")
    return PolicyChoice(name=str(place.value), stated=True)


def policy_choice_of(environment: Mapping[str, object]) -> PolicyChoice:
    """Give the policy that follows from an environment alone.

    :param environment: the environment in camelCase.
    :return: Composer's where the environment has the agent, else GKE's default.
    """
    return PolicyChoice(name="composer" if masquerade_enabled(environment) else "gke-default")


def policy_in_force(
    choice: PolicyChoice, *, ranges: NetworkRanges, environment: Mapping[str, object]
) -> MasqueradePolicy:
    """Give the policy that a choice amounts to.

    :param choice: what the plan says.
    :param ranges: the cluster's network.
    :param environment: the environment in camelCase, whose image tells whether the cluster is one of Autopilot.
    :return: the policy.
    """
    if choice.agent_config is not None:
        if not choice.daemon_set:
            # A ConfigMap without the DaemonSet does nothing: GKE's default list stays in force
            # (https://cloud.google.com/kubernetes-engine/docs/how-to/ip-masquerade-agent, read 2026-11-22).
            remark = "nobody reads the agent's config without its DaemonSet"
            return replace(gke_default_policy(ranges, autopilot=False), name=_AGENT_CONFIG, remark=remark)
        return agent_policy(_reading(choice.agent_config, choice))
    if choice.name == _MANIFESTS:
        accepted = accepted_manifests(choice)
        policy = egress_nat_policies(accepted, ranges=ranges, has_agent=masquerade_enabled(environment))
        if len(accepted) == len(choice.manifests):
            return policy
        remark = "a flawed manifest of the plan is taken not to be in force"
        return replace(policy, provenance=Provenance.INFERRED, remark=remark)
    return _NAMED[choice.name](ranges, runs_on_autopilot(environment))


def own_agent_reading(choice: PolicyChoice) -> AgentConfigReading | None:
    """Read the agent's config that a plan itself has, as the agent would.

    :param choice: what the plan says.
    :return: what becomes of it; ``None`` where the plan has none, or nobody reads it.
    """
    if choice.agent_config is None or not choice.daemon_set:
        return None
    return _reading(choice.agent_config, choice)


def accepted_manifests(choice: PolicyChoice) -> tuple[Mapping[str, object], ...]:
    """Give the manifests of a plan that are in force: what the API server would refuse is not.

    :param choice: what the plan says.
    :return: them, in the plan's order.
    """
    return tuple(manifest for manifest in choice.manifests if not check_egress_nat_policy(manifest))


def replaces_default(choice: PolicyChoice) -> bool:
    """Say whether a plan's manifests take the place of the object ``default``, which is GKE's or Composer's.

    :param choice: what the plan says.
    :return: whether an accepted one has that name.
    """
    return any(read_egress_nat_policy(manifest).name == DEFAULT_NAME for manifest in accepted_manifests(choice))


def policy_with_agent(plan: Plan) -> MasqueradePolicy:
    """Give the policy that would be in force if a plan's environment had the agent.

    :param plan: the plan.
    :return: Composer's policy over the plan's ranges.
    """
    return composer_policy(plan.ranges, autopilot=runs_on_autopilot(plan.environment))


def policy_without_agent(plan: Plan) -> MasqueradePolicy:
    """Give the policy that would be in force if a plan's environment had no agent.

    :param plan: the plan.
    :return: GKE's default policy over the plan's ranges.
    """
    return gke_default_policy(plan.ranges, autopilot=runs_on_autopilot(plan.environment))


def _reading(text: str, choice: PolicyChoice) -> AgentConfigReading:
    return read_agent_config(text, enable_ipv6=choice.enable_ipv6, reserved_ranges=choice.reserved_ranges)


def _read_own_policy(place: Place) -> PolicyChoice:
    entries = place.section((_MANIFESTS, _AGENT_CONFIG, *_AGENT_SETTINGS))
    if (_MANIFESTS in entries) == (_AGENT_CONFIG in entries):
        seen = "both" if _MANIFESTS in entries else "neither"
        raise place.error(f"a mapping with either {_MANIFESTS} or {_AGENT_CONFIG}", seen=seen)
    if _MANIFESTS in entries:
        return _read_manifests(entries)
    settings = {
        name: entries[name].boolean() if name in entries else default for name, default in _AGENT_SETTINGS.items()
    }
    return PolicyChoice(
        name=_AGENT_CONFIG,
        stated=True,
        agent_config=_read_agent_config_text(entries[_AGENT_CONFIG]),
        reserved_ranges=settings["reserved_ranges"],
        daemon_set=settings["daemon_set"],
        enable_ipv6=settings["enable_ipv6"],
    )


def _read_manifests(entries: Mapping[str, Place]) -> PolicyChoice:
    for setting in _AGENT_SETTINGS:
        if setting in entries:
            raise entries[setting].error(f"no {setting} beside {_MANIFESTS} (it belongs to {_AGENT_CONFIG})")
    manifests = tuple(
        {name: field.value for name, field in item.entries().items()} for item in entries[_MANIFESTS].some_items()
    )
    return PolicyChoice(name=_MANIFESTS, stated=True, manifests=manifests)


def _read_agent_config_text(place: Place) -> str:
    if not isinstance(place.value, str):
        raise place.error("the agent's config as text (write it below `agent_config: |`)")
    return place.value
