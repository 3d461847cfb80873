"""Worlds: a policy, a plan and destinations, as the predictor and the packet lab both understand them.

    node 10.128.0.2 ─┬─ Pod 192.168.0.2, which asks          (each with an IPv6 address, too)
                     └─ Pod 192.168.0.3

Hypothesis makes them, and aims at where mistakes live: the first and last address of every range that a world names,
and their neighbours. The addresses are the lab's, so that nothing is written down twice. This module must not know what
is true of a world: that is for the kernel to show.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hypothesis import strategies as st
from netaddr import IPAddress, IPNetwork

from airflow_masq.network import (
    Chain,
    MasqueradePolicy,
    NetworkRanges,
    SourceKind,
    composer_policy,
    exemptions,
    gke_default_policy,
    no_policy,
)
from lab.packets.topology import (
    DEFAULT_CLOUD_NAT,
    NODE_RANGE,
    NODE_RANGE_IPV6,
    POD_RANGE,
    POD_RANGE_IPV6,
    VIRTUAL_MACHINES,
    gke_cluster,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lab.packets.topology import Node, Pod

CLUSTER: Final = gke_cluster("oracle", nodes=1, pods_per_node=2, ipv6=True)
(NODE,) = CLUSTER.nodes
ASKING_POD, OTHER_POD = NODE.pods

SERVICE_RANGE: Final = IPNetwork("10.96.0.0/20")
CLUSTER_IP: Final = IPAddress("10.96.0.10")
#: Public addresses that the plan says are reached privately. IANA counts the block as globally reachable
#: (https://www.iana.org/assignments/iana-ipv4-special-registry, read 2026-11-22).
PEERED: Final = IPNetwork("192.31.196.0/24")
EXTERNAL_ADDRESS: Final = IPAddress("198.51.100.9")


def _of_package(*networks: object) -> tuple[IPNetwork, ...]:
    return tuple(IPNetwork(str(network)) for network in networks)


_NODES, _PODS = _of_package(NODE_RANGE, NODE_RANGE_IPV6), _of_package(POD_RANGE, POD_RANGE_IPV6)
_NAT_ADDRESS = IPAddress(str(DEFAULT_CLOUD_NAT.address))

#: To these nobody can connect, or not through a router: this network, loopback, multicast, broadcast; unspecified,
#: loopback and IPv4-mapped, link-local, multicast (RFC 1122 section 3.2.1.3, RFC 4291 section 2.4). The two anycast
#: addresses are public ones inside a private block (RFC 7723, RFC 8155), which no route of a plan tells apart.
_OUT_OF_REACH: Final = _of_package(
    "0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/4", "255.255.255.255/32", "192.0.0.9/32", "192.0.0.10/32",
    "::/8", "fe80::/10", "ff00::/8",
)  # fmt: skip
#: Where a node's Pods could be but are not.
_NODES_BLOCKS: Final = _of_package(NODE.pod_block, NODE.pod_block_ipv6)

_IPV4, _IPV6 = 4, 6
_BITS: Final = {_IPV4: 32, _IPV6: 128}
_SOMEWHERE: Final = tuple(
    map(
        IPAddress,
        (
            "10.200.0.9", "172.20.0.10", "192.168.77.1", "100.64.1.1", "100.128.0.1", "198.18.0.1", "203.0.113.80",
            "240.0.0.1", "169.254.169.254", "192.175.48.80", "192.31.196.1", "8.8.8.8", "10.128.0.9", "192.168.0.3",
            "fd00:200::9", "fd00:128::99", "fd00:168::99", "2001:db8:51::80", "2600:1900::1",
        ),
    )
)  # fmt: skip
_SOURCES: Final = (*_NODES, *_PODS, *_of_package(VIRTUAL_MACHINES, NODE.address, _NAT_ADDRESS, EXTERNAL_ADDRESS))


@dataclass(frozen=True, kw_only=True)
class Question:
    """One destination of a world.

    :param destination: whereto the Pod connects.
    :param backend: the endpoint behind it, where it is a ClusterIP.
    """

    destination: IPAddress
    backend: IPAddress | None = None

    @property
    def arrives_for(self) -> IPAddress:
        """The destination after the nodes' translation."""
        return self.backend or self.destination


