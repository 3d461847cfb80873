"""What a lab looks like, as data: clusters of nodes and Pods, Cloud NAT, destinations and their firewalls.

    pod ─┐                                      ┌─ destination (in the VPC, in the node subnet)
    pod ─┴─ node ─┐                             │
                  ├────────── vpc ──────────────┼─ destination with a firewall (on-premises)
    pod ─┬─ node ─┘         (router)            │
    pod ─┘   │                                  └─ cloud-nat ── public destination
             └ the masquerade agent's chain           │
               rewrites the source here, or not       └ translates what it covers, drops the rest

Every line is a point-to-point link between two network namespaces, as on GKE. This module must not build anything: it
knows neither namespaces nor sockets, so a topology can be made, compared and drawn anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from itertools import chain, islice

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

#: The namespaces that every lab has besides those of its nodes, Pods and destinations.
ROUTER = "vpc"
GATEWAY = "cloud-nat"

#: The addresses of the story that the seed page tells ("VMs use 10.0.0.0/8, Pods 192.168.0.0/16").
#: https://cloud.google.com/composer/docs/composer-2/enable-ip-masquerade-agent (read 2026-11-22)
NODE_RANGE = IPv4Network("10.128.0.0/20")
POD_RANGE = IPv4Network("192.168.0.0/16")
VIRTUAL_MACHINES = IPv4Network("10.0.0.0/8")
NODE_RANGE_IPV6 = IPv6Network("fd00:128::/64")
POD_RANGE_IPV6 = IPv6Network("fd00:168::/48")

#: 32 Pods per node (Autopilot) need twice as many addresses: a /26 for each node.
#: https://cloud.google.com/kubernetes-engine/docs/concepts/alias-ips (read 2026-11-22)
PODS_PER_NODE_LIMIT = 32
POD_BLOCK_PREFIX = 26
#: GKE gives an IPv6 node a /112 for its Pods (the same page).
POD_BLOCK_PREFIX_IPV6 = 112

DEFAULT_PORT = 8080


@dataclass(frozen=True, kw_only=True)
class Pod:
    """A Pod.

    :param name: unique in the lab; also its hostname.
    :param address: its IPv4 address.
    :param ipv6_address: its IPv6 address, if it has one.
    """

    name: str
    address: IPv4Address
    ipv6_address: IPv6Address | None = None


@dataclass(frozen=True, kw_only=True)
class Node:
    """A node (a VM) and the Pods on it.

    :param name: unique in the lab.
    :param address: the primary address of its network interface.
    :param pods: the Pods that run on it.
    :param pod_block: the part of the Pod range that is routed to it.
    :param ipv6_address: its IPv6 address, if it has one.
    :param pod_block_ipv6: the same for IPv6.
    """

    name: str
    address: IPv4Address
    pods: tuple[Pod, ...]
    pod_block: IPv4Network
    ipv6_address: IPv6Address | None = None
    pod_block_ipv6: IPv6Network | None = None


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """The nodes of one environment's cluster.

    :param name: unique in the lab.
    :param nodes: its nodes.
    """

    name: str
    nodes: tuple[Node, ...]

    @property
    def pods(self) -> tuple[Pod, ...]:
        """Every Pod of every node, in order."""
        return tuple(chain.from_iterable(node.pods for node in self.nodes))


@dataclass(frozen=True, kw_only=True)
class Destination:
    """A service, and what stands in front of it.

    :param name: unique in the lab.
    :param address: where it listens.
    :param port: the TCP port.
    :param allowed_sources: what its firewall lets in; ``None`` means that it has no firewall.
    :param public: whether it stands on the internet, behind Cloud NAT, rather than beside the VPC's router.
    :param ipv6_address: where it listens too, if anywhere.
    :param stands_for: networks for whose every address it answers, as if a service listened on each.
    """

    name: str
    address: IPv4Address
    port: int = DEFAULT_PORT
    allowed_sources: tuple[Network, ...] | None = None
    public: bool = False
    ipv6_address: IPv6Address | None = None
    stands_for: tuple[Network, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CloudNat:
    """A Cloud NAT gateway.

    :param address: the public address that it lends.
    :param covers: whose traffic it translates, by source; the rest of what goes to the internet is dropped.
    """

    address: IPv4Address
    covers: tuple[IPv4Network, ...]


@dataclass(frozen=True, kw_only=True)
class Topology:
    """A whole lab.

    :param destinations: the services.
    :param cloud_nat: the way to the public ones; ``None`` means that there is none.
    :param clusters: those that are there from the start.
    :raises ValueError: if two of its parts have the same name.
    """

    destinations: tuple[Destination, ...]
    cloud_nat: CloudNat | None
    clusters: tuple[Cluster, ...] = ()

    def __post_init__(self) -> None:
        names = [ROUTER, GATEWAY, *(destination.name for destination in self.destinations)]
        for cluster in self.clusters:
            names += namespace_names(cluster)
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"every part of a topology needs a name of its own, saw twice: {', '.join(repeated)}")


def namespace_names(cluster: Cluster) -> list[str]:
    """Name the namespaces that a cluster needs.

    :param cluster: the cluster.
    :return: its nodes and Pods.
    """
    return [name for node in cluster.nodes for name in (node.name, *(pod.name for pod in node.pods))]


def gke_cluster(
    name: str,
    *,
    nodes: int = 3,
    pods_per_node: int = 2,
    first_node_address: IPv4Address = NODE_RANGE[2],
    pod_range: IPv4Network = POD_RANGE,
    ipv6: bool = False,
) -> Cluster:
    """Lay out a cluster as GKE does: consecutive nodes, and to each a block of the Pod range.

    :param name: the cluster's name, from which its nodes' and Pods' are made (``NAME-node-0``, ``NAME-node-0-pod-0``).
    :param nodes: how many nodes.
    :param pods_per_node: how many Pods on each, 32 at most.
    :param first_node_address: the first node's address; the others follow it.
    :param pod_range: the cluster's Pod range, of which each node takes a /26.
    :param ipv6: whether nodes and Pods have IPv6 addresses too.
    :return: the cluster.
    :raises ValueError: if the Pods do not fit.
    """
    if nodes < 1:
        raise ValueError(f"a cluster has at least one node, saw {nodes}")
    if not 1 <= pods_per_node <= PODS_PER_NODE_LIMIT:
        raise ValueError(f"a node takes 1 to {PODS_PER_NODE_LIMIT} Pods, saw {pods_per_node}")
    blocks = tuple(islice(pod_range.subnets(new_prefix=POD_BLOCK_PREFIX), nodes))
    if len(blocks) < nodes:
        raise ValueError(f"{pod_range} has room for {len(blocks)} nodes (a /{POD_BLOCK_PREFIX} each), saw {nodes}")
    built = tuple(
        _node(f"{name}-node-{index}", address=first_node_address + index, pod_block=block, pods=pods_per_node)
        for index, block in enumerate(blocks)
    )
    return Cluster(name=name, nodes=tuple(_with_ipv6(node) for node in built) if ipv6 else built)


def _node(name: str, *, address: IPv4Address, pod_block: IPv4Network, pods: int) -> Node:
    # The block's first addresses are the network's and the gateway's.
    addresses = islice(pod_block.hosts(), 1, 1 + pods)
    built = tuple(Pod(name=f"{name}-pod-{index}", address=pod) for index, pod in enumerate(addresses))
    return Node(name=name, address=address, pods=built, pod_block=pod_block)


def _with_ipv6(node: Node) -> Node:
    """Give a node and its Pods IPv6 addresses that end like their IPv4 ones, so that the two are easy to match."""
    block = IPv6Network((POD_RANGE_IPV6[int(node.pod_block[0]) << 16], POD_BLOCK_PREFIX_IPV6))
    pods = tuple(replace(pod, ipv6_address=block[int(pod.address) - int(node.pod_block[0])]) for pod in node.pods)
    return replace(node, pods=pods, ipv6_address=NODE_RANGE_IPV6[int(node.address)], pod_block_ipv6=block)


#: The four services of the demo's story.
ON_PREMISES = Destination(name="on-premises", address=IPv4Address("172.20.0.10"), allowed_sources=(VIRTUAL_MACHINES,))
IN_VPC = Destination(name="in-vpc", address=IPv4Address("10.200.0.20"))
#: A VM beside the nodes: in every non-masquerade list, since a list must hold the node range.
NODE_SUBNET = Destination(name="node-subnet", address=IPv4Address("10.128.15.200"))
#: All documentation ranges are in GKE's default non-masquerade list, hence another block for the public service.
PUBLIC = Destination(name="public", address=IPv4Address("192.175.48.80"), public=True)
DEFAULT_DESTINATIONS: tuple[Destination, ...] = (ON_PREMISES, IN_VPC, NODE_SUBNET, PUBLIC)

_IPV6_ADDRESSES = {
    ON_PREMISES.name: IPv6Address("fd00:172::10"),
    IN_VPC.name: IPv6Address("fd00:200::20"),
    NODE_SUBNET.name: IPv6Address("fd00:128::f:200"),
    PUBLIC.name: IPv6Address("2001:db8:51::80"),
}

#: Cloud NAT as a user of masquerading sets it up: for the nodes' range alone.
DEFAULT_CLOUD_NAT = CloudNat(address=IPv4Address("203.0.113.7"), covers=(NODE_RANGE,))


def default_topology(*clusters: Cluster, ipv6: bool = False) -> Topology:
    """Give the demo's topology.

    :param clusters: the clusters that are there from the start.
    :param ipv6: whether the destinations have IPv6 addresses too.
    :return: the four destinations, and Cloud NAT for the node range.
    """
    destinations = DEFAULT_DESTINATIONS
    if ipv6:
        destinations = tuple(replace(each, ipv6_address=_IPV6_ADDRESSES[each.name]) for each in destinations)
    return Topology(destinations=destinations, cloud_nat=DEFAULT_CLOUD_NAT, clusters=clusters)
