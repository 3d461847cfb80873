"""Worlds: a policy, a plan and destinations, as the predictor and the packet lab both understand them.

    node 10.128.0.2 ─┬─ Pod 192.168.0.2, which asks          (each with an IPv6 address, too)
                     └─ Pod 192.168.0.3

The addresses are the lab's. What happens in a world is not known here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Final

from netaddr import IPAddress, IPNetwork

from airflow_masq.network.ranges import AddressKind, NetworkRanges
from lab.packets.topology import (
    DEFAULT_CLOUD_NAT,
    NODE_RANGE,
    NODE_RANGE_IPV6,
    POD_RANGE,
    POD_RANGE_IPV6,
    Node,
    Pod,
    make_gke_cluster,
)
from tests.scenarios.chains import ClusterRanges, make_chains, make_lists
from tests.scenarios.policies import make_policy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from airflow_masq.network.policy import MasqueradePolicy
    from lab.packets.masquerade import MasqueradeChain
    from tests.scenarios.words import Words

CLUSTER: Final = make_gke_cluster("oracle", nodes=1, pods_per_node=2, ipv6=True)
(NODE,) = CLUSTER.nodes
ASKING_POD, OTHER_POD = NODE.pods

#: The ranges of the lab, as a plan has them.
NODES: Final = (str(NODE_RANGE), str(NODE_RANGE_IPV6))
PODS: Final = (str(POD_RANGE), str(POD_RANGE_IPV6))
SERVICES: Final = ("10.96.0.0/20", "fd00:96::/108")
CLUSTER_IP, CLUSTER_IPV6 = IPAddress("10.96.0.10"), IPAddress("fd00:96::10")
#: Public addresses that the plan says are reached privately. IANA counts the block as globally reachable
#: [source: iana-special-ipv4].
PEERED: Final = IPNetwork("192.31.196.0/24")
EXTERNAL_ADDRESS: Final = IPAddress("198.51.100.9")

IPV4, IPV6 = 4, 6
BITS: Final = {IPV4: 32, IPV6: 128}
_NAT_ADDRESS = IPAddress(str(DEFAULT_CLOUD_NAT.address))


def to_netaddr(*networks: object) -> tuple[IPNetwork, ...]:
    """Convert networks of any kind to those of the package."""
    return tuple(IPNetwork(str(network)) for network in networks)


#: No connection can be made to these, or none through a router: this network, loopback, multicast, broadcast;
#: unspecified, loopback and IPv4-mapped, link-local, multicast [source: rfc-1122-addresses, rfc-4291-types]. The two
#: anycast addresses are public ones inside a private block, which no route of a plan tells apart
#: [source: rfc-7723-pcp-anycast, rfc-8155-turn-anycast].
_OUT_OF_REACH: Final = to_netaddr(
    "0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/4", "255.255.255.255/32", "192.0.0.9/32", "192.0.0.10/32",
    "::/8", "fe80::/10", "ff00::/8",
)  # fmt: skip
_SERVICES: Final = to_netaddr(*SERVICES)
#: The blocks of the node's Pods; most of their addresses are unused.
NODES_BLOCKS: Final = to_netaddr(NODE.pod_block, NODE.pod_block_ipv6)


@dataclass(frozen=True, kw_only=True)
class Question:
    """One destination of a world; if it is a ClusterIP, ``backend`` is the endpoint behind it."""

    destination: IPAddress
    backend: IPAddress | None = None

    @property
    def final_destination(self) -> IPAddress:
        """The destination after translation by the node."""
        return self.backend or self.destination


@dataclass(frozen=True, kw_only=True)
class World:
    """Everything that decides about the source address.

    :param words: the words of the masquerade policy.
    :param questions: the destinations, all different.
    :param nat_covers: the sources that Cloud NAT translates.
    :param public_nodes: whether the node has an external address.
    :param allowed_sources: what every destination's firewall lets in; empty if there are no firewalls.
    :param host_network: whether the Pod is on the host network.
    :param nodes: the plan's node ranges.
    :param pods: the plan's Pod ranges.
    """

    words: Words
    questions: tuple[Question, ...]
    nat_covers: frozenset[AddressKind] = frozenset()
    public_nodes: bool = False
    allowed_sources: tuple[IPNetwork, ...] = ()
    host_network: bool = False
    nodes: tuple[str, ...] = NODES
    pods: tuple[str, ...] = PODS

    @cached_property
    def ranges(self) -> NetworkRanges:
        """The plan's network, as a value of the package."""
        return NetworkRanges(
            node=to_netaddr(*self.nodes),
            pod=to_netaddr(*self.pods),
            service=to_netaddr(*SERVICES),
            other={"peered": (PEERED,)},
            nat_addresses=(_NAT_ADDRESS,),
            nat_covers=self.nat_covers,
            public_nodes=self.public_nodes,
        )

    @cached_property
    def policy(self) -> MasqueradePolicy:
        """The package's policy for the words."""
        return make_policy(self.words, self.ranges)

    @cached_property
    def chains(self) -> tuple[MasqueradeChain, ...]:
        """The lab's chains for the words."""
        return make_chains(self.words, self._cluster)

    @cached_property
    def _cluster(self) -> ClusterRanges:
        return ClusterRanges(nodes=self.nodes, pods=self.pods, services=SERVICES)

    def is_listed_by_default(self, address: IPAddress) -> bool | None:
        """Tell whether the first list with an address is a default one; ``None`` if no list contains it."""
        asked = ip_address(str(address))
        listed = make_lists(self.words, self._cluster)
        return next((each.by_default for each in listed for cidr in each.cidrs if asked in ip_network(cidr)), None)

    def is_pod_like_any(self, address: IPAddress) -> bool:
        """Tell whether an address is a Pod's, and every list contains either all Pods of its version or none."""
        pods = [network for network in to_netaddr(*self.pods) if network.version == address.version]
        lists = [to_netaddr(*chain.non_masquerade) for chain in self.chains]
        return any(address in network for network in pods) and all(_contains_all_or_none(each, pods) for each in lists)

    def get_firewall(self, question: Question) -> tuple[IPNetwork, ...]:
        """Return what a destination's firewall lets in; within the cluster there are no firewalls."""
        return () if question.final_destination in WITHOUT_FIREWALL else self.allowed_sources

    def leaves_node(self, question: Question) -> bool:
        """Tell whether the destination is neither the node nor a Pod on it."""
        return question.final_destination not in {
            *get_addresses(ASKING_POD),
            *get_addresses(OTHER_POD),
            *get_addresses(NODE),
        }

    def returns_to_sender(self, question: Question) -> bool:
        """Tell whether a Service leads back to the asking Pod."""
        return not self.host_network and question.backend in get_addresses(ASKING_POD)


