"""The emulated GKE API, asked by Google's own client: an environment's cluster, and every refusal in Google's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import pytest
from google.api_core import exceptions as google_errors
from google.cloud.container_v1 import ClusterManagerAsyncClient
from google.cloud.container_v1.services.cluster_manager.transports import ClusterManagerGrpcAsyncIOTransport
from google.cloud.container_v1.types import Cluster, DatapathProvider

from lab.cloud import GKE, ComposerEmulator
from tests.lab.cloud.gate import Connect, MakeEnvironment

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from google.cloud.orchestration.airflow.service_v1 import EnvironmentsAsyncClient
    from google.cloud.orchestration.airflow.service_v1.types import Environment

PROJECT = "example-project"
URL = "https://www.googleapis.com/compute/v1/"
SUBNETWORK = f"projects/{PROJECT}/regions/us-central1/subnetworks/default"


@pytest.fixture
async def gke(emulator: ComposerEmulator) -> AsyncIterator[ClusterManagerAsyncClient]:
    """Connect Google's client of GKE."""
    async with grpc.aio.insecure_channel(emulator.address) as channel:
        yield ClusterManagerAsyncClient(transport=ClusterManagerGrpcAsyncIOTransport(channel=channel))


async def create(
    emulator: ComposerEmulator, client: EnvironmentsAsyncClient, environment: Environment
) -> tuple[Environment, str]:
    """Create an environment; return it and its cluster's name."""
    await client.create_environment(parent=environment.name.partition("/environments/")[0], environment=environment)
    await emulator.settle()
    created = await client.get_environment(name=environment.name)
    return created, created.config.gke_cluster


async def test_a_new_environment_has_a_cluster(
    emulator: ComposerEmulator,
    client: EnvironmentsAsyncClient,
    gke: ClusterManagerAsyncClient,
    make_environment: MakeEnvironment,
) -> None:
    """Composer 2 has an Autopilot cluster of the environment's ranges, which are in its subnetwork, too."""
    policy = {"cluster_ipv4_cidr_block": "192.168.0.0/16", "services_ipv4_cidr_block": "10.96.0.0/20"}
    _environment, name = await create(emulator, client, make_environment(ip_allocation_policy=policy))
    cluster = await gke.get_cluster(name=name)
    assert cluster.autopilot.enabled
    assert cluster.network_config.datapath_provider == DatapathProvider.ADVANCED_DATAPATH
    assert cluster.network_config.subnetwork == SUBNETWORK
    assert (cluster.cluster_ipv4_cidr, cluster.services_ipv4_cidr) == ("192.168.0.0/16", "10.96.0.0/20")
    assert "private_cluster_config" not in cluster  # as recorded of a public Autopilot cluster
    assert cluster.default_max_pods_constraint.max_pods_per_node == 110
    assert [pool.max_pods_constraint.max_pods_per_node for pool in cluster.node_pools] == [32]
    subnetwork = emulator.vpc.get(SUBNETWORK)
    assert subnetwork is not None
    ranges = {each["rangeName"]: each["ipCidrRange"] for each in subnetwork["secondaryIpRanges"]}
    assert ranges[cluster.ip_allocation_policy.cluster_secondary_range_name] == "192.168.0.0/16"
    pools = await gke.list_node_pools(parent=name)
    assert list(pools.node_pools) == list(cluster.node_pools)


async def test_a_private_environment_has_private_nodes(
    emulator: ComposerEmulator,
    client: EnvironmentsAsyncClient,
    gke: ClusterManagerAsyncClient,
    make_environment: MakeEnvironment,
) -> None:
    """The cluster and its pool say that nodes are private, and where the control plane is."""
    environment = make_environment()
    environment.config.private_environment_config.enable_private_environment = True
    _environment, name = await create(emulator, client, environment)
    cluster = await gke.get_cluster(name=name)
    assert cluster.private_cluster_config.enable_private_nodes
    assert cluster.private_cluster_config.master_ipv4_cidr_block == "172.16.20.0/23"
    assert [pool.network_config.enable_private_nodes for pool in cluster.node_pools] == [True]


async def test_named_ranges_are_the_subnetworks(
    emulator: ComposerEmulator,
    client: EnvironmentsAsyncClient,
    gke: ClusterManagerAsyncClient,
    make_environment: MakeEnvironment,
) -> None:
    """A cluster whose ranges are named takes the subnetwork's, and adds a name that the lab does not know."""
    policy = {"cluster_secondary_range_name": "pods", "services_secondary_range_name": "new-services"}
    _environment, name = await create(emulator, client, make_environment(ip_allocation_policy=policy))
    cluster = await gke.get_cluster(name=name)
    assert cluster.cluster_ipv4_cidr == "10.4.0.0/14"
    subnetwork = emulator.vpc.get(SUBNETWORK)
    assert subnetwork is not None
    assert "new-services" in {each["rangeName"] for each in subnetwork["secondaryIpRanges"]}


