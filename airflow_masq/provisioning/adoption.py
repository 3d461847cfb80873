"""Starts a creation, or takes over what is there already under the name; it must never change or delete anything.

A creation takes about 25 minutes, so an attempt may find what an earlier one began. The stock operator calls any
running environment of that name a success, with the agent or without (``cloud_composer.py`` of
apache-airflow-providers-google 22.8.0, read and run 2026-11-22). Here only an environment that has the agent is.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_masq.environment.difference import Difference, find_differences
from airflow_masq.exceptions import (
    EnvironmentAlreadyExistsError,
    EnvironmentNotFoundError,
    EnvironmentNotReadyError,
    MasqueradeNotEnabledError,
)
from airflow_masq.provisioning.watch import EnvironmentState, being_deleted, environment_failed

if TYPE_CHECKING:
    from airflow_masq.clients.composer import ComposerClient
    from airflow_masq.environment import EnvironmentName, EnvironmentResource

log = logging.getLogger(__name__)

USABLE = frozenset({EnvironmentState.RUNNING, EnvironmentState.UPDATING})
"""States in which an environment works: "It remains usable" (``Environment.State`` in the Composer v1 API)."""


@dataclass(frozen=True, kw_only=True)
class CreationStart:
    """How things stand right after asking for an environment.

    :param operation_name: the operation that creates it; ``None`` where it was there already.
    :param adopted: it was there already.
    :param differences: what it has otherwise than planned; empty where it is new.
    """

    operation_name: str | None
    adopted: bool
    differences: tuple[Difference, ...] = ()


def start_creation(client: ComposerClient, name: EnvironmentName, *, resource: EnvironmentResource) -> CreationStart:
    """Ask for an environment with the agent, or adopt the one that exists.

    :param client: where to ask.
    :param name: the environment's name.
    :param resource: the wanted environment.
    :return: how things stand; the environment is not necessarily running yet.
    :raises MasqueradeNotEnabledError: it exists, works, and lacks the agent.
    :raises EnvironmentFailedError: it exists in state ERROR.
    :raises EnvironmentNotReadyError: it is being deleted; afterwards it can be created.
    :raises CloudRefusedError: the API said no.
    :raises CloudUnavailableError: no answer; asking again resumes whatever began.
    """
    try:
        operation = client.create(name, resource=resource)
    except EnvironmentAlreadyExistsError:
        return _adopt(client, name, resource=resource)
    log.info("Creating %s (%s)", name, operation.name)
    return CreationStart(operation_name=operation.name, adopted=False)


def verify(name: EnvironmentName, *, found: EnvironmentResource) -> None:
    """Make sure that an environment runs and has the agent.

    :param name: the environment's name.
    :param found: its resource, read just now.
    :raises EnvironmentNotReadyError: it is not running.
    :raises MasqueradeNotEnabledError: it lacks the agent.
    """
    if found.state != EnvironmentState.RUNNING:
        raise EnvironmentNotReadyError(f"{name}: expected state RUNNING, saw {found.state}; run the task again")
    if not found.masquerades:
        raise _without_agent(name)


def _adopt(client: ComposerClient, name: EnvironmentName, *, resource: EnvironmentResource) -> CreationStart:
    try:
        found = client.get(name)
    except EnvironmentNotFoundError as error:
        raise EnvironmentNotReadyError(f"{name} existed and has just disappeared; run the task again") from error
    _refuse_unless_it_can_be_adopted(name, found=found)
    unlike = find_differences(resource, found=found)
    log.info("%s exists in state %s and is adopted", name, found.state)
    for difference in unlike:
        log.warning("%s is not as planned: %s", name, difference)
    return CreationStart(operation_name=None, adopted=True, differences=unlike)


def _refuse_unless_it_can_be_adopted(name: EnvironmentName, *, found: EnvironmentResource) -> None:
    """Refuse what will not become a running environment with the agent.

    While it is CREATING, the resource need not show the agent (what it shows then is not verified), so only an
    environment that works already is refused for lacking it; the others are verified once they run.
    """
    if found.state == EnvironmentState.DELETING:
        raise being_deleted(name)
    if found.state == EnvironmentState.ERROR:
        raise environment_failed(name, problem="exists and is in state ERROR")
    if found.state in USABLE and not found.masquerades:
        raise _without_agent(name)


def _without_agent(name: EnvironmentName) -> MasqueradeNotEnabledError:
    """Say what the page "Enable the IP Masquerade agent" says, and what to do.

    https://cloud.google.com/composer/docs/composer-2/enable-ip-masquerade-agent and, for moving,
    https://cloud.google.com/composer/docs/composer-2/save-load-snapshots (read 2026-11-22).
    """
    return MasqueradeNotEnabledError(
        f"{name} exists without the IP masquerade agent and must be re-created: Composer enables the agent only when "
        "it creates an environment. Either choose a new name, or save a snapshot of this environment, delete it, run "
        "the task again and load the snapshot"
    )
