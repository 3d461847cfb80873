"""Environments in the emulated cloud, with the networks that real ones have, for tests of what is read of them."""

from __future__ import annotations

from typing import Any

from google.cloud.orchestration.airflow.service_v1.types import Environment

from airflow_masq.clients.composer import ComposerClient
from airflow_masq.environment import EnvironmentName, EnvironmentResource
from lab.cloud import Nat
from tests.emulated_cloud import LOCATION, PROJECT, SERVICE_ACCOUNT, EmulatedCloud, environment_resource

HOST = "host-project"
REGION = f"projects/{PROJECT}/regions/{LOCATION}"
NETWORK = f"projects/{PROJECT}/global/networks/default"
SHARED_REGION = f"projects/{HOST}/regions/{LOCATION}"
SHARED_NETWORK = f"projects/{HOST}/global/networks/shared"
SHARED_SUBNETWORK = f"{SHARED_REGION}/subnetworks/composer"

PRIVATE = {"privateEnvironmentConfig": {"enablePrivateEnvironment": True}}
BY_NAME = {"clusterSecondaryRangeName": "composer-pods", "servicesSecondaryRangeName": "composer-services"}


def create(cloud: EmulatedCloud, environment_id: str = "example-environment", **config: Any) -> EnvironmentName:  # noqa: ANN401 - a section is any JSON
    """Create an environment with the agent, as a user would, and wait until it runs."""
    config["nodeConfig"] = {"enableIpMasqAgent": True, **config.get("nodeConfig", {})}
    resource = environment_resource(environment_id, **config)
    name = EnvironmentName.parse(str(resource["name"]))
    with ComposerClient(None, endpoint=cloud.endpoint, api_timeout_seconds=5) as client:
        client.create(name, resource=EnvironmentResource.read(resource))
        cloud.settle()
    return name


def create_public(cloud: EmulatedCloud) -> EnvironmentName:
    """Create a public environment, in the project's default network and beside no Cloud NAT."""
    return create(cloud, "public")


def create_private(cloud: EmulatedCloud) -> EnvironmentName:
    """Create a private environment beside Cloud NAT for nodes alone, with a reserved address."""
    add_nat(cloud, covers="ALL_SUBNETWORKS_ALL_PRIMARY_IP_RANGES")
    return create(cloud, "private", **PRIVATE)


def create_shared(cloud: EmulatedCloud) -> EnvironmentName:
    """Create an environment in a Shared VPC, whose Pod and Service ranges it knows by name alone."""
    cloud.vpc.add_subnetwork(
        SHARED_SUBNETWORK,
        ip_cidr_range="10.20.0.0/22",
        secondary_ranges={"composer-pods": "10.40.0.0/16", "composer-services": "10.50.0.0/20"},
        network=SHARED_NETWORK,
    )
    covered = {
        "name": SHARED_SUBNETWORK,
        "sourceIpRangesToNat": ["LIST_OF_SECONDARY_IP_RANGES"],
        "secondaryIpRangeNames": ["composer-pods"],
    }
    nat = Nat(name="for-pods", covers="LIST_OF_SUBNETWORKS", subnetworks=[covered], allocated=["203.0.113.20"])
    cloud.vpc.add_router(f"{SHARED_REGION}/routers/shared", network=SHARED_NETWORK, nats=[nat])
    node = {"network": SHARED_NETWORK, "subnetwork": SHARED_SUBNETWORK, "ipAllocationPolicy": BY_NAME}
    return create(cloud, "shared", nodeConfig=node, **PRIVATE)


def create_with_public_ranges(cloud: EmulatedCloud) -> EnvironmentName:
    """Create an environment whose Pods use public addresses privately (PUPI)."""
    policy = {"clusterIpv4CidrBlock": "100.128.48.0/20", "servicesIpv4CidrBlock": "100.255.48.0/24"}
    private = {"enablePrivateEnvironment": True, "enablePrivatelyUsedPublicIps": True}
    return create(cloud, "pupi", nodeConfig={"ipAllocationPolicy": policy}, privateEnvironmentConfig=private)


def create_composer_3(cloud: EmulatedCloud) -> EnvironmentName:
    """Create an environment of Composer 3, which has no cluster in the project, and no agent."""
    image = {"imageVersion": "composer-3-airflow-2.11.1-build.14"}
    return create(cloud, "three", softwareConfig=image, nodeConfig={"enableIpMasqAgent": False})


def put_composer_1(cloud: EmulatedCloud) -> EnvironmentName:
    """Put an environment of Composer 1 there, which the service creates no more, with its zonal Standard cluster."""
    name = f"projects/{PROJECT}/locations/{LOCATION}/environments/one"
    cluster = f"projects/{PROJECT}/zones/{LOCATION}-c/clusters/{LOCATION}-one-941355a9-gke"
    node = {
        "network": NETWORK,
        "service_account": SERVICE_ACCOUNT,
        "enable_ip_masq_agent": True,
        "ip_allocation_policy": {"use_ip_aliases": True, "cluster_ipv4_cidr_block": "10.60.0.0/16"},
        "location": f"projects/{PROJECT}/zones/{LOCATION}-c",
    }
    config = {
        "gke_cluster": cluster,
        "software_config": {"image_version": "composer-1.20.12-airflow-2.4.3"},
        "node_config": node,
    }
    environment = Environment({"name": name, "uuid": "941355a9", "state": "RUNNING", "config": config})
    cloud.clusters.create_for(environment, name=cluster)
    cloud.add(environment)
    return EnvironmentName.parse(name)


def add_nat(cloud: EmulatedCloud, *, covers: str = "ALL_SUBNETWORKS_ALL_IP_RANGES") -> None:
    """Add a router with Cloud NAT and a reserved address to the project's default network."""
    address = f"{REGION}/addresses/nat"
    cloud.vpc.add_address(address, address="203.0.113.7")
    nat = Nat(name="nat", covers=covers, addresses=[address])
    cloud.vpc.add_router(f"{REGION}/routers/router", network=NETWORK, nats=[nat])


CREATORS = {
    "public": create_public,
    "private": create_private,
    "shared VPC": create_shared,
    "PUPI": create_with_public_ranges,
    "Composer 1": put_composer_1,
    "Composer 3": create_composer_3,
}
"""Each kind of environment, and how it comes about."""
