"""Blueprints: what has to be built for a topology."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

from lab.packets.blueprint import Designer
from lab.packets.topology import GATEWAY, ROUTER, Topology, make_default_topology, make_gke_cluster


def test_interfaces_have_unique_numbers_for_a_labs_whole_life() -> None:
    """A cluster designed later, or designed again, never gets a number, name or hardware address that is in use."""
    designer = Designer()
    cluster = make_gke_cluster("blue", nodes=2, pods_per_node=2)
    backbone = designer.design_backbone(make_default_topology())
    blueprints = [backbone, designer.design_cluster(cluster), designer.design_cluster(cluster)]
    ends = [end for blueprint in blueprints for end in blueprint.link_ends]
    assert len({end.hardware_address for end in ends}) == len(ends)
    router = [end for end in ends if end.namespace == ROUTER]
    assert len({end.index for end in router}) == len({end.name for end in router}) == len(router)
    assert all(len(end.name) <= 15 for end in ends)


def test_a_nodes_block_is_routed_to_it_from_both_routers() -> None:
    """The VPC and Cloud NAT have routes to a node and to its Pods, and no others."""
    designer = Designer()
    backbone = designer.design_backbone(make_default_topology())
    cluster = designer.design_cluster(make_gke_cluster("blue", nodes=1, pods_per_node=1))
    for router in (ROUTER, GATEWAY):
        routes = {route.destination for route in cluster.routes if route.end.namespace == router}
        assert routes == {ip_network("10.128.0.2/32"), ip_network("192.168.0.0/26")}
    assert {route.destination for route in backbone.routes if route.end.namespace == GATEWAY} == {
        ip_network("10.128.0.1/32"),
        ip_network("192.175.48.80/32"),
    }


def test_ipv6_is_designed_only_if_requested() -> None:
    """Dual-stack clusters and destinations have IPv6 addresses; others have none."""
    assert not Designer().design_cluster(make_gke_cluster("blue")).ipv6
    assert not Designer().design_backbone(make_default_topology()).ipv6
    assert Designer().design_cluster(make_gke_cluster("blue", ipv6=True)).ipv6
    assert Designer().design_backbone(make_default_topology(ipv6=True)).ipv6


def test_the_networks_that_a_destination_stands_for_are_routed_to_it() -> None:
    """A public stand-in gets a route at the gateway, a private one gets routes at the router."""
    everything, private = ip_network("0.0.0.0/0"), ip_network("172.16.0.0/12")
    on_premises, _, _, public = make_default_topology().destinations
    destinations = (replace(on_premises, stands_for=(private,)), replace(public, stands_for=(everything,)))
    blueprint = Designer().design_backbone(Topology(destinations=destinations, cloud_nat=None))
    routes = {(route.end.namespace, route.destination, route.end.index) for route in blueprint.routes}
    links = {link.inner.namespace: link.outer for link in blueprint.links}
    assert (ROUTER, private, links[on_premises.name].index) in routes
    assert (GATEWAY, everything, links[public.name].index) in routes
    assert [name for name, table in blueprint.tables if table.name == "stand-in"] == [on_premises.name, public.name]
