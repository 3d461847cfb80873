"""Draws worlds with Hypothesis, and aims at where mistakes live.

That is the first and last address of every range that a world names, and their neighbours; lists that overlap, repeat
and differ; configs that are refused. The simplest draw is one agent with an empty list, towards which failures shrink.
This module must not know what becomes of a packet.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from hypothesis import strategies as st
from netaddr import IPAddress, IPNetwork

from airflow_masq.network import SourceKind
from lab.packets.topology import DEFAULT_CLOUD_NAT, VIRTUAL_MACHINES
from tests.scenarios.words import Agent, Agents, BuiltIn, EgressNat, Form, Known, Objects
from tests.scenarios.worlds import (
    ASKING_POD,
    BITS,
    EXTERNAL_ADDRESS,
    IPV6,
    NODE,
    NODES,
    OTHER_POD,
    PODS,
    World,
    borders,
    both,
    of_package,
    questions,
)

if TYPE_CHECKING:
    from tests.scenarios.words import Words

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
_SOURCES: Final = of_package(*NODES, *PODS, VIRTUAL_MACHINES, NODE.address, DEFAULT_CLOUD_NAT.address, EXTERNAL_ADDRESS)
#: What every world asks for: the metadata server, the Pods, and the node.
_ALWAYS: Final = (IPAddress("169.254.169.254"), *both(OTHER_POD), *both(NODE), *both(ASKING_POD))
#: Further ranges of a plan, where none of the lab's nodes and Pods are. The last one is public, and routed privately.
_MORE_NODES: Final = ("10.132.0.0/20", "172.22.0.0/24", "fd00:132::/64")
_MORE_PODS: Final = ("100.64.0.0/16", "10.64.0.0/14", "fd00:64::/48", "192.31.196.128/25")
_BACKENDS: Final = (*_SOMEWHERE, *both(ASKING_POD), *both(ASKING_POD), *both(OTHER_POD))
_SELDOM: Final = 9
_MOST_RANGES_WITH_BORDERS: Final = 8


@st.composite
def _addresses(draw: st.DrawFn) -> IPAddress:
    """Draw an address that means something, or any other."""
    base = draw(st.sampled_from(_SOMEWHERE))
    if draw(st.booleans()):
        return base
    return IPAddress(draw(st.integers(0, (1 << BITS[base.version]) - 1)), version=base.version)


@st.composite
def _cidrs(draw: st.DrawFn) -> IPNetwork:
    """Draw a range of any length around an address, aligned."""
    address = draw(_addresses())
    prefix_length = draw(st.integers(0, BITS[address.version]))
    return IPNetwork((int(address), prefix_length), version=address.version).cidr


def _seldom() -> st.SearchStrategy[bool]:
    return st.integers(0, _SELDOM).map(_SELDOM.__eq__)


def _lists(cidrs: tuple[IPNetwork, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    """Draw from the same ranges, so that lists overlap, repeat and differ."""
    return st.lists(st.sampled_from(cidrs).map(str), max_size=8).map(tuple)


@st.composite
def _agents(draw: st.DrawFn, cidrs: tuple[IPNetwork, ...]) -> Agent:
    """Draw an agent; without IPv6 it seldom lists IPv6, since it would refuse the whole config."""
    agent = Agent(
        listed=draw(st.one_of(_lists(cidrs), _lists(cidrs), st.none())),
        link_local=draw(st.booleans()),
        link_local_ipv6=draw(st.booleans()),
        ipv6=draw(st.booleans()),
        reserved_ranges=draw(st.booleans()),
        form=draw(st.sampled_from(Form)),
    )
    if agent.listed is None or agent.ipv6 or draw(_seldom()):
        return agent
    return replace(agent, listed=tuple(cidr for cidr in agent.listed if IPNetwork(cidr).version != IPV6))


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
    """Draw a plan's ranges of one kind: the lab's, at times between others."""
    before, after = (draw(st.lists(st.sampled_from(more), max_size=1)) for _ in range(2))
    return (*before, *known, *(cidr for cidr in after if cidr not in before))


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Draw a world that asks for the borders of the ranges that its policy and its firewall name."""
    cidrs = tuple(draw(st.lists(_cidrs(), min_size=3, max_size=9)))
    world = World(
        words=draw(_words(cidrs)),
        questions=(),
        nat_covers=frozenset(draw(st.sets(st.sampled_from([SourceKind.NODE, SourceKind.POD])))),
        public_nodes=draw(st.booleans()),
        allowed_sources=tuple(draw(st.lists(st.sampled_from((*_SOURCES, *cidrs)), max_size=3))),
        host_network=draw(_seldom()),
        nodes=draw(_several(NODES, _MORE_NODES)),
        pods=draw(_several(PODS, _MORE_PODS)),
    )
    named = of_package(*(network for chain in world.chains for network in chain.non_masquerade))
    of_interest = sorted({*named, *world.allowed_sources, *of_package(*world.nodes, *world.pods)})
    chosen = draw(st.lists(st.sampled_from(of_interest), max_size=_MOST_RANGES_WITH_BORDERS, unique=True))
    elsewhere = draw(st.lists(_addresses(), min_size=8, max_size=24))
    addresses = [*_ALWAYS, *(border for cidr in chosen for border in borders(cidr)), *elsewhere]
    backend = draw(st.none() | st.sampled_from(_BACKENDS))
    return replace(world, questions=questions(world.chains, addresses, backend=backend))
