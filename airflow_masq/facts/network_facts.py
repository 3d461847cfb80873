"""The facts of one environment's network: what each API told, each value with where it came from, and what is missing.

    Composer ──▶ environment ─┐
    GKE ───────▶ cluster ─────┼──▶ NetworkFacts ──▶ a plan, JSON
    Compute ───▶ subnetworks ─┤
                 Cloud NAT ───┘

Where two of them tell a value, the one nearest to the packets counts: the cluster before the environment's resource,
which keeps what was asked for at creation.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from airflow_masq.environment import COMPOSER_1, COMPOSER_2, COMPOSER_3, EnvironmentName, EnvironmentResource
from airflow_masq.environment.cidr_fields import POD_FIELD, SERVICE_FIELD
from airflow_masq.facts.cluster import Cluster
from airflow_masq.facts.nat import NatCover, NatGateway, NatStatus
from airflow_masq.facts.subnetwork import RegionalName, Subnetwork, shorten_network
from airflow_masq.network.ranges import AddressKind

if TYPE_CHECKING:
    from netaddr import IPAddress, IPNetwork

    from airflow_masq.environment.cidr_fields import CidrField

CLUSTER_ROLE: Final = "roles/container.clusterViewer"
"""What shows a cluster [source: gke-cluster-viewer]."""

NETWORK_ROLE: Final = "roles/compute.networkViewer"
"""What shows subnetworks and routers [source: compute-network-viewer]."""

FROM_CLUSTER: Final = "cluster"
FROM_ENVIRONMENT: Final = "environment"
FROM_SUBNETWORK: Final = "subnetwork"
FROM_ROUTER: Final = "router"


@dataclass(frozen=True, kw_only=True)
class Gap:
    """Something that could not be read. Foreign text in it is escaped and short.

    :param what: as the subject of a sentence: ``the cluster``.
    :param why: the reason, in one line.
    :param role: the role that would show it; empty where no role would.
    :param project: the project in which that role is needed.
    """

    what: str
    why: str
    role: str = ""
    project: str = ""

    def __str__(self) -> str:
        remedy = f"; {self.role} in project {self.project} would show it" if self.role else ""
        return f"{self.what}: {self.why}{remedy}"


@dataclass(frozen=True, kw_only=True)
class NatFacts:
    """A Cloud NAT gateway that covers nodes or Pods of the environment.

    :param status: the addresses that it uses now; ``None`` where they could not be read.
    """

    router: RegionalName
    gateway: NatGateway
    cover: NatCover
    status: NatStatus | None


@dataclass(frozen=True, kw_only=True)
class NetworkFacts:
    """What is known of one environment's network.

    :param cluster: ``None`` where there is none or it could not be read.
    :param subnetworks: the nodes' subnetworks that could be read, the first one first.
    :param nat: the gateways that cover the environment; ``None`` where the routers could not be read.
    :param gaps: what could not be read.
    """

    name: EnvironmentName
    environment: EnvironmentResource
    cluster: Cluster | None = None
    subnetworks: tuple[Subnetwork, ...] = ()
    nat: tuple[NatFacts, ...] | None = None
    gaps: tuple[Gap, ...] = ()

    @property
    def has_own_cluster(self) -> bool:
        """Whether its cluster is in the user's project: that of Composer 3 is not [source: composer-3-networking]."""
        return self.environment.generation != COMPOSER_3

    @property
    def network(self) -> str:
        """The network, ``projects/P/global/networks/N``; empty where it is not told."""
        own = self.environment.get_text("config", "nodeConfig", "network")
        told = "" if self.cluster is None else self.cluster.network
        return told or shorten_network(own, project=self.name.project)

    @property
    def host_project(self) -> str | None:
        """The project that owns the network, where that is another one (Shared VPC)."""
        owner = self.network.split("/")[1] if self.network else self.name.project
        return None if owner == self.name.project else owner

    @property
    def node_ranges(self) -> tuple[IPNetwork, ...]:
        """The primary ranges of the nodes' subnetworks."""
        return tuple(each.primary_range for each in self.subnetworks if each.primary_range is not None)

    @cached_property
    def pod_ranges(self) -> tuple[IPNetwork, ...]:
        """The Pods' ranges, also the additional ones as far as the subnetworks tell them."""
        own = () if self.cluster is None else self.cluster.pod_ranges
        named = [self.find_secondary_range(name) for name in self.pod_range_names]
        known = dict.fromkeys((*own, *(each for each in named if each is not None)))
        return tuple(known) or self.environment.pod_ranges

    @cached_property
    def service_ranges(self) -> tuple[IPNetwork, ...]:
        """The Services' range."""
        if self.cluster is not None and self.cluster.service_ranges:
            return self.cluster.service_ranges
        named = self.find_secondary_range(self._get_range_name(SERVICE_FIELD))
        return self.environment.service_ranges if named is None else (named,)

    @property
    def pod_range_names(self) -> tuple[str, ...]:
        """The names of the secondary ranges that Pods use."""
        if self.cluster is not None:
            return self.cluster.pod_range_names
        return tuple(filter(None, (self._get_range_name(POD_FIELD),)))

    @property
    def unresolved_range_names(self) -> tuple[str, ...]:
        """The secondary ranges of Pods and Services of which only the name is known."""
        told = frozenset() if self.cluster is None else self.cluster.told_pod_range_names
        names = [name for name in self.pod_range_names if name not in told]
        if not self.service_ranges:
            names.append(self._get_range_name(SERVICE_FIELD))
        return tuple(name for name in names if name and self.find_secondary_range(name) is None)

    @property
    def ranges_from(self) -> dict[str, str | None]:
        """Which resource told the ranges and addresses of each kind; ``None`` where they are not known."""
        cluster = self.cluster
        node = FROM_SUBNETWORK if self.node_ranges else None
        return {
            "node_ranges": node,
            "pod_ranges": self._find_origin(self.pod_ranges, own=() if cluster is None else cluster.pod_ranges),
            "service_ranges": self._find_origin(
                self.service_ranges, own=() if cluster is None else cluster.service_ranges
            ),
            "nat_addresses": None if self.nat is None or self.has_unknown_nat else FROM_ROUTER,
        }

    @property
    def has_unknown_nat(self) -> bool:
        """Whether the addresses of a gateway that covers the environment could not be read."""
        return any(each.status is None for each in self.nat or ())

    @property
    def public_nodes(self) -> bool | None:
        """Whether nodes have external addresses, as the cluster says, else as the environment does.

        ``None`` where neither tells: without a cluster, of a generation that is not known.
        """
        if self.cluster is not None:
            return not self.cluster.has_private_nodes
        known = self.environment.generation in {COMPOSER_1, COMPOSER_2, COMPOSER_3}
        return self.environment.has_public_nodes if known else None

    @property
    def nat_addresses(self) -> tuple[IPAddress, ...]:
        """The addresses of all gateways that cover the environment."""
        statuses = [each.status for each in self.nat or () if each.status is not None]
        return tuple(dict.fromkeys(address for status in statuses for address in status.addresses))

    @property
    def nat_covers(self) -> frozenset[AddressKind]:
        """Whose packets the gateways translate together: nodes', Pods', both or neither."""
        names = frozenset[str]().union(*(each.cover.pod_range_names for each in self.nat or ()))
        cover = NatCover(node=any(each.cover.node for each in self.nat or ()), pod_range_names=names)
        return cover.list_kinds(self.pod_range_names)

    def find_secondary_range(self, name: str) -> IPNetwork | None:
        """Look a secondary range up by its name, in the subnetworks that could be read."""
        return next((each.secondary_ranges[name] for each in self.subnetworks if name in each.secondary_ranges), None)

    def as_json(self) -> dict[str, object]:
        """Write the facts as JSON values, for programs and XComs."""
        cluster = self.cluster
        return {
            "cluster": None
            if cluster is None
            else {
                "name": str(cluster.name),
                "status": cluster.status,
                "autopilot": cluster.is_autopilot,
                "initial_version": cluster.initial_version or None,
                "current_version": cluster.current_version or None,
                "pods_per_node": cluster.pods_per_node,
                "dataplane_v2": cluster.uses_dataplane_v2,
                "intranode_visibility": cluster.has_intranode_visibility,
                "private_nodes": cluster.has_private_nodes,
            },
            "network": self.network or None,
            "subnetworks": [str(each.name) for each in self.subnetworks],
            "host_project": self.host_project,
            "node_ranges": [str(each) for each in self.node_ranges],
            "pod_ranges": [str(each) for each in self.pod_ranges],
            "service_ranges": [str(each) for each in self.service_ranges],
            "nat_addresses": [str(each) for each in self.nat_addresses],
            "ranges_from": self.ranges_from,
            "public_nodes": self.public_nodes,
            "nat": None if self.nat is None else [_write_nat(each) for each in self.nat],
            "unknown": [
                {"what": gap.what, "why": gap.why, "role": gap.role or None, "project": gap.project or None}
                for gap in self.gaps
            ],
        }

    def _get_range_name(self, field: CidrField) -> str:
        return self.environment.get_text(*field.range_name_path)

    def _find_origin(self, ranges: tuple[IPNetwork, ...], *, own: tuple[IPNetwork, ...]) -> str | None:
        if not ranges:
            return None
        if own:
            return FROM_CLUSTER
        told = (*self.environment.pod_ranges, *self.environment.service_ranges)
        return FROM_ENVIRONMENT if set(ranges) <= set(told) else FROM_SUBNETWORK


def _write_nat(nat: NatFacts) -> dict[str, object]:
    status = nat.status
    return {
        "router": str(nat.router),
        "gateway": nat.gateway.name,
        "covers_nodes": nat.cover.node,
        "covers_pod_ranges": sorted(nat.cover.pod_range_names),
        "allocation": "automatic" if nat.gateway.is_automatic else "manual",
        "addresses": None if status is None else [str(each) for each in status.addresses],
    }
