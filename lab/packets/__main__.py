"""Shows a packet lab: its drawing, and which source address every destination sees from every Pod.

It starts over in a sandbox by itself, and ends without a trace.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import Final

from lab.packets.drawing import draw, table
from lab.packets.errors import LabError
from lab.packets.lab import PacketLab
from lab.packets.masquerade import MasqueradeChain
from lab.packets.observers import Observers
from lab.packets.prober import matrix
from lab.packets.process_one import COULD_NOT_START
from lab.packets.sandbox import enter_or_continue
from lab.packets.topology import NODE_RANGE, POD_RANGE, Topology, default_topology, gke_cluster

_DESCRIPTION: Final = """Build nodes, Pods, Cloud NAT and destinations as network namespaces of this machine, and show
which source address each destination sees from each Pod: with the IP masquerade agent's rules, and without.

Nothing leaves the machine, and nothing stays behind. It needs neither root nor any program but Python."""

_EXAMPLES: Final = """examples:
  python -m lab.packets                          both ways, 3 nodes with 2 Pods each
  python -m lab.packets --masquerade off         why the firewall of `on-premises` lets nobody in
  python -m lab.packets --nodes 50 --pods 4      a larger cluster

a cell is the source address that the destination saw, or `timeout` where it never saw the packet, since a firewall
dropped it, or Cloud NAT does not cover its source"""

#: As Composer sets it up: all is masqueraded but what stays in the cluster's own ranges.
_COMPOSER: Final = MasqueradeChain(non_masquerade=(POD_RANGE, NODE_RANGE))
_RULES: Final = {"off": None, "on": _COMPOSER}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m lab.packets",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--nodes", type=int, default=3, help="how many nodes (default: 3)")
    parser.add_argument("--pods", type=int, default=2, help="how many Pods on each node, 32 at most (default: 2)")
    parser.add_argument("--masquerade", choices=tuple(_RULES), help="only with or only without the agent's rules")
    return parser


async def _show(topology: Topology, *, states: tuple[str, ...]) -> None:
    with PacketLab(topology) as lab:
        async with Observers(lab):
            for state in states:
                for node in (node for cluster in lab.clusters for node in cluster.nodes):
                    lab.set_masquerade(node.name, _RULES[state])
                sys.stdout.write(f"\nmasquerade {state}\n{await _answers(lab)}")


async def _answers(lab: PacketLab) -> str:
    answers = await matrix(lab)
    heading = ("from", *(f"{each.name} sees" for each in lab.destinations))
    return table([heading, *((pod, *map(str, row.values())) for pod, row in answers.items())])


def main() -> int:
    """Run the command line.

    :return: 0, or 2 for wrong usage and 125 where no lab can be built.
    """
    parser = _parser()
    arguments = parser.parse_args()
    try:
        topology = default_topology(gke_cluster("cluster", nodes=arguments.nodes, pods_per_node=arguments.pods))
    except ValueError as error:
        parser.error(str(error))
    enter_or_continue()
    states = (arguments.masquerade,) if arguments.masquerade else tuple(_RULES)
    sys.stdout.write(draw(topology))
    try:
        asyncio.run(_show(topology, states=states))
    except (LabError, OSError) as error:
        sys.stderr.write(f"lab: {error}\n")
        return COULD_NOT_START
    return 0


if __name__ == "__main__":
    sys.exit(main())
