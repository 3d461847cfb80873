"""How many destinations a second one compiled policy answers, beside others that know which range holds an address.

    ./scripts/bench prediction

All are asked the same: does the policy masquerade packets to this destination? Before anything is timed, their answers
are compared. The last line is one JSON object; what concerns pytricia is ``null`` where it is not installed.
"""

from __future__ import annotations

import importlib
import ipaddress
import json
import random
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from netaddr import IPAddress, IPNetwork, IPSet

from airflow_masq.network import Chain, MasqueradePolicy, compile_policy, exemptions
from airflow_masq.network.policy import LINK_LOCAL

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_masq.network import CompiledPolicy

    Answer = Callable[[], list[bool]]

SEED = 20261122
RUNS = 7
DESTINATIONS = 400_000
SHARE_OF_PEERS = 20_000
SHARE_OF_STANDARD_LIBRARY = 1_000
SHORTEST_PREFIX = 12
ADDRESS_BITS = 32


@dataclass(frozen=True, kw_only=True)
class Task:
    """One policy, and the destinations to ask it about.

    :param cidrs: the ranges that keep the Pod's address.
    :param numbers: destinations, half of them anywhere and half at the borders of the ranges.
    :param texts: the same, written out.
    """

    cidrs: tuple[IPNetwork, ...]
    numbers: list[int]
    texts: list[str]


def make_task(size: int) -> Task:
    """Make a policy of a number of CIDRs, all prefix lengths from 12 to 32 alike."""
    chance = random.Random(SEED + size)  # noqa: S311 - to repeat a measurement, not to keep a secret
    cidrs = [random_cidr(chance) for _ in range(size)]
    borders = [border + step for cidr in cidrs for border in (cidr.first, cidr.last) for step in (-1, 0, 1)]
    anywhere = [chance.getrandbits(ADDRESS_BITS) for _ in range(DESTINATIONS // 2)]
    numbers = anywhere + [int(border) % 2**ADDRESS_BITS for border in chance.choices(borders, k=DESTINATIONS // 2)]
    chance.shuffle(numbers)
    texts = [str(ipaddress.IPv4Address(number)) for number in numbers]
    return Task(cidrs=(LINK_LOCAL, *cidrs), numbers=numbers, texts=texts)


def random_cidr(chance: random.Random) -> IPNetwork:
    """Draw an aligned CIDR."""
    prefix_length = chance.randint(SHORTEST_PREFIX, ADDRESS_BITS)
    host_bits = ADDRESS_BITS - prefix_length
    return IPNetwork((chance.getrandbits(prefix_length) << host_bits, prefix_length), version=4)


def compiled_policy(task: Task) -> CompiledPolicy:
    """Compile the task's policy."""
    listed = exemptions(task.cidrs, origin="the benchmark")
    return compile_policy(MasqueradePolicy(name="benchmark", chains=(Chain(name="IP-MASQ", exemptions=listed),)))


def ours(task: Task, *, name: str) -> dict[str, Answer]:
    """Give a compiled policy, asked by numbers and by texts."""
    compiled = compiled_policy(task)
    return {
        f"{name} by numbers": lambda: compiled.masquerades(task.numbers),
        f"{name} by texts": lambda: compiled.masquerades_texts(task.texts),
    }


def netaddr_set(task: Task) -> dict[str, Answer]:
    """Give netaddr's IPSet, asked by addresses that were made before."""
    holding = IPSet(task.cidrs)
    addresses = [IPAddress(number, version=4) for number in task.numbers[:SHARE_OF_PEERS]]
    return {"netaddr": lambda: [address not in holding for address in addresses]}


def standard_library(task: Task) -> dict[str, Answer]:
    """Give a walk through the ranges with the standard library, asked by addresses that were made before."""
    holding = [ipaddress.IPv4Network(str(cidr)) for cidr in task.cidrs]
    addresses = [ipaddress.IPv4Address(number) for number in task.numbers[:SHARE_OF_STANDARD_LIBRARY]]
    return {"ipaddress": lambda: [not any(address in network for network in holding) for address in addresses]}


def pytricia_tree(task: Task) -> dict[str, Answer]:
    """Give pytricia's tree, asked by numbers and by texts; nothing where it is not installed."""
    try:
        tree = importlib.import_module("pytricia").PyTricia()
    except ImportError:
        return {}
    for cidr in task.cidrs:
        tree[str(cidr)] = True
    return {
        "pytricia by numbers": lambda: [number not in tree for number in task.numbers],
        "pytricia by texts": lambda: [text not in tree for text in task.texts],
    }


def expect_same(task: Task, contestants: dict[str, Answer]) -> None:
    """Compare all answers with those of a compiled policy, since speed is worth nothing without them."""
    right = compiled_policy(task).masquerades(task.numbers)
    for name, answer in contestants.items():
        answers = answer()
        if answers != right[: len(answers)]:
            raise SystemExit(f"{name} answers otherwise than the compiled policy")


def answers_per_second(contestants: dict[str, Answer]) -> dict[str, int]:
    """Time all contestants in turns, so that what else the machine does meets all of them alike.

    :return: for each its answers in a second of one core, the median of its runs.
    """
    rates: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(RUNS):
        for name, answer in contestants.items():
            started = time.process_time()
            number = len(answer())
            rates[name].append(number / (time.process_time() - started))
    return {name: round(statistics.median(measured)) for name, measured in rates.items()}


def ratio(rates: dict[str, int], name: str, peer: str) -> float | None:
    """Say how many times as fast as a peer; ``None`` where there is no peer."""
    return round(rates[name] / rates[peer], 2) if peer in rates else None


def main() -> None:
    """Measure, and print what was measured."""
    small, large = make_task(16), make_task(1000)
    of_small = ours(small, name="16 CIDRs")
    of_large = ours(large, name="1000 CIDRs") | netaddr_set(large) | standard_library(large) | pytricia_tree(large)
    expect_same(small, of_small)
    expect_same(large, of_large)
    rates = answers_per_second(of_small | of_large)
    print(f"destinations in a second of one core (medians of {RUNS}); the peers hold the same 1,000 CIDRs")
    for name, rate in rates.items():
        print(f"  {name:<22}{rate:>12,}")
    result = {
        "per_second_16": rates["16 CIDRs by numbers"],
        "per_second_1000": rates["1000 CIDRs by numbers"],
        "slowdown_1000": ratio(rates, "16 CIDRs by numbers", "1000 CIDRs by numbers"),
        "strings_per_second": rates["1000 CIDRs by texts"],
        "vs_netaddr": ratio(rates, "1000 CIDRs by numbers", "netaddr"),
        "vs_standard_library": ratio(rates, "1000 CIDRs by numbers", "ipaddress"),
        "vs_pytricia": ratio(rates, "1000 CIDRs by numbers", "pytricia by numbers"),
        "strings_vs_pytricia": ratio(rates, "1000 CIDRs by texts", "pytricia by texts"),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
