"""What a lab consists of, as data: clusters of nodes and Pods, Cloud NAT, destinations and their firewalls.

    pod ─┐                                      ┌─ destination (in the VPC, in the node subnet)
    pod ─┴─ node ─┐                             │
                  ├────────── vpc ──────────────┼─ destination with a firewall (on-premises)
    pod ─┬─ node ─┘         (router)            │
    pod ─┘   │                                  └─ cloud-nat ── public destination
             └ the masquerade agent's chain           │
               rewrites the source here, or not       └ translates what it covers, drops the rest

Every line is a point-to-point link between two network namespaces, as on GKE. Nothing here builds anything, so a
topology can be made, compared and drawn anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from itertools import islice

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

#: The namespaces that every lab has besides those of its nodes, Pods and destinations.
ROUTER = "vpc"
GATEWAY = "cloud-nat"

#: The ranges in the example of Google's page [source: composer-agent-example].
NODE_RANGE = IPv4Network("10.128.0.0/20")
POD_RANGE = IPv4Network("192.168.0.0/16")
VIRTUAL_MACHINES = IPv4Network("10.0.0.0/8")
NODE_RANGE_IPV6 = IPv6Network("fd00:128::/64")
POD_RANGE_IPV6 = IPv6Network("fd00:168::/48")

#: 32 Pods per node (Autopilot) need twice as many addresses: a /26 for each node [source: gke-pod-block].
PODS_PER_NODE_LIMIT = 32
POD_BLOCK_PREFIX = 26
#: GKE gives an IPv6 node a /112 for its Pods [source: gke-vpc-native-ranges].
POD_BLOCK_PREFIX_IPV6 = 112

DEFAULT_PORT = 8080


@dataclass(frozen=True, kw_only=True)
class Pod:
    """A Pod; its name is also its hostname, and is unique in the lab."""

    name: str
    address: IPv4Address
    ipv6_address: IPv6Address | None = None


@dataclass(frozen=True, kw_only=True)
class Node:
    """A node (a VM) and the Pods on it.

    :param address: the primary address of its network interface.
    :param pod_block: the part of the Pod range that is routed to it.
    """

    name: str
    address: IPv4Address
    pods: tuple[Pod, ...]
    pod_block: IPv4Network
    ipv6_address: IPv6Address | None = None
    pod_block_ipv6: IPv6Network | None = None


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """The nodes of one environment's cluster."""

    name: str
    nodes: tuple[Node, ...]

    @property
    def pods(self) -> tuple[Pod, ...]:
        """Every Pod of every node, in order."""
        return tuple(pod for node in self.nodes for pod in node.pods)

    @property
    def part_names(self) -> list[str]:
        """The names of its nodes and Pods, each of which needs a namespace."""
        return [name for node in self.nodes for name in (node.name, *(pod.name for pod in node.pods))]


@dataclass(frozen=True, kw_only=True)
class Destination:
    """A service, and what is in front of it.

    :param address: where it listens.
    :param port: the TCP port.
    :param allowed_sources: what its firewall lets in; ``None`` if it has no firewall.
    :param public: whether it is on the internet, behind Cloud NAT, and not in the VPC.
    :param ipv6_address: where it listens too, if it has IPv6.
    :param stands_for: networks for which it answers on every address.
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

    :param address: the public address that packets get.
    :param covers: the sources that it translates; packets to the internet from other sources are dropped.
    :param ports: the first and the last port that it has; ``None`` for all. A real gateway gives each VM 64 by default
        [source: cloud-nat-ports].
    """

    address: IPv4Address
    covers: tuple[IPv4Network, ...]
    ports: tuple[int, int] | None = None


@dataclass(frozen=True, kw_only=True)
class Topology:
    """A whole lab.

    :param cloud_nat: the way to public destinations; ``None`` if there is none.
    :param clusters: the clusters that exist from the start.
    :raises ValueError: if two parts have the same name.
    """

    destinations: tuple[Destination, ...]
    cloud_nat: CloudNat | None
    clusters: tuple[Cluster, ...] = ()

    def __post_init__(self) -> None:
        names = [ROUTER, GATEWAY, *(destination.name for destination in self.destinations)]
        for cluster in self.clusters:
            names += cluster.part_names
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"every part of a topology needs a name of its own, saw twice: {', '.join(repeated)}")


