"""Shows a packet lab: a drawing of it, and the source address that each destination sees from each Pod.

It starts itself again in a sandbox, and leaves nothing behind.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import TYPE_CHECKING, Final

from lab.packets.errors import LabError
from lab.packets.lab import PacketLab
from lab.packets.masquerade import MasqueradeChain
from lab.packets.observers import Observers
from lab.packets.prober import observe_all
from lab.packets.process_one import COULD_NOT_START
from lab.packets.sandbox import enter_or_continue
from lab.packets.topology import (
    GATEWAY,
    NODE_RANGE,
    POD_RANGE,
    ROUTER,
    Destination,
    Node,
    Pod,
    Topology,
    make_default_topology,
    make_gke_cluster,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

_DESCRIPTION: Final = """Build nodes, Pods, Cloud NAT and destinations as network namespaces of this machine, and show
which source address each destination sees from each Pod, with and without the IP masquerade agent's rules.

No packet leaves the machine, and nothing is left behind. Neither root nor any program except Python is needed."""

_EXAMPLES: Final = """examples:
  python -m lab.packets                          with and without, 3 nodes with 2 Pods each
  python -m lab.packets --masquerade off         see why the firewall of `on-premises` drops every packet
  python -m lab.packets --nodes 50 --pods 4      a larger cluster

A cell is the source address that the destination saw. It is `timeout` if the destination never saw the packet: a
firewall dropped it, or Cloud NAT does not cover its source."""

#: As Composer sets it up: everything is masqueraded except what stays in the cluster's own ranges.
_COMPOSER: Final = MasqueradeChain(non_masquerade=(POD_RANGE, NODE_RANGE))
_RULES: Final = {"off": None, "on": _COMPOSER}


def draw(topology: Topology) -> str:
    """Draw a topology in ASCII."""
    lines = []
    for cluster in topology.clusters:
        for node in cluster.nodes:
            lines += [f"{_describe(pod)} --+" for pod in node.pods]
            lines.append(f"    {_describe(node)} --+")
        lines.append(f"{'':8}|")
    lines.append(f"{ROUTER} (router)")
    lines += [f"  +-- {_describe(each)}" for each in topology.destinations if not each.public]
    if topology.cloud_nat is not None:
        covers = ", ".join(map(str, topology.cloud_nat.covers))
        lines.append(f"  +-- {GATEWAY} {topology.cloud_nat.address}, translates {covers}")
        lines += [
            f"        +-- {_describe(destination)}" for destination in topology.destinations if destination.public
        ]
    return "".join(f"{line}\n" for line in lines)


def _describe(part: Destination | Node | Pod) -> str:
    described = " ".join(str(each) for each in (part.name, part.address, part.ipv6_address) if each is not None)
    if isinstance(part, Destination) and part.allowed_sources is not None:
        described += f", lets in {', '.join(map(str, part.allowed_sources)) or 'nothing'}"
    return described


def format_table(rows: Sequence[Sequence[str]]) -> str:
    """Align rows, the heading first, in columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "".join(f"{line}\n" for line in lines)


async def _show(topology: Topology, *, states: tuple[str, ...]) -> None:
    with PacketLab(topology) as lab:
        async with Observers(lab):
            for state in states:
                for node in (node for cluster in lab.clusters for node in cluster.nodes):
                    lab.set_masquerade(node.name, _RULES[state])
                answers = await observe_all(lab)
                heading = ("from", *(f"{each.name} sees" for each in lab.destinations))
                table = format_table([heading, *((pod, *map(str, row.values())) for pod, row in answers.items())])
                sys.stdout.write(f"\nmasquerade {state}\n{table}")


def main() -> int:
    """Run the command line; return 0, or 125 if no lab can be built."""
    parser = argparse.ArgumentParser(
        prog="python -m lab.packets",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--nodes", type=int, default=3, help="number of nodes (default: 3)")
    parser.add_argument("--pods", type=int, default=2, help="number of Pods on each node, 32 at most (default: 2)")
    parser.add_argument("--masquerade", choices=tuple(_RULES), help="only with or only without the agent's rules")
    arguments = parser.parse_args()
    try:
        cluster = make_gke_cluster("cluster", nodes=arguments.nodes, pods_per_node=arguments.pods)
    except ValueError as error:
        parser.error(str(error))
    topology = make_default_topology(cluster)
    enter_or_continue()
    sys.stdout.write(draw(topology))
    try:
        asyncio.run(_show(topology, states=(arguments.masquerade,) if arguments.masquerade else tuple(_RULES)))
    except (LabError, OSError) as error:
        sys.stderr.write(f"lab: {error}\n")
        return COULD_NOT_START
    return 0


if __name__ == "__main__":
    sys.exit(main())
