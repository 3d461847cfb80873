"""The reasons for which the service refuses a request for a new environment, as a table.

The emulator must not share the package's beliefs, so these rules are written again, from Google's types and pages. The
state of things, such as a taken name, is checked in :mod:`lab.cloud.lifecycle`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING, Final

from google.cloud.orchestration.airflow.service_v1.types import (
    CreateEnvironmentRequest,
    Environment,
    EnvironmentConfig,
    MaintenanceWindow,
    NetworkingConfig,
    PrivateClusterConfig,
)
from netaddr import AddrFormatError, IPNetwork

from lab.cloud.errors import InvalidArgumentError
from lab.cloud.images import COMPOSER_1, COMPOSER_2, COMPOSER_3, Image, resolve_image
from lab.cloud.names import ENVIRONMENT_ID, EnvironmentName, Parent
from lab.cloud.regions import REGIONS, WITHOUT_COMPOSER_1

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
DOCKER_BRIDGE: Final = IPNetwork("172.17.0.0/16")
# In GB for each vCPU of a worker; inferred from one answer, for 2 vCPUs [source: composer-worker-memory].
_LEAST_WORKER_MEMORY: Final = 1.0
_MOST_WORKER_MEMORY: Final = 6.5
_MOST_TRIGGERER_CPUS: Final = 1.0
_LEAST_HOURS_A_WEEK: Final = 12
_LEAST_HOURS_AT_A_TIME: Final = 4
_VARIABLE: Final = re.compile("[a-zA-Z_][a-zA-Z0-9_]*")
_AIRFLOW_OPTION: Final = re.compile("AIRFLOW__[A-Z0-9_]+__[A-Z0-9_]+")
# Those of the API's reference; the page about variables has more [source: composer-environment-variables].
_RESERVED_VARIABLES: Final = frozenset(
    {
        "AIRFLOW_HOME", "C_FORCE_ROOT", "CONTAINER_NAME", "DAGS_FOLDER", "GCP_PROJECT", "GCS_BUCKET",
        "GKE_CLUSTER_NAME", "SQL_DATABASE", "SQL_INSTANCE", "SQL_PASSWORD", "SQL_PROJECT", "SQL_REGION", "SQL_USER",
        "COMPOSER_ENVIRONMENT", "COMPOSER_LOCATION", "PATH", "PORT",
    }
)  # fmt: skip
_SUBNETWORK: Final = re.compile(r"projects/[^/]+/regions/(?P<region>[^/]+)/subnetworks/[^/]+")
# An ID, a relative name or a part of it, or a URL: what can be read as the name of a network or subnetwork.
_NETWORK_FORMS: Final = re.compile(r"[^/]*|(.*/)?global/networks/[^/]+")
_SUBNETWORK_FORMS: Final = re.compile(r"[^/]*|(.*/)?regions/[^/]+/subnetworks/[^/]+")
# A size for which GKE chooses the block [source: composer-ip-allocation-forms].
_SIZE_ONLY: Final = re.compile(r"/([1-9]|[12][0-9]|3[0-2])")
_NOT_FROM_COMPOSER_2_ON: Final = "is not supported for Cloud Composer environments in versions 2.0.0 and newer"


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What the service knows besides the request.

    :param creatable_images: full image versions, newest first.
    :param node_ranges: the primary range (a CIDR) of each subnetwork that the lab knows, by the subnetwork's full name;
        the empty name is for environments that name no subnetwork.
    :param secondary_ranges: the secondary ranges (CIDRs) of the lab's subnetworks by their names. A name that is not
        among them is accepted without a check.
    """

    creatable_images: Sequence[str]
    node_ranges: Mapping[str, str]
    secondary_ranges: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Submission:
    """A request for a new environment.

    :param image: the resolved image version; ``None`` if the service does not create the requested one.
    """

    parent: Parent
    config: EnvironmentConfig
    image: str | None
    surroundings: Surroundings

    @cached_property
    def generation(self) -> int | None:
        """Composer's generation, also of an image that is refused; ``None`` if that does not tell it."""
        image = Image.parse(self.image or self.config.software_config.image_version)
        return None if image is None else image.generation

    @property
    def is_composer_2_or_newer(self) -> bool:
        """Whether Google's "versions 2.0.0 and newer" include it."""
        return self.generation is not None and self.generation >= COMPOSER_2

    @property
    def is_private(self) -> bool:
        """Whether its nodes have internal addresses only."""
        return self.config.private_environment_config.enable_private_environment

    @cached_property
    def blocks(self) -> dict[str, str]:
        """The requested address blocks by purpose, in Google's words.

        An empty text and a size only ("/14") leave the choice to GKE.
        """
        policy, private = self.config.node_config.ip_allocation_policy, self.config.private_environment_config
        named = self.surroundings.secondary_ranges
        blocks = {
            "Cluster": policy.cluster_ipv4_cidr_block or named.get(policy.cluster_secondary_range_name, ""),
            "Services": policy.services_ipv4_cidr_block or named.get(policy.services_secondary_range_name, ""),
            "GKE master": private.private_cluster_config.master_ipv4_cidr_block,
            "Cloud SQL": private.cloud_sql_ipv4_cidr_block,
            "Web server": private.web_server_ipv4_cidr_block,
            "Cloud Composer network": private.cloud_composer_network_ipv4_cidr_block,
        }
        sized = {purpose for purpose in ("Cluster", "Services") if _SIZE_ONLY.fullmatch(blocks[purpose])}
        return {purpose: text for purpose, text in blocks.items() if text and purpose not in sized}

    @cached_property
    def networks(self) -> dict[str, IPNetwork]:
        """The node range and the blocks by purpose, without those that the API cannot read."""
        node_range = self.surroundings.node_ranges.get(self.config.node_config.subnetwork, "")
        networks = {purpose: _read_network(text) for purpose, text in {"Nodes": node_range, **self.blocks}.items()}
        return {purpose: network for purpose, network in networks.items() if network is not None}


