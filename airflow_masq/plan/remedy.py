"""What would have to change for workers to be masqueraded as with the agent, in one place for all who give advice.

Rules and firewall requests say it in sentences of their own; what is to be done, and which policy is in force then, is
the same in both. It must not judge whether that helps: a prediction under the policy tells.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from airflow_masq.plan.policy_section import policy_in_force, policy_with_agent, replaces_default

if TYPE_CHECKING:
    from airflow_masq.network.policy import MasqueradePolicy
    from airflow_masq.plan.values import Plan


@dataclass(frozen=True, kw_only=True)
class Remedy:
    """A change, and what it brings about.

    :param policy: the policy in force afterwards.
    :param state: the state afterwards, as a sentence begins with it: ``With the IP masquerade agent``.
    :param step: what to do, as a sentence goes on with it: ``create the environment with …``.
    """

    policy: MasqueradePolicy
    state: str
    step: str


def remedy_of(plan: Plan) -> Remedy:
    """Say what would have a plan's workers masqueraded.

    :param plan: the plan.
    :return: a better list where the list is the plan's own, an object ``default`` where the plan's objects leave GKE's
        as it is, the agent's DaemonSet where it is missing, no other policy where the environment has the agent, and
        else the agent.
    """
    choice = plan.policy_choice
    if choice.agent_config is not None and not choice.daemon_set:
        policy = policy_in_force(replace(choice, daemon_set=True), ranges=plan.ranges, environment=plan.environment)
        return Remedy(policy=policy, state="With the agent running", step="deploy its DaemonSet")
    policy = policy_with_agent(plan)
    if choice.manifests and not replaces_default(choice) and not plan.environment.masquerades:
        # GKE's own object stays in force beside the plan's, and exempts more than these list.
        state = "With an object default that lists the cluster's own ranges only"
        step = "add such an EgressNATPolicy in place of GKE's, and keep the destination out of the others"
        return Remedy(policy=policy, state=state, step=step)
    if choice.agent_config is not None or choice.manifests:
        state = "With a list of the cluster's own ranges only"
        return Remedy(policy=policy, state=state, step="correct the list under policy")
    if plan.environment.masquerades:
        return Remedy(policy=policy, state="With Composer's own policy", step="leave policy out of the plan")
    step = "create the environment with enableIpMasqAgent: true"
    return Remedy(policy=policy, state="With the IP masquerade agent", step=step)
