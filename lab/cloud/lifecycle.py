"""How environments come, change and go: each step is a task that sleeps, acts, and ends its operation.

    create ──▶ CREATING ──▶ RUNNING ◀──▶ UPDATING
                  │            │
                  ▼            ▼
                ERROR ──▶  DELETING ──▶ gone

Time, identities and what happens in the world (the hooks) are handed in. Requests are judged elsewhere.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import grpc
from google.cloud.orchestration.airflow.service_v1.types import Environment, OperationMetadata
from google.protobuf.empty_pb2 import Empty

from lab.cloud import operation_records
from lab.cloud.errors import ApiError, already_exists, wrong_state
from lab.cloud.names import parse_environment_name
from lab.cloud.output_fields import accepted, completed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from google.longrunning import operations_pb2  # type: ignore[import-untyped] # stubs without a py.typed marker
    from google.protobuf.message import Message

    from lab.cloud.faults import Faults
    from lab.cloud.store import Store

_State = Environment.State
_logger = logging.getLogger(__name__)


def _utc_now() -> datetime:
    return datetime.now(tz=UTC)


def _message(environment: Environment) -> Message:
    """Take the protobuf message out of its wrapper, which is untyped."""
    message: Message = Environment.pb(environment)
    return message


async def _do_nothing(_environment: Environment) -> None:
    """Stand for a hook that was not given."""


@dataclass(frozen=True, kw_only=True)
class Clock:
    """Where time and identities come from."""

    now: Callable[[], datetime] = _utc_now
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    new_uuid: Callable[[], UUID] = uuid4


@dataclass(frozen=True, kw_only=True)
class Durations:
    """How long the emulator takes, in seconds; the real service takes about 25 minutes for a creation."""

    creation_seconds: float = 0.0
    update_seconds: float = 0.0
    deletion_seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Hooks:
    """What else happens when an environment's state changes.

    :param on_running: awaited before an environment turns RUNNING for the first time; what it raises ends the creation
        in an error and the environment in state ERROR.
    :param on_deleted: awaited before a deleted environment is gone; what it raises leaves it in state ERROR.
    """

    on_running: Callable[[Environment], Awaitable[None]] = _do_nothing
    on_deleted: Callable[[Environment], Awaitable[None]] = _do_nothing


class Lifecycle:
    """Carries environments from state to state."""

    def __init__(self, *, store: Store, faults: Faults, durations: Durations, hooks: Hooks, clock: Clock) -> None:
        self._store = store
        self._faults = faults
        self._durations = durations
        self._hooks = hooks
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()

    def create(self, environment: Environment) -> operations_pb2.Operation:
        """Start making an environment that was found valid.

        :raises ApiError: ALREADY_EXISTS, whatever state the existing one is in.
        """
        if self._store.has_environment(environment.name):
            raise already_exists(environment.name)
        stamped = accepted(environment, uuid=self._clock.new_uuid(), now=self._clock.now())
        return self._start(stamped, OperationMetadata.Type.CREATE, self._create)

    def update(self, name: str, change: Callable[[Environment], Environment]) -> operations_pb2.Operation:
        """Start changing an environment.

        :param change: from the environment as it is to what it shall be.
        :raises ApiError: NOT_FOUND; FAILED_PRECONDITION unless it is RUNNING.
        """
        environment = self._in_state(name, {_State.RUNNING}, "updated")

        async def steps(current: Environment) -> Message:
            await self._clock.sleep(self._durations.update_seconds)
            changed = self._settle(change(current), _State.RUNNING)
            return _message(changed)

        Environment.pb(environment).state = _State.UPDATING
        return self._start(environment, OperationMetadata.Type.UPDATE, steps)

    def delete(self, name: str) -> operations_pb2.Operation:
        """Start deleting an environment.

        :raises ApiError: NOT_FOUND; FAILED_PRECONDITION unless it is RUNNING or in ERROR.
        """
        environment = self._in_state(name, {_State.RUNNING, _State.ERROR}, "deleted")
        Environment.pb(environment).state = _State.DELETING
        return self._start(environment, OperationMetadata.Type.DELETE, self._delete)

    async def settled(self) -> None:
        """Wait until nothing is under way."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    async def stop(self) -> None:
        """Drop whatever is under way, where it stands."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _in_state(self, name: str, allowed: set[int], participle: str) -> Environment:
        """Find an environment that may be acted on.

        "UPDATING: … cannot receive additional update requests or be deleted at this time": Environment.State in
        google-cloud-orchestration-airflow 1.23.0 (read 2026-11-22). The same for CREATING, DELETING and for updates in
        ERROR, the status and the wording are not verified.
        """
        environment = self._store.environment(name)
        if environment.state not in allowed:
            state = _State(environment.state).name
            raise wrong_state(f"Environment '{name}' cannot be {participle} while it is in state {state}.")
        return environment

    def _start(
        self,
        environment: Environment,
        kind: int,
        steps: Callable[[Environment], Awaitable[Message]],
    ) -> operations_pb2.Operation:
        """Store the environment in its new state and let the steps run, under an operation."""
        operation = operation_records.opened(environment, kind=kind, uuid=self._clock.new_uuid(), now=self._clock.now())
        self._store.put_environment(environment)
        self._store.put_operation(operation)
        task = asyncio.create_task(self._run(operation, environment, steps))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return operation

    async def _run(
        self,
        operation: operations_pb2.Operation,
        environment: Environment,
        steps: Callable[[Environment], Awaitable[Message]],
    ) -> None:
        """Run the steps and end the operation with their message or their error."""
        try:
            response = await steps(environment)
        except ApiError as error:
            self._fail(operation, environment, error)
        except Exception as error:  # whatever a hook raises is a failed step of the "service"
            _logger.exception("%s ended in an unexpected error", operation.name)
            self._fail(operation, environment, ApiError(grpc.StatusCode.INTERNAL, f"{type(error).__name__}: {error}"))
        else:
            done = operation_records.succeeded(operation, response=response, now=self._clock.now())
            self._store.put_operation(done)

    async def _create(self, environment: Environment) -> Message:
        await self._clock.sleep(self._durations.creation_seconds)
        environment_id = parse_environment_name(environment.name).environment_id
        failure = self._faults.take_creation_failure(environment_id)
        if failure is not None:
            raise failure
        made = completed(environment)
        if self._faults.take_agent_loss(environment_id):
            made.config.node_config.enable_ip_masq_agent = False
        await self._hooks.on_running(Environment(made))
        self._settle(made, _State.RUNNING)
        # "The Composer environment object returned by the operation is incomplete":
        # https://github.com/GoogleCloudPlatform/k8s-config-connector/issues/12387 (read 2026-11-22). What it lacks is
        # not verified; here, what the service filled in on the way.
        incomplete = Environment(environment)
        Environment.pb(incomplete).state = _State.RUNNING
        return _message(incomplete)

    async def _delete(self, environment: Environment) -> Message:
        await self._clock.sleep(self._durations.deletion_seconds)
        await self._hooks.on_deleted(Environment(environment))
        self._store.remove_environment(environment.name)
        return Empty()

    def _settle(self, environment: Environment, state: int) -> Environment:
        """Store the environment in its final state and return it."""
        settled = Environment(environment)
        message = Environment.pb(settled)
        message.state = state
        message.update_time.FromDatetime(self._clock.now())
        self._store.put_environment(settled)
        return settled

    def _fail(self, operation: operations_pb2.Operation, environment: Environment, error: ApiError) -> None:
        self._settle(environment, _State.ERROR)
        self._store.put_operation(operation_records.failed(operation, error=error, now=self._clock.now()))
