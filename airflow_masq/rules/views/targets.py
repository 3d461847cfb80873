"""What is predicted for the targets of a plan, for the rules that judge them; it must not judge.

Only targets whose observer has a literal address can be looked at: names are not resolved here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from netaddr import IPAddress

from airflow_masq.environment import COMPOSER_3
from airflow_masq.network.arrival import GOOGLE_APIS, is_nowhere
from airflow_masq.network.every_pod import EveryPod, predict_every_pod
from airflow_masq.network.firewall import lets_in
from airflow_masq.network.policy import LINK_LOCAL, LINK_LOCAL_IPV6, MasqueradePolicy, Reason
from airflow_masq.network.ranges import NetworkRanges, SourceKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from netaddr import IPNetwork

    from airflow_masq.network.prediction import Prediction
    from airflow_masq.plan import Plan, Target

SOMEWHERE_PUBLIC: Final = IPAddress("192.175.48.1")
"""Stands for the internet where no target does; nothing is ever sent to it.

It is one of AS112's (RFC 7534 section 3.4, read 2026-11-22), which no policy has reason to list.
"""


@dataclass(frozen=True, kw_only=True)
class PredictedTarget:
    """A target and what is predicted for it.

    :param target: the target.
    :param where: its place in the plan.
    :param address: its observer's address.
    :param ranges: the cluster's ranges.
    :param every_pod: what it sees of the cluster's Pods.
    """

    target: Target
    where: str
    address: IPAddress
    ranges: NetworkRanges
    every_pod: EveryPod

    def __str__(self) -> str:
        return f"{self.target.name} ({self.address})"

    @property
    def prediction(self) -> Prediction:
        """The source that reaches it, whatever its firewall thinks of it."""
        return self.every_pod.prediction

    @property
    def sources(self) -> tuple[IPNetwork, ...]:
        """Every source that can reach it from some Pod on some node; empty where that is not known."""
        return self.every_pod.sources

    @property
    def is_let_in(self) -> bool | None:
        """Whether its firewall lets all of them in; ``None`` where it has none, or that cannot be told."""
        return self.every_pod.let_in

    @property
    def is_let_in_partly(self) -> bool:
        """Whether its firewall lets in some of them and keeps others out."""
        return self.every_pod.let_in_part

    @property
    def is_in_cluster(self) -> bool:
        """Whether it lies in the node, Pod and Service ranges."""
        return any(self.address in network for network in (*self.ranges.node, *self.ranges.pod, *self.ranges.service))

    @property
    def is_link_local(self) -> bool:
        """Whether it never leaves the node."""
        return self.address in LINK_LOCAL or self.address in LINK_LOCAL_IPV6

    @property
    def proves_nothing(self) -> bool:
        """Whether it sees the Pod's address whatever the policy, and nothing says that it is there to see that."""
        is_exempt = (self.is_in_cluster or self.is_link_local) and not self.prediction.masqueraded
        return is_exempt and self.target.expect is not SourceKind.POD

    @property
    def is_ipv6_bypass(self) -> bool:
        """Whether it sees a Pod's address because nobody masquerades IPv6, and nothing says that it is to see that."""
        is_bypass = self.prediction.reason is Reason.NO_MASQUERADING_FOR_IPV6
        return is_bypass and not self.proves_nothing and self.target.expect is not SourceKind.POD

    @property
    def accepts_only_nodes(self) -> bool:
        """Whether the plan says that it must see a node's address, by ``expect`` or by what its firewall lets in."""
        if self.target.expect is SourceKind.NODE:
            return True
        nodes, pods = (self._lets_in(networks) for networks in (self.ranges.node, self.ranges.pod))
        return bool(nodes) and not pods

    def _lets_in(self, networks: tuple[IPNetwork, ...]) -> bool | None:
        sources = [network for network in networks if network.version == self.address.version]
        return lets_in(self.target.allowed_sources, sources=sources, version=int(self.address.version))

    def under(self, policy: MasqueradePolicy) -> EveryPod:
        """Predict what it would see under another policy.

        :param policy: the policy.
        :return: what it would see of the cluster's Pods.
        """
        return _every_pod(self.ranges, policy, target=self.target, address=self.address)


@lru_cache(maxsize=1)  # every rule about targets asks for the same plan's
def predicted_targets(plan: Plan) -> tuple[PredictedTarget, ...]:
    """Predict what each target will see.

    :param plan: the plan.
    :return: the targets whose address is known and one that a packet travels to, in the plan's order; none for
        Composer 3, whose nodes and Pods are not in the project's network, so that nothing here says where its packets
        come from.
    """
    return tuple(_predicted_targets(plan))


def _predicted_targets(plan: Plan) -> Iterator[PredictedTarget]:
    if plan.environment.generation == COMPOSER_3:
        return
    for index, target in enumerate(plan.targets):
        address = target.address
        if address is not None and not is_nowhere(address):
            yield PredictedTarget(
                target=target,
                where=f"targets[{index}]",
                address=address,
                ranges=plan.ranges,
                every_pod=_every_pod(plan.ranges, plan.policy, target=target, address=address),
            )


def _every_pod(ranges: NetworkRanges, policy: MasqueradePolicy, *, target: Target, address: IPAddress) -> EveryPod:
    return predict_every_pod(ranges, policy=policy, destination=address, allowed_sources=target.allowed_sources)


def is_public(plan: Plan, *, address: IPAddress) -> bool:
    """Say whether an address is reached through the internet.

    :param plan: the plan.
    :param address: the address.
    :return: whether it is global, none of Google's own private ways in, and in no range that the plan names.
    """
    ranges = plan.ranges
    others = (network for networks in ranges.other.values() for network in networks)
    is_private_here = any(
        address in network for network in (*ranges.node, *ranges.pod, *ranges.service, *others, *GOOGLE_APIS)
    )
    return bool(address.is_global()) and not is_private_here
