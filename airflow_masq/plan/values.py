"""What a plan says, read and checked; it must hold no text that is still to be parsed, except what is Google's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from netaddr import IPNetwork

    from airflow_masq.network import MasqueradePolicy, NetworkRanges, SourceKind


@dataclass(frozen=True, kw_only=True)
class Target:
    """A service that workers talk to, and the observer that stands for it.

    :param name: unique within its plan.
    :param observe: the observer's URL, without credentials; ``airflow://CONN_ID`` names a connection.
    :param allowed_sources: what that side's firewall lets in; empty where nobody said.
    :param expect: the source that it must see; ``None`` where nobody said.
    """

    name: str
    observe: str
    allowed_sources: tuple[IPNetwork, ...] = ()
    expect: SourceKind | None = None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One environment, its network and its targets.

    :param environment: Google's REST resource in camelCase; empty where the plan has none.
    :param cluster_version: the GKE version that the cluster was created with; ``None`` where nobody said.
    :param ranges: the cluster's network.
    :param policy: the masquerade policy taken to be in force.
    :param targets: in the plan's order.
    """

    environment: Mapping[str, object] = field(hash=False)
    cluster_version: str | None
    ranges: NetworkRanges
    policy: MasqueradePolicy
    targets: tuple[Target, ...]