def _read_network(text: str) -> IPNetwork | None:
    """Read a block as the API does: IPv4, written with its first address and a prefix length."""
    try:
        network = IPNetwork(text, version=4)
    except (AddrFormatError, ValueError):
        return None
    return network if text == f"{network.network}/{network.prefixlen}" else None


def _overlap(one: IPNetwork, other: IPNetwork) -> bool:
    return one in other or other in one


def _find_unexpected_location(submission: Submission) -> Iterator[str]:
    if submission.parent.location not in REGIONS:
        yield f"Unexpected location: {submission.parent.location}"


def _find_missing_service_account(submission: Submission) -> Iterator[str]:
    if submission.generation != COMPOSER_1 and not submission.config.node_config.service_account:
        yield "Composer environment service account is required to be explicitly specified."


def _find_ranges_not_allowed(submission: Submission) -> Iterator[str]:
    is_public_allowed = submission.config.private_environment_config.enable_privately_used_public_ips
    for purpose in ("GKE master",) if is_public_allowed else ("Cluster", "Services", "GKE master"):
        network = submission.networks.get(purpose)
        if network is not None and not any(network in allowed for allowed in ALLOWED_RANGES):
            yield f"{purpose} CIDR range {network} is not within allowed ranges."


def _find_unsupported_image(submission: Submission) -> Iterator[str]:
    if submission.image is not None:
        return
    requested, location = submission.config.software_config.image_version, submission.parent.location
    suggested = (
        "Currently suggested new environment image versions are: "
        f"[{', '.join(submission.surroundings.creatable_images)}]."
    )
    if submission.generation == COMPOSER_1 and location in WITHOUT_COMPOSER_1:
        yield (
            f"Cloud Composer 1 is not supported in the selected region '{location}'. Based on your input: "
            f"'{requested}' you want to create Composer 1 environment. {suggested}"
        )
    else:
        yield f"Unsupported image version for new environment: '{requested}'. {suggested}"


def _find_node_count(submission: Submission) -> Iterator[str]:
    if submission.is_composer_2_or_newer and submission.config.node_count:
        yield f"Configuring node count {_NOT_FROM_COMPOSER_2_ON}."


