"""The rules that the IP masquerade agent writes on a node, as values.

They are the agent's own, rule for rule, in nftables' form: ``POSTROUTING`` jumps to the agent's chain for whatever is
not local; the chain returns for link-local destinations and for every non-masquerade CIDR in the order given, without
de-duplication, and masquerades the rest. IPv6 has a chain only where the agent runs with ``--enable-ipv6``.
https://github.com/kubernetes-sigs/ip-masq-agent/blob/master/cmd/ip-masq-agent/ip-masq-agent.go
(``syncMasqRules``, ``syncMasqRulesIPv6``; read 2026-11-22). Its newest version's ``--to-ports`` is left out.

What a policy contains is decided by whoever sets it; this module must not know Google's defaults.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING

from lab.packets.expressions import DestinationIn, DestinationNotLocal, Family, Jump, Masquerade, Simple
from lab.packets.nftables import Chain, Hook, Rule, Table

if TYPE_CHECKING:
    from lab.packets.topology import Network

#: The chain's name upstream and on GKE.
UPSTREAM_CHAIN = "IP-MASQ-AGENT"
GKE_CHAIN = "IP-MASQ"

LINK_LOCAL = IPv4Network("169.254.0.0/16")
LINK_LOCAL_IPV6 = IPv6Network("fe80::/10")

_TABLE = "nat"
_POSTROUTING = "POSTROUTING"


@dataclass(frozen=True, kw_only=True)
class MasqueradeChain:
    """An agent's chain.

    :param non_masquerade: the non-masquerade CIDRs, in order; IPv6 ones count only with ``enable_ipv6``.
    :param name: the chain's name.
    :param masquerade_link_local: the agent's ``masqLinkLocal``: no exception for 169.254.0.0/16.
    :param enable_ipv6: the agent's ``--enable-ipv6``: a chain for IPv6 too.
    :param masquerade_link_local_ipv6: the agent's ``masqLinkLocalIPv6``: no exception for fe80::/10.
    """

    non_masquerade: tuple[Network, ...]
    name: str = GKE_CHAIN
    masquerade_link_local: bool = False
    enable_ipv6: bool = False
    masquerade_link_local_ipv6: bool = False

    def returns(self, family: Family) -> tuple[Network, ...]:
        """List the destinations for which the chain returns, so that they see the Pod's address.

        :param family: which of the two chains.
        :return: the networks, in the chain's order.
        """
        link_local: tuple[Network, ...]
        if family is Family.IPV4:
            link_local = () if self.masquerade_link_local else (LINK_LOCAL,)
        else:
            link_local = () if self.masquerade_link_local_ipv6 else (LINK_LOCAL_IPV6,)
        return link_local + tuple(network for network in self.non_masquerade if network.version == family.version)


def masquerade_tables(chains: tuple[MasqueradeChain, ...], *, ipv6: bool) -> list[Table]:
    """Write a node's NAT tables.

    :param chains: the agents' chains in the order of their jumps; with several, a destination sees the Pod's address
        only if every one of them returns. None means that no agent runs.
    :param ipv6: whether the node has IPv6, and so an IPv6 table.
    :return: one table for each family, which replaces what was there.
    """
    tables = [_table(chains, family=Family.IPV4)]
    if ipv6:
        tables.append(_table(tuple(chain for chain in chains if chain.enable_ipv6), family=Family.IPV6))
    return tables


def _table(chains: tuple[MasqueradeChain, ...], *, family: Family) -> Table:
    jumps = [Rule(chain=_POSTROUTING, matches=(DestinationNotLocal(),), verdict=Jump(chain.name)) for chain in chains]
    rules = [rule for chain in chains for rule in _chain_rules(chain, family=family)]
    return Table(
        family=family,
        name=_TABLE,
        chains=(Chain(name=_POSTROUTING, hook=Hook.POSTROUTING), *(Chain(name=chain.name) for chain in chains)),
        rules=(*jumps, *rules),
    )


def _chain_rules(chain: MasqueradeChain, *, family: Family) -> list[Rule]:
    exceptions = [
        Rule(chain=chain.name, matches=(DestinationIn(network),), verdict=Simple.RETURN)
        for network in chain.returns(family)
    ]
    return [*exceptions, Rule(chain=chain.name, verdict=Masquerade(random_fully=True))]
