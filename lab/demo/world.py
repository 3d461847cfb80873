"""The demo's world: a VPC with its services, and a Composer API whose environments get nodes in it.

    Composer API (emulated, loopback) ──on_running──▶ nodes, Pods and their masquerade rules ──▶ the packet lab

The rules of a running environment's nodes are written here from Google's documentation. The package and its predictions
are not used, so that it means something if the two agree.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from ipaddress import IPv4Address, IPv4Network
from typing import TYPE_CHECKING, Self

from lab.cloud import ComposerEmulator, Durations, Hooks
from lab.demo.scenario import ENVIRONMENTS, NODE_RANGE, NODES, PODS_PER_NODE, TARGETS
from lab.demo.settings import Worker, write_workers
from lab.packets.lab import PacketLab
from lab.packets.masquerade import MasqueradeChain
from lab.packets.observers import Observers, make_url
from lab.packets.topology import make_default_topology, make_gke_cluster

if TYPE_CHECKING:
    from pathlib import Path

    from google.cloud.orchestration.airflow.service_v1.types import Environment

CREATION_SECONDS = 3.0

#: The ranges that GKE does not masquerade by default [source: gke-default-list].
GKE_DEFAULT_NON_MASQUERADE = (
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
    "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
)  # fmt: skip


def make_masquerade_chain(environment: Environment) -> MasqueradeChain:
    """Make the chain that the masquerade agent writes on an environment's nodes.

    GKE's fixed policy exempts the node, Pod and Service ranges on Autopilot [source: egress-nat-policy-objects]. With
    the flag, Composer's definition exempts the Pod range; without it GKE's default list stays
    [source: composer-agent-definition, composer-agent-replaces-policy]. The order of the two policies in the chain is
    not verified. It has no effect, since every entry returns.
    """
    node_config = environment.config.node_config
    allocation = node_config.ip_allocation_policy
    fixed = (NODE_RANGE, allocation.cluster_ipv4_cidr_block, allocation.services_ipv4_cidr_block)
    editable = (allocation.cluster_ipv4_cidr_block,) if node_config.enable_ip_masq_agent else GKE_DEFAULT_NON_MASQUERADE
    return MasqueradeChain(non_masquerade=tuple(IPv4Network(cidr) for cidr in (*fixed, *editable)))


class World:
    """The packet lab, its observers and the Composer API, in one event loop; an asynchronous context manager.

    :param folder: the folder for the workers files, one for each environment.
    :ivar lab: the network in which environments get their nodes.
    """

    def __init__(self, folder: Path) -> None:
        self.lab = PacketLab(make_default_topology())
        self._folder = folder
        self._stack = AsyncExitStack()
        self._emulator = ComposerEmulator(
            durations=Durations(creation_seconds=CREATION_SECONDS),
            hooks=Hooks(on_running=self._add_cluster, on_deleted=self._remove_cluster),
        )

    async def __aenter__(self) -> Self:
        """Start everything; it stops when the block ends."""
        async with AsyncExitStack() as stack:
            stack.enter_context(self.lab)
            await stack.enter_async_context(Observers(self.lab))
            await stack.enter_async_context(self._emulator)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._stack.aclose()

    @property
    def composer_endpoint(self) -> str:
        """The address of the Composer API, as the Google connection's ``composer_endpoint`` takes it."""
        return f"http://{self._emulator.address}"

    @property
    def compute_endpoint(self) -> str:
        """The address of the Compute API, as the same connection takes it."""
        return f"http://{self._emulator.compute_address}"

    @property
    def observe_urls(self) -> dict[str, str]:
        """The URL of each target's observer, by the target's name."""
        destinations = {each.name: each for each in self.lab.destinations}
        return {target.name: make_url(self.lab, destinations[target.destination], reply="ip") for target in TARGETS}

    def get_workers_file(self, environment_id: str) -> Path:
        """Return the path of an environment's workers file, which exists while the environment runs."""
        return self._folder / f"workers-{environment_id}.json"

    async def _add_cluster(self, environment: Environment) -> None:
        """Add the nodes, rules and workers of an environment that is about to be RUNNING."""
        environment_id = environment.name.rpartition("/")[2]
        settings = {each.environment_id: each for each in ENVIRONMENTS}[environment_id]
        cluster = make_gke_cluster(
            environment_id,
            nodes=NODES,
            pods_per_node=PODS_PER_NODE,
            first_node_address=IPv4Address(settings.first_node_address),
            pod_range=IPv4Network(environment.config.node_config.ip_allocation_policy.cluster_ipv4_cidr_block),
        )
        self.lab.add_cluster(cluster)
        workers = []
        for node in cluster.nodes:
            self.lab.set_masquerade(node.name, make_masquerade_chain(environment))
            pod = node.pods[0].name
            worker = Worker(
                hostname=f"airflow-worker-{pod}", environment_id=environment_id, namespace=self.lab.make_handle(pod)
            )
            workers.append(worker)
        write_workers(self.get_workers_file(environment_id), workers)

    async def _remove_cluster(self, environment: Environment) -> None:
        environment_id = environment.name.rpartition("/")[2]
        self.lab.remove_cluster(environment_id)
        self.get_workers_file(environment_id).unlink()