def _find_node_location(submission: Submission) -> Iterator[str]:
    if submission.is_composer_2_or_newer and submission.config.node_config.location:
        yield f"Configuring node location {_NOT_FROM_COMPOSER_2_ON}."


def _find_machine_type(submission: Submission) -> Iterator[str]:
    if submission.is_composer_2_or_newer and submission.config.node_config.machine_type:
        yield f"Configuring node machine type {_NOT_FROM_COMPOSER_2_ON}. Please use the workloads config instead."


def _find_ip_aliases(submission: Submission) -> Iterator[str]:
    if submission.is_composer_2_or_newer and submission.config.node_config.ip_allocation_policy.use_ip_aliases:
        yield f"Setting useIpAliases {_NOT_FROM_COMPOSER_2_ON}, as they always use VPC Native (IP Aliases)."


def _find_web_server_block(submission: Submission) -> Iterator[str]:
    private = submission.config.private_environment_config
    if submission.is_composer_2_or_newer and private.web_server_ipv4_cidr_block:
        yield f"Configuring web server CIDR block {_NOT_FROM_COMPOSER_2_ON}."


def _find_subnetwork_elsewhere(submission: Submission) -> Iterator[str]:
    subnetwork, location = submission.config.node_config.subnetwork, submission.parent.location
    match = _SUBNETWORK.fullmatch(subnetwork)
    if match is not None and match["region"] != location:
        yield f"Provided subnetwork [{subnetwork}] must match Composer location [{location}]."


def _find_unnamed_network(submission: Submission) -> Iterator[str]:
    node_config = submission.config.node_config
    if not _NETWORK_FORMS.fullmatch(node_config.network):
        yield f"Invalid network name '{node_config.network}'."
    if not _SUBNETWORK_FORMS.fullmatch(node_config.subnetwork):
        yield f"Invalid subnetwork name '{node_config.subnetwork}'."


def _find_public_high_resilience(submission: Submission) -> Iterator[str]:
    is_high = submission.config.resilience_mode == EnvironmentConfig.ResilienceMode.HIGH_RESILIENCE
    if submission.generation == COMPOSER_2 and is_high and not submission.is_private:
        yield "In high resilience mode, You can't use public IP networking mode."


def _find_private_cluster(submission: Submission) -> Iterator[str]:
    # An empty one is the same as none, since GET of a public environment has it
    # [source: composer-public-environment-defaults].
    if submission.config.private_environment_config.private_cluster_config == PrivateClusterConfig():
        return
    if submission.generation == COMPOSER_3:
        yield "Configuring private cluster is not supported in this version of Cloud Composer."
    elif not submission.is_private:
        yield "Cannot set private cluster configuration without enabling Private IP Environment."


def _find_public_connection_type(submission: Submission) -> Iterator[str]:
    connection_type = submission.config.private_environment_config.networking_config.connection_type
    unspecified = NetworkingConfig.ConnectionType.CONNECTION_TYPE_UNSPECIFIED
    if connection_type != unspecified and not submission.is_private:
        yield "You cannot set networking connection type in public IP environment."


def _find_foreign_attachment(submission: Submission) -> Iterator[str]:
    attachment, project = submission.config.node_config.composer_network_attachment, submission.parent.project
    if submission.generation == COMPOSER_3 and attachment and not attachment.startswith(f"projects/{project}/"):
        yield f"Network Attachment ('{attachment}') does not belong to Composer project ('{project}')."


def _find_agent_on_composer_3(submission: Submission) -> Iterator[str]:
    if submission.config.node_config.enable_ip_masq_agent and submission.generation == COMPOSER_3:
        field_name = "config.node_config.enable_ip_masq_agent"
        image = submission.image or submission.config.software_config.image_version
        yield f"Field '{field_name}' is not supported in image version '{image}'."


def _find_worker_memory(submission: Submission) -> Iterator[str]:
    worker = submission.config.workloads_config.worker
    least, most = (round(worker.cpu * each, 2) for each in (_LEAST_WORKER_MEMORY, _MOST_WORKER_MEMORY))
    if submission.generation != COMPOSER_2 or not worker.cpu or not worker.memory_gb:
        return
    if not least <= round(worker.memory_gb, 2) <= most:
        yield f"Worker memory must be between {least:.2f}GB and {most:.2f}GB for given vCpu."


