"""What a project needs so that everything can be tried by hand: accounts, roles, networks, environments, API servers.

    with-agent     has the IP masquerade agent; its cluster's policy is Composer's
    without-agent  has none; its cluster's policy is GKE's default list

Each environment of Composer 2, these and those that are created later, gets a Kubernetes API of its own, which ends
with it. The addresses of Cloud NAT and of nodes are the lab's choice.
"""

from __future__ import annotations

import base64
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Final, Self

from google.cloud.orchestration.airflow.service_v1.types import Environment

from lab.cloud.validation import ALLOWED_RANGES
from lab.cloud.vpc import Nat
from lab.kubernetes.access import User
from lab.kubernetes.emulator import DEFAULT_TOKENS, ClusterNode, KubernetesEmulator

if TYPE_CHECKING:
    from google.cloud.container_v1.types import Cluster

    from lab.cloud.server import ComposerEmulator

LOCATION: Final = "us-central1"
WITH_AGENT: Final = "with-agent"
WITHOUT_AGENT: Final = "without-agent"
_IMAGE: Final = "composer-2.17.9-airflow-2.11.1"
_NAT_ADDRESS: Final = "203.0.113.7"

# Who sends no token, as clients of an emulator do.
_ANYONE: Final = {"": User(name="anyone@example.com")}


class ApiServers:
    """The Kubernetes API of each environment's cluster; a context manager. ``start`` and ``stop`` are hooks."""

    def __init__(self) -> None:
        self._emulator: ComposerEmulator | None = None
        self._servers: dict[str, KubernetesEmulator] = {}

    def attach(self, emulator: ComposerEmulator) -> None:
        """Say whose environments they serve, before the first of them is created."""
        self._emulator = emulator

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        while self._servers:
            self._servers.popitem()[1].__exit__(None, None, None)

    def find(self, environment: str) -> KubernetesEmulator:
        """Look up an environment's API server, by the environment's full name."""
        return self._servers[environment]

    async def start(self, environment: Environment) -> None:
        """Serve the API of a new environment's cluster; nothing where it has none, or none with policies."""
        emulator, name = self._emulator, environment.config.gke_cluster
        cluster = None if emulator is None else emulator.clusters.find(name)
        if emulator is None or cluster is None or not cluster.autopilot.enabled:
            return
        subnetwork = emulator.vpc.get(cluster.network_config.subnetwork) or {}
        nodes = subnetwork["ipCidrRange"]
        has_agent = environment.config.node_config.enable_ip_masq_agent
        server = KubernetesEmulator(
            node_ranges=(nodes,),
            pod_ranges=(cluster.cluster_ipv4_cidr,),
            service_ranges=(cluster.services_ipv4_cidr,),
            # Composer's list is that of the Pods; GKE's is the ranges that it never treats as public.
            default_destinations=None if has_agent else tuple(map(str, ALLOWED_RANGES)),
            nodes=[_make_node(cluster, nodes=nodes)],
            tokens={**_ANYONE, **DEFAULT_TOKENS},
        )
        self._servers[environment.name] = server.__enter__()
        cluster.endpoint = server.url.removeprefix("https://")
        cluster.master_auth.cluster_ca_certificate = base64.b64encode(server.authority.encode()).decode()
        emulator.clusters.put(name.split("/")[1], cluster)

    async def stop(self, environment: Environment) -> None:
        """Stop the API of a deleted environment's cluster."""
        server = self._servers.pop(environment.name, None)
        if server is not None:
            server.__exit__(None, None, None)


def _make_node(cluster: Cluster, *, nodes: str) -> ClusterNode:
    """Make one node; GKE names those of Autopilot so, and gives each a /26 of the Pods' range."""
    pods = next(IPv4Network(cluster.cluster_ipv4_cidr).subnets(new_prefix=26))
    return ClusterNode(
        name=f"gk3-{cluster.name}-default-pool-1", address=str(IPv4Network(nodes)[2]), pod_cidr=str(pods)
    )


async def furnish(emulator: ComposerEmulator, *, project: str, is_empty: bool) -> None:
    """Set up a project as Google's pages ask for it, with Cloud NAT; with two environments unless it is to be empty."""
    region = f"projects/{project}/regions/{LOCATION}"
    network = f"projects/{project}/global/networks/default"
    emulator.vpc.add_address(f"{region}/addresses/nat", address=_NAT_ADDRESS)
    emulator.vpc.add_router(
        f"{region}/routers/egress", network=network, nats=[Nat(name="nat", addresses=[f"{region}/addresses/nat"])]
    )
    identities, account = emulator.identities, f"composer@{project}.iam.gserviceaccount.com"
    identities.add_account(account, project=project)
    agent = f"service-{identities.find_number(project)}@cloudcomposer-accounts.iam.gserviceaccount.com"
    for name, role, email in (
        (f"projects/{project}", "roles/composer.serviceAgent", agent),
        (f"projects/{project}/serviceAccounts/{account}", "roles/composer.ServiceAgentV2Ext", agent),
        (f"projects/{project}", "roles/composer.worker", account),
    ):
        identities.grant(name, role=role, email=email)
    for environment_id in () if is_empty else (WITH_AGENT, WITHOUT_AGENT):
        node_config = {
            "network": network,
            "subnetwork": f"{region}/subnetworks/default",
            "service_account": account,
            "enable_ip_masq_agent": environment_id == WITH_AGENT,
        }
        config = {
            "software_config": {"image_version": _IMAGE},
            "node_config": node_config,
            "private_environment_config": {"enable_private_environment": True},
        }
        name = f"projects/{project}/locations/{LOCATION}/environments/{environment_id}"
        await emulator.create_environment(Environment({"name": name, "config": config}))
