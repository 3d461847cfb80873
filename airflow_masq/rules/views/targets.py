"""The predictions for a plan's targets, as several rules read them.

Only targets whose observer has a literal address have a prediction, since names are not resolved here.
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
"""An address that represents the internet if the plan has no public target; no packet is sent to it.

It belongs to AS112 [source: rfc-7534-as112], so policies have no reason to list it.
"""


@dataclass(frozen=True, kw_only=True)
class PredictedTarget:
    """A target, its place in the plan, its observer's address, and the prediction for every Pod."""

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
        """Whether packets keep the Pod's address under every policy, and ``expect`` is not ``pod``."""
        is_exempt = (self.is_in_cluster or self.is_link_local) and not self.prediction.masqueraded
        return is_exempt and self.target.expect is not AddressKind.POD

    @property
    def is_ipv6_bypass(self) -> bool:
        """Whether packets keep the Pod's address because IPv6 is not masqueraded, and ``expect`` is not ``pod``."""
        is_bypass = self.prediction.reason is Reason.NO_MASQUERADING_FOR_IPV6
        return is_bypass and not self.proves_nothing and self.target.expect is not AddressKind.POD

    @property
    def accepts_only_nodes(self) -> bool:
        """Whether the plan requires a node's address, because of ``expect`` or the target's firewall."""
        if self.target.expect is AddressKind.NODE:
            return True
        return self._allows_all(self.ranges.node) and not self._allows_all(self.ranges.pod)

    def _allows_all(self, networks: tuple[IPNetwork, ...]) -> bool:
        sources = [network for network in networks if network.version == self.address.version]
        answer = ask_firewall(self.target.allowed_sources, sources=sources, version=int(self.address.version))
        return answer is FirewallAnswer.ALL

    def predict_under(self, policy: MasqueradePolicy) -> Prediction:
        """Predict from which source addresses packets of every Pod would arrive under another policy."""
        return predict_every_pod(
            self.ranges, policy=policy, destination=self.address, allowed_sources=self.target.allowed_sources
        )


@lru_cache(maxsize=1)  # all rules about targets ask for the same plan
def predict_targets(plan: Plan) -> tuple[PredictedTarget, ...]:
    """Predict from which source address packets would arrive at each target, in the plan's order.

    Targets whose address is not known, or whose packets never leave the Pod, are left out. Composer 3 has no
    predictions: its nodes and Pods are not in your project's network, so the plan does not show its source addresses.
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

    Such an address is global, is not one of Google's private access addresses, and is in no range of the plan.
    """
    ranges = plan.ranges
    others = (network for networks in ranges.other.values() for network in networks)
    is_private_here = any(
        address in network for network in (*ranges.node, *ranges.pod, *ranges.service, *others, *GOOGLE_APIS)
    )
    return bool(address.is_global()) and not is_private_here
