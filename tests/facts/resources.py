"""REST resources as Google's APIs answer them, shaped after recorded ones [source: gke-autopilot-recorded]."""

from __future__ import annotations

from typing import Any

from airflow_masq.environment import EnvironmentName, EnvironmentResource
from airflow_masq.facts import Cluster, ClusterName, NatGateway, RegionalName, Router, Subnetwork

PROJECT = "example-project"
REGION = "us-central1"
NAME = EnvironmentName(project=PROJECT, location=REGION, environment_id="example")
CLUSTER_NAME = ClusterName(project=PROJECT, location=REGION, cluster_id="us-central1-example-1a2b3c4d-gke")
SUBNETWORK_NAME = RegionalName(project=PROJECT, region=REGION, kind="subnetworks", resource_id="composer")
ROUTER_NAME = RegionalName(project=PROJECT, region=REGION, kind="routers", resource_id="router")
NETWORK = f"projects/{PROJECT}/global/networks/composer"
URL = "https://www.googleapis.com/compute/v1/"

POOL = {
    "name": "default-pool",
    "maxPodsConstraint": {"maxPodsPerNode": "32"},
    "networkConfig": {"podRange": "pods", "podIpv4CidrBlock": "10.4.0.0/17", "enablePrivateNodes": True},
}


def cluster_resource(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - a field is any JSON
    """Make the REST resource of a private Autopilot cluster; a change to ``None`` removes the field."""
    resource = {
        "name": CLUSTER_NAME.cluster_id,
        "status": "RUNNING",
        "location": REGION,
        "network": "composer",
        "subnetwork": "composer",
        "autopilot": {"enabled": True},
        "clusterIpv4Cidr": "10.4.0.0/17",
        "servicesIpv4Cidr": "10.8.0.0/22",
        "initialClusterVersion": "1.33.4-gke.1245000",
        "currentMasterVersion": "1.33.5-gke.1201000",
        "defaultMaxPodsConstraint": {"maxPodsPerNode": "110"},
        "ipAllocationPolicy": {
            "clusterIpv4CidrBlock": "10.4.0.0/17",
            "clusterSecondaryRangeName": "pods",
            "servicesIpv4CidrBlock": "10.8.0.0/22",
            "servicesSecondaryRangeName": "services",
            "useIpAliases": True,
        },
        "networkConfig": {
            "network": NETWORK,
            "subnetwork": str(SUBNETWORK_NAME),
            "datapathProvider": "ADVANCED_DATAPATH",
            "enableIntraNodeVisibility": True,
            "defaultSnatStatus": {},
        },
        "privateClusterConfig": {"enablePrivateNodes": True},
        "nodePools": [POOL],
        **changes,
    }
    return {name: value for name, value in resource.items() if value is not None}


def make_cluster(**changes: Any) -> Cluster:  # noqa: ANN401 - a field is any JSON
    """Make a cluster from its resource."""
    return Cluster.read(cluster_resource(**changes), name=CLUSTER_NAME)


def make_subnetwork(**secondary: str) -> Subnetwork:
    """Make the subnetwork, with secondary ranges by their names."""
    ranges = [{"rangeName": name, "ipCidrRange": cidr} for name, cidr in secondary.items()]
    resource = {"ipCidrRange": "10.128.0.0/20", "network": URL + NETWORK, "secondaryIpRanges": ranges}
    return Subnetwork.read(resource, name=SUBNETWORK_NAME)


def nat_resource(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - a field is any JSON
    """Make a gateway's entry in a router's resource."""
    return {
        "name": "nat",
        "type": "PUBLIC",
        "sourceSubnetworkIpRangesToNat": "ALL_SUBNETWORKS_ALL_IP_RANGES",
        "natIpAllocateOption": "MANUAL_ONLY",
        **changes,
    }


def make_gateway(**changes: Any) -> NatGateway:  # noqa: ANN401 - a field is any JSON
    """Make a gateway."""
    return NatGateway.read(nat_resource(**changes))


def make_router(*nats: dict[str, Any], network: str = URL + NETWORK) -> Router:
    """Make a router with gateways."""
    return Router.read({"network": network, "nats": list(nats)}, name=ROUTER_NAME)


def make_environment(**config: Any) -> EnvironmentResource:  # noqa: ANN401 - a section is any JSON
    """Make the environment as the Composer API tells it."""
    node = {
        "network": NETWORK,
        "subnetwork": str(SUBNETWORK_NAME),
        "enableIpMasqAgent": True,
        "serviceAccount": "composer@example-project.iam.gserviceaccount.com",
        "ipAllocationPolicy": {"clusterIpv4CidrBlock": "10.4.0.0/17", "servicesIpv4CidrBlock": "10.8.0.0/22"},
        **config.pop("nodeConfig", {}),
    }
    whole = {
        "gkeCluster": str(CLUSTER_NAME),
        "softwareConfig": {"imageVersion": "composer-2.17.9-airflow-2.11.1"},
        "nodeConfig": node,
        "privateEnvironmentConfig": {"enablePrivateEnvironment": True},
        **config,
    }
    return EnvironmentResource.read({"name": str(NAME), "state": "RUNNING", "uuid": "1a2b3c4d", "config": whole})
