"""The kernel is the oracle: real connections in random policies and plans, compared with the predictions.

    ./scripts/test tests/network/test_kernel_oracle.py --oracle-pairs=20000

``docs/kernel-oracle.md`` explains it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from netaddr import IPAddress, IPNetwork

from airflow_masq.network.ranges import AddressKind
from lab.packets import sandbox
from lab.packets.tracer import Outcome
from tests.scenarios.calls import make_call
from tests.scenarios.kernel import Kernel, start_kernel
from tests.scenarios.mistakes import MISTAKEN
from tests.scenarios.oracle import check, explore
from tests.scenarios.revealing import REVEALING
from tests.scenarios.words import BuiltIn, Known
from tests.scenarios.worlds import ASKING_POD, CLUSTER_IP, Question, World, get_addresses

if TYPE_CHECKING:
    from collections.abc import Iterator


pytestmark = [
    pytest.mark.packets,
    pytest.mark.skipif(not sandbox.is_inside(), reason="needs network namespaces: run ./scripts/test"),
]

#: About 120 pairs a second are tried, and other tests may be running.
EXPLORATION_TIMEOUT_SECONDS = 1200

ON_PREMISES, PUBLIC = IPAddress("172.20.0.10"), IPAddress("192.175.48.80")
VIRTUAL_MACHINES = (IPNetwork("10.0.0.0/8"),)


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    """Build the lab into which one world after the other is loaded."""
    with start_kernel() as kernel:
        yield kernel


@pytest.mark.timeout(EXPLORATION_TIMEOUT_SECONDS)
def test_the_kernel_agrees_with_every_prediction_and_would_object_to_wrong_ones(
    kernel: Kernel, pytestconfig: pytest.Config
) -> None:
    """In random worlds every destination sees the predicted source, and no packet's result fits a mistaken predictor.

    An oracle that cannot object proves nothing, so the packets that agree must also refute every known mistake.
    """
    pairs = pytestconfig.getoption("--oracle-pairs")
    fixed = set(REVEALING.values())
    seen = explore(kernel, pairs=pairs, first=REVEALING.values())
    at_random = {(each.world.policy, each.question.destination) for each in seen if each.world not in fixed}
    assert len(at_random) >= pairs
    unrefuted = [
        name for name, predictor in MISTAKEN.items() if not any(each.find_difference(predictor) for each in seen)
    ]
    assert unrefuted == []


def test_a_disagreement_is_described_by_its_simplest_case(kernel: Kernel) -> None:
    """A predictor that ignores the second chain is refuted by two agents with different lists, described in full."""
    with pytest.raises(AssertionError) as caught:
        explore(kernel, pairs=2000, predictor=MISTAKEN["only the first chain counts"])
    lines = str(caught.value).splitlines()
    assert lines[:2] == ["the prediction and the kernel disagree:", "  the packet arrived as node, not as pod"]
    story = dict(line.split(maxsplit=1) for line in lines[2:] if not line.strip().startswith("-"))
    first, second = story["policy"].split("; ")
    assert "IP-MASQ " in first
    assert "IP-MASQ-AGENT" in second
    assert story["firewall"] == "lets in every source"
    assert story["nodes"] == "private"
    assert story["predicted"].startswith("pod ")
    assert story["kernel"].startswith("answered from ")


COMPOSER, DEFAULT, NONE = (BuiltIn(name=name) for name in Known)
FOR_NODES, FOR_PODS = frozenset({AddressKind.NODE}), frozenset({AddressKind.POD})
TO_PUBLIC, TO_ON_PREMISES = (Question(destination=PUBLIC),), (Question(destination=ON_PREMISES),)
TO_SERVICE = (Question(destination=CLUSTER_IP, backend=ON_PREMISES),)
TO_ITSELF = (Question(destination=CLUSTER_IP, backend=get_addresses(ASKING_POD)[0]),)
TO_NOBODYS_SERVICE = (Question(destination=CLUSTER_IP),)

#: The outcome of the packet, and the kind of source with which it arrives.
STORIES: dict[str, tuple[World, Outcome, AddressKind]] = {
    "the page's example with the agent": (
        World(words=COMPOSER, questions=TO_ON_PREMISES, allowed_sources=VIRTUAL_MACHINES),
        *(Outcome.ANSWERED, AddressKind.NODE),
    ),
    "the page's example without it": (
        World(words=DEFAULT, questions=TO_ON_PREMISES, allowed_sources=VIRTUAL_MACHINES),
        *(Outcome.STOPPED, AddressKind.POD),
    ),
    "masqueraded, Cloud NAT for nodes": (
        World(words=DEFAULT, questions=TO_PUBLIC, nat_covers=FOR_NODES),
        *(Outcome.ANSWERED, AddressKind.NAT),
    ),
    "masqueraded, Cloud NAT for Pods": (
        World(words=DEFAULT, questions=TO_PUBLIC, nat_covers=FOR_PODS),
        *(Outcome.LOST, AddressKind.DROPPED),
    ),
    "not masqueraded, Cloud NAT for nodes": (
        World(words=NONE, questions=TO_PUBLIC, nat_covers=FOR_NODES),
        *(Outcome.LOST, AddressKind.DROPPED),
    ),
    "not masqueraded, Cloud NAT for Pods": (
        World(words=NONE, questions=TO_PUBLIC, nat_covers=FOR_PODS),
        *(Outcome.ANSWERED, AddressKind.NAT),
    ),
    "masqueraded on a public node": (
        World(words=DEFAULT, questions=TO_PUBLIC, nat_covers=FOR_NODES, public_nodes=True),
        *(Outcome.ANSWERED, AddressKind.NODE_EXTERNAL),
    ),
    "not masqueraded on a public node": (
        World(words=NONE, questions=TO_PUBLIC, nat_covers=FOR_PODS, public_nodes=True),
        *(Outcome.ANSWERED, AddressKind.NAT),
    ),
    "a Pod on the host network": (
        World(words=NONE, questions=TO_ON_PREMISES, host_network=True),
        *(Outcome.ANSWERED, AddressKind.NODE),
    ),
    "the same Pod off it": (
        World(words=NONE, questions=TO_ON_PREMISES),
        *(Outcome.ANSWERED, AddressKind.POD),
    ),
    "a ClusterIP of an endpoint that is masqueraded for": (
        World(words=COMPOSER, questions=TO_SERVICE),
        *(Outcome.ANSWERED, AddressKind.NODE),
    ),
    "a ClusterIP of the Pod that sends": (
        World(words=NONE, questions=TO_ITSELF),
        *(Outcome.ANSWERED, AddressKind.NODE),
    ),
    "the same address where it leads nowhere else": (
        World(words=COMPOSER, questions=TO_NOBODYS_SERVICE),
        *(Outcome.ANSWERED, AddressKind.POD),
    ),
}


@pytest.mark.parametrize("name", STORIES)
def test_a_story_ends_alike_in_the_kernel_and_in_the_prediction(kernel: Kernel, name: str) -> None:
    """The outcome of a packet and the kind of its source are the same in the lab and in the prediction."""
    world, outcome, kind = STORIES[name]
    (seen,) = check(kernel, world)
    assert seen.result.outcome is outcome
    assert make_call(world, seen.question).prediction.arrives_as is kind
