"""Whether a vantage can speak for the workers of the environment: only a worker's Pod can."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from airflow_masq.network.ranges import IPV6, NetworkRanges
from airflow_masq.observation.vantage import COMPONENT_VARIABLE, Component
from airflow_masq.verdict.codes import VerdictCode

if TYPE_CHECKING:
    from netaddr import IPAddress


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A probe's component and own address beside the plan's ranges.

    :param own_address: the Pod's own address, as the probing socket had it; ``None`` if it is not known.
    """

    component: Component
    own_address: IPAddress | None
    ranges: NetworkRanges

    @cached_property
    def is_in_pod_ranges(self) -> bool:
        """Whether the probe's own address is one that the plan has for Pods."""
        own = self.own_address
        return own is not None and any(own in network for network in self.ranges.pod)

    @property
    def is_no_pod(self) -> bool:
        """Whether the probe's own address is one that no Pod has: loopback, link-local, or a node's."""
        own, nodes = self.own_address, self.ranges.node
        return own is not None and (
            own.is_loopback() or own.is_link_local() or any(own in network for network in nodes)
        )

    @cached_property
    def is_off_cluster(self) -> bool:
        """Whether the plan's ranges say nothing of where the probe ran: a desk, loopback, a node's own network.

        A worker outside the Pod ranges is not off the cluster: the plan lacks its range, and its leaks are real.
        """
        return not self.is_in_pod_ranges and (self.is_no_pod or self.component is not Component.WORKER)

    def find_objection(self, *, is_unchanged_node: bool = False) -> tuple[VerdictCode, str] | None:
        """Find why this vantage proves nothing about workers, as a code and the end of a sentence.

        :param is_unchanged_node: whether the observer saw the probe's own address and it is a node's, default not.
            Where ranges of Pods and nodes overlap, that may be a Pod on its node's network.
        """
        own, component = self.own_address, self.component
        if component not in {Component.WORKER, Component.UNKNOWN}:
            which = f"the {component}, which is not a worker: run the check as an ordinary task"
            return VerdictCode.VANTAGE_IS_NO_WORKER, f", but from {which}"
        objection = self._object_to_address()
        if objection is None and own is not None and is_unchanged_node:
            rest = f", but the probe's own address {own} is a node's, so this proves nothing about Pods"
            return VerdictCode.VANTAGE_IS_NO_POD, rest
        return objection or self._object_to_component()

    def _object_to_address(self) -> tuple[VerdictCode, str] | None:
        """Object to an address of which the plan shows that it is no Pod's."""
        own = self.own_address
        if own is None or self.is_in_pod_ranges:
            return None
        if not self.is_no_pod and all(network.version != own.version for network in self.ranges.pod):
            return None  # the plan names no Pod range of that version
        rest = (
            f", but the probe's own address {own} is in no Pod range of the plan, so this proves nothing about workers"
        )
        return VerdictCode.VANTAGE_IS_NO_POD, rest

    def _object_to_component(self) -> tuple[VerdictCode, str] | None:
        """Object to a component that is not known, and to an address that the plan cannot name."""
        own = self.own_address
        if self.component is Component.UNKNOWN:
            rest = (
                ", but nothing shows that this ran on a worker: run the check as a task of the environment, or set "
                f"{COMPONENT_VARIABLE}=worker in a Pod that represents one"
            )
            return VerdictCode.VANTAGE_UNKNOWN, rest
        if own is None:
            return VerdictCode.VANTAGE_IS_NO_POD, ", but the probe's own address is not known"
        if self.is_in_pod_ranges:
            return None
        which = "an IPv6 range in network.pod_ranges" if own.version == IPV6 else "network.pod_ranges"
        rest = f", but the plan lacks {which}, which would show that the probe's own address {own} is a Pod's"
        return VerdictCode.POD_RANGES_UNKNOWN, rest
