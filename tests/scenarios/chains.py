"""What nodes do about a policy's words, in the packet lab's: the kernel's side of the oracle.

It is written from what Google and the agent's source say, and from what the real agent was seen to do
(``ground_truth.py``). This module must not ask the package for anything: were both sides made by one hand, a packet
could not tell a mistake of that hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_network
from typing import Final, assert_never

from lab.packets.masquerade import GKE_CHAIN, UPSTREAM_CHAIN, MasqueradeChain
from tests.scenarios.ground_truth import RESERVED, RFC_1918
from tests.scenarios.words import Agent, Agents, BuiltIn, Known, Objects, Words

_IPV6: Final = 6
_DEFAULT_OBJECT: Final = "default"


@dataclass(frozen=True, kw_only=True)
class ClusterRanges:
    """A cluster's ranges as texts.

    :param nodes: its nodes'.
    :param pods: its Pods'.
    :param services: its Services'.
    """

    nodes: tuple[str, ...]
    pods: tuple[str, ...]
    services: tuple[str, ...]

    @property
    def fixed(self) -> tuple[str, ...]:
        """What Autopilot never masquerades, whatever other policies say [source: egress-nat-policy-objects]."""
        return (*self.nodes, *self.pods, *self.services)


@dataclass(frozen=True, kw_only=True)
class Listed:
    """Ranges that one hand listed.

    :param cidrs: as written.
    :param by_default: whether that hand is the agent's or GKE's own, for want of a list by anybody.
    """

    cidrs: tuple[str, ...]
    by_default: bool = False


def chains_of(words: Words, cluster: ClusterRanges) -> tuple[MasqueradeChain, ...]:
    """Say which chains are on a node.

    :param words: how the policy was set.
    :param cluster: whose node it is.
    :return: the chains; none where nothing is masqueraded.
    """
    match words:
        case Agents():
            named = zip((GKE_CHAIN, UPSTREAM_CHAIN), words.agents, strict=False)
            return tuple(chain for name, agent in named for chain in _chains_of_agent(agent, name=name))
        case BuiltIn(name=Known.NONE):
            return ()
        case Objects() | BuiltIn():
            cidrs = [cidr for listed in lists_of(words, cluster) for cidr in listed.cidrs]
            return (MasqueradeChain(non_masquerade=tuple(map(ip_network, cidrs))),)
    assert_never(words)


def lists_of(words: Words, cluster: ClusterRanges) -> tuple[Listed, ...]:
    """Say who listed what the first chain on a node returns for.

    :param words: how the policy was set.
    :param cluster: whose node it is.
    :return: the lists in the order in which a packet meets them.
    """
    match words:
        case Agents():
            return tuple(_list_of_agent(agent) for agent in words.agents if _chains_of_agent(agent, name=GKE_CHAIN))[:1]
        case Objects():
            return (*_lists_of_objects(words, cluster), Listed(cidrs=cluster.fixed))
        case BuiltIn():
            # Composer's own definition, and GKE's default list [source: composer-agent-definition, gke-default-list].
            is_composers = words.name is Known.COMPOSER
            own = Listed(cidrs=cluster.pods) if is_composers else Listed(cidrs=RESERVED, by_default=True)
            return (own, Listed(cidrs=cluster.fixed)) if words.autopilot else (own,)
    assert_never(words)


def _chains_of_agent(agent: Agent, *, name: str) -> tuple[MasqueradeChain, ...]:
    """Say what one agent writes: its chain, or none where it refuses its config at its first start (observed)."""
    try:
        networks = tuple(map(ip_network, _list_of_agent(agent).cidrs))
    except ValueError:  # not aligned to its prefix
        return ()
    if not agent.ipv6 and any(network.version == _IPV6 for network in networks):
        return ()
    chain = MasqueradeChain(
        name=name,
        non_masquerade=networks,
        masquerade_link_local=agent.link_local,
        enable_ipv6=agent.ipv6,
        masquerade_link_local_ipv6=agent.link_local_ipv6,
    )
    return (chain,)


def _list_of_agent(agent: Agent) -> Listed:
    """Give its list: a config without the key leaves the agent's own, one that has it, even empty, replaces that."""
    if agent.listed is not None:
        return Listed(cidrs=agent.listed)
    return Listed(cidrs=RESERVED if agent.reserved_ranges else RFC_1918, by_default=True)


def _lists_of_objects(words: Objects, cluster: ClusterRanges) -> list[Listed]:
    """Add up what the objects exempt; of two with one name there is only the later, as of any object in a cluster."""
    applied = {each.name: Listed(cidrs=each.cidrs) for each in words.objects}
    untouched = Listed(cidrs=cluster.pods) if words.has_agent else Listed(cidrs=RESERVED, by_default=True)
    applied.setdefault(_DEFAULT_OBJECT, untouched)
    return list(applied.values())
