"""The cluster was created with a GKE version that has no agent.

`cluster.initial_version` is older than the first GKE version whose clusters can have the agent, or it lacks the build.
Upgrading the cluster does not help: the version at creation counts. If the environment does not enable the agent, this
is only a remark. A Standard cluster of your own with its own agent needs no such version and is not checked.

## Why

Composer's page asks for GKE 1.22.7 or later, "even if GKE was upgraded" later [source: composer-agent-gke-version].
GKE's page names the builds: 1.22.7-gke.1500 or later, or 1.23.4-gke.1600 or later [source: egress-nat-policy-versions].
So 1.23.0 to 1.23.4-gke.1599 have no agent, although they are "later" than 1.22.7.

## How to fix

Create a new environment. Current images of Composer 2 have a GKE version that supports the agent. If the message asks
for the build, write the full version from the cluster's field `initialClusterVersion` (not `currentMasterVersion`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.environment import GkeVersion
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Problem, Rule, Severity
from airflow_masq.rules.views.policy import AGENT_CONFIG

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan

_PLACE: Final = "cluster.initial_version"


def _check(plan: Plan) -> Iterator[Problem]:
    is_own_agent = not plan.environment and plan.policy_choice.name == AGENT_CONFIG
    if plan.cluster_version is None or is_own_agent:
        return
    try:
        version = GkeVersion.parse(plan.cluster_version)
    except InvalidInputError as error:
        message = f"Expected {error.expected}, saw {error.seen}."
        yield Problem(where=_PLACE, message=message, severity=Severity.WARNING)
        return
    if version.supports_agent is None:
        message = (
            f"GKE {version} does not show whether the cluster can have the agent. Add the build, such as -gke.1600."
        )
        yield Problem(where=_PLACE, message=message, severity=Severity.WARNING)
    elif not version.supports_agent:
        yield Problem(
            where=_PLACE,
            message=f"A cluster created with GKE {version} cannot have the agent, even after an upgrade. "
            "The agent needs 1.22.7-gke.1500 or later, or 1.23.4-gke.1600 or later. Create a new environment.",
            severity=Severity.INFO if plan.environment and not plan.environment.masquerades else None,
        )


RULE: Final = Rule(
    code="MASQ106",
    severity=Severity.ERROR,
    provenance=Provenance.DOCUMENTED,
    check=_check,
    text=__doc__,
    bad="""
cluster: {initial_version: 1.23.4-gke.1500}
network: {node_ranges: [10.128.0.0/20]}
""",
    good="""
cluster: {initial_version: 1.23.4-gke.1600}
network: {node_ranges: [10.128.0.0/20]}
""",
)
