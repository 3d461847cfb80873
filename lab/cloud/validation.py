"""The reasons for which the service refuses a request for a new environment, as a table.

The emulator must not share the package's beliefs, so these rules are written again, from Google's types and pages. The
state of things, such as a taken name, is checked in :mod:`lab.cloud.lifecycle`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING, Final

from google.cloud.orchestration.airflow.service_v1.types import (
    CreateEnvironmentRequest,
    Environment,
    EnvironmentConfig,
    NetworkingConfig,
)
from netaddr import AddrFormatError, IPNetwork

from lab.cloud.errors import InvalidArgumentError
from lab.cloud.images import Image, resolve_image
from lab.cloud.names import ENVIRONMENT_ID, EnvironmentName, Parent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

# The private and reserved ranges that GKE never treats as public [source: gke-default-list].
ALLOWED_RANGES: Final = tuple(
    map(
        IPNetwork,
        (
            "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24",
            "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
        ),
    )
)  # fmt: skip
RESERVED_RANGE: Final = IPNetwork("172.17.0.0/16")  # Docker's bridge
_IN_CLUSTER: Final = frozenset({"Pods", "Services"})
# A size for which GKE chooses the block [source: composer-ip-allocation-forms].
_SIZE_ONLY: Final = re.compile(r"/([0-9]|[12][0-9]|3[0-2])")


@dataclass(frozen=True, kw_only=True)
class Submission:
    """A request for a new environment.

    :param image: the resolved image version; ``None`` if the service does not create the requested one.
    :param creatable_images: full image versions, newest first.
    :param node_range: the primary range of the subnetwork, as a CIDR; ``None`` if the lab does not know it.
    """

    config: EnvironmentConfig
    image: str | None
    creatable_images: Sequence[str]
    node_range: str | None

    @cached_property
    def blocks(self) -> dict[str, str]:
        """The requested address blocks by purpose. An empty text and a size only ("/14") leave the choice to GKE."""
        policy, private = self.config.node_config.ip_allocation_policy, self.config.private_environment_config
        blocks = {
            "Pods": policy.cluster_ipv4_cidr_block,
            "Services": policy.services_ipv4_cidr_block,
            "GKE master": private.private_cluster_config.master_ipv4_cidr_block,
            "Cloud SQL": private.cloud_sql_ipv4_cidr_block,
            "Web server": private.web_server_ipv4_cidr_block,
            "Cloud Composer network": private.cloud_composer_network_ipv4_cidr_block,
        }
        sized = {purpose for purpose in _IN_CLUSTER if _SIZE_ONLY.fullmatch(blocks[purpose])}
        return {purpose: text for purpose, text in blocks.items() if text and purpose not in sized}

    @cached_property
    def networks(self) -> dict[str, IPNetwork]:
        """The node range and the blocks by purpose, without those that the API cannot read."""
        blocks = {"Nodes": self.node_range or "", **self.blocks}
        networks = {purpose: _read_network(text) for purpose, text in blocks.items()}
        return {purpose: network for purpose, network in networks.items() if network is not None}

    @property
    def cluster_networks(self) -> dict[str, IPNetwork]:
        """The networks of Pods and Services."""
        return {purpose: network for purpose, network in self.networks.items() if purpose in _IN_CLUSTER}


def _read_network(text: str) -> IPNetwork | None:
    """Read a block as the API does: IPv4, written with its first address and a prefix length."""
    try:
        network = IPNetwork(text, version=4)
    except (AddrFormatError, ValueError):
        return None
    return network if text == f"{network.network}/{network.prefixlen}" else None


def _overlap(one: IPNetwork, other: IPNetwork) -> bool:
    return one in other or other in one


def _find_unsupported_image(submission: Submission) -> Iterator[str]:
    if submission.image is None:
        yield (
            "Unsupported image version for new environment: "
            f"'{submission.config.software_config.image_version}'. Currently suggested new environment image versions "
            f"are: [{', '.join(submission.creatable_images)}]."
        )


def _find_agent_on_composer_3(submission: Submission) -> Iterator[str]:
    image = Image.parse(submission.image or "")
    if submission.config.node_config.enable_ip_masq_agent and image is not None and image.is_composer_3:
        field = "config.node_config.enable_ip_masq_agent"
        yield f"Field '{field}' is not supported in image version '{submission.image}'."


def _find_public_connection_type(submission: Submission) -> Iterator[str]:
    private = submission.config.private_environment_config
    unspecified = NetworkingConfig.ConnectionType.CONNECTION_TYPE_UNSPECIFIED
    if private.networking_config.connection_type != unspecified and not private.enable_private_environment:
        yield "You cannot set networking connection type in public IP environment."


def _find_unreadable_blocks(submission: Submission) -> Iterator[str]:
    for purpose, text in submission.blocks.items():
        if purpose not in submission.networks:
            yield f"{purpose}: '{text}' is not a valid CIDR range."


def _find_public_blocks(submission: Submission) -> Iterator[str]:
    if submission.config.private_environment_config.enable_privately_used_public_ips:
        return
    for purpose, network in submission.cluster_networks.items():
        if not any(network in allowed for allowed in ALLOWED_RANGES):
            yield f"{purpose}: CIDR range {network} is not within allowed ranges."


def _find_reserved_blocks(submission: Submission) -> Iterator[str]:
    for purpose, network in submission.cluster_networks.items():
        if _overlap(network, RESERVED_RANGE):
            yield f"{purpose}: CIDR range {network} overlaps the reserved range {RESERVED_RANGE}."


def _find_overlaps(submission: Submission) -> Iterator[str]:
    for (purpose, network), (other_purpose, other) in combinations(submission.networks.items(), 2):
        if _overlap(network, other):
            yield f"{purpose} range {network} overlaps {other_purpose} range {other}."


#: Each yields a sentence for every problem of its kind. The service's own order of problems is not verified.
REFUSALS: Final[tuple[Callable[[Submission], Iterator[str]], ...]] = (
    # [source: composer-unsupported-image]
    _find_unsupported_image,
    # Not verified: Composer 3 has no cluster that could run the agent [source: composer-3-networking].
    _find_agent_on_composer_3,
    # [source: composer-connection-type]
    _find_public_connection_type,
    # The forms are documented, the wording is not verified [source: composer-ip-allocation-forms].
    _find_unreadable_blocks,
    # The allowed ranges themselves are not verified [source: composer-range-not-allowed, composer-private-ip].
    _find_public_blocks,
    # Not verified for Pods and Services [source: cloud-sql-docker-bridge].
    _find_reserved_blocks,
    # When the service finds overlaps is not verified, nor that nodes count [source: composer-private-blocks-disjoint].
    _find_overlaps,
)


def accept_new_environment(
    request: CreateEnvironmentRequest, *, creatable_images: Sequence[str], node_ranges: Mapping[str, str]
) -> Environment:
    """Check a request for a new environment, and return a copy of it with its image version resolved.

    :param creatable_images: full image versions, newest first.
    :param node_ranges: the primary range (a CIDR) of each subnetwork that the lab knows, by the subnetwork's full name;
        the empty name is for environments that name no subnetwork.
    :raises ApiError: INVALID_ARGUMENT with all problems, or because of the name alone.
    """
    parent, name = Parent.parse(request.parent), EnvironmentName.parse(request.environment.name)
    if name.parent != parent:  # this wording and the next are not verified
        raise InvalidArgumentError(f"Environment name '{name}' does not match the parent '{parent}'.")
    if not ENVIRONMENT_ID.fullmatch(name.environment_id):
        expected = f"must match ^{ENVIRONMENT_ID.pattern}$"
        raise InvalidArgumentError(f"Invalid environment ID '{name.environment_id}': {expected}.")
    environment = Environment(request.environment)
    config = environment.config
    image = resolve_image(config.software_config.image_version, creatable=creatable_images)
    submission = Submission(
        config=config,
        image=image,
        creatable_images=creatable_images,
        node_range=node_ranges.get(config.node_config.subnetwork),
    )
    problems = [problem for find_problems in REFUSALS for problem in find_problems(submission)]
    if problems or image is None:
        raise InvalidArgumentError.from_problems(problems)
    config.software_config.image_version = image
    return environment
