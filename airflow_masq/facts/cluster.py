"""A GKE cluster and its node pools, as the GKE API tells of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.facts.control_plane import ControlPlane
from airflow_masq.facts.rest import find_flag, find_items, find_number, find_text, find_texts, find_value, read_ranges
from airflow_masq.facts.subnetwork import RegionalName, shorten_network
from airflow_masq.text import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from netaddr import IPNetwork

# Composer 1 names its cluster with a zone [source: composer-1-cluster-name], for which GKE's API says "locations" too.
_CLUSTER: Final = re.compile(r"projects/([^/]+)/(?:locations|zones)/([^/]+)/clusters/([^/]+)")


@dataclass(frozen=True, kw_only=True)
class ClusterName:
    """A cluster's full name; ``str()`` gives the form that GKE's API takes.

    :param location: a region, or the zone of a zonal cluster.
    """

    project: str
    location: str
    cluster_id: str

    @classmethod
    def parse(cls, text: str, *, where: str = "gkeCluster") -> Self:
        """Read an environment's ``config.gkeCluster``.

        :raises InvalidInputError: another form.
        """
        matched = _CLUSTER.fullmatch(text)
        if matched is None:
            expected = "projects/PROJECT/locations/LOCATION/clusters/CLUSTER"
            raise InvalidInputError(where=where, expected=expected, seen=quote(text))
        project, location, cluster_id = matched.groups()
        return cls(project=project, location=location, cluster_id=cluster_id)

    def __str__(self) -> str:
        return f"projects/{self.project}/locations/{self.location}/clusters/{self.cluster_id}"


@dataclass(frozen=True, kw_only=True)
class NodePool:
    """One node pool.

    :param pods_per_node: the most Pods that a node of it runs; ``None`` where it is not told.
    :param pod_range_name: the secondary range of its Pods; empty where it is not told.
    :param has_private_nodes: ``None`` where the pool has no setting of its own.
    """

    name: str
    pods_per_node: int | None
    pod_range_name: str
    pod_ranges: tuple[IPNetwork, ...]
    has_private_nodes: bool | None

    @classmethod
    def read(cls, resource: object) -> Self:
        """Read the REST resource."""
        private = find_value(resource, "networkConfig", "enablePrivateNodes")
        return cls(
            name=find_text(resource, "name"),
            pods_per_node=find_number(resource, "maxPodsConstraint", "maxPodsPerNode"),
            pod_range_name=find_text(resource, "networkConfig", "podRange"),
            pod_ranges=read_ranges([find_text(resource, "networkConfig", "podIpv4CidrBlock")]),
            has_private_nodes=private if isinstance(private, bool) else None,
        )


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A cluster.

    :param status: in Google's words, for example ``RUNNING``.
    :param initial_version: the GKE version at its creation; empty where it is not told.
    :param current_version: the GKE version of its control plane now.
    :param pod_ranges: the default Pod range and the node pools' own. Additional ranges that are told by name alone are
        in ``pod_range_names``.
    :param pod_range_names: the secondary ranges of Pods, the default one first; none in a cluster that uses routes.
    :param disables_default_snat: packets keep their Pod address everywhere, unless an agent runs.
    :param has_private_nodes: its nodes have internal addresses only.
    :param network: ``projects/P/global/networks/N``; P is the host project of a Shared VPC.
    :param subnetwork: the nodes' subnetwork; ``None`` where it is not told.
    :param more_subnetworks: further subnetworks of nodes.
    :param nodes_total: how many nodes it has now; ``None`` where GKE does not tell, as of an Autopilot cluster
        [source: gke-node-count].
    :param control_plane: where its API server is; default not known.
    """

    name: ClusterName
    status: str
    is_autopilot: bool
    initial_version: str
    current_version: str
    pod_ranges: tuple[IPNetwork, ...]
    pod_range_names: tuple[str, ...]
    default_pod_range_name: str
    service_ranges: tuple[IPNetwork, ...]
    uses_dataplane_v2: bool
    has_intranode_visibility: bool
    disables_default_snat: bool
    has_private_nodes: bool
    network: str
    subnetwork: RegionalName | None
    more_subnetworks: tuple[RegionalName, ...]
    node_pools: tuple[NodePool, ...]
    default_pods_per_node: int | None
    nodes_total: int | None = None
    control_plane: ControlPlane = field(default_factory=ControlPlane)

    @classmethod
    def read(cls, resource: Mapping[str, object], *, name: ClusterName) -> Self:
        """Read the REST resource [source: gke-cluster-resource, gke-autopilot-recorded]."""
        policy = find_value(resource, "ipAllocationPolicy")
        pools = tuple(NodePool.read(pool) for pool in find_items(resource, "nodePools"))
        more = find_items(policy, "additionalIpRangesConfigs")
        subnetwork = _read_subnetwork(find_text(resource, "networkConfig", "subnetwork"))
        default_name = find_text(policy, "clusterSecondaryRangeName")
        names = (
            default_name,
            *find_texts(policy, "additionalPodRangesConfig", "podRangeNames"),
            *(pool.pod_range_name for pool in pools),
            *(each for entry in more for each in find_texts(entry, "podIpv4RangeNames")),
        )
        return cls(
            name=name,
            status=find_text(resource, "status"),
            is_autopilot=find_flag(resource, "autopilot", "enabled"),
            initial_version=find_text(resource, "initialClusterVersion"),
            current_version=find_text(resource, "currentMasterVersion"),
            pod_ranges=_merge(
                read_ranges([find_text(policy, "clusterIpv4CidrBlock"), find_text(resource, "clusterIpv4Cidr")]),
                *(pool.pod_ranges for pool in pools),
            ),
            pod_range_names=tuple(dict.fromkeys(filter(None, names))),
            default_pod_range_name=default_name,
            service_ranges=read_ranges(
                [find_text(policy, "servicesIpv4CidrBlock"), find_text(resource, "servicesIpv4Cidr")]
            ),
            uses_dataplane_v2=find_text(resource, "networkConfig", "datapathProvider") == "ADVANCED_DATAPATH",
            has_intranode_visibility=find_flag(resource, "networkConfig", "enableIntraNodeVisibility"),
            disables_default_snat=find_flag(resource, "networkConfig", "defaultSnatStatus", "disabled"),
            has_private_nodes=_has_private_nodes(resource, pools=pools),
            network=shorten_network(
                find_text(resource, "networkConfig", "network") or find_text(resource, "network"), project=name.project
            ),
            subnetwork=subnetwork,
            more_subnetworks=tuple(
                each for entry in more if (each := _read_subnetwork(find_text(entry, "subnetwork"), near=subnetwork))
            ),
            node_pools=pools,
            default_pods_per_node=find_number(resource, "defaultMaxPodsConstraint", "maxPodsPerNode"),
            nodes_total=find_number(resource, "currentNodeCount") or None,
            control_plane=ControlPlane.read(resource),
        )

    @property
    def told_pod_range_names(self) -> frozenset[str]:
        """The secondary ranges whose CIDR is among ``pod_ranges``: the default one, and those of pools that tell it."""
        own = {pool.pod_range_name for pool in self.node_pools if pool.pod_ranges}
        return frozenset({self.default_pod_range_name, *own}) - {""}

    @property
    def pods_per_node(self) -> int | None:
        """The most Pods that any of its nodes runs; ``None`` where it is not told, or where pools differ.

        Of an Autopilot cluster the pools alone tell it: the cluster's own field says 110 although nodes run at most 32
        [source: gke-autopilot-recorded].
        """
        numbers = {pool.pods_per_node for pool in self.node_pools}
        if not self.node_pools and not self.is_autopilot:
            numbers = {self.default_pods_per_node}
        return numbers.pop() if len(numbers) == 1 else None


def _has_private_nodes(resource: Mapping[str, object], *, pools: tuple[NodePool, ...]) -> bool:
    """Whether all nodes are private: by the pools where they say so, else by the cluster."""
    own = [pool.has_private_nodes for pool in pools if pool.has_private_nodes is not None]
    if own and len(own) == len(pools):
        return all(own)
    return find_flag(resource, "privateClusterConfig", "enablePrivateNodes") or find_flag(
        resource, "networkConfig", "defaultEnablePrivateNodes"
    )


def _read_subnetwork(text: str, *, near: RegionalName | None = None) -> RegionalName | None:
    """Read a subnetwork's name; an ID alone belongs to the project and region of another one, or to none."""
    if "/" not in text and near is None:
        return None
    project, region = ("", "") if near is None else (near.project, near.region)
    try:
        return RegionalName.parse(text, kind="subnetworks", project=project, region=region)
    except InvalidInputError:
        return None


def _merge(*groups: tuple[IPNetwork, ...]) -> tuple[IPNetwork, ...]:
    return tuple(dict.fromkeys(each for group in groups for each in group))
