"""A change of policy through the operator really changes the packets of a cluster's nodes, and back."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from lab.demo.node_agents import NodeAgents
from lab.kubernetes import KubernetesEmulator, User
from lab.kubernetes.emulator import ClusterNode
from lab.packets.lab import PacketLab
from lab.packets.observers import Observers
from lab.packets.prober import TIMED_OUT, observe
from lab.packets.topology import IN_VPC, NODE_SUBNET, ON_PREMISES, make_default_topology, make_gke_cluster
from tests.emulated_cloud import NAME, EmulatedCloud
from tests.emulated_kubernetes import NODES, PODS, SERVICES, connect_everything, create_environment
from tests.lab.packets.conftest import find_obstacle

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from airflow_masq.airflow_compat import Context

pytestmark = [pytest.mark.packets, pytest.mark.airflow]

DEFAULTS = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
#: The first part of GKE's default list; the node's rules have GKE's own ranges besides.
OWN = (NODES, PODS, SERVICES)
PLAN: dict[str, Any] = {
    "environment": {"name": str(NAME)},
    "targets": [
        {"name": "erp", "observe": f"http://{ON_PREMISES.address}/ip", "allowed_sources": ["10.0.0.0/8"]},
        {"name": "vm", "observe": f"http://{IN_VPC.address}/ip"},
    ],
}
GREEN = make_gke_cluster("green", nodes=2, pods_per_node=1)
PATIENT_SECONDS = 10.0


class Scene:
    """A lab with a cluster whose policy the emulated API holds.

    :param agents: the agents of the cluster's nodes.
    """

    def __init__(self, lab: PacketLab, *, cluster: KubernetesEmulator, agents: NodeAgents) -> None:
        self.lab = lab
        self.cluster = cluster
        self.agents = agents

    async def observe(self, *, node: int = 0) -> dict[str, str]:
        """Ask three services, each over a new connection, which source they see when a node's Pod connects."""
        pod = GREEN.nodes[node].pods[0].name
        seen = {}
        for destination in (IN_VPC, NODE_SUBNET):
            answer = await observe(self.lab, pod, destination=destination, timeout_seconds=PATIENT_SECONDS)
            seen[destination.name] = str(answer)
        return seen

    async def is_erp_in_reach(self) -> bool:
        """Tell whether the service behind the firewall, which lets in 10.0.0.0/8, answers."""
        answer = await observe(self.lab, GREEN.nodes[0].pods[0].name, destination=ON_PREMISES, timeout_seconds=2)
        return answer.failure != TIMED_OUT

    async def apply(self, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - the operator's own
        """Run the operator in a thread, since the observers answer in this one."""
        from airflow_masq.operators.gke_egress_nat_policy import (  # noqa: PLC0415 - imports Airflow, which takes seconds
            GKEApplyEgressNATPolicyOperator,
        )

        context: Context = {}
        settings: dict[str, Any] = {"plan": PLAN, "gcp_conn_id": "test_google", "api_timeout_seconds": 10}
        operator = GKEApplyEgressNATPolicyOperator(task_id="apply", **settings | arguments)
        return await asyncio.to_thread(operator.execute, context)


@pytest.fixture
def cluster(cloud: EmulatedCloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[KubernetesEmulator]:
    """Give the cluster's API, whose policy is GKE's default list."""
    if reason := find_obstacle():
        pytest.skip(reason)
    nodes = [
        ClusterNode(name=each.name, address=str(each.address), pod_cidr=str(each.pod_block)) for each in GREEN.nodes
    ]
    anyone = {"": User(name="anyone@example.com"), "agent": User.make_viewer("agent")}
    with KubernetesEmulator(tokens=anyone, nodes=nodes, default_destinations=DEFAULTS) as emulator:
        create_environment(cloud, emulator)
        monkeypatch.setenv("AIRFLOW_CONN_TEST_GOOGLE", connect_everything(cloud))
        yield emulator


@pytest.fixture
async def scene(cluster: KubernetesEmulator) -> AsyncIterator[Scene]:
    """Build the lab, and start observers and agents."""
    with ExitStack() as stack:
        lab = stack.enter_context(PacketLab(make_default_topology(GREEN)))
        async with AsyncExitStack() as servers:
            await servers.enter_async_context(Observers(lab))
            agents = NodeAgents(lab, cluster="green", url=cluster.url, authority=cluster.authority, token="agent")
            stack.enter_context(agents)
            yield Scene(lab, cluster=cluster, agents=agents)


async def test_a_change_of_policy_changes_the_packets_and_back(scene: Scene) -> None:
    """Services see Pods under GKE's list, nodes after the operator applied Composer's, and Pods after the next."""
    pod, node = GREEN.nodes[0].pods[0].address, GREEN.nodes[0].address
    scene.agents.wait_for({*DEFAULTS, *OWN})
    assert await scene.observe() == {"in-vpc": str(pod), "node-subnet": str(pod)}
    assert not await scene.is_erp_in_reach()

    result = await scene.apply()
    assert result["changed"]
    assert {each["target"]: (each["before"], each["after"]) for each in result["effects"]} == {
        f"erp ({ON_PREMISES.address})": ("pod", "node"),
        f"vm ({IN_VPC.address})": ("pod", "node"),
    }
    scene.agents.wait_for(OWN)
    assert await scene.observe() == {"in-vpc": str(node), "node-subnet": str(pod)}
    assert await scene.observe(node=1) == {
        "in-vpc": str(GREEN.nodes[1].address),
        "node-subnet": str(GREEN.nodes[1].pods[0].address),
    }
    assert await scene.is_erp_in_reach()

    await scene.apply(destinations=[*OWN, "10.200.0.0/16"])
    scene.agents.wait_for({*OWN, "10.200.0.0/16"})
    assert (await scene.observe())["in-vpc"] == str(pod)
    assert await scene.is_erp_in_reach()


async def test_what_is_not_applied_changes_no_packet(scene: Scene) -> None:
    """A dry run, a refused list and a list that is in force already leave the rules of the nodes as they are."""
    from airflow_masq.airflow_compat import AirflowFailException  # noqa: PLC0415 - imports Airflow, which takes seconds

    pod = str(GREEN.nodes[0].pods[0].address)
    await scene.apply(dry_run=True)
    with pytest.raises(AirflowFailException, match="MASQ301"):
        await scene.apply(destinations=[PODS])
    version = scene.cluster.get_policy("default")
    assert (await scene.observe())["in-vpc"] == pod
    await scene.apply()
    scene.agents.wait_for(OWN)
    applied = scene.cluster.get_policy("default")
    assert applied != version
    await scene.apply()
    assert scene.cluster.get_policy("default") == applied


async def test_rules_that_do_not_come_are_told(scene: Scene) -> None:
    """Waiting for rules that no policy asks for ends with what the nodes have instead."""
    scene.agents.wait_for({*DEFAULTS, *OWN})
    with pytest.raises(TimeoutError, match=r"expected rules for \['9\.0\.0\.0/8'\], saw \['10\.0\.0\.0/8'"):
        scene.agents.wait_for(["9.0.0.0/8"], timeout_seconds=0.01)
    with pytest.raises(TimeoutError, match="refused no config"):
        scene.agents.wait_for_refusal(timeout_seconds=0.01)


async def test_more_than_the_agent_takes_would_leave_the_old_rules(scene: Scene) -> None:
    """Why such a list is refused: applied in spite of it, the agents refuse the whole config, and nothing changes."""
    many = [f"9.0.{number}.0/24" for number in range(64)]
    result = await scene.apply(destinations=[*OWN, *many], on_findings="warn")
    assert any(refusal.startswith("MASQ322 ") for refusal in result["refusals"])
    scene.agents.wait_for_refusal()
    assert (await scene.observe())["in-vpc"] == str(GREEN.nodes[0].pods[0].address)
    await scene.apply()
    scene.agents.wait_for(OWN)
    assert (await scene.observe())["in-vpc"] == str(GREEN.nodes[0].address)
