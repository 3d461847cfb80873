"""Calls of ``predict`` about a world: the same packet, from the view of callers that know more or less about it.

A call is a value, so a mistaken predictor can change one field of it. The kernel's answer is not known here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from airflow_masq.network.compiled import CompiledPolicy, compile_policy
from airflow_masq.network.prediction import Prediction, predict, predict_every_pod
from tests.scenarios.policies import make_policy
from tests.scenarios.worlds import ASKING_POD, IPV4, IPV6, NODE, Question, World, get_address

if TYPE_CHECKING:
    from collections.abc import Callable

    from netaddr import IPAddress, IPNetwork

    from airflow_masq.network.policy import MasqueradePolicy
    from airflow_masq.network.ranges import NetworkRanges
    from tests.scenarios.words import Words

    Predictor = Callable[["Call"], Prediction]

compile_cached = lru_cache(maxsize=64)(compile_policy)


class Caller(StrEnum):
    """Who asks; the texts end a sentence about a difference."""

    KNOWS_NODE = "for a caller that knows the node"
    KNOWS_NO_NODE = "for a caller that does not know the node"
    KNOWS_OTHER_ADDRESS = "for a caller that knows the node's address of the other version"
    KNOWS_NO_IPV6 = "for a caller whose plan has no IPv6"
    KNOWS_NO_ENDPOINT = "for a caller that does not know the Service's endpoint"
    JUDGES_ALL_PODS = "for a caller that asks about every Pod"
    ASKS_BY_NUMBER = "for a caller that asks the compiled policy by number"
    ASKS_BY_TEXT = "for a caller that asks the compiled policy by text"


@dataclass(frozen=True, kw_only=True)
class Call:
    """The arguments of ``predict``, and who passes them.

    :param words: the words from which the policy was made.
    """

    caller: Caller
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
        """The package's own answer, from the function that this caller uses."""
        if self.caller is Caller.JUDGES_ALL_PODS:
            return predict_every_pod(
                self.ranges, policy=self.policy, destination=self.destination, allowed_sources=self.allowed_sources
            )
        prediction = predict(
            self.ranges,
            policy=self.policy,
            pod=self.pod,
            destination=self.destination,
            allowed_sources=self.allowed_sources,
            host_network=self.host_network,
            node_address=self.node_address,
            backend=self.backend,
        )
        if self.caller in {Caller.ASKS_BY_NUMBER, Caller.ASKS_BY_TEXT}:
            return replace(prediction, masqueraded=self.look_up(compile_cached(self.policy)))
        return prediction

    def look_up(self, table: CompiledPolicy, *, step: int = 0) -> bool:
        """Look up in a compiled policy whether the packet is masqueraded, ``step`` addresses beside the right one."""
        target = (self.backend or self.destination) + step
        by_number = self.caller is Caller.ASKS_BY_NUMBER
        (answer,) = table.decide_numbers([int(target)]) if by_number else table.decide_texts([str(target)])
        return answer


def predict_call(call: Call) -> Prediction:
    """Predict as the package does, without a mistake."""
    return call.prediction


def make_calls(world: World, question: Question) -> dict[Caller, Call]:
    """Make the calls of all callers that can ask about a packet, from the one that knows most."""
    exact = make_call(world, question)
    version, endpoint = question.final_destination.version, question.backend
    pod = get_address(ASKING_POD, version=version)
    other_address = get_address(NODE, version=IPV6 if version == IPV4 else IPV4)
    vague = replace(exact, pod=pod, node_address=None)
    calls = {
        Caller.KNOWS_NODE: exact,
        Caller.KNOWS_NO_NODE: vague,
        Caller.KNOWS_OTHER_ADDRESS: replace(exact, pod=pod, node_address=other_address),
    }
    # For a packet that stays on the node, the node decides, and the callers below know too little about it.
    if world.leaves_node(question):
        if endpoint is None and version == IPV6:
            calls[Caller.KNOWS_NO_IPV6] = _remove_ipv6(vague)
        if endpoint is None and not world.host_network:
            calls[Caller.JUDGES_ALL_PODS] = vague
        if endpoint is not None and not world.host_network and world.is_pod_like_any(endpoint):
            calls[Caller.KNOWS_NO_ENDPOINT] = replace(vague, backend=None)
        if version == IPV4 and not world.host_network:
            calls |= dict.fromkeys((Caller.ASKS_BY_NUMBER, Caller.ASKS_BY_TEXT), vague)
    return {caller: replace(call, caller=caller) for caller, call in calls.items()}


def make_call(world: World, question: Question) -> Call:
    """Make the call of a probe, which knows its node; on the host network, the Pod's address is the node's."""
    version = question.final_destination.version
    node, pod = (get_address(part, version=version) for part in (NODE, ASKING_POD))
    return Call(
        caller=Caller.KNOWS_NODE,
        words=world.words,
        ranges=world.ranges,
        policy=world.policy,
        pod=node if world.host_network else pod,
        destination=question.destination,
        allowed_sources=world.get_firewall(question),
        host_network=world.host_network,
        node_address=node,
        backend=question.backend,
    )


def _remove_ipv6(call: Call) -> Call:
    """Remove IPv6 from the plan, and use the Pod's IPv4 address."""
    kept = {
        kind: tuple(network for network in networks if network.version == IPV4)
        for kind, networks in (("node", call.ranges.node), ("pod", call.ranges.pod), ("service", call.ranges.service))
    }
    ranges = replace(call.ranges, **kept)  # type: ignore[arg-type] # a table of fields
    pod = get_address(ASKING_POD, version=IPV4)
    return replace(call, ranges=ranges, policy=make_policy(call.words, ranges), pod=pod)
