"""Creates, changes and deletes environments: each step is a task that waits, acts, and ends its operation.

    create ──▶ CREATING ──▶ RUNNING ◀──▶ UPDATING
                  │            │
                  ▼            ▼
                ERROR ──▶  DELETING ──▶ gone

Time, identities and the hooks are passed in. Requests are checked before, in :mod:`lab.cloud.validation`.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import grpc
from google.cloud.orchestration.airflow.service_v1.types import Environment, EnvironmentConfig, OperationMetadata
from google.protobuf.empty_pb2 import Empty

from lab.cloud.clusters import Clusters
from lab.cloud.defaults import add_server_defaults
from lab.cloud.errors import AlreadyExistsError, ApiError, FailedPreconditionError
from lab.cloud.faults import Faults
from lab.cloud.images import COMPOSER_1, COMPOSER_2, Image
from lab.cloud.names import EnvironmentName
from lab.cloud.operations import end_operation, open_operation
from lab.cloud.store import Store

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from google.longrunning import operations_pb2  # type: ignore[import-untyped] # stubs without a py.typed marker
    from google.protobuf.message import Message

    Steps = Callable[[Environment], Awaitable[Message]]

_State = Environment.State
_logger = logging.getLogger(__name__)


def _unwrap(environment: Environment) -> Message:
    """Return the protobuf message inside the wrapper, which is untyped."""
    message: Message = Environment.pb(environment)
    return message


async def _do_nothing(_environment: Environment) -> None:
    """Stand for a hook that was not given."""


@dataclass(frozen=True, kw_only=True)
class Clock:
    """The source of time and identities."""

    now: Callable[[], datetime] = lambda: datetime.now(tz=UTC)
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
    """What else happens when the state of an environment changes.

    :param on_running: awaited before an environment becomes RUNNING for the first time; if it raises, the creation ends
        in an error and the environment in state ERROR.
    :param on_deleted: awaited before a deleted environment is removed; if it raises, the environment is left in ERROR.
    """

    on_running: Callable[[Environment], Awaitable[None]] = _do_nothing
    on_deleted: Callable[[Environment], Awaitable[None]] = _do_nothing


class Lifecycle:
    """Moves environments from state to state."""

    def __init__(
        self, *, store: Store, clusters: Clusters, faults: Faults, durations: Durations, hooks: Hooks, clock: Clock
    ) -> None:
        self._store = store
        self._clusters = clusters
        self._faults = faults
        self._durations = durations
        self._hooks = hooks
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()

    def create(self, environment: Environment, *, seconds: float | None = None) -> operations_pb2.Operation:
        """Start the creation of a valid environment.

        :param seconds: how long it takes; default as ``durations`` says.
        :raises ApiError: ALREADY_EXISTS if the name is taken, in any state.
        """
        if self._store.has_environment(environment.name):
            raise AlreadyExistsError(environment.name)
        created = Environment(environment)
        message, now = Environment.pb(created), self._clock.now()
        message.uuid = str(self._clock.new_uuid())
        message.state = _State.CREATING
        message.create_time.FromDatetime(now)
        message.update_time.FromDatetime(now)
        # Which fields the service fills while CREATING is not verified; here, those that need no cluster.
        config, project = message.config, EnvironmentName.parse(environment.name).parent.project
        config.node_config.network = config.node_config.network or f"projects/{project}/global/networks/default"
        config.environment_size = config.environment_size or EnvironmentConfig.EnvironmentSize.ENVIRONMENT_SIZE_SMALL
        duration = self._durations.creation_seconds if seconds is None else seconds
        return self._start(created, OperationMetadata.Type.CREATE, partial(self._create, seconds=duration))

    def update(self, name: str, change: Callable[[Environment], Environment]) -> operations_pb2.Operation:
        """Start an update.

        :param change: returns the changed environment.
        :raises ApiError: NOT_FOUND, or FAILED_PRECONDITION unless the environment is RUNNING.
        """
        environment = self._get_in_state(name, {_State.RUNNING}, "updated")

        async def take_steps(current: Environment) -> Message:
            await self._clock.sleep(self._durations.update_seconds)
            return _unwrap(self._settle(change(current), _State.RUNNING))

        Environment.pb(environment).state = _State.UPDATING
        return self._start(environment, OperationMetadata.Type.UPDATE, take_steps)

    def delete(self, name: str) -> operations_pb2.Operation:
        """Start a deletion.

        :raises ApiError: NOT_FOUND, or FAILED_PRECONDITION unless the environment is RUNNING or in ERROR.
        """
        environment = self._get_in_state(name, {_State.RUNNING, _State.ERROR}, "deleted")

        async def take_steps(current: Environment) -> Message:
            await self._clock.sleep(self._durations.deletion_seconds)
            await self._hooks.on_deleted(Environment(current))
            self._clusters.remove(current.config.gke_cluster.replace("/zones/", "/locations/"))
            self._store.remove_environment(current.name)
            return Empty()

        Environment.pb(environment).state = _State.DELETING
        return self._start(environment, OperationMetadata.Type.DELETE, take_steps)

    async def settle(self) -> None:
        """Wait until no operation is running."""
        while self._tasks:
            await asyncio.gather(*self._tasks)
            # From Python 3.12 on, gather returns at once where all have ended, before they are taken off the list.
            await asyncio.sleep(0)

    async def stop(self) -> None:
        """Cancel all running operations."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _get_in_state(self, name: str, allowed: set[int], participle: str) -> Environment:
        """Return an environment that is in one of the allowed states.

        UPDATING allows neither updates nor a deletion [source: composer-state-updating]. The same for CREATING,
        DELETING and updates in ERROR is not verified, nor are the status and the wording.
        """
        environment = self._store.get_environment(name)
        if environment.state not in allowed:
            state = _State(environment.state).name
            raise FailedPreconditionError(f"Environment '{name}' cannot be {participle} while it is in state {state}.")
        return environment

    def _start(self, environment: Environment, kind: int, steps: Steps) -> operations_pb2.Operation:
        """Store the environment in its new state and run the steps under an operation."""
        operation = open_operation(environment, kind=kind, uuid=self._clock.new_uuid(), now=self._clock.now())
        self._store.put_environment(environment)
        self._store.put_operation(operation)
        task = asyncio.create_task(self._run(operation, environment, steps))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return operation

    async def _run(self, operation: operations_pb2.Operation, environment: Environment, steps: Steps) -> None:
        """Run the steps and end the operation with their message or their error."""
        result: Message | ApiError
        try:
            result = await steps(environment)
        except ApiError as error:
            result = error
        except Exception as error:  # any exception of a hook is a failed step of the emulated service
            _logger.exception("%s ended in an unexpected error", operation.name)
            result = ApiError(grpc.StatusCode.INTERNAL, f"{type(error).__name__}: {error}")
        if isinstance(result, ApiError):
            self._settle(environment, _State.ERROR)
        self._store.put_operation(end_operation(operation, result=result, now=self._clock.now()))

    async def _create(self, environment: Environment, *, seconds: float) -> Message:
        await self._clock.sleep(seconds)
        name = EnvironmentName.parse(environment.name)
        if (failure := self._faults.take_creation_failure(name.environment_id)) is not None:
            raise failure
        made = Environment(environment)
        # The form of these names is that of real ones (us-central1-example-1a2b3c4d-gke); the cluster's alone leads
        # somewhere.
        location = name.parent.location
        stem = f"{location}-{name.environment_id}-{environment.uuid[:8]}"
        image = Image.parse(made.config.software_config.image_version)
        if image is not None and image.generation == COMPOSER_2:
            blocks = self._clusters.choose_blocks(made)
            add_server_defaults(Environment.pb(made).config, parent=name.parent, blocks=blocks)
        self._create_cluster(made, image=image, cluster_id=f"{stem}-gke")
        made.storage_config.bucket = environment.storage_config.bucket or f"{stem}-bucket"
        made.config.dag_gcs_prefix = f"gs://{made.storage_config.bucket}/dags"
        web_server = environment.uuid.replace("-", "")
        made.config.airflow_uri = f"https://{web_server}-dot-{location}.composer.googleusercontent.com"
        if self._faults.take_agent_loss(name.environment_id):
            made.config.node_config.enable_ip_masq_agent = False
        await self._hooks.on_running(Environment(made))
        self._settle(made, _State.RUNNING)
        # The environment in the response is incomplete [source: composer-operation-result-incomplete]. Which fields it
        # lacks is not verified; here, those that the service filled during the creation.
        incomplete = Environment(environment)
        Environment.pb(incomplete).state = _State.RUNNING
        return _unwrap(incomplete)

    def _create_cluster(self, made: Environment, *, image: Image | None, cluster_id: str) -> None:
        """Create the environment's cluster, which Composer 3 keeps to itself [source: composer-3-networking]."""
        generation = None if image is None else image.generation
        if generation not in {COMPOSER_1, COMPOSER_2}:
            return
        parent = EnvironmentName.parse(made.name).parent
        where = str(parent)
        if generation == COMPOSER_1:  # a zonal cluster, written with its zone [source: composer-1-cluster-name]
            where = made.config.node_config.location or f"projects/{parent.project}/zones/{parent.location}-a"
        made.config.gke_cluster = f"{where}/clusters/{cluster_id}"
        self._clusters.create_for(made, name=made.config.gke_cluster)

    def _settle(self, environment: Environment, state: int) -> Environment:
        """Store the environment in its final state and return it."""
        settled = Environment(environment)
        message = Environment.pb(settled)
        message.state = state
        message.update_time.FromDatetime(self._clock.now())
        self._store.put_environment(settled)
        return settled
