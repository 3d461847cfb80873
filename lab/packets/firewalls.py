"""The rules of firewalls, Cloud NAT, Services and connection tracking, as values; masquerading has its own module."""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING

from lab.packets.nftables import (
    ACCEPT,
    DROP,
    Chain,
    Family,
    Hook,
    Rule,
    Table,
    masquerade,
    match_destination,
    match_input_interface,
    match_new_connection,
    match_output_interface,
    match_source,
    translate_destination,
    translate_source,
)
from lab.packets.topology import Address, CloudNat, Destination, Network, Node

if TYPE_CHECKING:
    from collections.abc import Mapping
    from ipaddress import IPv4Address

#: The interface of a destination, and of the gateway towards the VPC.
_UPLINK = "eth0"


def make_firewall_tables(destination: Destination) -> list[Table]:
    """Write a destination's firewall, which drops silently everything that is not in ``allowed_sources``.

    :return: one table for each family, which replaces what was there; an empty one if there is no firewall.
    """
    tables = []
    for family in _list_families(destination):
        if destination.allowed_sources is None:
            tables.append(Table(family=family, name="firewall"))
            continue
        rules = [
            Rule(chain="INPUT", matches=(match_source(network),), verdict=ACCEPT)
            for network in destination.allowed_sources
            if network.version == family.version
        ]
        rules.append(Rule(chain="INPUT", matches=(match_input_interface(_UPLINK),), verdict=DROP))
        chains = (Chain(name="INPUT", hook=Hook.INPUT),)
        tables.append(Table(family=family, name="firewall", chains=chains, rules=tuple(rules)))
    return tables


def make_cloud_nat_tables(
    cloud_nat: CloudNat | None, *, external_addresses: Mapping[IPv4Address, IPv4Address] | None = None
) -> list[Table]:
    """Write the gateway's rules towards the internet; IPv6 passes without translation [source: cloud-nat-ipv4].

    :param cloud_nat: ``None`` drops everything that goes out and has no external address.
    :param external_addresses: the external addresses of public nodes by their own addresses. They are translated one to
        one before Cloud NAT, and also without it [source: cloud-nat-external-first, vpc-alias-nat].
    """
    translations = {ip_network(own): translate_source(each) for own, each in (external_addresses or {}).items()}
    if cloud_nat is not None:
        by_gateway = translate_source(cloud_nat.address, ports=cloud_nat.ports)
        translations = {**dict.fromkeys(cloud_nat.covers, by_gateway), **translations}
    networks = sorted(translations, key=lambda network: network.prefixlen, reverse=True)
    to_vpc = (match_output_interface(_UPLINK),)
    rules = [Rule(chain="FORWARD", matches=to_vpc, verdict=ACCEPT)]
    rules += [Rule(chain="FORWARD", matches=(match_source(network),), verdict=ACCEPT) for network in networks]
    rules += [Rule(chain="FORWARD", verdict=DROP)]
    rules += [Rule(chain="POSTROUTING", matches=to_vpc, verdict=ACCEPT)]
    rules += [
        Rule(chain="POSTROUTING", matches=(match_source(network),), verdict=translations[network])
        for network in networks
    ]
    chains = (Chain(name="FORWARD", hook=Hook.FORWARD), Chain(name="POSTROUTING", hook=Hook.POSTROUTING))
    return [Table(family=Family.IPV4, name="cloud-nat", chains=chains, rules=tuple(rules))]


def make_connection_tracking_tables(node: Node) -> list[Table]:
    """Write the rule that keeps connection tracking active on a node, as kube-proxy's rules do on a real one.

    The kernel tracks connections only while a rule needs it. Without this rule, connections that were opened before
    masquerading starts would look new and be rewritten.
    """
    rule = Rule(chain="FORWARD", matches=(match_new_connection(),), verdict=ACCEPT)
    chains = (Chain(name="FORWARD", hook=Hook.FORWARD),)
    return [Table(family=family, name="tracking", chains=chains, rules=(rule,)) for family in _list_families(node)]


def make_stand_in_tables(destination: Destination) -> list[Table]:
    """Write the rules by which a destination answers for the networks in ``stands_for``.

    Packets to them are redirected to the address on which it listens. Their source does not change, so its socket sees
    the source that arrived.
    """
    if not destination.stands_for:
        return []
    listening = {address.version: address for address in (destination.address, destination.ipv6_address) if address}
    targets = {network: listening[network.version] for network in destination.stands_for}
    chains = (Chain(name="PREROUTING", hook=Hook.PREROUTING),)
    return [
        Table(family=family, name="stand-in", chains=chains, rules=_redirect(targets, chains=chains, family=family))
        for family in _list_families(destination)
    ]


def make_interception_tables(node: Node, proxies: Mapping[Address, Address]) -> list[Table]:
    """Write the rules by which a node hands its Pods' connections to a proxy; its own connections stay as they are.

    :param proxies: the address on which a proxy listens, by the destination that it intercepts; ports do not change.
    :return: one table for each family, which replaces what was there.
    """
    targets = {ip_network(destination): proxy for destination, proxy in proxies.items()}
    chains = (Chain(name="PREROUTING", hook=Hook.PREROUTING),)
    return [
        Table(family=family, name="interception", chains=chains, rules=_redirect(targets, chains=chains, family=family))
        for family in _list_families(node)
    ]


def make_service_tables(
    node: Node, services: Mapping[Address, Address], *, masquerades_loops: bool = True
) -> list[Table]:
    """Write kube-proxy's rules on a node, which come before all others: a ClusterIP leads to the endpoint behind it.

    If the endpoint is the sender itself, its packets get an address of the node. The mark of kube-proxy is not needed
    here: no other packet has one address at both ends [source: k8s-virtual-ips, kube-proxy-loopback].

    :param services: one endpoint of the same family for each ClusterIP; the port stays the same.
    :param masquerades_loops: whether packets from an endpoint to itself get the node's address.
    :return: one table for each family, which replaces what was there.
    """
    targets = {ip_network(cluster_ip): endpoint for cluster_ip, endpoint in services.items()}
    endpoints = [ip_network(endpoint) for endpoint in dict.fromkeys(services.values())] if masquerades_loops else []
    redirecting = (Chain(name="PREROUTING", hook=Hook.PREROUTING), Chain(name="OUTPUT", hook=Hook.OUTPUT))
    chains = (*redirecting, Chain(name="POSTROUTING", hook=Hook.POSTROUTING))
    tables = []
    for family in _list_families(node):
        loops = (
            Rule(
                chain="POSTROUTING",
                matches=(match_source(endpoint), match_destination(endpoint)),
                verdict=masquerade(random_fully=True),
            )
            for endpoint in endpoints
            if endpoint.version == family.version
        )
        rules = (*_redirect(targets, chains=redirecting, family=family), *loops)
        tables.append(Table(family=family, name="services", chains=chains, rules=rules))
    return tables


def _list_families(part: Destination | Node) -> tuple[Family, ...]:
    return (Family.IPV4,) if part.ipv6_address is None else (Family.IPV4, Family.IPV6)


def _redirect(targets: Mapping[Network, Address], *, chains: tuple[Chain, ...], family: Family) -> tuple[Rule, ...]:
    return tuple(
        Rule(chain=chain.name, matches=(match_destination(network),), verdict=translate_destination(address))
        for chain in chains
        for network, address in targets.items()
        if network.version == family.version
    )
