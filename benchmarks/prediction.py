"""Measures how many destinations a second a compiled policy answers, compared with other ways to look up ranges.

    ./scripts/bench prediction

All answer the same question: does the policy masquerade packets to this destination? Their answers are compared before
anything is timed. The last line is one JSON object; figures of pytricia are ``null`` if it is not installed.
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
from airflow_masq.network.policy import LINK_LOCAL, Chain, MasqueradePolicy, make_exemptions

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
    """One policy, and destinations as numbers and as texts.

    :param cidrs: the ranges for which packets keep the Pod's address.
    """

    cidrs: tuple[IPNetwork, ...]
    numbers: list[int]
    texts: list[str]


def make_task(size: int) -> Task:
    """Make a policy of CIDRs of all lengths; half of the destinations are random, half are at the ranges' borders."""
    chance = random.Random(SEED + size)  # noqa: S311 - to repeat a measurement, not for a secret
    cidrs = [draw_cidr(chance, *ALL_PREFIXES) for _ in range(size)]
    borders = [border + step for cidr in cidrs for border in (cidr.first, cidr.last) for step in (-1, 0, 1)]
    anywhere = [chance.getrandbits(ADDRESS_BITS) for _ in range(DESTINATIONS // 2)]
    numbers = anywhere + [int(border) % 2**ADDRESS_BITS for border in chance.choices(borders, k=DESTINATIONS // 2)]
    chance.shuffle(numbers)
    return make_task_of(cidrs, numbers)


def make_hard_task(size: int) -> Task:
    """Make a policy of long prefixes with destinations inside its ranges only, so every lookup reaches the last table.

    A cache helps little, since the next destination is in another, distant range.
    """
    chance = random.Random(SEED + size)  # noqa: S311 - as above
    cidrs = [draw_cidr(chance, *LONG_PREFIXES) for _ in range(size)]
    numbers = [chance.randint(int(cidr.first), int(cidr.last)) for cidr in chance.choices(cidrs, k=DESTINATIONS)]
    return make_task_of(cidrs, numbers)


def make_task_of(cidrs: list[IPNetwork], numbers: list[int]) -> Task:
    """Add the destinations as texts."""
    texts = [str(ipaddress.IPv4Address(number)) for number in numbers]
    return Task(cidrs=(LINK_LOCAL, *cidrs), numbers=numbers, texts=texts)


def draw_cidr(chance: random.Random, shortest: int, longest: int) -> IPNetwork:
    """Draw an aligned CIDR with a prefix length between two limits."""
    prefix_length = chance.randint(shortest, longest)
    host_bits = ADDRESS_BITS - prefix_length
    return IPNetwork((chance.getrandbits(prefix_length) << host_bits, prefix_length), version=4)


def compile_task(task: Task) -> CompiledPolicy:
    """Compile the task's policy."""
    listed = make_exemptions(task.cidrs, origin="the benchmark")
    return compile_policy(MasqueradePolicy(name="benchmark", chains=(Chain(name="IP-MASQ", exemptions=listed),)))


def prepare_ours(task: Task, *, name: str) -> dict[str, Answer]:
    """Prepare a compiled policy, with destinations as numbers and as texts."""
    compiled = compile_task(task)
    return {
        f"{name} by numbers": lambda: compiled.decide_numbers(task.numbers),
        f"{name} by texts": lambda: compiled.decide_texts(task.texts),
    }


def prepare_netaddr(task: Task) -> dict[str, Answer]:
    """Prepare netaddr's IPSet, with addresses that are made before the measurement."""
    holding = IPSet(task.cidrs)
    addresses = [IPAddress(number, version=4) for number in task.numbers[:SHARE_OF_PEERS]]
    return {"netaddr": lambda: [address not in holding for address in addresses]}


def prepare_standard_library(task: Task) -> dict[str, Answer]:
    """Prepare a loop over the ranges with the standard library, with addresses that are made before the measurement."""
    holding = [ipaddress.IPv4Network(str(cidr)) for cidr in task.cidrs]
    addresses = [ipaddress.IPv4Address(number) for number in task.numbers[:SHARE_OF_STANDARD_LIBRARY]]
    return {"ipaddress": lambda: [not any(address in network for network in holding) for address in addresses]}


def prepare_pytricia(task: Task) -> dict[str, Answer]:
    """Prepare pytricia's tree, with destinations as numbers and as texts; return nothing if it is not installed."""
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


def require_same_answers(task: Task, contestants: dict[str, Answer]) -> None:
    """Stop unless all answers are those of a compiled policy; the speed of wrong answers says nothing."""
    right = compile_task(task).decide_numbers(task.numbers)
    for name, answer in contestants.items():
        answers = answer()
        if answers != right[: len(answers)]:
            raise SystemExit(f"{name}: expected the answers of the compiled policy, saw others")


def measure_rates(contestants: dict[str, Answer]) -> dict[str, int]:
    """Time all contestants in turns, so that other load on the machine affects all of them alike.

    :return: the answers per second of one core in the fastest run of each, since other load only slows them down.
    """
    rates = dict.fromkeys(contestants, 0.0)
    for _ in range(RUNS):
        for name, answer in contestants.items():
            started = time.process_time()
            number = len(answer())
            rates[name] = max(rates[name], number / (time.process_time() - started))
    return {name: round(rate) for name, rate in rates.items()}


def compare(rates: dict[str, int], name: str, peer: str) -> float | None:
    """Return how many times as fast as a peer it is; ``None`` without the peer."""
    return round(rates[name] / rates[peer], 2) if peer in rates else None


def measure() -> dict[str, int]:
    """Compare all answers, then time them."""
    contestants: dict[str, Answer] = {}
    for kind, make in (("CIDRs", make_task), ("long CIDRs", make_hard_task)):
        for size in SIZES:
            task = make(size)
            asked = prepare_ours(task, name=f"{size} {kind}")
            if (kind, size) == ("CIDRs", SIZES[-1]):
                asked |= prepare_netaddr(task) | prepare_standard_library(task) | prepare_pytricia(task)
            require_same_answers(task, asked)
            contestants |= asked
    return measure_rates(contestants)


def main() -> None:
    """Measure, and print the results."""
    rates = measure()
    print(f"destinations in a second of one core (fastest of {RUNS} runs); the peers hold the same 1000 CIDRs")
    for name, rate in rates.items():
        print(f"  {name:<27}{rate:>12,}")
    result = {
        "per_second_16": rates["16 CIDRs by numbers"],
        "per_second_1000": rates["1000 CIDRs by numbers"],
        "slowdown_1000": compare(rates, "16 CIDRs by numbers", "1000 CIDRs by numbers"),
        "strings_per_second": rates["1000 CIDRs by texts"],
        "strings_slowdown_1000": compare(rates, "16 CIDRs by texts", "1000 CIDRs by texts"),
        "long_prefixes_per_second_1000": rates["1000 long CIDRs by numbers"],
        "long_prefixes_slowdown_1000": compare(rates, "16 long CIDRs by numbers", "1000 long CIDRs by numbers"),
        "long_prefixes_strings_slowdown_1000": compare(rates, "16 long CIDRs by texts", "1000 long CIDRs by texts"),
        "vs_netaddr": compare(rates, "1000 CIDRs by numbers", "netaddr"),
        "vs_standard_library": compare(rates, "1000 CIDRs by numbers", "ipaddress"),
        "vs_pytricia": compare(rates, "1000 CIDRs by numbers", "pytricia by numbers"),
        "strings_vs_pytricia": compare(rates, "1000 CIDRs by texts", "pytricia by texts"),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
