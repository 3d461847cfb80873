"""Draws a topology for people, in ASCII."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.packets.topology import GATEWAY, ROUTER, Address, Cluster, Destination, Topology

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def draw(topology: Topology) -> str:
    """Draw a topology.

    :param topology: the lab's.
    :return: lines, the last one ended too.
    """
    private = [destination for destination in topology.destinations if not destination.public]
    public = [destination for destination in topology.destinations if destination.public]
    lines = [line for cluster in topology.clusters for line in _draw_cluster(cluster)]
    lines += [f"{ROUTER} (router)"]
    lines += [f"  +-- {_describe(destination)}" for destination in private]
    if topology.cloud_nat is not None:
        covers = ", ".join(map(str, topology.cloud_nat.covers))
        lines += [f"  +-- {GATEWAY} {topology.cloud_nat.address}, translates {covers}"]
        lines += [f"        +-- {_describe(destination)}" for destination in public]
    return "".join(f"{line}\n" for line in lines)


def _draw_cluster(cluster: Cluster) -> Iterable[str]:
    for node in cluster.nodes:
        for pod in node.pods:
            yield f"{pod.name} {_addresses(pod.address, pod.ipv6_address)} --+"
        yield f"    {node.name} {_addresses(node.address, node.ipv6_address)} --+"
    yield f"{'':8}|"


def _describe(destination: Destination) -> str:
    firewall = ""
    if destination.allowed_sources is not None:
        firewall = f", lets in {', '.join(map(str, destination.allowed_sources)) or 'nobody'}"
    return f"{destination.name} {_addresses(destination.address, destination.ipv6_address)}{firewall}"


def _addresses(*addresses: Address | None) -> str:
    return " ".join(str(address) for address in addresses if address is not None)


def table(rows: Sequence[Sequence[str]]) -> str:
    """Set rows in columns.

    :param rows: the cells, the heading first; each row has the same number.
    :return: lines, the last one ended too.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "".join(f"{line}\n" for line in lines)