@dataclass(frozen=True, kw_only=True)
class World:
    """What decides about the source address.

    :param policy: the masquerade policy.
    :param questions: the destinations, no two the same.
    :param nat_covers: whose traffic Cloud NAT translates, default nobody's.
    :param public_nodes: whether the node has an external address, default not.
    :param allowed_sources: what every destination's firewall lets in; default none, where there is no firewall.
    :param host_network: whether the Pod is on the host network, default not.
    """

    policy: MasqueradePolicy
    questions: tuple[Question, ...]
    nat_covers: frozenset[SourceKind] = frozenset()
    public_nodes: bool = False
    allowed_sources: tuple[IPNetwork, ...] = ()
    host_network: bool = False

    @property
    def ranges(self) -> NetworkRanges:
        """The plan's network."""
        return network_ranges(self.nat_covers, public_nodes=self.public_nodes)

    def firewall_of(self, question: Question) -> tuple[IPNetwork, ...]:
        """Tell what a destination's firewall lets in; within the cluster there are none."""
        return () if question.arrives_for in WITHOUT_FIREWALL else self.allowed_sources


def network_ranges(nat_covers: frozenset[SourceKind], *, public_nodes: bool) -> NetworkRanges:
    """Give the network that every world shares."""
    return NetworkRanges(
        node=_NODES,
        pod=_PODS,
        service=(SERVICE_RANGE,),
        other={"peered": (PEERED,)},
        nat_addresses=(_NAT_ADDRESS,),
        nat_covers=nat_covers,
        public_nodes=public_nodes,
    )


def address_of(part: Node | Pod, *, version: int) -> IPAddress:
    """Give a part's address of a version of IP."""
    return IPAddress(str(part.address if version == _IPV4 else part.ipv6_address))


def _both(part: Node | Pod) -> tuple[IPAddress, IPAddress]:
    return address_of(part, version=_IPV4), address_of(part, version=_IPV6)


#: What answers in the cluster itself: the other Pod, the node, and the router in front of it.
ROUTER_ADDRESSES: Final = (IPAddress(str(NODE_RANGE[1])), IPAddress(str(NODE_RANGE_IPV6[1])))
WITHOUT_FIREWALL: Final = frozenset({*_both(OTHER_POD), *_both(NODE), *ROUTER_ADDRESSES})
_ASKING: Final = frozenset({*_both(ASKING_POD)})


def is_answered(address: IPAddress) -> bool:
    """Tell whether something in a world can answer for an address."""
    if address in WITHOUT_FIREWALL:
        return True
    return address not in _ASKING and not any(address in network for network in (*_OUT_OF_REACH, *_NODES_BLOCKS))


def borders(network: IPNetwork) -> Iterator[IPAddress]:
    """Give a range's first and last address, and their neighbours outside."""
    last = (1 << _BITS[network.version]) - 1
    for number in (network.first - 1, network.first, network.last, network.last + 1):
        if 0 <= number <= last:
            yield IPAddress(number, version=network.version)


def _kernel_can_tell(policy: MasqueradePolicy, address: IPAddress) -> bool:
    """Tell whether the agent's rules alone show what becomes of a packet to the other Pod on the node.

    That a node never masquerades between its own Pods is Google's word (``DESTINATION_ON_SAME_NODE``). The agent's
    rules alone would (``tests/lab/packets/test_story.py``), unless every list holds the Pods, as sane ones do. Which of
    the two a real node does is not verified.
    """
    if address not in _both(OTHER_POD):
        return True
    chains = [chain for chain in policy.chains if chain.ipv6 or address.version == _IPV4]
    return all(any(address in exemption.cidr for exemption in chain.exemptions) for chain in chains)


