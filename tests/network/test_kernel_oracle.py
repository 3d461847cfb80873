"""The kernel is the oracle: random policies, plans and destinations, really connected, against what was predicted.

    ./scripts/test tests/network/test_kernel_oracle.py --oracle-pairs=20000

How the packets travel and how silence is told from slowness is said in ``tests/scenarios/kernel.py`` and
``lab/packets/tracer.py``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from netaddr import IPAddress, IPNetwork

from airflow_masq.network import (
    PredictedKind,
    SourceKind,
    composer_policy,
    gke_default_policy,
    no_policy,
)
from lab.packets import sandbox
from lab.packets.tracer import Outcome
from tests.scenarios.kernel import kernel_of_worlds
from tests.scenarios.oracle import check, explore, prediction_of
from tests.scenarios.worlds import CLUSTER_IP, Question, World, network_ranges

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_masq.network import Chain, Exemption, Prediction
    from tests.scenarios.kernel import Kernel

    Distortion = Callable[[World, Question], tuple[World, Question]]

pytestmark = [
    pytest.mark.packets,
    pytest.mark.skipif(not sandbox.inside(), reason="needs network namespaces: run ./scripts/test"),
]

#: Some 150 pairs a second are tried, and other tests may be running.
EXPLORATION_TIMEOUT_SECONDS = 1200

ON_PREMISES, PUBLIC = IPAddress("172.20.0.10"), IPAddress("192.175.48.80")
VIRTUAL_MACHINES, EVERYBODY = (IPNetwork("10.0.0.0/8"),), (IPNetwork("0.0.0.0/0"), IPNetwork("::/0"))
RANGES = network_ranges(frozenset(), public_nodes=False)


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    """Give the lab that becomes one world after the other."""
    with kernel_of_worlds() as kernel:
        yield kernel


def of_policy(change: Callable[[tuple[Chain, ...]], tuple[Chain, ...]]) -> Distortion:
    """Mistake a policy's chains for others."""
    return lambda world, asked: (
        replace(world, policy=replace(world.policy, chains=change(world.policy.chains))),
        asked,
    )


def of_chain(**fields: object) -> Distortion:
    """Mistake a field of every chain."""
    return of_policy(lambda chains: tuple(replace(chain, **fields) for chain in chains))  # type: ignore[arg-type] # names


def of_plan(**fields: object) -> Distortion:
    """Mistake a field of the plan."""
    return lambda world, asked: (replace(world, **fields), asked)  # type: ignore[arg-type] # a table of fields


def with_longer_prefixes(chains: tuple[Chain, ...]) -> tuple[Chain, ...]:
    """Read every prefix length as one more than it is."""

    def misread(exemption: Exemption) -> Exemption:
        cidr = exemption.cidr
        prefix_length = min(cidr.prefixlen + 1, {4: 32, 6: 128}[cidr.version])
        return replace(exemption, cidr=IPNetwork((cidr.first, prefix_length), version=cidr.version))

    return tuple(replace(chain, exemptions=tuple(map(misread, chain.exemptions))) for chain in chains)


def with_one_exemption(chains: tuple[Chain, ...]) -> tuple[Chain, ...]:
    """Overlook all but the first CIDR of every chain."""
    return tuple(replace(chain, exemptions=chain.exemptions[:1]) for chain in chains)


def without_firewall(world: World, asked: Question) -> tuple[World, Question]:
    """Believe that firewalls let everybody in."""
    return replace(world, allowed_sources=EVERYBODY if world.allowed_sources else ()), asked


#: What a predictor could get wrong: it is right, but about another world.
DISTORTIONS: dict[str, Distortion] = {
    "only the first chain counts": of_policy(lambda chains: chains[:1]),
    "only the last chain counts": of_policy(lambda chains: chains[-1:]),
    "prefixes are one bit too long": of_policy(with_longer_prefixes),
    "only the first CIDR counts": of_policy(with_one_exemption),
    "every agent masquerades IPv6": of_chain(ipv6=True),
    "no agent masquerades IPv6": of_chain(ipv6=False),
    "link-local is always left alone": of_chain(masquerades_link_local=False),
    "link-local is never left alone": of_chain(masquerades_link_local=True),
    "Cloud NAT covers all": of_plan(nat_covers=frozenset({SourceKind.NODE, SourceKind.POD})),
    "Cloud NAT covers nothing": of_plan(nat_covers=frozenset()),
    "nodes are private": of_plan(public_nodes=False),
    "nodes are public": of_plan(public_nodes=True),
    "firewalls let everybody in": without_firewall,
    "the host network is like a Pod's own": of_plan(host_network=False),
    "a ClusterIP is the destination": lambda world, asked: (world, replace(asked, backend=None)),
}


def distorted(distortion: Distortion) -> Callable[[World, Question], Prediction]:
    """Give the predictor that makes a mistake."""
    return lambda world, question: prediction_of(*distortion(world, question))


