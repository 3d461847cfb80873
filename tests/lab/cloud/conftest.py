"""Fixtures: an emulator for each test, and Google's own client connected to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import pytest
from google.cloud.orchestration.airflow.service_v1 import EnvironmentsAsyncClient
from google.cloud.orchestration.airflow.service_v1.services.environments.transports import (
    EnvironmentsGrpcAsyncIOTransport,
)
from google.cloud.orchestration.airflow.service_v1.types import Environment

from lab.cloud import Clock, ComposerEmulator
from tests.lab.cloud.gate import Connect, Gate, MakeEnvironment

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


PARENT = "projects/example-project/locations/us-central1"
SERVICE_ACCOUNT = "composer@example-project.iam.gserviceaccount.com"


@pytest.fixture
def gate() -> Gate:
    """Make a gate that holds time until the test opens it."""
    return Gate()


@pytest.fixture
async def emulator() -> AsyncIterator[ComposerEmulator]:
    """Run an emulator whose operations take no time."""
    async with ComposerEmulator() as running:
        yield running


@pytest.fixture
async def gated_emulator(gate: Gate) -> AsyncIterator[ComposerEmulator]:
    """Run an emulator whose operations end only after the gate opens."""
    async with ComposerEmulator(clock=Clock(sleep=gate.sleep)) as running:
        yield running


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Return a function that connects Google's asynchronous client; its channel is closed after the test."""
    channels: list[grpc.aio.Channel] = []

    def make_client(running: ComposerEmulator) -> EnvironmentsAsyncClient:
        channel = grpc.aio.insecure_channel(running.address)
        channels.append(channel)
        return EnvironmentsAsyncClient(transport=EnvironmentsGrpcAsyncIOTransport(channel=channel))

    yield make_client
    for channel in channels:
        await channel.close(None)


@pytest.fixture
async def client(emulator: ComposerEmulator, connect: Connect) -> EnvironmentsAsyncClient:
    """Connect Google's asynchronous client to the emulator whose operations take no time."""
    return connect(emulator)


@pytest.fixture
def make_environment() -> MakeEnvironment:
    """Return a function that makes an environment as a caller submits it."""

    def make(
        environment_id: str = "example-environment",
        *,
        state: int = 0,
        labels: dict[str, str] | None = None,
        **node_config: object,
    ) -> Environment:
        return Environment(
            name=f"{PARENT}/environments/{environment_id}",
            state=state,
            labels=labels or {},
            config={
                "software_config": {"image_version": "composer-2.17.9-airflow-2.11.1"},
                "node_config": {"service_account": SERVICE_ACCOUNT, **node_config},
            },
        )

    return make


@pytest.fixture
def parent() -> str:
    """Return the location in which the tests create environments."""
    return PARENT


@pytest.fixture(autouse=True)
def _no_proxy_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the machine's own proxy settings away from gRPC."""
    for name in ("grpc_proxy", "https_proxy", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
