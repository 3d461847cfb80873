"""The rules of everything but the masquerade agent: destinations' firewalls, Cloud NAT, and the nodes' own tracking.

Like :mod:`lab.packets.masquerade` it makes values and must not talk to the kernel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.packets.expressions import ArrivesBy, ConnectionIsNew, Family, LeavesBy, Simple, SourceIn, SourceNat
from lab.packets.nftables import Chain, Hook, Rule, Table

if TYPE_CHECKING:
    from lab.packets.topology import CloudNat, Destination, Network, Node

#: The interface of a destination, and of the gateway towards the VPC.
_UPLINK = "eth0"


def _families(part: Destination | Node) -> tuple[Family, ...]:
    return (Family.IPV4,) if part.ipv6_address is None else (Family.IPV4, Family.IPV6)


def firewall_tables(destination: Destination) -> list[Table]:
    """Write a destination's firewall.

    :param destination: the service; without allowed sources it has no firewall.
    :return: one table for each family that it listens in: what is not let in is dropped, silently.
    """
    allowed = destination.allowed_sources
    return [] if allowed is None else [_firewall(allowed, family=family) for family in _families(destination)]


def _firewall(allowed: tuple[Network, ...], *, family: Family) -> Table:
    accept = [
        Rule(chain="INPUT", matches=(SourceIn(network),), verdict=Simple.ACCEPT)
        for network in allowed
        if network.version == family.version
    ]
    drop = Rule(chain="INPUT", matches=(ArrivesBy(_UPLINK),), verdict=Simple.DROP)
    return Table(family=family, name="firewall", chains=(Chain(name="INPUT", hook=Hook.INPUT),), rules=(*accept, drop))


def cloud_nat_tables(cloud_nat: CloudNat | None) -> list[Table]:
    """Write Cloud NAT's rules; IPv6 passes it untranslated, since Cloud NAT is for IPv4.

    :param cloud_nat: what it covers; ``None`` drops all that goes out.
    :return: one table.
    """
    covers = () if cloud_nat is None else cloud_nat.covers
    rules = [Rule(chain="FORWARD", matches=(LeavesBy(_UPLINK),), verdict=Simple.ACCEPT)]
    rules += [Rule(chain="FORWARD", matches=(SourceIn(network),), verdict=Simple.ACCEPT) for network in covers]
    rules += [Rule(chain="FORWARD", verdict=Simple.DROP)]
    rules += [Rule(chain="POSTROUTING", matches=(LeavesBy(_UPLINK),), verdict=Simple.ACCEPT)]
    if cloud_nat is not None:
        translate = SourceNat(cloud_nat.address)
        rules += [Rule(chain="POSTROUTING", matches=(SourceIn(network),), verdict=translate) for network in covers]
    chains = (Chain(name="FORWARD", hook=Hook.FORWARD), Chain(name="POSTROUTING", hook=Hook.POSTROUTING))
    return [Table(family=Family.IPV4, name="cloud-nat", chains=chains, rules=tuple(rules))]


def connection_tracking_tables(node: Node) -> list[Table]:
    """Write the rule that keeps a node's connection tracking awake, as kube-proxy's rules do on a real one.

    The kernel tracks nothing until some rule needs it; connections opened before that would be seen as new ones, and
    rewritten, once masquerading starts.

    :param node: the node.
    :return: one table for each family that it has.
    """
    rule = Rule(chain="FORWARD", matches=(ConnectionIsNew(),), verdict=Simple.ACCEPT)
    chains = (Chain(name="FORWARD", hook=Hook.FORWARD),)
    return [Table(family=family, name="tracking", chains=chains, rules=(rule,)) for family in _families(node)]
