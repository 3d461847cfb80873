"""Starts a creation, or adopts the environment that exists under the name; it never changes or deletes one.

A creation takes about 25 minutes, so an attempt may find what an earlier one started. The stock operator reports any
running environment of that name as a success, with the agent or without [source: observed-stock-operator]. Here only an
environment with the agent is one.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_masq.environment import EnvironmentName, EnvironmentResource
from airflow_masq.environment.difference import Difference, find_differences
from airflow_masq.exceptions import (
    EnvironmentAlreadyExistsError,
    EnvironmentNotFoundError,
    EnvironmentNotReadyError,
    MasqueradeNotEnabledError,
)
from airflow_masq.provisioning.request import CreationRequest
from airflow_masq.provisioning.watch import EnvironmentState, refuse_lost

if TYPE_CHECKING:
    from airflow_masq.clients.composer import ComposerClient

log = logging.getLogger(__name__)

USABLE = frozenset({EnvironmentState.RUNNING, EnvironmentState.UPDATING})
"""States in which an environment works: "It remains usable" (``Environment.State`` in the Composer v1 API)."""


@dataclass(frozen=True, kw_only=True)
class CreationStart:
    """A creation that was started, or an environment that was adopted.

    :param operation_name: the operation that creates the environment; ``None`` if it was adopted.
    :param differences: how an adopted environment differs from the plan.
    """

    operation_name: str | None
    differences: tuple[Difference, ...] = ()

    @property
    def adopted(self) -> bool:
        """Whether the environment existed already; it need not be running yet."""
        return self.operation_name is None


def start_creation(client: ComposerClient, request: CreationRequest) -> CreationStart:
    """Create the environment, or adopt the one that exists.

    :raises MasqueradeNotEnabledError: it exists, works, and lacks the agent.
    :raises EnvironmentFailedError: it exists in state ERROR.
    :raises EnvironmentNotReadyError: it is being deleted; once it is gone, it can be created.
    :raises CloudRefusedError: the API refused the call.
    :raises CloudUnavailableError: no answer; another attempt finds what was started.
    """
    name = request.name
    try:
        operation = client.create(name, resource=request.plan.environment)
    except EnvironmentAlreadyExistsError:
        return _adopt(client, request)
    log.info("Creating %s (%s)", name, operation.name)
    return CreationStart(operation_name=operation.name)


def verify_environment(client: ComposerClient, name: EnvironmentName) -> EnvironmentResource:
    """Read the environment, and verify that it is running and has the agent.

    :raises EnvironmentNotReadyError: it is not running.
    :raises MasqueradeNotEnabledError: it lacks the agent.
    :raises CloudRefusedError: the API refused the call.
    :raises CloudUnavailableError: no answer.
    """
    found = client.get(name)
    if found.state != EnvironmentState.RUNNING:
        raise EnvironmentNotReadyError(f"{name}: expected state RUNNING, saw {found.state}; run the task again")
    _require_agent(name, found=found)
    log.info("%s is running with the IP masquerade agent", name)
    return found


def _adopt(client: ComposerClient, request: CreationRequest) -> CreationStart:
    name = request.name
    try:
        found = client.get(name)
    except EnvironmentNotFoundError as error:
        raise EnvironmentNotReadyError(f"{name} existed and has just disappeared; run the task again") from error
    refuse_lost(name, state=found.state)
    # While an environment is being created, its resource may not show the agent yet (not verified); then the agent is
    # verified once it is running.
    if found.state in USABLE:
        _require_agent(name, found=found)
    differences = find_differences(request.plan.environment, found=found)
    log.info("%s exists in state %s and is adopted", name, found.state)
    for difference in differences:
        log.warning("%s differs from the plan: %s", name, difference)
    return CreationStart(operation_name=None, differences=differences)


def _require_agent(name: EnvironmentName, *, found: EnvironmentResource) -> None:
    """Refuse an environment without the agent, as the page "Enable the IP Masquerade agent" has it.

    A new one must be created, and a snapshot moves its contents [source: composer-agent-creation-only,
    composer-snapshots].
    """
    if not found.masquerades:
        raise MasqueradeNotEnabledError(
            f"{name} exists without the IP masquerade agent and must be re-created: Composer enables the agent only "
            "when it creates an environment. Either choose a new name, or save a snapshot of this environment, delete "
            "it, run the task again and load the snapshot"
        )