def questions(
    policy: MasqueradePolicy, addresses: Iterable[IPAddress], *, backend: IPAddress | None
) -> tuple[Question, ...]:
    """Ask for addresses, each once, and for a ClusterIP.

    :param policy: the policy, which decides what can be asked.
    :param addresses: the destinations; those that nobody can answer for are left out.
    :param backend: the endpoint behind the ClusterIP; ``None`` asks for none.
    :return: the questions.
    """
    asked = [
        address
        for address in dict.fromkeys(addresses)
        if is_answered(address) and _kernel_can_tell(policy, address) and address not in {CLUSTER_IP, backend}
    ]
    plain = tuple(Question(destination=address) for address in asked)
    if backend is None or not is_answered(backend) or not _kernel_can_tell(policy, backend):
        return plain
    return (*plain, Question(destination=CLUSTER_IP, backend=backend))


@st.composite
def _addresses(draw: st.DrawFn) -> IPAddress:
    """Draw an address that means something, or any other."""
    base = draw(st.sampled_from(_SOMEWHERE))
    if draw(st.booleans()):
        return base
    return IPAddress(draw(st.integers(0, (1 << _BITS[base.version]) - 1)), version=base.version)


@st.composite
def _cidrs(draw: st.DrawFn) -> IPNetwork:
    """Draw a range of any length around an address, aligned."""
    address = draw(_addresses())
    prefix_length = draw(st.integers(0, _BITS[address.version]))
    return IPNetwork((int(address), prefix_length), version=address.version).cidr


def _seldom() -> st.SearchStrategy[bool]:
    return st.integers(0, _SELDOM).map(_SELDOM.__eq__)


@st.composite
def _policies(draw: st.DrawFn, cidrs: tuple[IPNetwork, ...]) -> MasqueradePolicy:
    """Draw one agent or two, whose lists are made of the same ranges, so that they overlap, repeat and differ."""
    lists = draw(st.lists(st.lists(st.sampled_from(cidrs), max_size=8), min_size=1, max_size=2))
    chains = tuple(
        Chain(
            name=name,
            exemptions=exemptions(listed, origin="the agent's config"),
            ipv6=draw(st.booleans()),
            masquerades_link_local=draw(st.booleans()),
            masquerades_link_local_ipv6=draw(st.booleans()),
        )
        for name, listed in zip(("IP-MASQ", "IP-MASQ-AGENT"), lists, strict=False)
    )
    return MasqueradePolicy(name="random", chains=chains)


#: What every world asks for: the metadata server, the Pod beside, and the node.
_ALWAYS: Final = (IPAddress("169.254.169.254"), *_both(OTHER_POD), *_both(NODE))
_SELDOM: Final = 9


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Draw a world that asks for the borders of every range that its policy and its firewall name."""
    nat_covers = frozenset(draw(st.sets(st.sampled_from([SourceKind.NODE, SourceKind.POD]))))
    public_nodes = draw(st.booleans())
    ranges = network_ranges(nat_covers, public_nodes=public_nodes)
    cidrs = tuple(draw(st.lists(_cidrs(), min_size=3, max_size=9)))
    known = st.sampled_from([no_policy(), composer_policy(ranges), gke_default_policy(ranges)])
    policy = draw(known if draw(_seldom()) else _policies(cidrs))
    allowed_sources = tuple(draw(st.lists(st.sampled_from((*_SOURCES, *cidrs)), max_size=3)))
    named = [exemption.cidr for chain in policy.chains for exemption in chain.exemptions]
    addresses = [border for cidr in (*named, *allowed_sources) for border in borders(cidr)]
    return World(
        policy=policy,
        nat_covers=nat_covers,
        public_nodes=public_nodes,
        allowed_sources=allowed_sources,
        host_network=draw(_seldom()),
        questions=questions(
            policy,
            [*_ALWAYS, *addresses, *draw(st.lists(_addresses(), min_size=8, max_size=24))],
            backend=draw(st.none() | st.sampled_from(_SOMEWHERE).filter(lambda address: address.version == _IPV4)),
        ),
    )