@pytest.mark.parametrize("url", ["", f"{URL}projects/host/regions/us-central1/subnetworks/"])
async def test_a_subnetwork_may_be_named_by_id_or_url(
    emulator: ComposerEmulator,
    client: EnvironmentsAsyncClient,
    gke: ClusterManagerAsyncClient,
    make_environment: MakeEnvironment,
    url: str,
) -> None:
    """An ID alone is a subnetwork of the network's project, as a URL says it in full."""
    network = f"{URL}projects/host/global/networks/n"
    environment = make_environment(network=network, subnetwork=f"{url}s")
    _environment, name = await create(emulator, client, environment)
    config = (await gke.get_cluster(name=name)).network_config
    assert config.network == "projects/host/global/networks/n"
    assert config.subnetwork == "projects/host/regions/us-central1/subnetworks/s"


async def test_ranges_that_a_subnetwork_lacks_are_refused(
    emulator: ComposerEmulator, client: EnvironmentsAsyncClient, make_environment: MakeEnvironment
) -> None:
    """In a subnetwork whose ranges are all known, an environment can name no other, and the named ones are judged."""
    subnetwork = "projects/host/regions/us-central1/subnetworks/s"
    emulator.vpc.add_subnetwork(subnetwork, ip_cidr_range="10.0.0.0/24", secondary_ranges={"pods": "100.128.48.0/20"})

    async def submit(**policy: str) -> str:
        environment = make_environment(
            network="projects/host/global/networks/n", subnetwork=subnetwork, ip_allocation_policy=policy
        )
        with pytest.raises(google_errors.InvalidArgument) as caught:
            await client.create_environment(
                parent=environment.name.partition("/environments/")[0], environment=environment
            )
        return str(caught.value.message)

    refused = await submit(cluster_secondary_range_name="other", services_secondary_range_name="services")
    network = "https://www.googleapis.com/compute/v1/projects/host/global/networks/n"
    assert f'1) Pod secondary range "other" not found in network "{network}", subnetwork "s".' in refused
    assert '2) Services secondary range "services" not found' in refused
    assert "100.128.48.0/20 is not within allowed" in await submit(cluster_secondary_range_name="pods")


async def test_a_deleted_environment_has_no_cluster(
    emulator: ComposerEmulator,
    client: EnvironmentsAsyncClient,
    gke: ClusterManagerAsyncClient,
    make_environment: MakeEnvironment,
) -> None:
    """The cluster goes with its environment, and what is missing is said in Google's words."""
    environment, name = await create(emulator, client, make_environment())
    await client.delete_environment(name=environment.name)
    await emulator.settle()
    assert emulator.clusters.find(name) is None
    with pytest.raises(google_errors.NotFound, match=rf"Not found: {name}\.\nNo cluster named '[^']+' in {PROJECT}\."):
        await gke.get_cluster(name=name)


async def test_clusters_of_one_subnetwork_do_not_overlap(
    emulator: ComposerEmulator, client: EnvironmentsAsyncClient, make_environment: MakeEnvironment
) -> None:
    """Each environment that names no ranges gets its own, and a deleted one's are free again."""
    ranges: list[tuple[str, str]] = []
    for environment_id in ("one", "two", "one"):
        environment = make_environment()
        environment.name = f"{environment.name.rpartition('/')[0]}/{environment_id}"
        if ranges and environment_id == "one":
            await client.delete_environment(name=environment.name)
            await emulator.settle()
        created, name = await create(emulator, client, environment)
        cluster = emulator.clusters.find(name)
        assert cluster is not None
        asked = created.config.node_config.ip_allocation_policy.cluster_ipv4_cidr_block
        assert asked == cluster.cluster_ipv4_cidr
        ranges.append((cluster.cluster_ipv4_cidr, cluster.services_ipv4_cidr))
    assert ranges == [("10.4.0.0/17", "10.8.0.0/22"), ("10.4.128.0/17", "10.8.4.0/22"), ranges[0]]


async def test_composer_3_has_no_cluster_in_the_project(
    emulator: ComposerEmulator, client: EnvironmentsAsyncClient, make_environment: MakeEnvironment
) -> None:
    """An environment of Composer 3 names no cluster."""
    environment = make_environment()
    environment.config.software_config.image_version = "composer-3-airflow-2.11.1-build.14"
    _environment, name = await create(emulator, client, environment)
    assert name == ""