def _find_triggerer_cpus(submission: Submission) -> Iterator[str]:
    if submission.generation == COMPOSER_2 and submission.config.workloads_config.triggerer.cpu > _MOST_TRIGGERER_CPUS:
        yield f"You have to specify Triggerer CPUs not larger than {_MOST_TRIGGERER_CPUS:.2f}"


def _find_environment_variables(submission: Submission) -> Iterator[str]:
    for name in submission.config.software_config.env_variables:
        if name in _RESERVED_VARIABLES or _AIRFLOW_OPTION.fullmatch(name) or not _VARIABLE.fullmatch(name):
            yield f"Environment variable '{name}' cannot be set."


def _find_short_maintenance(submission: Submission) -> Iterator[str]:
    window = MaintenanceWindow.pb(submission.config.maintenance_window)
    rule = dict(part.partition("=")[::2] for part in window.recurrence.removeprefix("RRULE:").split(";"))
    days = 7 if rule.get("FREQ") == "DAILY" else len(set(rule.get("BYDAY", "").split(",")) - {""})
    if not window.HasField("start_time") or not window.HasField("end_time") or not days:
        return
    hours = (window.end_time.ToSeconds() - window.start_time.ToSeconds()) / 3600
    if hours < _LEAST_HOURS_AT_A_TIME or hours * days < _LEAST_HOURS_A_WEEK:
        yield (
            f"The maintenance window period must encompass at least {_LEAST_HOURS_A_WEEK} hours per week, each chunk "
            f"at least {_LEAST_HOURS_AT_A_TIME} hours."
        )


def _find_unreadable_blocks(submission: Submission) -> Iterator[str]:
    for purpose, text in submission.blocks.items():
        if purpose not in submission.networks:
            yield f"{purpose}: '{text}' is not a valid CIDR range."


def _find_master_on_docker_bridge(submission: Submission) -> Iterator[str]:
    master = submission.networks.get("GKE master")
    if master is not None and _overlap(master, DOCKER_BRIDGE):
        yield (
            f"The IP range {DOCKER_BRIDGE} is reserved for the Docker bridge network. GKE master CIDR block must not "
            "overlap with it"
        )