def make_gke_cluster(
    name: str,
    *,
    nodes: int = 3,
    pods_per_node: int = 2,
    first_node_address: IPv4Address = NODE_RANGE[2],
    pod_range: IPv4Network = POD_RANGE,
    ipv6: bool = False,
) -> Cluster:
    """Lay out a cluster as GKE does: consecutive nodes, each with a /26 of the Pod range.

    :param name: its nodes are called ``NAME-node-0``, their Pods ``NAME-node-0-pod-0``.
    :param pods_per_node: 32 at most.
    :param first_node_address: the address of the first node; the other nodes follow it.
    :param ipv6: whether nodes and Pods have IPv6 addresses too; these end like the IPv4 ones.
    :raises ValueError: if the Pods do not fit.
    """
    if nodes < 1:
        raise ValueError(f"a cluster has at least one node, saw {nodes}")
    if not 1 <= pods_per_node <= PODS_PER_NODE_LIMIT:
        raise ValueError(f"a node takes 1 to {PODS_PER_NODE_LIMIT} Pods, saw {pods_per_node}")
    blocks = tuple(islice(pod_range.subnets(new_prefix=POD_BLOCK_PREFIX), nodes))
    if len(blocks) < nodes:
        raise ValueError(f"{pod_range} has room for {len(blocks)} nodes (a /{POD_BLOCK_PREFIX} each), saw {nodes}")
    built = []
    for index, block in enumerate(blocks):
        node_name, node_address = f"{name}-node-{index}", first_node_address + index
        block_ipv6 = IPv6Network((POD_RANGE_IPV6[int(block[0]) << 16], POD_BLOCK_PREFIX_IPV6)) if ipv6 else None
        # The first two addresses of the block are the network's and the gateway's.
        pods = tuple(
            Pod(
                name=f"{node_name}-pod-{number}",
                address=address,
                ipv6_address=None if block_ipv6 is None else block_ipv6[int(address) - int(block[0])],
            )
            for number, address in enumerate(islice(block.hosts(), 1, 1 + pods_per_node))
        )
        node = Node(
            name=node_name,
            address=node_address,
            pods=pods,
            pod_block=block,
            ipv6_address=NODE_RANGE_IPV6[int(node_address)] if ipv6 else None,
            pod_block_ipv6=block_ipv6,
        )
        built.append(node)
    return Cluster(name=name, nodes=tuple(built))


#: The four services of the demo.
ON_PREMISES = Destination(name="on-premises", address=IPv4Address("172.20.0.10"), allowed_sources=(VIRTUAL_MACHINES,))
IN_VPC = Destination(name="in-vpc", address=IPv4Address("10.200.0.20"))
#: A VM beside the nodes. Every non-masquerade list contains it, since a list must contain the node range.
NODE_SUBNET = Destination(name="node-subnet", address=IPv4Address("10.128.15.200"))
#: GKE's default non-masquerade list contains all documentation ranges, so the public service is in another block
#: [source: rfc-7534-as112].
PUBLIC = Destination(name="public", address=IPv4Address("192.175.48.80"), public=True)
DEFAULT_DESTINATIONS: tuple[Destination, ...] = (ON_PREMISES, IN_VPC, NODE_SUBNET, PUBLIC)

_IPV6_ADDRESSES = {
    ON_PREMISES.name: IPv6Address("fd00:172::10"),
    IN_VPC.name: IPv6Address("fd00:200::20"),
    NODE_SUBNET.name: IPv6Address("fd00:128::f:200"),
    PUBLIC.name: IPv6Address("2001:db8:51::80"),
}

#: Cloud NAT as users of masquerading set it up: for the node range alone.
DEFAULT_CLOUD_NAT = CloudNat(address=IPv4Address("203.0.113.7"), covers=(NODE_RANGE,))


def make_default_topology(*clusters: Cluster, ipv6: bool = False) -> Topology:
    """Make the demo's topology: the four destinations, and Cloud NAT for the node range."""
    destinations = DEFAULT_DESTINATIONS
    if ipv6:
        destinations = tuple(replace(each, ipv6_address=_IPV6_ADDRESSES[each.name]) for each in destinations)
    return Topology(destinations=destinations, cloud_nat=DEFAULT_CLOUD_NAT, clusters=clusters)
