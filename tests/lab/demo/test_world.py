"""An environment of the emulated Composer API gets nodes in the packet lab, with the policy that it requested."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import grpc
import pytest
from google.cloud.orchestration.airflow.service_v1 import Environment, EnvironmentsAsyncClient
from google.cloud.orchestration.airflow.service_v1.services.environments.transports import (
    EnvironmentsGrpcAsyncIOTransport,
)

from lab.demo.scenario import NODES, PARENT, PODS_PER_NODE, WITH_AGENT, WITHOUT_AGENT, DemoEnvironment
from lab.demo.settings import read_workers
from lab.demo.world import World
from lab.packets import sandbox
from lab.packets.prober import observe
from lab.packets.topology import IN_VPC, NODE_SUBNET, PUBLIC

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


pytestmark = [
    pytest.mark.packets,
    pytest.mark.skipif(not sandbox.is_inside(), reason="needs network namespaces: run ./scripts/test"),
]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Run the demo's world."""
    async with World(tmp_path) as world:
        yield world


@pytest.fixture
async def client(world: World) -> AsyncIterator[EnvironmentsAsyncClient]:
    """Connect Google's own client to the world's Composer API."""
    async with grpc.aio.insecure_channel(world.composer_endpoint.removeprefix("http://")) as channel:
        yield EnvironmentsAsyncClient(transport=EnvironmentsGrpcAsyncIOTransport(channel=channel))


async def create(client: EnvironmentsAsyncClient, environment: DemoEnvironment) -> Environment:
    """Create an environment and wait until it is RUNNING."""
    resource = Environment.from_json(json.dumps(environment.resource))
    operation = await client.create_environment(parent=PARENT, environment=resource)
    await operation.result(timeout=30)  # type: ignore[no-untyped-call]  # Google's
    return await client.get_environment(name=environment.name)


async def observe_from(world: World, environment: DemoEnvironment) -> list[str]:
    """Return the source that each of three services sees when an environment's last Pod connects."""
    pod = f"{environment.environment_id}-node-{NODES - 1}-pod-{PODS_PER_NODE - 1}"
    answers = [
        await observe(world.lab, pod, destination=destination, timeout_seconds=10)
        for destination in (IN_VPC, NODE_SUBNET, PUBLIC)
    ]
    return [str(answer) for answer in answers]


async def test_nodes_get_composers_policy_with_the_flag(world: World, client: EnvironmentsAsyncClient) -> None:
    """With the flag other subnets see the node, the nodes' own subnet sees the Pod, and the internet sees Cloud NAT."""
    assert (await create(client, WITH_AGENT)).state is Environment.State.RUNNING
    assert await observe_from(world, WITH_AGENT) == ["10.128.0.12", "192.168.128.131", "203.0.113.7"]


async def test_nodes_get_gkes_default_without_the_flag(world: World, client: EnvironmentsAsyncClient) -> None:
    """Without the flag private addresses see the Pod, and the internet still sees Cloud NAT."""
    assert (await create(client, WITHOUT_AGENT)).state is Environment.State.RUNNING
    assert await observe_from(world, WITHOUT_AGENT) == ["192.168.0.131", "192.168.0.131", "203.0.113.7"]


async def test_workers_exist_as_long_as_their_environment(world: World, client: EnvironmentsAsyncClient) -> None:
    """The workers file lists a Pod on every node; a deleted environment leaves neither Pods nor a workers file."""
    await create(client, WITH_AGENT)
    workers = read_workers(world.get_workers_file(WITH_AGENT.environment_id))
    assert [worker.namespace.name for worker in workers if worker.namespace] == [
        f"with-agent-node-{number}-pod-0" for number in range(NODES)
    ]
    assert [cluster.name for cluster in world.lab.clusters] == ["with-agent"]
    operation = await client.delete_environment(name=WITH_AGENT.name)
    await operation.result(timeout=30)  # type: ignore[no-untyped-call]  # Google's
    assert world.lab.clusters == ()
    assert not world.get_workers_file(WITH_AGENT.environment_id).exists()