def _find_overlaps(submission: Submission) -> Iterator[str]:
    private = submission.config.private_environment_config
    used = {"Nodes", "Cluster", "Services"}
    if submission.is_private:
        used |= {"GKE master", "Cloud Composer network", "Web server"}
        is_peered = not private.cloud_composer_connection_subnetwork and (
            private.networking_config.connection_type != NetworkingConfig.ConnectionType.PRIVATE_SERVICE_CONNECT
        )
        if is_peered:
            used.add("Cloud SQL")
    networks = [(purpose, network) for purpose, network in submission.networks.items() if purpose in used]
    for (purpose, network), (other_purpose, other) in combinations(networks, 2):
        if _overlap(network, other):
            yield f"{purpose} range {network} overlaps {other_purpose} range {other}."


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A reason to refuse a request.

    :param find: yields a sentence for each problem of its kind.
    :param comes_alone: whether the sentence is the whole answer, without "Found N problems:" and other problems.
    """

    find: Callable[[Submission], Iterator[str]]
    comes_alone: bool = False


#: The service's order of problems is not verified, nor that those that come alone come first.
REFUSALS: Final = (
    # Seen as the answer to a list; that a creation gets it is inferred, for other unknown locations too
    # [source: composer-unexpected-location, composer-regions].
    Refusal(find=_find_unexpected_location, comes_alone=True),
    # [source: composer-service-account-required, composer-service-account-release-note]. Of Composer 3 it is inferred.
    Refusal(find=_find_missing_service_account, comes_alone=True),
    # Also for ranges given by name [source: composer-range-not-allowed, composer-range-not-allowed-log]. Which ranges
    # are allowed for the master, and that privately used public addresses are not, is not verified
    # [source: composer-private-ip].
    Refusal(find=_find_ranges_not_allowed, comes_alone=True),
    # [source: composer-unsupported-image, composer-current-images, composer-1-regions]. That Composer 1 is offered
    # nowhere any more is inferred from its end [source: composer-end-of-life].
    Refusal(find=_find_unsupported_image),
    # These five were seen with Composer 2; their words include Composer 3. [source: composer-1-fields-refused]
    Refusal(find=_find_node_count),
    Refusal(find=_find_node_location),  # [source: composer-1-fields-refused, composer-machine-type-refused]
    Refusal(find=_find_machine_type),  # [source: composer-machine-type-refused]
    Refusal(find=_find_ip_aliases),  # [source: composer-1-fields-refused, composer-use-ip-aliases-refused]
    Refusal(find=_find_web_server_block),  # [source: composer-web-server-cidr-refused]
    # Seen with Composer 1; the same of later ones is inferred. [source: composer-subnetwork-region]
    Refusal(find=_find_subnetwork_elsewhere),
    # Not verified, neither that nor the words. The forms are documented [source: composer-network-names]; that an ID
    # alone, a part of the name or a URL is taken is not verified either.
    Refusal(find=_find_unnamed_network),
    Refusal(find=_find_public_high_resilience),  # [source: composer-high-resilience-public]
    Refusal(find=_find_private_cluster),  # [source: composer-high-resilience-public, composer-private-cluster-refused]
    # The words are those of the reference; the answer was not seen. [source: composer-connection-type]
    Refusal(find=_find_public_connection_type),
    Refusal(find=_find_foreign_attachment),  # [source: composer-attachment-project]
    # Not verified: Composer 3 has no cluster that could run the agent [source: composer-3-networking].
    Refusal(find=_find_agent_on_composer_3),
    # Not verified: seen with an update, and the bounds for each vCPU are inferred [source: composer-worker-memory].
    Refusal(find=_find_worker_memory),
    # Not verified: seen with an update [source: composer-triggerer-cpu].
    Refusal(find=_find_triggerer_cpus),
    # These two are documented, the wording is not verified
    # [source: composer-environment-variables, composer-maintenance-windows].
    Refusal(find=_find_environment_variables),
    Refusal(find=_find_short_maintenance),
    # The forms are documented, the wording is not verified [source: composer-ip-allocation-forms].
    Refusal(find=_find_unreadable_blocks),
    # Seen with Composer 1, of Composer 2 it is inferred. [source: composer-docker-bridge-refused]
    Refusal(find=_find_master_on_docker_bridge),
    # When the service finds overlaps is not verified, nor that nodes count [source: composer-private-blocks-disjoint].
    # In public environments the other blocks are unused, and over Private Service Connect Cloud SQL's, which is a pool
    # [source: composer-public-environment-defaults, composer-cloud-sql-pool].
    Refusal(find=_find_overlaps),
)


def accept_new_environment(request: CreateEnvironmentRequest, *, surroundings: Surroundings) -> Environment:
    """Check a request for a new environment, and return a copy of it with its image version resolved.

    :raises ApiError: INVALID_ARGUMENT with all problems, or with the one that comes alone.
    """
    parent, name = Parent.parse(request.parent), EnvironmentName.parse(request.environment.name)
    if name.parent != parent:  # this wording and the next are not verified
        raise InvalidArgumentError(f"Environment name '{name}' does not match the parent '{parent}'.")
    if not ENVIRONMENT_ID.fullmatch(name.environment_id):
        expected = f"must match ^{ENVIRONMENT_ID.pattern}$"
        raise InvalidArgumentError(f"Invalid environment ID '{name.environment_id}': {expected}.")
    environment = Environment(request.environment)
    software = environment.config.software_config
    image = resolve_image(software.image_version, creatable=surroundings.creatable_images)
    submission = Submission(parent=parent, config=environment.config, image=image, surroundings=surroundings)
    problems: list[str] = []
    for refusal in REFUSALS:
        for problem in refusal.find(submission):
            if refusal.comes_alone:
                raise InvalidArgumentError(problem)
            problems.append(problem)
    if problems or image is None:
        raise InvalidArgumentError.from_problems(problems)
    software.image_version = image
    return environment
