"""What tests of the emulated Kubernetes API share: clients of it, and its answers in short."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from google.oauth2.credentials import Credentials

from airflow_masq.clients.composer import ComposerClient
from airflow_masq.clients.kubernetes import ClusterEndpoint, KubernetesClient
from airflow_masq.environment import EnvironmentResource
from lab.kubernetes.emulator import DEFAULT_TOKEN
from tests.emulated_cloud import NAME, environment_resource

if TYPE_CHECKING:
    from lab.kubernetes import KubernetesEmulator
    from tests.emulated_cloud import EmulatedCloud

NODES, PODS, SERVICES = "10.128.0.0/20", "192.168.0.0/16", "10.96.0.0/20"
"""The ranges of the emulated cluster."""


def make_client(cluster: KubernetesEmulator, *, token: str = DEFAULT_TOKEN) -> KubernetesClient:
    """Make a client with a token of the cluster's."""
    credentials = Credentials(token)  # type: ignore[no-untyped-call] # google-auth is partly untyped
    endpoint = ClusterEndpoint(url=cluster.url, authority=cluster.authority)
    return KubernetesClient(credentials, endpoint=endpoint, api_timeout_seconds=5)


def give_control_plane(cloud: EmulatedCloud, cluster: KubernetesEmulator, *, name: str) -> None:
    """Let GKE's API name the emulated cluster as the API server of a cluster that exists there.

    :param name: the cluster's full name.
    """
    found = cloud.clusters.find(name)
    assert found is not None
    found.endpoint = cluster.url.removeprefix("https://")
    found.master_auth.cluster_ca_certificate = base64.b64encode(cluster.authority.encode()).decode()
    cloud.clusters.put(name.split("/")[1], found)


def create_environment(cloud: EmulatedCloud, cluster: KubernetesEmulator) -> str:
    """Create an environment with the agent whose cluster is the emulated one, and the same ranges.

    :return: the cluster's full name.
    """
    allocation = {"clusterIpv4CidrBlock": PODS, "servicesIpv4CidrBlock": SERVICES}
    node = {"enableIpMasqAgent": True, "ipAllocationPolicy": allocation}
    resource = EnvironmentResource.read(environment_resource(nodeConfig=node))
    with ComposerClient(None, endpoint=cloud.endpoint, api_timeout_seconds=5) as client:
        client.create(NAME, resource=resource)
        cloud.settle()
        name = client.get(NAME).get_text("config", "gkeCluster")
    give_control_plane(cloud, cluster, name=name)
    return name


def connect_everything(cloud: EmulatedCloud) -> str:
    """Write a Google connection that leads to all emulated APIs, as JSON for an ``AIRFLOW_CONN_…`` variable."""
    connection = json.loads(cloud.airflow_connection)
    connection["extra"]["compute_endpoint"] = cloud.compute_endpoint
    return json.dumps(connection)
