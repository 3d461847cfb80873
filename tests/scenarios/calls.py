"""Calls of ``predict`` about a world: the same packet, asked about by people who know more of it and less.

A call is a value, so that a mistaken caller is one field away. This module must not know the kernel's answer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from airflow_masq.network import predict
from tests.scenarios.policies import policy_of
from tests.scenarios.worlds import ASKING_POD, IPV4, NODE, address_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from netaddr import IPAddress, IPNetwork

    from airflow_masq.network import MasqueradePolicy, NetworkRanges, Prediction
    from tests.scenarios.words import Words
    from tests.scenarios.worlds import Question, World

    Predictor = Callable[["Call"], Prediction]


@dataclass(frozen=True, kw_only=True)
class Call:
    """What ``predict`` is asked; its parameters are described there.

    :param words: those from which the policy was made.
    """

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
        """The package's own answer."""
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


def prediction_of(call: Call) -> Prediction:
    """Predict as the package does; the predictor that nobody distorted."""
    return call.prediction


def call_about(world: World, question: Question, *, node_is_known: bool = True) -> Call:
    """Ask about a packet of a world.

    :param world: policy and plan.
    :param question: the destination.
    :param node_is_known: whether the caller knows the Pod's node, as a probe does and the command line does not; of a
        Pod on the host network, that is to know its address.
    :return: the call.
    """
    version = question.arrives_for.version
    node, pod = (address_of(part, version=version) for part in (NODE, ASKING_POD))
    return Call(
        words=world.words,
        ranges=world.ranges,
        policy=world.policy,
        pod=node if world.host_network and node_is_known else pod,
        destination=question.destination,
        allowed_sources=world.firewall_of(question),
        host_network=world.host_network,
        node_address=node if node_is_known else None,
        backend=question.backend,
    )


def without_ipv6(call: Call) -> Call:
    """Ask as somebody does whose plan names no IPv6, and who knows the Pod by IPv4.

    :param call: of somebody who does not know the node.
    :return: the call.
    """
    kept = {
        kind: tuple(network for network in networks if network.version == IPV4)
        for kind, networks in (("node", call.ranges.node), ("pod", call.ranges.pod), ("service", call.ranges.service))
    }
    ranges = replace(call.ranges, **kept)  # type: ignore[arg-type] # a table of fields
    pod = address_of(ASKING_POD, version=IPV4)
    return replace(call, ranges=ranges, policy=policy_of(call.words, ranges), pod=pod)
