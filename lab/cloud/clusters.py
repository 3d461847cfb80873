"""The emulated ``google.container.v1.ClusterManager``: an environment's GKE cluster, and lists of clusters and pools.

A new environment of Composer 1 or 2 gets its cluster here, with the fields that real clusters of that kind have: an
Autopilot cluster names no private settings where its nodes are public, and says 110 Pods for a node although its pools
have others [source: gke-autopilot-recorded]. All other methods of the service answer UNIMPLEMENTED.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Final

import grpc
from google.cloud.container_v1.types import (
    Autopilot,
    Cluster,
    DatapathProvider,
    GetClusterRequest,
    IPAllocationPolicy,
    ListClustersRequest,
    ListClustersResponse,
    ListNodePoolsRequest,
    ListNodePoolsResponse,
    MaxPodsConstraint,
    NodeNetworkConfig,
    NodePool,
    PrivateClusterConfig,
    StackType,
)

from lab.cloud.access import GKE, Access
from lab.cloud.dispatch import Method, Service
from lab.cloud.errors import ApiError, InvalidArgumentError
from lab.cloud.images import COMPOSER_1, Image
from lab.cloud.names import EnvironmentName
from lab.cloud.vpc import read_network_name, read_subnetwork_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from google.cloud.orchestration.airflow.service_v1.types import Environment

    from lab.cloud.vpc import Vpc

_SERVICE: Final = "google.container.v1.ClusterManager"
_PARENT: Final = re.compile(r"projects/(?P<project>[^/]+)/locations/(?P<location>[^/]+)")
_CLUSTER: Final = re.compile(rf"{_PARENT.pattern}/clusters/(?P<id>[^/]+)")
_ANY: Final = "-"

# The lab's choice; no rule depends on the numbers.
VERSION_AT_CREATION: Final = "1.33.4-gke.1245000"
VERSION_NOW: Final = "1.33.5-gke.1201000"
_DEFAULT_BLOCKS: Final = {"cluster": IPv4Network("10.4.0.0/17"), "services": IPv4Network("10.8.0.0/22")}
_MADE_BY_GKE: Final = "gke-"


class Clusters:
    """The clusters of all projects, and the handlers of the service.

    :ivar missing_zones: what lists say could not be asked, as the real service does of zones that are out of reach.
    """

    def __init__(self, *, vpc: Vpc, access: Access) -> None:
        self._vpc = vpc
        self._access = access
        self._clusters: dict[str, Cluster] = {}
        self.missing_zones: list[str] = []

    def make_service(self) -> Service:
        """Return the table of methods."""
        read_list, write_list = ListClustersRequest.deserialize, ListClustersResponse.serialize
        read_pools, write_pools = ListNodePoolsRequest.deserialize, ListNodePoolsResponse.serialize
        methods = (
            Method("GetCluster", GetClusterRequest.deserialize, self._get, Cluster.serialize),
            Method("ListClusters", read_list, self._list, write_list),
            Method("ListNodePools", read_pools, self._list_pools, write_pools),
        )
        return Service(name=_SERVICE, methods=methods)

    def put(self, project: str, cluster: Cluster) -> None:
        """Add a cluster, or replace it; its name and location are in the resource."""
        self._clusters[f"projects/{project}/locations/{cluster.location}/clusters/{cluster.name}"] = Cluster(cluster)

    def find(self, name: str) -> Cluster | None:
        """Look a cluster up by its full name, without a call."""
        found = self._clusters.get(name)
        return None if found is None else Cluster(found)

    def remove(self, name: str) -> None:
        """Remove a cluster, if it exists, with the ranges that GKE made for it; that these go, too, is inferred."""
        cluster = self._clusters.pop(name, None)
        if cluster is not None:
            prefix = f"{_MADE_BY_GKE}{cluster.name}-"
            self._vpc.remove_secondary_ranges(cluster.network_config.subnetwork, prefix=prefix)

    def choose_blocks(self, environment: Environment) -> dict[str, str]:
        """Choose blocks for an environment that names none: the first that are no other cluster's in its subnetwork.

        The ranges of a subnetwork must not overlap [source: vpc-subnet-overlap]. Those that the lab gives every
        subnetwork for environments that name them are left out here.

        :return: for ``cluster`` and ``services``.
        """
        resource = self._vpc.get(_find_subnetwork(environment)) or {}
        taken = [
            IPv4Network(each["ipCidrRange"])
            for each in resource.get("secondaryIpRanges", [])
            if each["rangeName"].startswith(_MADE_BY_GKE)
        ]
        return {purpose: _find_free(default, taken=taken) for purpose, default in _DEFAULT_BLOCKS.items()}

    def create_for(self, environment: Environment, *, name: str) -> None:
        """Create the cluster of an environment, with its ranges in the environment's subnetwork.

        :param name: the cluster's full name; Composer 1 writes it with a zone.
        """
        node = environment.config.node_config
        parent = EnvironmentName.parse(environment.name).parent
        cluster_id = name.rpartition("/")[2]
        network = read_network_name(node.network, project=parent.project)
        subnetwork = _find_subnetwork(environment)
        self._vpc.ensure_subnetwork(subnetwork)
        image = Image.parse(environment.config.software_config.image_version)
        is_standard = image is not None and image.generation == COMPOSER_1
        cluster = Cluster(
            name=cluster_id,
            location=name.split("/")[3],
            status=Cluster.Status.RUNNING,
            network=network.rpartition("/")[2],
            subnetwork=subnetwork.rpartition("/")[2],
            self_link=f"https://container.googleapis.com/v1/{_as_location(name)}",
            initial_cluster_version=VERSION_AT_CREATION,
            current_master_version=VERSION_NOW,
            current_node_version=VERSION_AT_CREATION,
            default_max_pods_constraint={"max_pods_per_node": 110},
            network_config={"network": network, "subnetwork": subnetwork, "default_snat_status": {}},
        )
        self._allocate_ranges(cluster, environment, subnetwork=subnetwork)
        _configure_nodes(cluster, environment, is_standard=is_standard)
        self.put(parent.project, cluster)

    def _allocate_ranges(self, cluster: Cluster, environment: Environment, *, subnetwork: str) -> None:
        """Give the cluster its Pod and Service ranges: those that are named, or new ones in the subnetwork."""
        policy = environment.config.node_config.ip_allocation_policy
        resource = self._vpc.get(subnetwork) or {}
        existing = {each["rangeName"]: each["ipCidrRange"] for each in resource.get("secondaryIpRanges", [])}
        ranges: dict[str, str] = {}
        for purpose, default in self.choose_blocks(environment).items():
            range_name = getattr(policy, f"{purpose}_secondary_range_name")
            block = getattr(policy, f"{purpose}_ipv4_cidr_block")
            if range_name:
                block = existing.get(range_name, default)
            else:
                block = default if not block or block.startswith("/") else block
                word = "pods" if purpose == "cluster" else "services"
                range_name = f"{_MADE_BY_GKE}{cluster.name}-{word}-{environment.uuid[:8]}"
            if range_name not in existing:
                self._vpc.add_secondary_range(subnetwork, range_name=range_name, cidr=block)
            ranges |= {f"{purpose}_secondary_range_name": range_name}
            ranges |= {f"{purpose}_ipv4_cidr": block, f"{purpose}_ipv4_cidr_block": block}
        cluster.ip_allocation_policy = IPAllocationPolicy(use_ip_aliases=True, stack_type=StackType.IPV4, **ranges)
        cluster.cluster_ipv4_cidr = ranges["cluster_ipv4_cidr"]
        cluster.services_ipv4_cidr = ranges["services_ipv4_cidr"]

    def _get(self, request: GetClusterRequest) -> Cluster:
        match = _CLUSTER.fullmatch(request.name)
        if match is None:  # the wording is not verified, nor that the API refuses a zone here
            raise InvalidArgumentError(f"Invalid cluster name '{request.name}'.")
        self._require(match["project"], permission="container.clusters.get", resource=request.name)
        if request.name not in self._clusters:
            raise _make_missing(request.name, cluster_id=match["id"], project=match["project"])
        return Cluster(self._clusters[request.name])

    def _list(self, request: ListClustersRequest) -> ListClustersResponse:
        match = _PARENT.fullmatch(request.parent)
        if match is None:
            raise InvalidArgumentError(f"Invalid parent '{request.parent}'.")
        project, location = match["project"], match["location"]
        self._require(project, permission="container.clusters.list", resource=f"projects/{project}")
        anywhere = location == _ANY
        prefix = f"projects/{project}/locations/" + ("" if anywhere else f"{location}/")
        found = [Cluster(each) for name, each in sorted(self._clusters.items()) if name.startswith(prefix)]
        return ListClustersResponse(clusters=found, missing_zones=self.missing_zones)

    def _list_pools(self, request: ListNodePoolsRequest) -> ListNodePoolsResponse:
        return ListNodePoolsResponse(node_pools=self._get(GetClusterRequest(name=request.parent)).node_pools)

    def _require(self, project: str, *, permission: str, resource: str) -> None:
        """Refuse what the caller may not do, in Google's words [source: gke-permission-denied]."""
        self._access.require_enabled(GKE, project=project)
        if self._access.is_denied(project, permission):
            words = f'Required "{permission}" permission(s) for "{resource}".'
            raise ApiError(grpc.StatusCode.PERMISSION_DENIED, words)


