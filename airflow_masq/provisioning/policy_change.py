"""Reads a cluster's policies, and makes a change that was decided: apply, read back, compare.

Applying server-side can be repeated without harm, so every call is tried a few times while the API server is away.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from airflow_masq.cluster_policy import compare_policies
from airflow_masq.exceptions import (
    CloudRefusedError,
    CloudUnavailableError,
    FieldConflictError,
    PolicyChangedAgainError,
    PolicyRefusedError,
)
from airflow_masq.network.live_policy import LiveNode, LivePolicy
from airflow_masq.text import join_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_masq.clients.kubernetes import KubernetesClient
    from airflow_masq.cluster_policy import PolicyChange

T = TypeVar("T")

log = logging.getLogger(__name__)

MOST_ATTEMPTS: Final = 4
"""How often a call is tried while the API server is unavailable: a choice."""

DEFAULT_FIELD_MANAGER: Final = "airflow-masq"
"""Who owns what is applied, unless the caller says otherwise."""


def read_policy(client: KubernetesClient, *, pause: Callable[[int], None]) -> LivePolicy:
    """Read the objects.

    :param pause: sleeps between two attempts; it gets the number of the failed ones.
    :raises CloudRefusedError: the API server refused the call, or the cluster has no such objects.
    :raises CloudUnavailableError: no answer in ``MOST_ATTEMPTS`` attempts.
    """
    return _repeat(client.list_policies, pause=pause)


def read_nodes(client: KubernetesClient, *, pause: Callable[[int], None]) -> tuple[LiveNode, ...]:
    """Read the nodes; none if they may not be read, since policies can be changed without them.

    :raises CloudUnavailableError: no answer in ``MOST_ATTEMPTS`` attempts.
    """
    try:
        return _repeat(client.list_nodes, pause=pause)
    except CloudRefusedError as error:
        log.info("The nodes are not compared with the plan's ranges: %s", error)
        return ()


def make_change(
    client: KubernetesClient,
    change: PolicyChange,
    *,
    field_manager: str,
    on_conflict: str,
    dry_run: bool,
    pause: Callable[[int], None],
) -> LivePolicy:
    """Check the objects of a change with the API server, apply them, and read them back.

    :param on_conflict: what another manager's ownership does: ``fail``, or ``warn`` or ``ignore``, which take it over.
        An object that still is as GKE created it is taken over in any case.
    :param dry_run: stop after the check, which stores nothing.
    :return: what is live afterwards.
    :raises PolicyRefusedError: another manager owns an object, and ``on_conflict`` is ``fail``.
    :raises PolicyChangedAgainError: what is live afterwards is not what was applied.
    :raises CloudRefusedError: the API server refused a call.
    :raises CloudUnavailableError: no answer in ``MOST_ATTEMPTS`` attempts.
    """
    # All objects are checked before the first is written, so that none is written where another is refused.
    takes_over: set[str] = set()
    for manifest in change.manifests:
        name = manifest["metadata"]["name"]
        check = partial(client.apply_policy, manifest, field_manager=field_manager, dry_run=True)
        try:
            _repeat(check, pause=pause)
        except FieldConflictError as error:
            owners = join_words(error.managers)
            live = change.before.find(name)
            is_untouched = live is not None and live.is_untouched
            if on_conflict == "fail" and not is_untouched:
                raise PolicyRefusedError(
                    f"EgressNATPolicy {name} was not changed: its list belongs to {owners}, which may change it back. "
                    'Change it there, or set on_conflict to "warn" to take it over.'
                ) from error
            if on_conflict == "warn" and not is_untouched:
                log.warning("EgressNATPolicy %s: its list belongs to %s; it is taken over", name, owners)
            _repeat(partial(check, force=True), pause=pause)
            takes_over.add(name)
    if dry_run:
        return change.before
    for manifest in change.manifests:
        force = manifest["metadata"]["name"] in takes_over
        _repeat(partial(client.apply_policy, manifest, field_manager=field_manager, force=force), pause=pause)
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
            "The policy is not as it was applied just now, so another writer changed it again:\n" + "\n".join(lines)
        )
    return found


def _repeat(call: Callable[[], T], *, pause: Callable[[int], None]) -> T:
    """Make a call, again while the API server is unavailable."""
    attempt = 1
    while True:
        try:
            return call()
        except CloudUnavailableError as error:
            if attempt == MOST_ATTEMPTS:
                raise
            log.warning("Attempt %d of %d: %s", attempt, MOST_ATTEMPTS, error)
        pause(attempt)
        attempt += 1