def _contains_all_or_none(listed: tuple[IPNetwork, ...], networks: list[IPNetwork]) -> bool:
    """Tell whether a list contains all addresses of some networks, or none."""
    contains_all = all(any(network in each for each in listed) for network in networks)
    return contains_all or not any(network in each or each in network for network in networks for each in listed)


@cache
def get_address(part: Node | Pod, *, version: int) -> IPAddress:
    """Return a part's address of a version of IP."""
    return IPAddress(str(part.address if version == IPV4 else part.ipv6_address))


@cache
def get_addresses(part: Node | Pod) -> tuple[IPAddress, IPAddress]:
    """Return a part's IPv4 and IPv6 addresses."""
    return get_address(part, version=IPV4), get_address(part, version=IPV6)


#: The addresses in the cluster that answer: the Pods, the node, and the router in front of it.
ROUTER_ADDRESSES: Final = (IPAddress(str(NODE_RANGE[1])), IPAddress(str(NODE_RANGE_IPV6[1])))
WITHOUT_FIREWALL: Final = frozenset(
    {*get_addresses(ASKING_POD), *get_addresses(OTHER_POD), *get_addresses(NODE), *ROUTER_ADDRESSES}
)


def is_answered(address: IPAddress) -> bool:
    """Tell whether a part of a world can answer for an address."""
    if address in WITHOUT_FIREWALL:
        return True
    return not any(address in network for network in (*_OUT_OF_REACH, *NODES_BLOCKS))


def _is_of_service(address: IPAddress) -> bool:
    """Tell whether an address is a Service's, so that no packet leaves a node with it as its destination."""
    return any(address in network for network in _SERVICES)


def list_borders(network: IPNetwork) -> Iterator[IPAddress]:
    """Return a range's first and last address, and the addresses beside them."""
    last = (1 << BITS[network.version]) - 1
    for number in (network.first - 1, network.first, network.last, network.last + 1):
        if 0 <= number <= last:
            yield IPAddress(number, version=network.version)


def _is_decidable(chains: tuple[MasqueradeChain, ...], address: IPAddress) -> bool:
    """Tell whether the lab can show what happens to a packet, which may not be so for the other Pod on the node.

    Google says that a node never masquerades between its own Pods (``DESTINATION_ON_SAME_NODE``)
    [source: connectivity-test-reasons]. The agent's rules alone would (``tests/lab/packets/test_story.py``)
    [source: observed-same-node], unless every list contains the Pods, as it should. Which of the two a real node does
    is not verified.
    """
    if address not in get_addresses(OTHER_POD):
        return True
    other = ip_address(str(address))
    asked = [chain for chain in chains if chain.enable_ipv6 or address.version == IPV4]
    return all(any(other in network for network in chain.non_masquerade) for chain in asked)


def make_questions(
    chains: tuple[MasqueradeChain, ...], addresses: Iterable[IPAddress], *, backend: IPAddress | None
) -> tuple[Question, ...]:
    """Make questions for addresses, each once, and for a ClusterIP.

    :param chains: the chains on the node, which decide what can be asked.
    :param addresses: addresses without an answer and those of Services are left out.
    :param backend: the endpoint behind the ClusterIP of its version; ``None`` for no ClusterIP.
    """
    asked = [
        address
        for address in dict.fromkeys(addresses)
        if is_answered(address) and _is_decidable(chains, address) and not _is_of_service(address)
        if address != backend
    ]
    plain = tuple(Question(destination=address) for address in asked)
    if backend is None or not is_answered(backend) or not _is_decidable(chains, backend):
        return plain
    cluster_ip = CLUSTER_IPV6 if backend.version == IPV6 else CLUSTER_IP
    return (*plain, Question(destination=cluster_ip, backend=backend))
