"""Draws random worlds with Hypothesis, with a preference for those in which mistakes show.

These are the first and last address of every range in a world, and the addresses beside them; lists that overlap,
repeat and differ; configs that are refused; firewalls in halves. The simplest world is one agent with an empty list,
towards which Hypothesis shrinks failures. What happens to a packet is not known here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from hypothesis import strategies as st
from netaddr import IPAddress, IPNetwork

from airflow_masq.network.ranges import AddressKind
from lab.packets.topology import DEFAULT_CLOUD_NAT, VIRTUAL_MACHINES
from tests.scenarios.words import Agent, Agents, BuiltIn, EgressNat, Form, Known, Objects, Words
from tests.scenarios.worlds import (
    ASKING_POD,
    BITS,
    EXTERNAL_ADDRESS,
    IPV6,
    NODE,
    NODES,
    NODES_BLOCKS,
    OTHER_POD,
    PODS,
    World,
    get_addresses,
    list_borders,
    make_questions,
    to_netaddr,
)

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
_SOURCES: Final = to_netaddr(*NODES, *PODS, VIRTUAL_MACHINES, NODE.address, DEFAULT_CLOUD_NAT.address, EXTERNAL_ADDRESS)
#: Two halves that together cover the range of nodes or Pods.
_HALVES: Final = tuple(tuple(whole.subnet(whole.prefixlen + 1)) for whole in to_netaddr(*NODES, *PODS))
#: In every world: the metadata server, the Pods, the node, and the first address of the next node's Pods.
_ALWAYS: Final = (
    IPAddress("169.254.169.254"),
    *(address for part in (OTHER_POD, NODE, ASKING_POD) for address in get_addresses(part)),
    *(IPAddress(block.last + 1, version=block.version) for block in NODES_BLOCKS),
)
#: Further ranges of a plan, without nodes and Pods of the lab. The last one is public, and routed privately.
_MORE_NODES: Final = ("10.132.0.0/20", "172.22.0.0/24", "fd00:132::/64")
_MORE_PODS: Final = ("100.64.0.0/16", "10.64.0.0/14", "fd00:64::/48", "192.31.196.128/25")
_OTHER_NODES_PODS: Final = (IPAddress("192.168.77.1"), IPAddress("fd00:168::99"))
_BACKENDS: Final = (*_SOMEWHERE, *_OTHER_NODES_PODS * 6, *get_addresses(ASKING_POD) * 2, *get_addresses(OTHER_POD))
_MOST_RANGES_WITH_BORDERS: Final = 8


@st.composite
def _addresses(draw: st.DrawFn) -> IPAddress:
    """Draw a meaningful address, or a random one."""
    base = draw(st.sampled_from(_SOMEWHERE))
    if draw(st.booleans()):
        return base
    return IPAddress(draw(st.integers(0, (1 << BITS[base.version]) - 1)), version=base.version)


@st.composite
def _cidrs(draw: st.DrawFn) -> IPNetwork:
    """Draw an aligned range of any length around an address."""
    address = draw(_addresses())
    prefix_length = draw(st.integers(0, BITS[address.version]))
    return IPNetwork((int(address), prefix_length), version=address.version).cidr


def _once_in(times: int) -> st.SearchStrategy[bool]:
    """Draw True once in so many times, and never in the simplest world."""
    return st.integers(1, times).map(times.__eq__)


def _lists(cidrs: tuple[IPNetwork, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    """Draw from the same ranges, so that lists overlap, repeat and differ."""
    return st.lists(st.sampled_from(cidrs).map(str), max_size=8).map(tuple)


@st.composite
def _agents(draw: st.DrawFn, cidrs: tuple[IPNetwork, ...]) -> Agent:
    """Draw an agent; without IPv6 it rarely lists IPv6, for which it refuses the whole config."""
    agent = Agent(
        listed=draw(st.one_of(_lists(cidrs), _lists(cidrs), st.none())),
        link_local=draw(st.booleans()),
        link_local_ipv6=draw(st.booleans()),
        ipv6=draw(st.booleans()),
        reserved_ranges=draw(st.booleans()),
        form=draw(st.sampled_from(Form)),
    )
    if agent.listed is None:
        return agent
    listed = agent.listed
    if not agent.ipv6 and not draw(_once_in(10)):
        listed = tuple(cidr for cidr in listed if IPNetwork(cidr).version != IPV6)
    if draw(_once_in(20)):
        listed = (*listed, draw(_misaligned(cidrs)))
    return replace(agent, listed=listed)


def _misaligned(cidrs: tuple[IPNetwork, ...]) -> st.SearchStrategy[str]:
    """Draw a CIDR whose address is not its first, for which an agent refuses the whole config; a /32 is valid."""
    return st.sampled_from(cidrs).map(lambda cidr: f"{IPAddress(cidr.last, cidr.version)}/{cidr.prefixlen}")


def _words(cidrs: tuple[IPNetwork, ...]) -> st.SearchStrategy[Words]:
    agents = st.lists(_agents(cidrs), min_size=1, max_size=2).map(lambda drawn: Agents(agents=tuple(drawn)))
    named = st.builds(EgressNat, name=st.sampled_from(["default", "team", "another"]), cidrs=_lists(cidrs))
    objects = st.lists(named, max_size=3).map(tuple)
    known = st.builds(BuiltIn, name=st.sampled_from(Known), autopilot=st.booleans())
    by_objects = st.builds(Objects, objects=objects, has_agent=st.booleans())
    likely: st.SearchStrategy[Words] = agents
    return st.one_of(likely, likely, likely, by_objects, known)


@st.composite
def _several(draw: st.DrawFn, known: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    """Draw a plan's ranges of one kind: the lab's, sometimes with others around them."""
    before, after = (draw(st.lists(st.sampled_from(more), max_size=1)) for _ in range(2))
    return (*before, *known, *(cidr for cidr in after if cidr not in before))


@st.composite
def _firewalls(draw: st.DrawFn, cidrs: tuple[IPNetwork, ...]) -> tuple[IPNetwork, ...]:
    """Draw the sources that a firewall lets in, sometimes in halves."""
    halves: tuple[IPNetwork, ...] = draw(st.sampled_from(_HALVES)) if draw(_once_in(8)) else ()
    return (*halves, *draw(st.lists(st.sampled_from((*_SOURCES, *cidrs)), max_size=3)))


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Draw a world with questions about the borders of the ranges in its policy, firewall and plan."""
    cidrs = tuple(draw(st.lists(_cidrs(), min_size=3, max_size=9)))
    world = World(
        words=draw(_words(cidrs)),
        questions=(),
        nat_covers=frozenset(draw(st.sets(st.sampled_from([AddressKind.NODE, AddressKind.POD])))),
        public_nodes=draw(st.booleans()),
        allowed_sources=draw(_firewalls(cidrs)),
        host_network=draw(_once_in(4)),
        nodes=draw(_several(NODES, _MORE_NODES)),
        pods=draw(_several(PODS, _MORE_PODS)),
    )
    named = to_netaddr(*(network for chain in world.chains for network in chain.non_masquerade))
    of_interest = sorted({*named, *world.allowed_sources, *to_netaddr(*world.nodes, *world.pods)})
    chosen = draw(st.lists(st.sampled_from(of_interest), max_size=_MOST_RANGES_WITH_BORDERS, unique=True))
    elsewhere = draw(st.lists(_addresses(), min_size=8, max_size=24))
    addresses = [*_ALWAYS, *(border for cidr in chosen for border in list_borders(cidr)), *elsewhere]
    backend = draw(st.none() | st.sampled_from(_BACKENDS))
    return replace(world, questions=make_questions(world.chains, addresses, backend=backend))
