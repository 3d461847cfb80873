"""Measures how fast the packet lab is built, compared with iproute2, and whether first connections arrive.

    ./scripts/bench lab

It starts itself again in a sandbox. Its last line is one JSON object; ``peer`` is ``null`` if ``ip`` is missing.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

# This file has the same name as the package that it measures.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lab.packets.blueprint import Blueprint, Designer
from lab.packets.lab import PacketLab
from lab.packets.masquerade import MasqueradeChain
from lab.packets.observers import Observers
from lab.packets.prober import observe
from lab.packets.sandbox import enter_or_continue
from lab.packets.system_calls import MountFlags, mount
from lab.packets.topology import IN_VPC, NODE_RANGE, POD_RANGE, Topology, make_default_topology, make_gke_cluster

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


BUILDS = 5
LARGE_BUILDS = 3
FRESH_LABS = 25
PODS_PER_FRESH_LAB = 12

COMPOSER = MasqueradeChain(non_masquerade=(POD_RANGE, NODE_RANGE))


def make_topology(*, nodes: int, pods_per_node: int) -> Topology:
    """Make the demo's topology with a cluster of that size."""
    return make_default_topology(make_gke_cluster("bench", nodes=nodes, pods_per_node=pods_per_node))


def measure_median(build: Callable[[], float], *, times: int) -> float:
    """Return the median of several measurements."""
    return round(statistics.median(build() for _ in range(times)), 4)


def measure_build(*, nodes: int, pods_per_node: int) -> float:
    """Return the seconds that one build of a lab takes, with masquerading on every node."""
    layout = make_topology(nodes=nodes, pods_per_node=pods_per_node)
    started = time.perf_counter()
    with PacketLab(layout) as lab:
        for node in layout.clusters[0].nodes:
            lab.set_masquerade(node.name, COMPOSER)
        return time.perf_counter() - started


async def count_first_connections() -> tuple[int, int]:
    """Connect once from every Pod of new labs; return how many connections were made, and how many had no answer.

    The timeout is shorter than the time after which the kernel sends a lost packet again.
    """
    answers = []
    for index in range(FRESH_LABS):
        cluster = make_gke_cluster(f"fresh-{index}", nodes=3, pods_per_node=PODS_PER_FRESH_LAB // 3)
        with PacketLab(make_default_topology(cluster)) as lab:
            async with Observers(lab):
                answers += await asyncio.gather(*(observe(lab, pod.name, destination=IN_VPC) for pod in cluster.pods))
    return len(answers), sum(answer.observed is None for answer in answers)


def measure_iproute2(program: str, *, nodes: int, pods_per_node: int) -> float:
    """Return the seconds that iproute2 takes for the same blueprint, without rules: one ``ip -batch`` per namespace."""
    layout = make_topology(nodes=nodes, pods_per_node=pods_per_node)
    designer = Designer()
    parts = [designer.design_backbone(layout), *map(designer.design_cluster, layout.clusters)]
    names = [name for part in parts for name in part.namespaces]
    started = time.perf_counter()
    run_batch(
        [program], [f"netns add {name}" for name in names] + [line for part in parts for line in write_links(part)]
    )
    for name, lines in write_configuration(parts).items():
        run_batch([program, "-n", name], lines)
    seconds = time.perf_counter() - started
    run_batch([program], [f"netns del {name}" for name in names])
    return seconds


def write_links(part: Blueprint) -> Iterator[str]:
    """Write the iproute2 commands that make a blueprint's links."""
    for link in part.links:
        (inner, inner_address), (outer, outer_address) = (
            (end, end.hardware_address.hex(":")) for end in (link.inner, link.outer)
        )
        yield (
            f"link add {inner.name} netns {inner.namespace} address {inner_address} type veth "
            f"peer name {outer.name} netns {outer.namespace} address {outer_address}"
        )


def write_configuration(parts: list[Blueprint]) -> dict[str, list[str]]:
    """Write the iproute2 commands, by namespace, for the state, neighbours, addresses and routes of links."""
    lines: defaultdict[str, list[str]] = defaultdict(list)
    interfaces = {(name, 1): "lo" for part in parts for name in part.namespaces}
    for end in (end for part in parts for end in part.link_ends):
        interfaces[end.namespace, end.index] = end.name
        neighbour = f"neigh replace 169.254.1.1 lladdr {end.opposite_hardware_address.hex(':')} dev {end.name}"
        lines[end.namespace] += [f"link set {end.name} up", f"{neighbour} nud permanent"]
    for part in parts:
        for assigned in part.addresses:
            device = interfaces[assigned.namespace, assigned.index]
            lines[assigned.namespace].append(f"addr add {assigned.address} dev {device}")
        for route in part.routes:
            command = f"route add {route.destination} via 169.254.1.1 dev {route.end.name} onlink"
            lines[route.end.namespace].append(command)
    return lines


def run_batch(command: list[str], lines: list[str]) -> None:
    """Run commands with iproute2."""
    subprocess.run([*command, "-batch", "-"], input="\n".join(lines), text=True, check=True)  # noqa: S603 - iproute2


def measure_peer(*, ours: float) -> dict[str, float] | None:
    """Return iproute2's seconds, and their ratio to ours for the same lab; ``None`` if it is not installed."""
    program = shutil.which("ip", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if program is None:
        return None
    mount(
        "none", "/run", kind="tmpfs", flags=MountFlags(0)
    )  # ip keeps its namespaces in this directory, which is the sandbox's own
    seconds = measure_median(lambda: measure_iproute2(program, nodes=3, pods_per_node=2), times=BUILDS)
    return {"iproute2_build_3x2_s": seconds, "ratio": round(seconds / ours, 2)}


def main() -> None:
    """Measure, and print the results."""
    enter_or_continue()
    small = measure_median(lambda: measure_build(nodes=3, pods_per_node=2), times=BUILDS)
    print(f"3 nodes x 2 Pods, 4 destinations: {small} s (median of {BUILDS})")
    peer = measure_peer(ours=small)
    print(f"the same by iproute2, without rules: {peer or 'ip is not installed'}")
    connections, lost = asyncio.run(count_first_connections())
    print(f"first connections in {FRESH_LABS} new labs: {connections}, lost: {lost}")
    large = measure_median(lambda: measure_build(nodes=50, pods_per_node=4), times=LARGE_BUILDS)
    print(f"50 nodes x 4 Pods, 4 destinations: {large} s (median of {LARGE_BUILDS})")
    result = {
        "build_3x2_s": small,
        "build_50x4_s": large,
        "first_connections": connections,
        "first_connections_lost": lost,
        "peer": peer,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
