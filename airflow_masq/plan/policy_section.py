"""The policy of a plan: one of three words, or the very objects or config that govern the cluster.

Objects and configs are read leniently, so that a plan with a flawed one can still be linted: what the API server or the
agent would refuse is not in force, and a rule says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final, Self

from airflow_masq.agent.config import AgentConfigReading, derive_agent_policy, read_agent_config
from airflow_masq.agent.manifests import find_config
from airflow_masq.environment import COMPOSER_1, COMPOSER_2, EnvironmentResource
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.network.egress_nat_policy import (
    DEFAULT_NAME,
    KIND,
    check_egress_nat_policy,
    combine_egress_nat_policies,
    find_unknown_keys,
    read_egress_nat_policy,
)
from airflow_masq.network.policy import MasqueradePolicy, make_composer_policy, make_gke_default_policy, make_no_policy
from airflow_masq.network.provenance import Provenance
from airflow_masq.network.ranges import NetworkRanges
from airflow_masq.plan.document import Place
from airflow_masq.text import suggest

if TYPE_CHECKING:
    from collections.abc import Mapping


COMPOSER: Final = "composer"
GKE_DEFAULT: Final = "gke-default"
NO_POLICY: Final = "none"
EGRESS_NAT_POLICIES: Final = "egress_nat_policies"
AGENT_CONFIG: Final = "agent_config"

_WORDS: Final = (COMPOSER, GKE_DEFAULT, NO_POLICY)
_AGENT_SETTINGS: Final = {"reserved_ranges": True, "daemon_set": True, "enable_ipv6": False}  # with their defaults
_FORMS: Final = f"{', '.join(_WORDS)}, or a mapping with {EGRESS_NAT_POLICIES} or {AGENT_CONFIG}"


@dataclass(frozen=True, kw_only=True)
class PolicyChoice:
    """Which masquerade policy a plan takes to be in force, in the plan's own words.

    :param name: ``composer``, ``gke-default``, ``none``, ``egress_nat_policies`` or ``agent_config``; default: GKE's.
    :param stated: whether the plan says so; else it follows from the environment's flag.
    :param manifests: the ``EgressNATPolicy`` objects as the plan has them, flawed ones too.
    :param manifest_places: the place of each manifest in the plan, such as ``policy.egress_nat_policies[0].items[1]``.
    :param agent_config: the agent's config; ``None`` for every other policy.
    :param remarks: what was found around the agent's config, in sentences; default nothing.
    :param warnings: what was found there and is surely not meant; default nothing.
    :param reserved_ranges: whether the agent's defaults are all reserved ranges; default true, as on GKE.
    :param daemon_set: whether the agent's DaemonSet runs; default true. Without it the config is not read.
    :param enable_ipv6: whether the agent runs with ``--enable-ipv6``; default false.
    """

    name: str = GKE_DEFAULT
    stated: bool = False
    manifests: tuple[Mapping[str, object], ...] = field(default=(), hash=False)
    manifest_places: tuple[str, ...] = ()
    agent_config: str | None = None
    reserved_ranges: bool = True
    daemon_set: bool = True
    enable_ipv6: bool = False
    remarks: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @classmethod
    def from_environment(cls, environment: EnvironmentResource) -> Self:
        """Choose the policy that follows from an environment: Composer's if it has the agent, else GKE's default."""
        return cls(name=COMPOSER if environment.masquerades else GKE_DEFAULT)

    @cached_property
    def agent_reading(self) -> AgentConfigReading | None:
        """The plan's own config as the agent reads it; ``None`` if there is none, or no agent reads it."""
        if self.agent_config is None or not self.daemon_set:
            return None
        return read_agent_config(self.agent_config, enable_ipv6=self.enable_ipv6, reserved_ranges=self.reserved_ranges)

    @cached_property
    def accepted_manifests(self) -> tuple[Mapping[str, object], ...]:
        """The manifests that are in force: those that the API server would not refuse, in the plan's order."""
        return tuple(manifest for manifest in self.manifests if not check_egress_nat_policy(manifest))

    @property
    def placed_manifests(self) -> tuple[tuple[str, Mapping[str, object]], ...]:
        """The manifests with their places in the plan."""
        places = self.manifest_places or [
            f"policy.{EGRESS_NAT_POLICIES}[{index}]" for index in range(len(self.manifests))
        ]
        return tuple(zip(places, self.manifests, strict=True))

    @property
    def replaces_default(self) -> bool:
        """Whether an accepted manifest takes the place of the object ``default``, which is GKE's or Composer's."""
        return any(read_egress_nat_policy(manifest).name == DEFAULT_NAME for manifest in self.accepted_manifests)

    def derive_policy(self, *, ranges: NetworkRanges, environment: EnvironmentResource) -> MasqueradePolicy:
        """Derive the policy in force on a cluster with these ranges.

        The plan's own policy is not certain where the environment's cluster is of the kind that does not read it.
        """
        policy = self._derive_policy(ranges=ranges, environment=environment)
        for generation, is_stated, remark in (
            (COMPOSER_2, self.agent_config is not None, "Composer 2 runs on Autopilot, which reads no agent's config"),
            (COMPOSER_1, bool(self.manifests), "Composer 1 runs on a Standard cluster, which reads no such objects"),
        ):
            if is_stated and environment.generation == generation:
                remarks = "; ".join(filter(None, (policy.remark, remark)))
                return replace(policy, provenance=Provenance.INFERRED, remark=remarks)
        return policy

    def _derive_policy(self, *, ranges: NetworkRanges, environment: EnvironmentResource) -> MasqueradePolicy:
        if self.agent_config is not None:
            if self.agent_reading is not None:
                policy = derive_agent_policy(self.agent_reading)
                if self.warnings:  # the manifest around the config is surely not as meant: of another namespace, say
                    return replace(policy, provenance=Provenance.INFERRED, remark=self.warnings[0])
                return policy
            # A ConfigMap without the DaemonSet does nothing: GKE's default list stays in force
            # [source: gke-agent-config-map].
            remark = "the agent's config is not read without its DaemonSet"
            return replace(make_gke_default_policy(ranges, autopilot=False), name=AGENT_CONFIG, remark=remark)
        if self.name == EGRESS_NAT_POLICIES:
            policy = combine_egress_nat_policies(
                self.accepted_manifests, ranges=ranges, has_agent=environment.masquerades
            )
            remark = ""
            if len(self.accepted_manifests) < len(self.manifests):
                remark = "a flawed manifest of the plan is taken not to be in force"
            elif any(map(find_unknown_keys, self.manifests)):
                remark = "keys of a manifest that GKE's EgressNATPolicy does not have are taken to be ignored"
            return replace(policy, provenance=Provenance.INFERRED, remark=remark) if remark else policy
        if self.name == NO_POLICY:
            return make_no_policy()
        make_policy = make_composer_policy if self.name == COMPOSER else make_gke_default_policy
        return make_policy(ranges, autopilot=environment.runs_on_autopilot)


