"""Worlds that are rarely drawn, for mistakes that show in no others."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from netaddr import IPAddress, IPNetwork

from tests.scenarios.words import Agent, Agents, BuiltIn, EgressNat, Known, Objects
from tests.scenarios.worlds import ASKING_POD, CLUSTER_IP, CLUSTER_IPV6, NODES, PODS, Question, World, get_addresses

_SOMEWHERE: Final = tuple(
    Question(destination=IPAddress(address))
    for address in (
        *("172.20.0.10", "10.200.0.9", "10.128.0.9", "100.64.1.1", "192.168.77.1", "192.168.0.64"),
        *("fd00:200::9", "fd00:168::99", "fd00:168::c0a8:1:0"),
    )
)
_IPV6_LISTED: Final = Agent(listed=("10.0.0.0/8", "fd00:200::/32"), ipv6=True)
_NOTHING_LISTED: Final = Agent(listed=())

REVEALING: Final[dict[str, World]] = {
    "two agents, one with IPv6": World(words=Agents(agents=(_IPV6_LISTED, _NOTHING_LISTED)), questions=_SOMEWHERE),
    "two agents, the other with IPv6": World(
        words=Agents(agents=(_NOTHING_LISTED, _IPV6_LISTED)), questions=_SOMEWHERE
    ),
    "an agent without a list, as on GKE": World(words=Agents(agents=(Agent(listed=None),)), questions=_SOMEWHERE),
    "an agent without a list, elsewhere": World(
        words=Agents(agents=(Agent(listed=None, reserved_ranges=False),)), questions=_SOMEWHERE
    ),
    "several Pod ranges": World(
        words=BuiltIn(name=Known.COMPOSER, autopilot=False), questions=_SOMEWHERE, pods=(*PODS, "100.64.0.0/16")
    ),
    "several node ranges": World(
        words=BuiltIn(name=Known.COMPOSER), questions=_SOMEWHERE, nodes=("10.132.0.0/20", *NODES)
    ),
    "a Pod behind its own Service": World(
        words=BuiltIn(name=Known.COMPOSER),
        questions=tuple(
            Question(destination=cluster_ip, backend=pod)
            for cluster_ip, pod in zip((CLUSTER_IP, CLUSTER_IPV6), get_addresses(ASKING_POD), strict=True)
        ),
    ),
    "an agent that refuses its config": World(
        words=Agents(agents=(replace(_IPV6_LISTED, ipv6=False),)), questions=_SOMEWHERE
    ),
    "an object beside Composer's": World(
        words=Objects(objects=(EgressNat(name="team", cidrs=("172.20.0.0/16",)),), has_agent=True),
        questions=_SOMEWHERE,
    ),
    "an object beside GKE's": World(
        words=Objects(objects=(EgressNat(name="team", cidrs=("172.20.0.0/16",)),)), questions=_SOMEWHERE
    ),
    "an object in the place of GKE's": World(
        words=Objects(objects=(EgressNat(name="default", cidrs=("172.20.0.0/16",)),)), questions=_SOMEWHERE
    ),
    "an object after another of its name": World(
        words=Objects(
            objects=tuple(EgressNat(name="default", cidrs=(cidr,)) for cidr in ("172.20.0.0/16", "10.200.0.0/16"))
        ),
        questions=_SOMEWHERE,
    ),
    "the fixed ranges of Autopilot": World(words=BuiltIn(name=Known.COMPOSER), questions=_SOMEWHERE),
    "an agent that refuses what is not aligned": World(
        words=Agents(agents=(Agent(listed=("10.200.0.9/8",)),)), questions=_SOMEWHERE
    ),
    "the next node's Pods, which no list holds": World(words=Agents(agents=(_IPV6_LISTED,)), questions=_SOMEWHERE),
    "a firewall that lets in the nodes in halves": World(
        words=BuiltIn(name=Known.COMPOSER, autopilot=False),
        questions=_SOMEWHERE,
        allowed_sources=(IPNetwork("10.128.0.0/21"), IPNetwork("10.128.8.0/21")),
    ),
    "a firewall that lets in the Pods in halves": World(
        words=BuiltIn(name=Known.NONE),
        questions=_SOMEWHERE,
        allowed_sources=(IPNetwork("192.168.0.0/17"), IPNetwork("192.168.128.0/17")),
    ),
    "a firewall on the internet that lets in private sources": World(
        words=BuiltIn(name=Known.GKE_DEFAULT, autopilot=False),
        questions=(*_SOMEWHERE, Question(destination=IPAddress("192.175.48.80"))),
        public_nodes=True,
        allowed_sources=(IPNetwork("10.0.0.0/8"),),
    ),
    "an agent that lists a few addresses": World(
        words=Agents(agents=(Agent(listed=("172.20.0.8/29",)),)),
        questions=tuple(Question(destination=IPAddress(f"172.20.0.{octet}")) for octet in (7, 8, 15, 16)),
    ),
    "a Service of Pods elsewhere": World(
        words=BuiltIn(name=Known.COMPOSER, autopilot=False),
        questions=(Question(destination=CLUSTER_IP, backend=IPAddress("192.168.77.1")),),
    ),
    "a Pod on the host network": World(words=BuiltIn(name=Known.COMPOSER), questions=_SOMEWHERE, host_network=True),
}
