"""The rules that the IP masquerade agent writes on a node, as values.

They are the agent's own rules in nftables' form. ``POSTROUTING`` jumps to the agent's chain for every destination that
is not local. The chain returns for link-local destinations and for every non-masquerade CIDR, in the order given and
without removing duplicates. It masquerades the rest. IPv6 has a chain only where the agent runs with ``--enable-ipv6``.
The ``--to-ports`` of the newest version is left out [source: ip-masq-agent-chain, observed-agent-jump,
observed-agent-link-local, observed-agent-ipv6].

The caller decides which CIDRs a chain contains; Google's defaults are not known here.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from lab.packets.nftables import (
    RETURN,
    Chain,
    Family,
    Hook,
    Rule,
    Table,
    jump_to,
    masquerade,
    match_destination,
    match_non_local_destination,
)
from lab.packets.topology import Network

#: The chain's name upstream and on GKE [source: observed-agent-chain-name].
UPSTREAM_CHAIN = "IP-MASQ-AGENT"
GKE_CHAIN = "IP-MASQ"

LINK_LOCAL = IPv4Network("169.254.0.0/16")
LINK_LOCAL_IPV6 = IPv6Network("fe80::/10")


@dataclass(frozen=True, kw_only=True)
class MasqueradeChain:
    """An agent's chain.

    :param non_masquerade: the non-masquerade CIDRs, in order; IPv6 ones count only with ``enable_ipv6``.
    :param masquerade_link_local: the agent's ``masqLinkLocal``: no exception for 169.254.0.0/16.
    :param enable_ipv6: the agent's ``--enable-ipv6``: a chain for IPv6 too.
    :param masquerade_link_local_ipv6: the agent's ``masqLinkLocalIPv6``: no exception for fe80::/10.
    """

    non_masquerade: tuple[Network, ...]
    name: str = GKE_CHAIN
    masquerade_link_local: bool = False
    enable_ipv6: bool = False
    masquerade_link_local_ipv6: bool = False

    def list_exceptions(self, family: Family) -> tuple[Network, ...]:
        """List the networks for which the chain returns, so that they see the Pod's address, in the chain's order."""
        link_local: tuple[Network, ...]
        if family is Family.IPV4:
            link_local = () if self.masquerade_link_local else (LINK_LOCAL,)
        else:
            link_local = () if self.masquerade_link_local_ipv6 else (LINK_LOCAL_IPV6,)
        return link_local + tuple(network for network in self.non_masquerade if network.version == family.version)


def make_masquerade_tables(chains: tuple[MasqueradeChain, ...], *, ipv6: bool) -> list[Table]:
    """Write a node's NAT tables.

    :param chains: the chains of the agents on the node, in the order of their jumps. With several, a destination sees
        the Pod's address only if every chain returns for it [source: observed-agent-two-chains].
    :param ipv6: whether the node has IPv6, and so an IPv6 table.
    :return: one table for each family, which replaces what was there.
    """
    tables = []
    for family in (Family.IPV4, Family.IPV6) if ipv6 else (Family.IPV4,):
        active = [chain for chain in chains if family is Family.IPV4 or chain.enable_ipv6]
        rules = [
            Rule(chain="POSTROUTING", matches=(match_non_local_destination(),), verdict=jump_to(chain.name))
            for chain in active
        ]
        for chain in active:
            rules += [
                Rule(chain=chain.name, matches=(match_destination(network),), verdict=RETURN)
                for network in chain.list_exceptions(family)
            ]
            rules.append(Rule(chain=chain.name, verdict=masquerade(random_fully=True)))
        nat_chains = (Chain(name="POSTROUTING", hook=Hook.POSTROUTING), *(Chain(name=chain.name) for chain in active))
        tables.append(Table(family=family, name="nat", chains=nat_chains, rules=tuple(rules)))
    return tables