async def test_composer_1_has_a_zonal_cluster(connect: Connect, make_environment: MakeEnvironment) -> None:
    """Composer 1 names its cluster with a zone, where GKE says location."""
    environment = make_environment()
    environment.name = "projects/example-project/locations/us-west1/environments/one"
    environment.config.software_config.image_version = "composer-1.20.12-airflow-2.4.3"
    async with (
        ComposerEmulator(creatable_images=("composer-1.20.12-airflow-2.4.3",)) as emulator,
        grpc.aio.insecure_channel(emulator.address) as channel,
    ):
        gke = ClusterManagerAsyncClient(transport=ClusterManagerGrpcAsyncIOTransport(channel=channel))
        _environment, name = await create(emulator, connect(emulator), environment)
        assert name.startswith("projects/example-project/zones/us-west1-a/clusters/us-west1-one-")
        cluster = await gke.get_cluster(name=name.replace("/zones/", "/locations/"))
        with pytest.raises(google_errors.InvalidArgument, match="Invalid cluster name"):
            await gke.get_cluster(name=name)
    assert (cluster.location, cluster.autopilot.enabled) == ("us-west1-a", False)
    assert cluster.network_config.datapath_provider == DatapathProvider.LEGACY_DATAPATH


async def test_lists_have_one_location_or_all(emulator: ComposerEmulator, gke: ClusterManagerAsyncClient) -> None:
    """A list has the clusters of a location or, for a hyphen, of all, and names what could not be asked."""
    for location in ("us-central1", "europe-west1-b"):
        emulator.clusters.put(PROJECT, Cluster(name="c", location=location))
    emulator.clusters.put("other", Cluster(name="c", location="us-central1"))
    emulator.clusters.missing_zones.append("asia-east1-a")
    everywhere = await gke.list_clusters(parent=f"projects/{PROJECT}/locations/-")
    assert [each.location for each in everywhere.clusters] == ["europe-west1-b", "us-central1"]
    assert list(everywhere.missing_zones) == ["asia-east1-a"]
    there = await gke.list_clusters(parent=f"projects/{PROJECT}/locations/us-central1")
    assert [each.location for each in there.clusters] == ["us-central1"]
    with pytest.raises(google_errors.InvalidArgument, match="Invalid parent"):
        await gke.list_clusters(parent="projects/p")


async def test_a_missing_permission_is_named(emulator: ComposerEmulator, gke: ClusterManagerAsyncClient) -> None:
    """The refusal names the permission and the resource."""
    emulator.access.deny(PROJECT, "container.clusters.get", "container.clusters.list")
    name = f"projects/{PROJECT}/locations/us-central1/clusters/c"
    with pytest.raises(google_errors.PermissionDenied) as caught:
        await gke.get_cluster(name=name)
    assert caught.value.message == f'Required "container.clusters.get" permission(s) for "{name}".'
    assert caught.value.reason is None
    with pytest.raises(google_errors.PermissionDenied, match=r"container\.clusters\.list"):
        await gke.list_clusters(parent=f"projects/{PROJECT}/locations/-")
    assert emulator.access.is_denied(PROJECT, "container.clusters.get")
    assert not emulator.access.is_denied("other", "container.clusters.get")


async def test_an_api_that_is_off_says_so(emulator: ComposerEmulator, gke: ClusterManagerAsyncClient) -> None:
    """A project without the API is refused with Google's words, reason and metadata, another project is not."""
    emulator.access.disable(PROJECT, GKE)
    with pytest.raises(google_errors.PermissionDenied, match="Kubernetes Engine API has not been used in") as caught:
        await gke.get_cluster(name=f"projects/{PROJECT}/locations/us-central1/clusters/c")
    assert caught.value.reason == "SERVICE_DISABLED"
    assert caught.value.domain == "googleapis.com"
    assert caught.value.metadata == {"service": "container.googleapis.com", "consumer": f"projects/{PROJECT}"}
    assert not (await gke.list_clusters(parent="projects/other/locations/-")).clusters


async def test_a_fault_of_gke_happens_as_requested(emulator: ComposerEmulator, gke: ClusterManagerAsyncClient) -> None:
    """Calls of GKE fail on request as those of Composer do."""
    emulator.clusters.put(PROJECT, Cluster(name="c", location="us-central1"))
    name = f"projects/{PROJECT}/locations/us-central1/clusters/c"
    emulator.faults.fail_next("GetCluster", grpc.StatusCode.UNAVAILABLE, "away")
    with pytest.raises(google_errors.ServiceUnavailable):
        await gke.get_cluster(name=name, retry=None)
    assert (await gke.get_cluster(name=name)).name == "c"
