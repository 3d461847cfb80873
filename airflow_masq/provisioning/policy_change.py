"""Reads a cluster's policies, and makes a change that was decided: apply, read back, compare.

Applying server-side can be repeated without harm, so every call is tried a few times while the API server is away.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from airflow_masq.cluster_policy import compare_policies
from airflow_masq.exceptions import (
    CloudRefusedError,
    FieldConflictError,
    PolicyChangedAgainError,
    PolicyRefusedError,
)
from airflow_masq.facts import ClusterName
from airflow_masq.network.live_policy import LiveNode, LivePolicy
from airflow_masq.plan import PolicyChoice
from airflow_masq.provisioning.network_facts import read_patiently
from airflow_masq.reading import Reaction
from airflow_masq.text import join_words

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from airflow_masq.clients.compute import ComputeClient
    from airflow_masq.clients.gke import GkeClient
    from airflow_masq.clients.kubernetes import KubernetesClient
    from airflow_masq.cluster_policy import PolicyChange
    from airflow_masq.facts import Cluster
    from airflow_masq.facts.network_facts import NetworkFacts
    from airflow_masq.plan import Plan

log = logging.getLogger(__name__)


def find_cluster(
    facts: NetworkFacts,
    *,
    open_clients: Callable[[], AbstractContextManager[tuple[GkeClient, ComputeClient | None]]],
    pause: Callable[[int], None],
) -> Cluster:
    """Find the environment's cluster; without it there is no API server to talk to, so a gap is an error here.

    :param pause: sleeps between two attempts; it gets the number of the failed ones.
    :raises InvalidInputError: the environment names no cluster, or has none in the project (Composer 3).
    :raises CloudRefusedError: the GKE API refused the call.
    :raises CloudUnavailableError: no attempt was answered.
    """
    if facts.cluster is not None:
        return facts.cluster
    facts.environment.require_own_network()
    name = ClusterName.parse(facts.environment.get_text("config", "gkeCluster"))
    with open_clients() as (gke, _compute):
        return read_patiently(lambda: gke.get_cluster(name), pause=pause)


def use_live_facts(plan: Plan, *, facts: NetworkFacts) -> Plan:
    """Put the live cluster's ranges in the place of the plan's, and the live environment's policy where it states none.

    What could not be read stays as the plan has it.
    """
    ranges = replace(
        plan.ranges,
        node=facts.node_ranges or plan.ranges.node,
        pod=facts.pod_ranges or plan.ranges.pod,
        service=facts.service_ranges or plan.ranges.service,
        public_nodes=plan.ranges.public_nodes if facts.public_nodes is None else facts.public_nodes,
    )
    environment = plan.environment
    if facts.environment.get_text("name"):
        environment = facts.environment
    choice = plan.policy_choice if plan.policy_choice.stated else PolicyChoice.from_environment(environment)
    policy = choice.derive_policy(ranges=ranges, environment=environment)
    return replace(plan, environment=environment, ranges=ranges, policy_choice=choice, policy=policy)


def read_policy(client: KubernetesClient, *, pause: Callable[[int], None]) -> LivePolicy:
    """Read the objects.

    :param pause: sleeps between two attempts; it gets the number of the failed ones.
    :raises CloudRefusedError: the API server refused the call, or the cluster has no such objects.
    :raises CloudUnavailableError: no attempt was answered.
    """
    return read_patiently(client.list_policies, pause=pause)


def read_nodes(client: KubernetesClient, *, pause: Callable[[int], None]) -> tuple[LiveNode, ...]:
    """Read the nodes; none if they may not be read, since policies can be changed without them.

    :raises CloudUnavailableError: no attempt was answered.
    """
    try:
        return read_patiently(client.list_nodes, pause=pause)
    except CloudRefusedError as error:
        log.info("The nodes are not compared with the plan's ranges: %s", error)
        return ()


def judge_refusals(change: PolicyChange, *, on_findings: Reaction) -> None:
    """Stop a change that would do harm, or warn of it; where there is nothing to change, nothing is judged.

    :raises PolicyRefusedError: there are refusals, and ``on_findings`` is ``fail``.
    """
    if not change.manifests or on_findings is Reaction.IGNORE:
        return
    if on_findings is Reaction.FAIL and change.refusals:
        raise PolicyRefusedError(f"The policy was not changed: {' '.join(change.refusals)}")
    for refusal in change.refusals:
        log.warning("on_findings is warn, so the change goes on: %s", refusal)


def make_change(
    client: KubernetesClient,
    change: PolicyChange,
    *,
    field_manager: str,
    on_conflict: Reaction,
    dry_run: bool,
    pause: Callable[[int], None],
) -> LivePolicy:
    """Check the objects of a change with the API server, apply them, and read them back.

    :param on_conflict: what another manager's ownership does: ``FAIL``, or ``WARN`` or ``IGNORE``, which take it over.
        An object that still is as GKE created it is taken over in any case.
    :param dry_run: stop after the check, which stores nothing.
    :return: what is live afterwards, or would be.
    :raises PolicyRefusedError: another manager owns an object, and ``on_conflict`` is ``fail``.
    :raises PolicyChangedAgainError: what is live afterwards is not what was applied.
    :raises CloudRefusedError: the API server refused a call.
    :raises CloudUnavailableError: no attempt was answered.
    """
    if not change.manifests:
        return change.before
    takes_over = _check_objects(client, change, field_manager=field_manager, on_conflict=on_conflict, pause=pause)
    if dry_run:
        return change.after
    for manifest in change.manifests:
        force = manifest["metadata"]["name"] in takes_over
        read_patiently(partial(client.apply_policy, manifest, field_manager=field_manager, force=force), pause=pause)
    found = read_policy(client, pause=pause)
    applied = {manifest["metadata"]["name"] for manifest in change.manifests}
    rest = [
        each
        for each in compare_policies(change.after, found, names=("applied", "live")).objects
        if each.name in applied
    ]
    if rest:
        lines = [line for each in rest for line in each.list_lines(before="applied", after="live")]
        raise PolicyChangedAgainError(
            "The policy is not as it was applied just now, so another writer changed it again. Change the list "
            "there, or stop that writer, and run the task again. What differs:\n" + "\n".join(lines)
        )
    return found


def _check_objects(
    client: KubernetesClient,
    change: PolicyChange,
    *,
    field_manager: str,
    on_conflict: Reaction,
    pause: Callable[[int], None],
) -> set[str]:
    """Check all objects before the first is written, so that none is written where another is refused.

    :return: the names of those that are taken over from another manager.
    :raises PolicyRefusedError: as ``make_change``.
    """
    takes_over: set[str] = set()
    for manifest in change.manifests:
        name = manifest["metadata"]["name"]
        check = partial(client.apply_policy, manifest, field_manager=field_manager, dry_run=True)
        try:
            read_patiently(check, pause=pause)
        except FieldConflictError as error:
            owners = join_words(error.managers)
            live = change.before.find(name)
            is_untouched = live is not None and live.is_untouched
            if on_conflict is Reaction.FAIL and not is_untouched:
                raise PolicyRefusedError(
                    f"EgressNATPolicy {name} was not changed: its list belongs to {owners}, which may change it back. "
                    'Change it there, or set on_conflict to "warn" to take it over.'
                ) from error
            if on_conflict is Reaction.WARN and not is_untouched:
                log.warning("EgressNATPolicy %s: its list belongs to %s; it is taken over", name, owners)
            read_patiently(partial(check, force=True), pause=pause)
            takes_over.add(name)
    return takes_over