@pytest.mark.timeout(EXPLORATION_TIMEOUT_SECONDS)
def test_the_kernel_agrees_with_every_prediction_and_would_object_to_wrong_ones(
    kernel: Kernel, pytestconfig: pytest.Config
) -> None:
    """In random worlds every destination sees the predicted source, and no packet's fate fits a mistaken predictor.

    An oracle that cannot object proves nothing, so the very packets that agree have to refute every known mistake.
    """
    pairs = pytestconfig.getoption("--oracle-pairs")
    seen = explore(kernel, pairs=pairs)
    assert len({(each.world.policy, each.question.destination) for each in seen}) >= pairs
    unrefuted = [
        name
        for name, distortion in DISTORTIONS.items()
        if not any(each.difference(distorted(distortion)) for each in seen)
    ]
    assert unrefuted == []
    assert any(each.difference(lambda *asked: replace(prediction_of(*asked), sources=())) for each in seen)
    assert any(each.difference(lambda *asked: replace(prediction_of(*asked), allowed=None)) for each in seen)


def test_a_disagreement_is_told_as_a_story_of_its_simplest_case(kernel: Kernel) -> None:
    """A predictor that overlooks the second chain is caught by two agents whose lists differ, and by nothing else."""
    with pytest.raises(AssertionError) as caught:
        explore(kernel, pairs=2000, predictor=distorted(DISTORTIONS["only the first chain counts"]))
    lines = str(caught.value).splitlines()
    assert lines[:2] == ["the prediction and the kernel disagree:", "  the packet arrived as node, not as pod"]
    story = dict(line.split(maxsplit=1) for line in lines[2:] if not line.strip().startswith("-"))
    first, second = story["policy"].split("; ")
    assert "IP-MASQ " in first
    assert "IP-MASQ-AGENT" in second
    assert story["firewall"] == "lets in everybody"
    assert story["nodes"] == "private"
    assert story["predicted"].startswith("pod ")
    assert story["kernel"].startswith("answered from ")


COMPOSER, DEFAULT, NONE = composer_policy(RANGES), gke_default_policy(RANGES), no_policy()
FOR_NODES, FOR_PODS = frozenset({SourceKind.NODE}), frozenset({SourceKind.POD})
TO_PUBLIC, TO_ON_PREMISES = (Question(destination=PUBLIC),), (Question(destination=ON_PREMISES),)
TO_SERVICE = (Question(destination=CLUSTER_IP, backend=ON_PREMISES),)
TO_NOBODYS_SERVICE = (Question(destination=CLUSTER_IP),)

#: What becomes of the packet, and as whose it arrives.
STORIES: dict[str, tuple[World, Outcome, PredictedKind]] = {
    "the page's example with the agent": (
        World(policy=COMPOSER, questions=TO_ON_PREMISES, allowed_sources=VIRTUAL_MACHINES),
        *(Outcome.ANSWERED, PredictedKind.NODE),
    ),
    "the page's example without it": (
        World(policy=DEFAULT, questions=TO_ON_PREMISES, allowed_sources=VIRTUAL_MACHINES),
        *(Outcome.STOPPED, PredictedKind.POD),
    ),
    "masqueraded, Cloud NAT for nodes": (
        World(policy=DEFAULT, questions=TO_PUBLIC, nat_covers=FOR_NODES),
        *(Outcome.ANSWERED, PredictedKind.NAT),
    ),
    "masqueraded, Cloud NAT for Pods": (
        World(policy=DEFAULT, questions=TO_PUBLIC, nat_covers=FOR_PODS),
        *(Outcome.LOST, PredictedKind.DROPPED),
    ),
    "not masqueraded, Cloud NAT for nodes": (
        World(policy=NONE, questions=TO_PUBLIC, nat_covers=FOR_NODES),
        *(Outcome.LOST, PredictedKind.DROPPED),
    ),
    "not masqueraded, Cloud NAT for Pods": (
        World(policy=NONE, questions=TO_PUBLIC, nat_covers=FOR_PODS),
        *(Outcome.ANSWERED, PredictedKind.NAT),
    ),
    "masqueraded on a public node": (
        World(policy=DEFAULT, questions=TO_PUBLIC, nat_covers=FOR_NODES, public_nodes=True),
        *(Outcome.ANSWERED, PredictedKind.NODE_EXTERNAL),
    ),
    "not masqueraded on a public node": (
        World(policy=NONE, questions=TO_PUBLIC, nat_covers=FOR_PODS, public_nodes=True),
        *(Outcome.ANSWERED, PredictedKind.NAT),
    ),
    "a Pod on the host network": (
        World(policy=NONE, questions=TO_ON_PREMISES, host_network=True),
        *(Outcome.ANSWERED, PredictedKind.NODE),
    ),
    "the same Pod off it": (
        World(policy=NONE, questions=TO_ON_PREMISES),
        *(Outcome.ANSWERED, PredictedKind.POD),
    ),
    "a ClusterIP of an endpoint that is masqueraded for": (
        World(policy=COMPOSER, questions=TO_SERVICE),
        *(Outcome.ANSWERED, PredictedKind.NODE),
    ),
    "the same address where it leads nowhere else": (
        World(policy=COMPOSER, questions=TO_NOBODYS_SERVICE),
        *(Outcome.ANSWERED, PredictedKind.POD),
    ),
}


@pytest.mark.parametrize("name", STORIES)
def test_a_story_ends_alike_in_the_kernel_and_in_the_prediction(kernel: Kernel, name: str) -> None:
    """What becomes of a packet, and as whose it arrives, is the same in the lab, as predicted, and as told."""
    world, outcome, kind = STORIES[name]
    (seen,) = check(kernel, world)
    assert seen.fate.outcome is outcome
    assert prediction_of(world, seen.question).arrives_as is kind
