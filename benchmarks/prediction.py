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
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from netaddr import IPAddress, IPNetwork, IPSet

from airflow_masq.network.compiled import CompiledPolicy, compile_policy
from airflow_masq.network.policy import LINK_LOCAL, Chain, MasqueradePolicy, exemptions

if TYPE_CHECKING:
    from collections.abc import Callable

    Answer = Callable[[], list[bool]]

SEED = 20261122
SIZES = (16, 1000)
RUNS = 30
DESTINATIONS = 100_000
SHARE_OF_PEERS = 4_000
SHARE_OF_STANDARD_LIBRARY = 200
ADDRESS_BITS = 32
ALL_PREFIXES = (12, ADDRESS_BITS)
LONG_PREFIXES = (25, 30)


@dataclass(frozen=True, kw_only=True)
class Task:
    """One policy, and the destinations to ask it about.

    :param cidrs: the ranges that keep the Pod's address.
    :param numbers: destinations.
    :param texts: the same, written out.
    """

    cidrs: tuple[IPNetwork, ...]
    numbers: list[int]
    texts: list[str]


def make_task(size: int) -> Task:
    """Make a policy of a number of CIDRs of all lengths alike, asked half anywhere and half at the ranges' borders."""
    chance = random.Random(SEED + size)  # noqa: S311 - to repeat a measurement, not to keep a secret
    cidrs = [random_cidr(chance, *ALL_PREFIXES) for _ in range(size)]
    borders = [border + step for cidr in cidrs for border in (cidr.first, cidr.last) for step in (-1, 0, 1)]
    anywhere = [chance.getrandbits(ADDRESS_BITS) for _ in range(DESTINATIONS // 2)]
    numbers = anywhere + [int(border) % 2**ADDRESS_BITS for border in chance.choices(borders, k=DESTINATIONS // 2)]
    chance.shuffle(numbers)
    return task_of(cidrs, numbers)


def make_hard_task(size: int) -> Task:
    """Make a policy of long prefixes, asked inside its ranges only, so that every question goes down to the last table.

    Whatever is remembered of one destination helps little with the next, which is in another range far away.
    """
    chance = random.Random(SEED + size)  # noqa: S311 - as above
    cidrs = [random_cidr(chance, *LONG_PREFIXES) for _ in range(size)]
    numbers = [chance.randint(int(cidr.first), int(cidr.last)) for cidr in chance.choices(cidrs, k=DESTINATIONS)]
    return task_of(cidrs, numbers)


def task_of(cidrs: list[IPNetwork], numbers: list[int]) -> Task:
    """Write out the destinations."""
    texts = [str(ipaddress.IPv4Address(number)) for number in numbers]
    return Task(cidrs=(LINK_LOCAL, *cidrs), numbers=numbers, texts=texts)


def random_cidr(chance: random.Random, shortest: int, longest: int) -> IPNetwork:
    """Draw an aligned CIDR whose prefix has one of some lengths."""
    prefix_length = chance.randint(shortest, longest)
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

    :return: for each its answers in a second of one core in its fastest run, since all that others do only slows.
    """
    rates = dict.fromkeys(contestants, 0.0)
    for _ in range(RUNS):
        for name, answer in contestants.items():
            started = time.process_time()
            number = len(answer())
            rates[name] = max(rates[name], number / (time.process_time() - started))
    return {name: round(rate) for name, rate in rates.items()}


def ratio(rates: dict[str, int], name: str, peer: str) -> float | None:
    """Say how many times as fast as a peer; ``None`` where there is no peer."""
    return round(rates[name] / rates[peer], 2) if peer in rates else None


def measure() -> dict[str, int]:
    """Compare all answers, then time them."""
    contestants: dict[str, Answer] = {}
    for kind, make in (("CIDRs", make_task), ("long CIDRs", make_hard_task)):
        for size in SIZES:
            task = make(size)
            asked = ours(task, name=f"{size} {kind}")
            if (kind, size) == ("CIDRs", SIZES[-1]):
                asked |= netaddr_set(task) | standard_library(task) | pytricia_tree(task)
            expect_same(task, asked)
            contestants |= asked
    return answers_per_second(contestants)


def main() -> None:
    """Measure, and print what was measured."""
    rates = measure()
    print(f"destinations in a second of one core (fastest of {RUNS} runs); the peers hold the same 1000 CIDRs")
    for name, rate in rates.items():
        print(f"  {name:<27}{rate:>12,}")
    result = {
        "per_second_16": rates["16 CIDRs by numbers"],
        "per_second_1000": rates["1000 CIDRs by numbers"],
        "slowdown_1000": ratio(rates, "16 CIDRs by numbers", "1000 CIDRs by numbers"),
        "strings_per_second": rates["1000 CIDRs by texts"],
        "strings_slowdown_1000": ratio(rates, "16 CIDRs by texts", "1000 CIDRs by texts"),
        "long_prefixes_per_second_1000": rates["1000 long CIDRs by numbers"],
        "long_prefixes_slowdown_1000": ratio(rates, "16 long CIDRs by numbers", "1000 long CIDRs by numbers"),
        "long_prefixes_strings_slowdown_1000": ratio(rates, "16 long CIDRs by texts", "1000 long CIDRs by texts"),
        "vs_netaddr": ratio(rates, "1000 CIDRs by numbers", "netaddr"),
        "vs_standard_library": ratio(rates, "1000 CIDRs by numbers", "ipaddress"),
        "vs_pytricia": ratio(rates, "1000 CIDRs by numbers", "pytricia by numbers"),
        "strings_vs_pytricia": ratio(rates, "1000 CIDRs by texts", "pytricia by texts"),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
