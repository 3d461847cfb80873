"""The agent's rules as values."""

from __future__ import annotations

from ipaddress import ip_network

from lab.packets.masquerade import UPSTREAM_CHAIN, MasqueradeChain, make_masquerade_tables
from lab.packets.nftables import (
    RETURN,
    Family,
    Rule,
    Table,
    jump_to,
    masquerade,
    match_destination,
    match_non_local_destination,
)

TEN, TWENTY, UNIQUE_LOCAL = ip_network("10.0.0.0/8"), ip_network("172.20.0.0/16"), ip_network("fd00::/8")


def list_rules(table: Table, chain: str) -> list[Rule]:
    """List a chain's rules."""
    return [rule for rule in table.rules if rule.chain == chain]


def test_the_chain_is_the_agents() -> None:
    """Packets that are not local go to the chain, which returns for each CIDR in order and masquerades the rest."""
    (table,) = make_masquerade_tables((MasqueradeChain(non_masquerade=(TWENTY, TEN, TEN)),), ipv6=False)
    assert list_rules(table, "POSTROUTING") == [
        Rule(chain="POSTROUTING", matches=(match_non_local_destination(),), verdict=jump_to("IP-MASQ"))
    ]
    assert list_rules(table, "IP-MASQ") == [
        Rule(chain="IP-MASQ", matches=(match_destination(ip_network("169.254.0.0/16")),), verdict=RETURN),
        Rule(chain="IP-MASQ", matches=(match_destination(TWENTY),), verdict=RETURN),
        Rule(chain="IP-MASQ", matches=(match_destination(TEN),), verdict=RETURN),
        Rule(chain="IP-MASQ", matches=(match_destination(TEN),), verdict=RETURN),
        Rule(chain="IP-MASQ", verdict=masquerade(random_fully=True)),
    ]


def test_link_local_destinations_can_be_masqueraded_too() -> None:
    """``masqLinkLocal`` removes the exception for 169.254.0.0/16 and no other."""
    chain = MasqueradeChain(non_masquerade=(TEN,), masquerade_link_local=True)
    assert chain.list_exceptions(Family.IPV4) == (TEN,)
    assert chain.list_exceptions(Family.IPV6) == (ip_network("fe80::/10"),)


def test_without_ipv6_enabled_the_ipv6_table_masquerades_nothing() -> None:
    """An agent without ``--enable-ipv6`` writes no IPv6 chain, even on a node that has IPv6."""
    _, table = make_masquerade_tables((MasqueradeChain(non_masquerade=()),), ipv6=True)
    assert (table.family, table.rules) == (Family.IPV6, ())


def test_with_ipv6_enabled_each_family_has_its_own_cidrs() -> None:
    """With ``--enable-ipv6`` the CIDRs are sorted into the two chains."""
    chain = MasqueradeChain(non_masquerade=(TEN, UNIQUE_LOCAL), enable_ipv6=True, masquerade_link_local_ipv6=True)
    ipv4, ipv6 = make_masquerade_tables((chain,), ipv6=True)
    assert [rule.matches for rule in list_rules(ipv4, "IP-MASQ")][1:] == [(match_destination(TEN),), ()]
    assert [rule.matches for rule in list_rules(ipv6, "IP-MASQ")] == [(match_destination(UNIQUE_LOCAL),), ()]


def test_two_agents_have_two_jumps() -> None:
    """A second agent with a chain of its own adds a jump, and a table without agents has none."""
    chains = (MasqueradeChain(non_masquerade=()), MasqueradeChain(non_masquerade=(), name=UPSTREAM_CHAIN))
    (table,) = make_masquerade_tables(chains, ipv6=False)
    assert [rule.verdict for rule in list_rules(table, "POSTROUTING")] == [jump_to("IP-MASQ"), jump_to("IP-MASQ-AGENT")]
    assert make_masquerade_tables((), ipv6=False)[0].rules == ()
