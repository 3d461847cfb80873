"""The agent's rules as values."""

from __future__ import annotations

from ipaddress import ip_network

from lab.packets.expressions import DestinationIn, DestinationNotLocal, Family, Jump, Masquerade, Simple
from lab.packets.masquerade import UPSTREAM_CHAIN, MasqueradeChain, masquerade_tables
from lab.packets.nftables import Rule, Table

TEN, TWENTY, UNIQUE_LOCAL = ip_network("10.0.0.0/8"), ip_network("172.20.0.0/16"), ip_network("fd00::/8")


def rules_of(table: Table, chain: str) -> list[Rule]:
    """Pick a chain's rules."""
    return [rule for rule in table.rules if rule.chain == chain]


def test_the_chain_is_the_agents() -> None:
    """Whatever is not local goes to the chain: link-local, then each CIDR in the order given, then the rest."""
    (table,) = masquerade_tables((MasqueradeChain(non_masquerade=(TWENTY, TEN, TEN)),), ipv6=False)
    assert rules_of(table, "POSTROUTING") == [
        Rule(chain="POSTROUTING", matches=(DestinationNotLocal(),), verdict=Jump("IP-MASQ"))
    ]
    assert rules_of(table, "IP-MASQ") == [
        Rule(chain="IP-MASQ", matches=(DestinationIn(ip_network("169.254.0.0/16")),), verdict=Simple.RETURN),
        Rule(chain="IP-MASQ", matches=(DestinationIn(TWENTY),), verdict=Simple.RETURN),
        Rule(chain="IP-MASQ", matches=(DestinationIn(TEN),), verdict=Simple.RETURN),
        Rule(chain="IP-MASQ", matches=(DestinationIn(TEN),), verdict=Simple.RETURN),
        Rule(chain="IP-MASQ", verdict=Masquerade(random_fully=True)),
    ]


def test_link_local_destinations_can_be_masqueraded_too() -> None:
    """``masqLinkLocal`` removes the exception for 169.254.0.0/16, and for nothing else."""
    chain = MasqueradeChain(non_masquerade=(TEN,), masquerade_link_local=True)
    assert chain.returns(Family.IPV4) == (TEN,)
    assert chain.returns(Family.IPV6) == (ip_network("fe80::/10"),)


def test_without_ipv6_enabled_the_ipv6_table_masquerades_nothing() -> None:
    """An agent without ``--enable-ipv6`` writes no IPv6 chain, even on a node that has IPv6."""
    _, table = masquerade_tables((MasqueradeChain(non_masquerade=()),), ipv6=True)
    assert (table.family, table.rules) == (Family.IPV6, ())


def test_with_ipv6_enabled_each_family_has_its_own_cidrs() -> None:
    """With ``--enable-ipv6`` the CIDRs are sorted into the two chains."""
    chain = MasqueradeChain(non_masquerade=(TEN, UNIQUE_LOCAL), enable_ipv6=True, masquerade_link_local_ipv6=True)
    ipv4, ipv6 = masquerade_tables((chain,), ipv6=True)
    assert [rule.matches for rule in rules_of(ipv4, "IP-MASQ")][1:] == [(DestinationIn(TEN),), ()]
    assert [rule.matches for rule in rules_of(ipv6, "IP-MASQ")] == [(DestinationIn(UNIQUE_LOCAL),), ()]


def test_two_agents_have_two_jumps() -> None:
    """A second agent with a chain of its own adds a jump, and a table without agents has none."""
    chains = (MasqueradeChain(non_masquerade=()), MasqueradeChain(non_masquerade=(), name=UPSTREAM_CHAIN))
    (table,) = masquerade_tables(chains, ipv6=False)
    assert [rule.verdict for rule in rules_of(table, "POSTROUTING")] == [Jump("IP-MASQ"), Jump("IP-MASQ-AGENT")]
    assert masquerade_tables((), ipv6=False)[0].rules == ()
