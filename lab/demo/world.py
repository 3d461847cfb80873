"""The demo's world: a VPC with its services, and a Composer API whose environments come to life in it.

    Composer API (emulated, loopback) ──on_running──▶ nodes, Pods and their masquerade rules ──▶ the packet lab

What a running environment's nodes do is written down here from Google's documentation, apart from the package, whose
predictions are not asked: that the two agree is then worth something.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from ipaddress import IPv4Address, IPv4Network
from typing import TYPE_CHECKING, Self

from lab.cloud import ComposerEmulator, Durations, Hooks
from lab.demo.story import ENVIRONMENTS, NODE_RANGE, NODES, PODS_PER_NODE, TARGETS
from lab.demo.workers import Worker, write_workers
from lab.packets.lab import PacketLab
from lab.packets.masquerade import MasqueradeChain
from lab.packets.observers import Observers
from lab.packets.topology import make_default_topology, make_gke_cluster

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from google.cloud.orchestration.airflow.service_v1.types import Environment

CREATION_SECONDS = 3.0

#: What GKE does not masquerade unless told otherwise.
#: https://cloud.google.com/kubernetes-engine/docs/concepts/ip-masquerade-agent (read 2026-11-22)
GKE_DEFAULT_NON_MASQUERADE = (
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "240.0.0.0/4",
)


def masquerade_chain(environment: Environment) -> MasqueradeChain:
    """Say what the masquerade agent writes on an environment's nodes.

    GKE's own, fixed policy exempts the node, Pod and Service ranges on Autopilot
    (https://cloud.google.com/kubernetes-engine/docs/how-to/egress-nat-policy-ip-masq-autopilot, read 2026-11-22). With
    the flag, Composer's definition exempts the Pod range (``NodeConfig.enable_ip_masq_agent`` in the Composer v1 API);
    without it GKE's default list stays. The order of the two policies in the chain: not verified, and without effect,
    since every entry returns.

    :param environment: the environment, as the API describes it.
    :return: the chain.
    """
    node_config = environment.config.node_config
    allocation = node_config.ip_allocation_policy
    fixed = (NODE_RANGE, allocation.cluster_ipv4_cidr_block, allocation.services_ipv4_cidr_block)
    editable = (allocation.cluster_ipv4_cidr_block,) if node_config.enable_ip_masq_agent else GKE_DEFAULT_NON_MASQUERADE
    return MasqueradeChain(non_masquerade=tuple(IPv4Network(cidr) for cidr in (*fixed, *editable)))


class World:
    """The packet lab, its observers and the Composer API, in one event loop; an asynchronous context manager.

    :param folder: where the files of workers are written, one an environment.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = AsyncExitStack()
        self._lab = PacketLab(make_default_topology())
        self._emulator = ComposerEmulator(
            durations=Durations(creation_seconds=CREATION_SECONDS),
            hooks=Hooks(on_running=self._come_to_life, on_deleted=self._pass_away),
        )

    async def __aenter__(self) -> Self:
        """Build everything; it is taken down again when the block ends."""
        async with AsyncExitStack() as stack:
            stack.enter_context(self._lab)
            await stack.enter_async_context(Observers(self._lab))
            await stack.enter_async_context(self._emulator)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    @property
    def lab(self) -> PacketLab:
        """The network that environments come to life in."""
        return self._lab

    @property
    def composer_endpoint(self) -> str:
        """Where the Composer API listens, as the Google connection's ``composer_endpoint`` takes it."""
        return f"http://{self._emulator.address}"

    @property
    def observe_urls(self) -> dict[str, str]:
        """Where each target's observer answers, by the target's name."""
        addresses = {each.name: (each.address, each.port) for each in self._lab.destinations}
        return {
            target.name: "http://{}:{}/{}/ip".format(*addresses[target.destination], self._lab.nonce)
            for target in TARGETS
        }

    def workers_file(self, environment_id: str) -> Path:
        """Name the file of an environment's workers; it exists once the environment has come to life.

        :param environment_id: the environment.
        :return: the file.
        """
        return self._folder / f"workers-{environment_id}.json"

    async def _come_to_life(self, environment: Environment) -> None:
        """Give an environment that is about to be RUNNING its nodes, their rules and its workers."""
        environment_id = environment.name.rpartition("/")[2]
        story = {each.environment_id: each for each in ENVIRONMENTS}[environment_id]
        cluster = make_gke_cluster(
            environment_id,
            nodes=NODES,
            pods_per_node=PODS_PER_NODE,
            first_node_address=IPv4Address(story.first_node_address),
            pod_range=IPv4Network(environment.config.node_config.ip_allocation_policy.cluster_ipv4_cidr_block),
        )
        self._lab.add_cluster(cluster)
        for node in cluster.nodes:
            self._lab.set_masquerade(node.name, masquerade_chain(environment))
        workers = [
            Worker(
                hostname=f"airflow-worker-{node.pods[0].name}",
                environment_id=environment_id,
                namespace=self._lab.make_handle(node.pods[0].name),
            )
            for node in cluster.nodes
        ]
        write_workers(self.workers_file(environment_id), workers)

    async def _pass_away(self, environment: Environment) -> None:
        """Take a deleted environment's nodes away."""
        environment_id = environment.name.rpartition("/")[2]
        self._lab.remove_cluster(environment_id)
        self.workers_file(environment_id).unlink()
