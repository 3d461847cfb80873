"""What is predicted for the targets of a plan, for the rules that judge them.

Only targets whose observer has a literal address are predicted: names are not resolved here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from netaddr import IPAddress, IPNetwork

from airflow_masq.environment import COMPOSER_3
from airflow_masq.network.arrival import GOOGLE_APIS, never_leaves_pod
from airflow_masq.network.firewall import FirewallAnswer, ask_firewall
from airflow_masq.network.policy import LINK_LOCAL, LINK_LOCAL_IPV6, MasqueradePolicy, Reason
from airflow_masq.network.prediction import Prediction, predict_every_pod
from airflow_masq.network.ranges import AddressKind, NetworkRanges
from airflow_masq.plan import Plan, Target

if TYPE_CHECKING:
    from collections.abc import Iterator

SOMEWHERE_PUBLIC: Final = IPAddress("192.175.48.1")
"""Stands for the internet where no target does; nothing is ever sent to it.

It is one of AS112's [source: rfc-7534-as112], which no policy has reason to list.
"""


@dataclass(frozen=True, kw_only=True)
class PredictedTarget:
    """A target and what is predicted for it.

    :param target: the target.
    :param where: its place in the plan.
    :param address: its observer's address.
    :param ranges: the cluster's ranges.
    :param prediction: what it is expected to see of every Pod.
    """

    target: Target
    where: str
    address: IPAddress
    ranges: NetworkRanges
    prediction: Prediction

    def __str__(self) -> str:
        return f"{self.target.name} ({self.address})"

    @property
    def is_in_cluster(self) -> bool:
        """Whether it is in a node, Pod or Service range."""
        return any(self.address in network for network in (*self.ranges.node, *self.ranges.pod, *self.ranges.service))

    @property
    def is_link_local(self) -> bool:
        """Whether packets to it never leave the node."""
        return self.address in LINK_LOCAL or self.address in LINK_LOCAL_IPV6

    @property
    def proves_nothing(self) -> bool:
        """Whether it sees the Pod's address under every policy, and ``expect`` does not ask for that."""
        is_exempt = (self.is_in_cluster or self.is_link_local) and not self.prediction.masqueraded
        return is_exempt and self.target.expect is not AddressKind.POD

    @property
    def is_ipv6_bypass(self) -> bool:
        """Whether it sees a Pod's address because IPv6 is not masqueraded, and ``expect`` does not ask for that."""
        is_bypass = self.prediction.reason is Reason.NO_MASQUERADING_FOR_IPV6
        return is_bypass and not self.proves_nothing and self.target.expect is not AddressKind.POD

    @property
    def accepts_only_nodes(self) -> bool:
        """Whether the plan requires a node's address, by ``expect`` or by what the target's firewall lets in."""
        if self.target.expect is AddressKind.NODE:
            return True
        return self._lets_in_all(self.ranges.node) and not self._lets_in_all(self.ranges.pod)

    def _lets_in_all(self, networks: tuple[IPNetwork, ...]) -> bool:
        sources = [network for network in networks if network.version == self.address.version]
        answer = ask_firewall(self.target.allowed_sources, sources=sources, version=int(self.address.version))
        return answer is FirewallAnswer.ALL

    def predict_under(self, policy: MasqueradePolicy) -> Prediction:
        """Predict what it would see of every Pod under another policy."""
        return predict_every_pod(
            self.ranges, policy=policy, destination=self.address, allowed_sources=self.target.allowed_sources
        )


@lru_cache(maxsize=1)  # every rule about targets asks for the same plan's
def predict_targets(plan: Plan) -> tuple[PredictedTarget, ...]:
    """Predict what each target will see, in the plan's order.

    Targets without a known address, or with one that no packet travels to, are left out. For Composer 3 there are none:
    its nodes and Pods are not in the project's network, so the plan does not show where its packets come from.
    """
    return tuple(_predict_targets(plan))


def _predict_targets(plan: Plan) -> Iterator[PredictedTarget]:
    if plan.environment.generation == COMPOSER_3:
        return
    for index, target in enumerate(plan.targets):
        address = target.address
        if address is not None and not never_leaves_pod(address):
            yield PredictedTarget(
                target=target,
                where=f"targets[{index}]",
                address=address,
                ranges=plan.ranges,
                prediction=predict_every_pod(
                    plan.ranges,
                    policy=plan.policy,
                    destination=address,
                    allowed_sources=target.allowed_sources,
                ),
            )


def is_public(plan: Plan, *, address: IPAddress) -> bool:
    """Whether an address is reached through the internet.

    Such an address is global, not one of Google's private ways in, and in no range that the plan names.
    """
    ranges = plan.ranges
    others = (network for networks in ranges.other.values() for network in networks)
    is_private_here = any(
        address in network for network in (*ranges.node, *ranges.pod, *ranges.service, *others, *GOOGLE_APIS)
    )
    return bool(address.is_global()) and not is_private_here
