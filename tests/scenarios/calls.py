"""Calls of ``predict`` about a world: the same packet, asked about by people who know more of it and less.

A call is a value, so that a mistaken caller is one field away. This module must not know the kernel's answer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from airflow_masq.network.compiled import CompiledPolicy, compile_policy
from airflow_masq.network.prediction import Prediction, predict, predict_every_pod
from tests.scenarios.policies import policy_of
from tests.scenarios.worlds import ASKING_POD, IPV4, IPV6, NODE, Question, World, address_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from netaddr import IPAddress, IPNetwork

    from airflow_masq.network.policy import MasqueradePolicy
    from airflow_masq.network.ranges import NetworkRanges
    from tests.scenarios.words import Words

    Predictor = Callable[["Call"], Prediction]

compiled = lru_cache(maxsize=64)(compile_policy)


class Asker(StrEnum):
    """Who asks, in words that end a sentence about a difference."""

    KNOWS_NODE = "for somebody who knows the node"
    KNOWS_NO_NODE = "for somebody who does not know the node"
    KNOWS_OTHER_ADDRESS = "for somebody who knows the node's address of the other version"
    KNOWS_NO_IPV6 = "for somebody whose plan has no IPv6"
    KNOWS_NO_ENDPOINT = "for somebody who does not know the Service's endpoint"
    JUDGES_ALL_PODS = "for somebody who asks about every Pod"
    ASKS_BY_NUMBER = "for somebody who asks the compiled policy by numbers"
    ASKS_BY_TEXT = "for somebody who asks the compiled policy by texts"


@dataclass(frozen=True, kw_only=True)
class Call:
    """What ``predict`` is asked; its parameters are described there.

    :param asker: who asks.
    :param words: those from which the policy was made.
    """

    asker: Asker
    words: Words
    ranges: NetworkRanges
    policy: MasqueradePolicy
    pod: IPAddress
    destination: IPAddress
    allowed_sources: tuple[IPNetwork, ...]
    host_network: bool
    node_address: IPAddress | None
    backend: IPAddress | None

    @property
    def prediction(self) -> Prediction:
        """The package's own answer, whichever of its functions gives it."""
        match self.asker:
            case Asker.JUDGES_ALL_PODS:
                return self._of_every_pod
            case Asker.ASKS_BY_NUMBER | Asker.ASKS_BY_TEXT:
                return replace(self._of_one_pod, masqueraded=self.table_says(compiled(self.policy)))
        return self._of_one_pod

    def table_says(self, table: CompiledPolicy, *, step: int = 0) -> bool:
        """Look up where the packet goes in a compiled policy.

        :param table: the policy.
        :param step: how far beside the right place to look, default not at all.
        :return: whether such packets are masqueraded.
        """
        target = (self.backend or self.destination) + step
        by_number = self.asker is Asker.ASKS_BY_NUMBER
        (answer,) = table.masquerades([int(target)]) if by_number else table.masquerades_texts([str(target)])
        return answer

    @property
    def _of_one_pod(self) -> Prediction:
        return predict(
            self.ranges,
            policy=self.policy,
            pod=self.pod,
            destination=self.destination,
            allowed_sources=self.allowed_sources,
            host_network=self.host_network,
            node_address=self.node_address,
            backend=self.backend,
        )

    @property
    def _of_every_pod(self) -> Prediction:
        return predict_every_pod(
            self.ranges, policy=self.policy, destination=self.destination, allowed_sources=self.allowed_sources
        )


def prediction_of(call: Call) -> Prediction:
    """Predict as the package does; the predictor that nobody distorted."""
    return call.prediction


def calls_about(world: World, question: Question) -> dict[Asker, Call]:
    """Ask about a packet of a world, as all do whose question is about that packet.

    :param world: policy and plan.
    :param question: the destination.
    :return: the calls by who asks, from the one who knows most.
    """
    knowing = call_about(world, question)
    version = question.arrives_for.version
    pod = address_of(ASKING_POD, version=version)
    other_address = address_of(NODE, version=IPV6 if version == IPV4 else IPV4)
    unknowing = replace(knowing, pod=pod, node_address=None)
    calls = {
        Asker.KNOWS_NODE: knowing,
        Asker.KNOWS_NO_NODE: unknowing,
        Asker.KNOWS_OTHER_ADDRESS: replace(knowing, pod=pod, node_address=other_address),
    }
    if world.leaves_node(question):
        calls |= _calls_about_leaving(world, question, unknowing=unknowing)
    return {asker: replace(call, asker=asker) for asker, call in calls.items()}


def _calls_about_leaving(world: World, question: Question, *, unknowing: Call) -> dict[Asker, Call]:
    """Ask where nothing on the node decides, of which these askers know too little."""
    version, endpoint = question.arrives_for.version, question.backend
    calls: dict[Asker, Call] = {}
    if endpoint is None and version == IPV6:
        calls[Asker.KNOWS_NO_IPV6] = _without_ipv6(unknowing)
    if world.host_network:
        return calls
    if endpoint is None:
        calls[Asker.JUDGES_ALL_PODS] = unknowing
    elif world.is_pod_like_any(endpoint):
        calls[Asker.KNOWS_NO_ENDPOINT] = replace(unknowing, backend=None)
    if version == IPV4:
        calls |= dict.fromkeys((Asker.ASKS_BY_NUMBER, Asker.ASKS_BY_TEXT), unknowing)
    return calls


def call_about(world: World, question: Question) -> Call:
    """Ask about a packet of a world as a probe does, which knows its node; of the host network, that is its address.

    :param world: policy and plan.
    :param question: the destination.
    :return: the call.
    """
    version = question.arrives_for.version
    node, pod = (address_of(part, version=version) for part in (NODE, ASKING_POD))
    return Call(
        asker=Asker.KNOWS_NODE,
        words=world.words,
        ranges=world.ranges,
        policy=world.policy,
        pod=node if world.host_network else pod,
        destination=question.destination,
        allowed_sources=world.firewall_of(question),
        host_network=world.host_network,
        node_address=node,
        backend=question.backend,
    )


def _without_ipv6(call: Call) -> Call:
    """Ask as somebody does whose plan names no IPv6, and who knows the Pod by IPv4."""
    kept = {
        kind: tuple(network for network in networks if network.version == IPV4)
        for kind, networks in (("node", call.ranges.node), ("pod", call.ranges.pod), ("service", call.ranges.service))
    }
    ranges = replace(call.ranges, **kept)  # type: ignore[arg-type] # a table of fields
    pod = address_of(ASKING_POD, version=IPV4)
    return replace(call, ranges=ranges, policy=policy_of(call.words, ranges), pod=pod)
