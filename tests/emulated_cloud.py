"""The lab's emulated Google APIs in a thread of its own, for tests whose client blocks; loopback only."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import TYPE_CHECKING, Any, Self

from google.cloud.orchestration.airflow.service_v1.types import Environment

from airflow_masq.environment import EnvironmentName
from lab.cloud import Access, ComposerEmulator, Durations, Faults, Hooks, Vpc
from lab.cloud.clusters import Clusters
from lab.cloud.iam import Identities

if TYPE_CHECKING:
    from types import TracebackType

PROJECT = "example-project"
LOCATION = "us-central1"
IMAGE = "composer-2.17.9-airflow-2.11.1"
SERVICE_ACCOUNT = "composer@example-project.iam.gserviceaccount.com"
NAME = EnvironmentName(project=PROJECT, location=LOCATION, environment_id="example-environment")


def environment_resource(environment_id: str = NAME.environment_id, **config: Any) -> dict[str, Any]:  # noqa: ANN401 - a section is any JSON
    """Write an environment as Google's page does.

    :param environment_id: the environment's own id.
    :param config: further sections of ``config``.
    :return: the REST resource, with a service account and without the masquerade flag.
    """
    name = f"projects/{PROJECT}/locations/{LOCATION}/environments/{environment_id}"
    node = config.pop("nodeConfig", {})
    if isinstance(node, dict):
        node = {"serviceAccount": SERVICE_ACCOUNT, **node}
    return {"name": name, "config": {"softwareConfig": {"imageVersion": IMAGE}, "nodeConfig": node, **config}}


class EmulatedCloud:
    """A running emulator; a context manager.

    :param creation_seconds: how long a creation takes (default: no time).
    """

    def __init__(self, *, creation_seconds: float = 0.0) -> None:
        self._creation_seconds = creation_seconds
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="emulated-cloud")

    @property
    def endpoint(self) -> str:
        """The plaintext endpoint, as a connection's ``composer_endpoint``."""
        return f"http://{self._emulator.address}"

    @property
    def compute_endpoint(self) -> str:
        """The plaintext endpoint of the Compute API; GKE's is that of Composer."""
        return f"http://{self._emulator.compute_address}"

    @property
    def iam_endpoint(self) -> str:
        """The plaintext endpoint of the Resource Manager and IAM APIs."""
        return f"http://{self._emulator.iam_address}"

    @property
    def identities(self) -> Identities:
        """Projects' numbers, service accounts and policies."""
        return self._emulator.identities

    @property
    def access(self) -> Access:
        """What the caller may not do, and which APIs are off."""
        return self._emulator.access

    @property
    def vpc(self) -> Vpc:
        """The projects' networks."""
        return self._emulator.vpc

    @property
    def clusters(self) -> Clusters:
        """The projects' GKE clusters."""
        return self._emulator.clusters

    @property
    def faults(self) -> Faults:
        """Orders for trouble."""
        return self._emulator.faults

    @property
    def airflow_connection(self) -> str:
        """A Google connection that leads here, as JSON for an ``AIRFLOW_CONN_…`` variable."""
        endpoints = {"composer_endpoint": self.endpoint, "compute_endpoint": self.compute_endpoint}
        extra = {"project": PROJECT, **endpoints}
        return json.dumps({"conn_type": "google_cloud_platform", "extra": extra})

    @property
    def stock_settings(self) -> dict[str, str]:
        """The environment variables that lead Google's unmodified clients here."""
        connection = {"AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT": self._emulator.make_airflow_connection(project=PROJECT)}
        return self._emulator.make_client_settings() | connection

    @property
    def endpoint_settings(self) -> dict[str, str]:
        """The environment variables that lead the command line here."""
        return self._emulator.make_endpoint_settings()

    def hold_creations(self) -> None:
        """Let creations stay in state CREATING until ``release_creations``."""
        self._loop.call_soon_threadsafe(self._gate.clear)

    def release_creations(self) -> None:
        """Let creations end, those under way too."""
        self._loop.call_soon_threadsafe(self._gate.set)

    def settle(self) -> None:
        """Wait until no creation is under way."""
        asyncio.run_coroutine_threadsafe(self._emulator.settle(), self._loop).result(timeout=10)

    def put(
        self,
        environment_id: str,
        *,
        state: str,
        masquerade: bool,
        image: str = IMAGE,
        uuid: str = "",
        project: str = PROJECT,
        location: str = LOCATION,
        gke_cluster: str = "",
    ) -> str:
        """Put an environment there as it is.

        :param environment_id: the environment's own id.
        :param state: the name of a state, for example ``RUNNING``.
        :param masquerade: whether it has the agent.
        :param image: its image version.
        :param uuid: its UUID.
        :param project: its project.
        :param location: its region.
        :param gke_cluster: its cluster's full name.
        :return: its full name.
        """
        name = f"projects/{project}/locations/{location}/environments/{environment_id}"
        config: dict[str, Any] = {
            "gke_cluster": gke_cluster,
            "software_config": {"image_version": image},
            "node_config": {"enable_ip_masq_agent": masquerade, "service_account": SERVICE_ACCOUNT},
        }
        self._emulator.add_environment(Environment({"name": name, "config": config, "state": state, "uuid": uuid}))
        return name

    def add(self, environment: Environment) -> None:
        """Put an environment there as it is."""
        self._emulator.add_environment(environment)

    def list(self) -> list[dict[str, Any]]:
        """List what exists, as REST's resources, without a call that faults could affect."""
        listed = self._emulator.list_environments(f"projects/{PROJECT}/locations/{LOCATION}")
        return [json.loads(Environment.to_json(each, use_integers_for_enums=False)) for each in listed]

    def remove(self, environment_id: str) -> None:
        """Let an environment be gone, as if its deletion had ended."""
        self._emulator.remove_environment(str(environment_resource(environment_id)["name"]))

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(timeout=10):
            raise TimeoutError("the emulator did not start")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(timeout=10)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop, self._gate = asyncio.Event(), asyncio.Event()
        self._gate.set()
        durations = Durations(creation_seconds=self._creation_seconds)
        self._emulator = ComposerEmulator(durations=durations, hooks=Hooks(on_running=self._pass_gate))
        async with self._emulator:
            self._ready.set()
            await self._stop.wait()

    async def _pass_gate(self, _environment: Environment) -> None:
        await self._gate.wait()
