"""The rules of everything but the masquerade agent: firewalls, Cloud NAT, Services, and the nodes' own tracking.

Like :mod:`lab.packets.masquerade` it makes values and must not talk to the kernel.
"""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network
from typing import TYPE_CHECKING

from lab.packets.expressions import (
    ArrivesBy,
    ConnectionIsNew,
    DestinationIn,
    DestinationNat,
    Family,
    LeavesBy,
    Masquerade,
    Simple,
    SourceIn,
    SourceNat,
)
from lab.packets.nftables import Chain, Hook, Rule, Table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from ipaddress import IPv4Address

    from lab.packets.topology import Address, CloudNat, Destination, Network, Node

#: The interface of a destination, and of the gateway towards the VPC.
_UPLINK = "eth0"


def _families(part: Destination | Node) -> tuple[Family, ...]:
    return (Family.IPV4,) if part.ipv6_address is None else (Family.IPV4, Family.IPV6)


def firewall_tables(destination: Destination) -> list[Table]:
    """Write a destination's firewall.

    :param destination: the service; without allowed sources it has no firewall.
    :return: one table for each family that it listens in: what is not let in is dropped, silently.
    """
    return [_firewall(destination.allowed_sources, family=family) for family in _families(destination)]


def _firewall(allowed: tuple[Network, ...] | None, *, family: Family) -> Table:
    if allowed is None:
        return Table(family=family, name="firewall")
    accept = [
        Rule(chain="INPUT", matches=(SourceIn(network),), verdict=Simple.ACCEPT)
        for network in allowed
        if network.version == family.version
    ]
    drop = Rule(chain="INPUT", matches=(ArrivesBy(_UPLINK),), verdict=Simple.DROP)
    return Table(family=family, name="firewall", chains=(Chain(name="INPUT", hook=Hook.INPUT),), rules=(*accept, drop))


def cloud_nat_tables(
    cloud_nat: CloudNat | None, *, external_addresses: Mapping[IPv4Address, IPv4Address] | None = None
) -> list[Table]:
    """Write the rules of the way to the internet; IPv6 passes it untranslated, since Cloud NAT is for IPv4.

    :param cloud_nat: what it covers; ``None`` drops all that goes out and has no external address.
    :param external_addresses: public nodes' external addresses by their own: translated one to one, before Cloud NAT
        and without it (https://cloud.google.com/nat/docs/overview, read 2026-11-22).
    :return: one table.
    """
    translations = {ip_network(own): external for own, external in (external_addresses or {}).items()}
    if cloud_nat is not None:
        translations = {**dict.fromkeys(cloud_nat.covers, cloud_nat.address), **translations}
    first = sorted(translations, key=lambda network: network.prefixlen, reverse=True)
    rules = [Rule(chain="FORWARD", matches=(LeavesBy(_UPLINK),), verdict=Simple.ACCEPT)]
    rules += [Rule(chain="FORWARD", matches=(SourceIn(network),), verdict=Simple.ACCEPT) for network in first]
    rules += [Rule(chain="FORWARD", verdict=Simple.DROP)]
    rules += [Rule(chain="POSTROUTING", matches=(LeavesBy(_UPLINK),), verdict=Simple.ACCEPT)]
    rules += [
        Rule(chain="POSTROUTING", matches=(SourceIn(network),), verdict=SourceNat(translations[network]))
        for network in first
    ]
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


def stand_in_tables(destination: Destination) -> list[Table]:
    """Write the rules by which a destination answers for addresses that are not its own.

    What arrives for them is led to the one address on which it listens. The source is left alone, so what its socket
    sees is what arrived.

    :param destination: the service.
    :return: one table for each family that it listens in; none if it stands for nobody.
    """
    if not destination.stands_for:
        return []
    listening = {address.version: address for address in (destination.address, destination.ipv6_address) if address}
    leads = {network: listening[network.version] for network in destination.stands_for}
    chains = (Chain(name="PREROUTING", hook=Hook.PREROUTING),)
    return [_redirection("stand-in", leads, chains=chains, family=family) for family in _families(destination)]


def service_tables(node: Node, services: Mapping[Address, Address], *, masquerades_loops: bool = True) -> list[Table]:
    """Write what kube-proxy does on a node: a ClusterIP leads to the endpoint behind it, before all else.

    What comes back to its sender that way gets an address of the node, by "-s ENDPOINT -j KUBE-MARK-MASQ"
    (https://github.com/kubernetes/kubernetes, pkg/proxy/iptables/proxier.go, "Handle traffic that loops back to the
    originator with SNAT"; read 2026-11-25). Here no mark is needed: nothing else has one address at both ends.

    :param node: the node.
    :param services: for each ClusterIP one endpoint, of the same family; the port stays the same.
    :param masquerades_loops: whether the node does the latter, default it does.
    :return: one table for each family that the node has, which replaces what was there.
    """
    leads = {ip_network(cluster_ip): endpoint for cluster_ip, endpoint in services.items()}
    chains = (Chain(name="PREROUTING", hook=Hook.PREROUTING), Chain(name="OUTPUT", hook=Hook.OUTPUT))
    tables = [_redirection("services", leads, chains=chains, family=family) for family in _families(node)]
    endpoints = dict.fromkeys(leads.values()) if masquerades_loops else {}
    return [_with_loops_masqueraded(table, [ip_network(endpoint) for endpoint in endpoints]) for table in tables]


def _with_loops_masqueraded(table: Table, endpoints: list[Network]) -> Table:
    chain = Chain(name="POSTROUTING", hook=Hook.POSTROUTING)
    rules = tuple(
        Rule(
            chain=chain.name,
            matches=(SourceIn(endpoint), DestinationIn(endpoint)),
            verdict=Masquerade(random_fully=True),
        )
        for endpoint in endpoints
        if endpoint.version == table.family.version
    )
    return replace(table, chains=(*table.chains, chain), rules=(*table.rules, *rules))


def _redirection(name: str, leads: Mapping[Network, Address], *, chains: tuple[Chain, ...], family: Family) -> Table:
    rules = tuple(
        Rule(chain=chain.name, matches=(DestinationIn(network),), verdict=DestinationNat(address))
        for chain in chains
        for network, address in leads.items()
        if network.version == family.version
    )
    return Table(family=family, name=name, chains=chains, rules=rules)
