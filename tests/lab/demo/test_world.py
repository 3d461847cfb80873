"""An environment of the emulated Composer API comes to life in the packet lab, with the policy that it asked for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import grpc
import pytest
from google.cloud.orchestration.airflow.service_v1 import Environment, EnvironmentsAsyncClient
from google.cloud.orchestration.airflow.service_v1.services.environments.transports import (
    EnvironmentsGrpcAsyncIOTransport,
)

from lab.demo.story import NODES, PARENT, PODS_PER_NODE, WITH_AGENT, WITHOUT_AGENT, StoryEnvironment
from lab.demo.workers import read_workers
from lab.demo.world import World
from lab.packets import sandbox
from lab.packets.prober import observe
from lab.packets.topology import IN_VPC, NODE_SUBNET, PUBLIC

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


pytestmark = [
    pytest.mark.packets,
    pytest.mark.skipif(not sandbox.inside(), reason="needs network namespaces: run ./scripts/test"),
]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Give the demo's world, running."""
    async with World(tmp_path) as world:
        yield world


@pytest.fixture
async def client(world: World) -> AsyncIterator[EnvironmentsAsyncClient]:
    """Give Google's own client, led to the world's Composer API."""
    async with grpc.aio.insecure_channel(world.composer_endpoint.removeprefix("http://")) as channel:
        yield EnvironmentsAsyncClient(transport=EnvironmentsGrpcAsyncIOTransport(channel=channel))


async def create(client: EnvironmentsAsyncClient, environment: StoryEnvironment) -> Environment:
    """Create an environment and wait until it is RUNNING."""
    resource = Environment.from_json(json.dumps(environment.resource()))
    operation = await client.create_environment(parent=PARENT, environment=resource)
    await operation.result(timeout=30)  # type: ignore[no-untyped-call]  # Google's
    return await client.get_environment(name=environment.name)


async def seen_from(world: World, environment: StoryEnvironment) -> list[str]:
    """Ask what three services see of an environment's last Pod."""
    pod = f"{environment.environment_id}-node-{NODES - 1}-pod-{PODS_PER_NODE - 1}"
    answers = [
        await observe(world.lab, pod, destination=destination, timeout_seconds=10)
        for destination in (IN_VPC, NODE_SUBNET, PUBLIC)
    ]
    return [str(answer) for answer in answers]


async def test_with_the_flag_its_nodes_get_composers_policy(world: World, client: EnvironmentsAsyncClient) -> None:
    """Other subnets see the node, the nodes' own subnet the Pod, and the internet Cloud NAT."""
    assert (await create(client, WITH_AGENT)).state is Environment.State.RUNNING
    assert await seen_from(world, WITH_AGENT) == ["10.128.0.12", "192.168.128.131", "203.0.113.7"]


async def test_without_the_flag_its_nodes_get_gkes_default(world: World, client: EnvironmentsAsyncClient) -> None:
    """The twin: private addresses see the Pod, and the internet is masqueraded all the same."""
    assert (await create(client, WITHOUT_AGENT)).state is Environment.State.RUNNING
    assert await seen_from(world, WITHOUT_AGENT) == ["192.168.0.131", "192.168.0.131", "203.0.113.7"]


async def test_its_workers_can_be_found_and_go_with_it(world: World, client: EnvironmentsAsyncClient) -> None:
    """Task processes are told of a Pod on every node; a deleted environment leaves neither Pods nor workers."""
    await create(client, WITH_AGENT)
    workers = read_workers(world.workers_file(WITH_AGENT.environment_id))
    assert [worker.namespace.name for worker in workers if worker.namespace] == [
        f"with-agent-node-{number}-pod-0" for number in range(NODES)
    ]
    assert [cluster.name for cluster in world.lab.clusters] == ["with-agent"]
    operation = await client.delete_environment(name=WITH_AGENT.name)
    await operation.result(timeout=30)  # type: ignore[no-untyped-call]  # Google's
    assert world.lab.clusters == ()
    assert not world.workers_file(WITH_AGENT.environment_id).exists()