def _find_subnetwork(environment: Environment) -> str:
    """Find the full name of an environment's subnetwork, which may be in a host project."""
    node, parent = environment.config.node_config, EnvironmentName.parse(environment.name).parent
    host = read_network_name(node.network, project=parent.project).split("/")[1]
    return read_subnetwork_name(node.subnetwork, project=host, region=parent.location)


def _find_free(default: IPv4Network, *, taken: Sequence[IPv4Network]) -> str:
    size, start = default.num_addresses, int(default.network_address)
    for each in sorted(taken):
        if start <= int(each.broadcast_address) and int(each.network_address) < start + size:
            start = int(each.broadcast_address) // size * size + size  # the next block of that size
    return str(IPv4Network((start, default.prefixlen)))


def _configure_nodes(cluster: Cluster, environment: Environment, *, is_standard: bool) -> None:
    """Give the cluster its kind, its one node pool, and private nodes where the environment is private."""
    private = environment.config.private_environment_config
    is_private = private.enable_private_environment
    network_config, policy = cluster.network_config, cluster.ip_allocation_policy
    pods = 32  # of Composer 1 the default, which v1 of its API cannot change [source: composer-max-pods-per-node]
    if is_standard:
        cluster.default_max_pods_constraint = MaxPodsConstraint(max_pods_per_node=pods)
        datapath = DatapathProvider.LEGACY_DATAPATH
    else:
        cluster.autopilot = Autopilot(enabled=True)
        datapath = DatapathProvider.ADVANCED_DATAPATH
    # Composer enables it [source: composer-agent-caution]; for Composer 1 that is inferred.
    network_config.enable_intra_node_visibility = True
    network_config.datapath_provider = DatapathProvider(datapath)
    pool_network = NodeNetworkConfig(
        pod_range=policy.cluster_secondary_range_name, pod_ipv4_cidr_block=policy.cluster_ipv4_cidr
    )
    if is_private:
        pool_network.enable_private_nodes = True
        cluster.private_cluster_config = PrivateClusterConfig(
            enable_private_nodes=True, master_ipv4_cidr_block=private.private_cluster_config.master_ipv4_cidr_block
        )
    pool = NodePool(
        name="default-pool",
        version=VERSION_AT_CREATION,
        max_pods_constraint=MaxPodsConstraint(max_pods_per_node=pods),
        pod_ipv4_cidr_size=32 - (2 * pods - 1).bit_length(),
        network_config=pool_network,
    )
    cluster.node_pools = [pool]


def _make_missing(name: str, *, cluster_id: str, project: str) -> ApiError:
    """Make the answer for a cluster that does not exist, in Google's words [source: gke-not-found]."""
    words = f"Not found: {name}.\nNo cluster named '{cluster_id}' in {project}."
    return ApiError(grpc.StatusCode.NOT_FOUND, words)


def _as_location(name: str) -> str:
    """Write a cluster's name as GKE does; Composer 1 writes ``zones`` [source: composer-1-cluster-name]."""
    return name.replace("/zones/", "/locations/")