def read_policy_choice(place: Place) -> PolicyChoice:
    """Read which policy a plan states.

    :raises PlanError: it is not one of the words or a mapping with exactly one form of policy.
    """
    if not isinstance(place.value, dict):
        if place.value not in _WORDS:
            raise place.make_error(f"one of {_FORMS}{suggest(str(place.value), _WORDS)}")
        return PolicyChoice(name=str(place.value), stated=True)
    entries = place.read_section((EGRESS_NAT_POLICIES, AGENT_CONFIG, *_AGENT_SETTINGS))
    if (EGRESS_NAT_POLICIES in entries) == (AGENT_CONFIG in entries):
        seen = "both" if AGENT_CONFIG in entries else "neither"
        raise place.make_error(f"a mapping with either {EGRESS_NAT_POLICIES} or {AGENT_CONFIG}", seen=seen)
    if EGRESS_NAT_POLICIES in entries:
        for setting in _AGENT_SETTINGS:
            if setting in entries:
                expected = f"no {setting} beside {EGRESS_NAT_POLICIES} (it belongs to {AGENT_CONFIG})"
                raise entries[setting].make_error(expected)
        found = [each for item in entries[EGRESS_NAT_POLICIES].read_some_items() for each in _expand_list(item)]
        return PolicyChoice(
            name=EGRESS_NAT_POLICIES,
            stated=True,
            manifests=tuple({name: each.value for name, each in item.read_entries().items()} for item in found),
            manifest_places=tuple(item.where for item in found),
        )
    return _read_agent_config(entries)


def _read_agent_config(entries: Mapping[str, Place]) -> PolicyChoice:
    config = entries[AGENT_CONFIG]
    if not isinstance(config.value, str):
        raise config.make_error("the agent's config as text (write it below `agent_config: |`)")
    try:
        found = find_config(config.value, where=config.where)
    except InvalidInputError as error:
        raise config.make_error(error.expected, seen=error.seen) from None
    told = {"reserved_ranges": found.reserved_ranges, "enable_ipv6": found.enable_ipv6}  # by a DaemonSet beside it
    settings = _AGENT_SETTINGS | {name: value for name, value in told.items() if value is not None}
    settings |= {name: entries[name].read_boolean() for name in _AGENT_SETTINGS if name in entries}
    choice = PolicyChoice(
        name=AGENT_CONFIG,
        stated=True,
        agent_config=found.text,
        reserved_ranges=settings["reserved_ranges"],
        daemon_set=settings["daemon_set"],
        enable_ipv6=settings["enable_ipv6"],
        remarks=found.remarks,
        warnings=found.warnings,
    )
    if choice.agent_reading is not None and choice.agent_reading.is_unread:
        seen = str(choice.agent_reading.error).rpartition("saw ")[2]
        raise config.make_error("a config that can be read here, since nothing could be predicted otherwise", seen=seen)
    return choice


def _expand_list(item: Place) -> list[Place]:
    """Give the objects of a ``kind: List``, as kubectl prints it, and any other object as it is."""
    entries = item.read_entries()
    if "items" not in entries or "kind" not in entries or entries["kind"].value not in ("List", f"{KIND}List"):
        return [item]
    items = entries["items"].read_items()
    if not items:
        expected = "a List with objects (kubectl found none; every Autopilot cluster has two)"
        raise entries["items"].make_error(expected, seen="a List that holds nothing")
    return items
