"""What the real agent did: the rules of its binary, for seven policies and four destinations.

    node 10.128.0.10 ── Pod 10.64.0.5        seen as "Pod" where not masqueraded, as "node" where masqueraded

The tests of the predictor and of the packet lab share these rows, so both are compared with the same observation. The
lists for an empty config are in the agent's source.
[source: observed-agent-truth-table, ip-masq-agent-defaults]
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

NODE: Final = "10.128.0.10"
POD: Final = "10.64.0.5"
NODE_RANGE: Final = "10.128.0.0/20"
POD_RANGE: Final = "10.64.0.0/14"
IPV6_DESTINATION: Final = "fd00:200::9"

#: The agent's own default list, and the one with ``--nomasq-all-reserved-ranges``, which GKE uses.
RFC_1918: Final = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
RESERVED: Final = (
    *RFC_1918,
    "100.64.0.0/10",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "240.0.0.0/4",
)

DESTINATIONS: Final = ("203.0.113.80", "10.128.0.20", "10.200.0.9", IPV6_DESTINATION)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One policy.

    :param non_masquerade: the CIDRs of the agent's chain; ``None`` if it wrote no chain.
    :param reserved_ranges: whether it ran with ``--nomasq-all-reserved-ranges``, as on GKE.
    :param ipv6: whether it ran with ``--enable-ipv6``.
    :param seen: what each destination saw, in the order of ``DESTINATIONS``.
    """

    policy: str
    config: str
    non_masquerade: tuple[str, ...] | None
    reserved_ranges: bool = False
    ipv6: bool = False
    seen: str


ROWS: Final = (
    Row(policy="no chain", config="nonMasqueradeCIDRs: [nonsense]", non_masquerade=None, seen="Pod Pod Pod Pod"),
    Row(policy="empty config", config="", non_masquerade=RFC_1918, seen="node Pod Pod Pod"),
    Row(
        policy="empty config, reserved ranges",
        config="",
        non_masquerade=RESERVED,
        reserved_ranges=True,
        seen="Pod Pod Pod Pod",
    ),
    Row(
        policy="cluster ranges",
        config=f"nonMasqueradeCIDRs: [{POD_RANGE}, {NODE_RANGE}]",
        non_masquerade=(POD_RANGE, NODE_RANGE),
        seen="node Pod node Pod",
    ),
    Row(policy="empty list", config="nonMasqueradeCIDRs: []", non_masquerade=(), seen="node node node Pod"),
    Row(
        policy="empty list, IPv6",
        config="nonMasqueradeCIDRs: []",
        non_masquerade=(),
        ipv6=True,
        seen="node node node node",
    ),
    Row(
        policy="everything",
        config="nonMasqueradeCIDRs: [0.0.0.0/0]",
        non_masquerade=("0.0.0.0/0",),
        seen="Pod Pod Pod Pod",
    ),
)

#: The cells of the table: the row, the destination, and "Pod" or "node".
CELLS: Final = [
    (row, destination, whom) for row in ROWS for destination, whom in zip(DESTINATIONS, row.seen.split(), strict=True)
]
CELL_NAMES: Final = [f"{row.policy}: {destination}" for row, destination, _ in CELLS]
