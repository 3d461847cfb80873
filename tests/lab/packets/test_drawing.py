"""The drawing of a topology, and tables."""

from __future__ import annotations

from lab.packets.drawing import draw, table
from lab.packets.topology import IN_VPC, Topology, default_topology, gke_cluster


def test_every_part_is_drawn_with_its_address() -> None:
    """The drawing names every part, its address, the firewall and what Cloud NAT covers."""
    assert draw(default_topology(gke_cluster("blue", nodes=1, pods_per_node=1))) == (
        "blue-node-0-pod-0 192.168.0.2 --+\n"
        "    blue-node-0 10.128.0.2 --+\n"
        "        |\n"
        "vpc (router)\n"
        "  +-- on-premises 172.20.0.10, lets in 10.0.0.0/8\n"
        "  +-- in-vpc 10.200.0.20\n"
        "  +-- node-subnet 10.128.15.200\n"
        "  +-- cloud-nat 203.0.113.7, translates 10.128.0.0/20\n"
        "        +-- public 192.175.48.80\n"
    )


def test_without_cloud_nat_there_is_none_in_the_drawing() -> None:
    """A topology without Cloud NAT and clusters is a router with its destinations."""
    assert draw(Topology(destinations=(IN_VPC,), cloud_nat=None)) == "vpc (router)\n  +-- in-vpc 10.200.0.20\n"


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    """A table's columns line up, and no line ends in blanks."""
    assert table([("a", "bb"), ("ccc", "d")]) == "a    bb\nccc  d\n"
