"""A plan that was read and checked, and what follows from it about policy and room."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from airflow_masq.environment import EnvironmentResource
from airflow_masq.environment.cidr_fields import POD_FIELD, SERVICE_FIELD
from airflow_masq.network.capacity import BareSize, Capacity, calculate_capacity
from airflow_masq.network.policy import MasqueradePolicy, make_composer_policy, make_gke_default_policy
from airflow_masq.network.ranges import NetworkRanges
from airflow_masq.plan.document import find_nearest_line
from airflow_masq.plan.policy_section import PolicyChoice
from airflow_masq.plan.targets import Target

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class Remedy:
    """A change after which workers are masqueraded, and its effect.

    :param policy: the policy in force afterwards.
    :param state: the state afterwards, as a sentence begins with it: ``With the IP masquerade agent``.
    :param step: what to do, as a sentence goes on with it: ``create the environment with …``.
    """

    policy: MasqueradePolicy
    state: str
    step: str


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One environment, its network and its targets.

    :param environment: Google's resource; empty where the plan has none.
    :param cluster_version: the GKE version that the cluster was created with; ``None`` if the plan does not say.
    :param ranges: the cluster's network.
    :param policy: the masquerade policy taken to be in force.
    :param targets: in the plan's order.
    :param policy_choice: where ``policy`` comes from; default: GKE's, which the plan does not state.
    :param takes_nodes_for_private: whether nodes count as private only because the plan names Cloud NAT, while its
        environment is no private one and the plan says nothing of its nodes.
    :param knows_pods_per_node: whether the plan says how many Pods a node runs, so that a Pod's address names its node.
    :param nodes_total: how many nodes the cluster has, for the coverage of a check; ``None`` if the plan does not say.
    :param lines: from places to lines of the file, from 1; empty where the plan did not come from a text. Plans that
        differ in nothing else are equal.
    """

    environment: EnvironmentResource
    cluster_version: str | None
    ranges: NetworkRanges
    policy: MasqueradePolicy
    targets: tuple[Target, ...]
    policy_choice: PolicyChoice = field(default_factory=PolicyChoice)
    takes_nodes_for_private: bool = False
    knows_pods_per_node: bool = False
    nodes_total: int | None = None
    lines: Mapping[str, int] = field(default_factory=dict, compare=False, repr=False)

    def find_line(self, where: str) -> int | None:
        """Find the line of a place, for example of a finding's.

        :param where: the place, such as ``network.pod_ranges[0]``; fields of the environment in camelCase.
        :return: its line, or that of the nearest place around it; ``None`` if the plan did not come from a text.
        """
        return find_nearest_line(self.lines, where=where)

    @cached_property
    def policy_with_agent(self) -> MasqueradePolicy:
        """The policy that would be in force if the environment had the agent: Composer's."""
        return make_composer_policy(self.ranges, autopilot=self.environment.runs_on_autopilot)

    @cached_property
    def policy_without_agent(self) -> MasqueradePolicy:
        """The policy that would be in force if the environment had no agent: GKE's default."""
        return make_gke_default_policy(self.ranges, autopilot=self.environment.runs_on_autopilot)

    @cached_property
    def capacity(self) -> Capacity:
        """What the ranges have room for; a bare size such as ``/22`` counts where no range of that kind is known."""
        pod_size, service_size = (self.environment.get_bare_size(each) for each in (POD_FIELD, SERVICE_FIELD))
        # "The PSC endpoint in the Customer Project will use an IP address from this subnetwork"
        # [source: composer-psc-subnetwork]. An address of the nodes' own subnetwork is counted there.
        endpoint = self.environment.get_text("config", "privateEnvironmentConfig", "cloudComposerConnectionSubnetwork")
        nodes = self.environment.get_text("config", "nodeConfig", "subnetwork")
        return calculate_capacity(
            self.ranges,
            pod_size=None if pod_size is None else BareSize(pod_size),
            service_size=None if service_size is None else BareSize(service_size),
            endpoint_addresses=int(endpoint not in {"", nodes}),
        )

    def find_remedy(self) -> Remedy:
        """Find the change after which workers are masqueraded as with the agent.

        Rules and firewall requests turn it into their own sentences. Predict under the remedy's policy to see whether
        it helps.
        """
        choice = self.policy_choice
        if choice.agent_config is not None and not choice.daemon_set:
            policy = replace(choice, daemon_set=True).derive_policy(ranges=self.ranges, environment=self.environment)
            return Remedy(policy=policy, state="With the agent running", step="deploy its DaemonSet")
        policy = self.policy_with_agent
        if choice.manifests and not choice.replaces_default and not self.environment.masquerades:
            # GKE's own object stays in force beside the plan's, and exempts more than these list.
            state = "With an object default that lists the cluster's own ranges only"
            step = "replace GKE's EgressNATPolicy with such an object, and remove the destination from the others"
            return Remedy(policy=policy, state=state, step=step)
        if choice.agent_config is not None or choice.manifests:
            state = "With a list of the cluster's own ranges only"
            return Remedy(policy=policy, state=state, step="correct the list under policy")
        if self.environment.masquerades:
            return Remedy(policy=policy, state="With Composer's own policy", step="remove policy from the plan")
        if not self.environment:
            # Not Composer's, as far as the plan says: a cluster of GKE's.
            state = "With a list of the cluster's own ranges only"
            step = "list only these, in the EgressNATPolicy default (Autopilot) or the agent's config (Standard)"
            return Remedy(policy=policy, state=state, step=step)
        step = "create the environment with enableIpMasqAgent: true"
        return Remedy(policy=policy, state="With the IP masquerade agent", step=step)
