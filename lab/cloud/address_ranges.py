"""What the service says about an environment's address ranges, as problems in sentences.

The emulator must not share the package's beliefs, so the rules stand here again, from Google's types and words.
Overlaps are refused here at once; when and how the real service finds them is not verified.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Final

from netaddr import AddrFormatError, IPNetwork

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from google.cloud.orchestration.airflow.service_v1.types import EnvironmentConfig

# The private and reserved ranges that GKE never treats as public:
# https://cloud.google.com/kubernetes-engine/docs/concepts/ip-masquerade-agent (read 2026-11-22). That exactly these are
# the ranges which Composer allows for Pods and Services is not verified.
ALLOWED_RANGES: Final = tuple(
    IPNetwork(cidr)
    for cidr in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "240.0.0.0/4",
    )
)

# Docker's bridge, which Cloud SQL uses inside; that Composer refuses it is not verified.
RESERVED_RANGE: Final = IPNetwork("172.17.0.0/16")

_IN_CLUSTER: Final = frozenset({"Pods", "Services"})

# "Set to /netmask (e.g. /14) to have GKE choose a range with a specific netmask": IPAllocationPolicy in
# google-cloud-orchestration-airflow 1.23.0 (read 2026-11-22).
_SIZE_ONLY: Final = re.compile(r"/([0-9]|[12][0-9]|3[0-2])")


@dataclass(frozen=True, kw_only=True)
class _Block:
    """One address block that an environment asks for: what for, as written, and as a network where it is readable."""

    purpose: str
    text: str
    network: IPNetwork | None


def range_problems(config: EnvironmentConfig, *, node_range: str | None) -> Iterator[str]:
    """Say what is wrong with the blocks an environment asks for.

    :param config: the configuration as submitted.
    :param node_range: the primary range of the subnetwork, as a CIDR; ``None`` where the lab does not know it.
    :return: one sentence per problem; "… CIDR range X is not within allowed ranges" is the gist of Google's.
    """
    blocks = tuple(_blocks(config))
    any_range = config.private_environment_config.enable_privately_used_public_ips
    for block in blocks:
        if block.network is None:
            yield f"{block.purpose}: '{block.text}' is not a valid CIDR range."
        elif block.purpose in _IN_CLUSTER:
            yield from _placement_problems(block.purpose, block.network, any_range=any_range)
    nodes = () if node_range is None else (_block("Nodes", node_range),)
    yield from _overlap_problems((*nodes, *blocks))


def _blocks(config: EnvironmentConfig) -> Iterator[_Block]:
    """Yield the blocks asked for; blank and a bare size ("/14") leave the choice to GKE and say nothing of a place."""
    policy = config.node_config.ip_allocation_policy
    private = config.private_environment_config
    asked: Mapping[str, str] = {
        "Pods": policy.cluster_ipv4_cidr_block,
        "Services": policy.services_ipv4_cidr_block,
        "GKE master": private.private_cluster_config.master_ipv4_cidr_block,
        "Cloud SQL": private.cloud_sql_ipv4_cidr_block,
        "Web server": private.web_server_ipv4_cidr_block,
        "Cloud Composer network": private.cloud_composer_network_ipv4_cidr_block,
    }
    for purpose, text in asked.items():
        if text and not (purpose in _IN_CLUSTER and _SIZE_ONLY.fullmatch(text)):
            yield _block(purpose, text)


def _block(purpose: str, text: str) -> _Block:
    """Read a CIDR as the API does: an IPv4 block, written with its first address and a prefix length."""
    try:
        network = IPNetwork(text, version=4)
    except (AddrFormatError, ValueError):
        return _Block(purpose=purpose, text=text, network=None)
    aligned = text == f"{network.network}/{network.prefixlen}"
    return _Block(purpose=purpose, text=text, network=network if aligned else None)


def _placement_problems(purpose: str, network: IPNetwork, *, any_range: bool) -> Iterator[str]:
    """Say where Pods or Services may not lie; privately used public addresses lift the first rule."""
    if not any_range and not any(network in allowed for allowed in ALLOWED_RANGES):
        yield f"{purpose}: CIDR range {network} is not within allowed ranges."
    if _overlap(network, RESERVED_RANGE):
        yield f"{purpose}: CIDR range {network} overlaps the reserved range {RESERVED_RANGE}."


def _overlap_problems(blocks: tuple[_Block, ...]) -> Iterator[str]:
    """Every two blocks must be disjoint (PrivateEnvironmentConfig says so of its own; the rest is not verified)."""
    for one, other in combinations(blocks, 2):
        if one.network is not None and other.network is not None and _overlap(one.network, other.network):
            yield f"{one.purpose} range {one.network} overlaps {other.purpose} range {other.network}."


def _overlap(one: IPNetwork, other: IPNetwork) -> bool:
    """Whether two networks share an address."""
    return one in other or other in one
