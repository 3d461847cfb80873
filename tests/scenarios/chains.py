"""The masquerade chains that a policy's words lead to on the lab's nodes: the kernel's side of the oracle.

It follows Google's documentation, the agent's source, and what the real agent was observed to do (``ground_truth.py``).
It must not use the package: if both sides came from the same code, packets could not reveal its mistakes.
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
    """A cluster's ranges as texts."""

    nodes: tuple[str, ...]
    pods: tuple[str, ...]
    services: tuple[str, ...]

    @property
    def fixed(self) -> tuple[str, ...]:
        """What Autopilot never masquerades, also if other policies differ [source: egress-nat-policy-objects]."""
        return (*self.nodes, *self.pods, *self.services)


@dataclass(frozen=True, kw_only=True)
class CidrList:
    """A list of CIDRs as written.

    :param by_default: whether it is the agent's or GKE's own list, used because no user wrote one.
    """

    cidrs: tuple[str, ...]
    by_default: bool = False


def make_chains(words: Words, cluster: ClusterRanges) -> tuple[MasqueradeChain, ...]:
    """Make the chains on a node of the cluster; none if nothing is masqueraded."""
    match words:
        case Agents():
            named = zip((GKE_CHAIN, UPSTREAM_CHAIN), words.agents, strict=False)
            return tuple(chain for name, agent in named if (chain := _make_agent_chain(agent, name=name)))
        case BuiltIn(name=Known.NONE):
            return ()
        case Objects() | BuiltIn():
            cidrs = [cidr for each in make_lists(words, cluster) for cidr in each.cidrs]
            return (MasqueradeChain(non_masquerade=tuple(map(ip_network, cidrs))),)
    assert_never(words)


def make_lists(words: Words, cluster: ClusterRanges) -> tuple[CidrList, ...]:
    """Make the lists for which the first chain on a node returns, in the order in which a packet meets them."""
    match words:
        case Agents():
            active = (agent for agent in words.agents if _make_agent_chain(agent, name=GKE_CHAIN))
            return tuple(_make_agent_list(agent) for agent in active)[:1]
        case Objects():
            # Of two objects with one name only the later exists, as of any object in a cluster.
            applied = {each.name: CidrList(cidrs=each.cidrs) for each in words.objects}
            default = CidrList(cidrs=cluster.pods) if words.has_agent else CidrList(cidrs=RESERVED, by_default=True)
            applied.setdefault(_DEFAULT_OBJECT, default)
            return (*applied.values(), CidrList(cidrs=cluster.fixed))
        case BuiltIn():
            # Composer's own definition, and GKE's default list [source: composer-agent-definition, gke-default-list].
            is_composers = words.name is Known.COMPOSER
            own = CidrList(cidrs=cluster.pods) if is_composers else CidrList(cidrs=RESERVED, by_default=True)
            return (own, CidrList(cidrs=cluster.fixed)) if words.autopilot else (own,)
    assert_never(words)


def _make_agent_chain(agent: Agent, *, name: str) -> MasqueradeChain | None:
    """Make an agent's chain; an agent that refuses its config at its first start writes none.

    [source: observed-agent-first-start]
    """
    try:
        networks = tuple(map(ip_network, _make_agent_list(agent).cidrs))
    except ValueError:  # not aligned to its prefix
        return None
    if not agent.ipv6 and any(network.version == _IPV6 for network in networks):
        return None
    return MasqueradeChain(
        name=name,
        non_masquerade=networks,
        masquerade_link_local=agent.link_local,
        enable_ipv6=agent.ipv6,
        masquerade_link_local_ipv6=agent.link_local_ipv6,
    )


def _make_agent_list(agent: Agent) -> CidrList:
    """Make an agent's list; a list in the config, even an empty one, replaces the agent's own."""
    if agent.listed is not None:
        return CidrList(cidrs=agent.listed)
    return CidrList(cidrs=RESERVED if agent.reserved_ranges else RFC_1918, by_default=True)
