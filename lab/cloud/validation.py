"""What the service refuses in a request for a new environment, before anything is made.

State (a name that is taken) is not this module's business. Where a rule of Google's is guessed, "not verified" says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.cloud.orchestration.airflow.service_v1.types import (
    CreateEnvironmentRequest,
    Environment,
    EnvironmentConfig,
    NetworkingConfig,
)

from lab.cloud.address_ranges import range_problems
from lab.cloud.errors import invalid, problems_found
from lab.cloud.images import is_composer_3, resolve_image
from lab.cloud.names import ENVIRONMENT_ID, parse_environment_name, parse_parent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


def accept_new_environment(
    request: CreateEnvironmentRequest, *, creatable_images: Sequence[str], node_ranges: Mapping[str, str]
) -> Environment:
    """Check a request for a new environment.

    :param request: as it came.
    :param creatable_images: full image versions, newest first.
    :param node_ranges: the primary range (a CIDR) of each subnetwork the lab knows, by the subnetwork's full name; the
        empty name stands for environments that name none.
    :return: a copy of the environment with its image version resolved.
    :raises ApiError: INVALID_ARGUMENT with everything that is wrong.
    """
    _check_name(request)
    environment = Environment(request.environment)
    config = environment.config
    asked = config.software_config.image_version
    image = resolve_image(asked, creatable=creatable_images)
    problems = [_unsupported_image(asked, creatable_images)] if image is None else list(_image_problems(config, image))
    problems += _networking_problems(config)
    problems += range_problems(config, node_range=node_ranges.get(config.node_config.subnetwork))
    if problems or image is None:
        raise problems_found(problems)
    config.software_config.image_version = image
    return environment


def _check_name(request: CreateEnvironmentRequest) -> None:
    """Refuse a name that is malformed or belongs under another parent (wordings not verified)."""
    parent = parse_parent(request.parent)
    name = parse_environment_name(request.environment.name)
    if name.parent != parent:
        raise invalid(f"Environment name '{name}' does not match the parent '{parent}'.")
    if not ENVIRONMENT_ID.fullmatch(name.environment_id):
        raise invalid(f"Invalid environment ID '{name.environment_id}': must match ^{ENVIRONMENT_ID.pattern}$.")


def _unsupported_image(asked: str, creatable_images: Sequence[str]) -> str:
    """Refuse an image in Google's words.

    https://github.com/hashicorp/terraform-provider-google/issues/20248 (read 2026-11-22).
    """
    suggested = ", ".join(creatable_images)
    return (
        f"Unsupported image version for new environment: '{asked}'. "
        f"Currently suggested new environment image versions are: [{suggested}]."
    )


def _image_problems(config: EnvironmentConfig, image: str) -> Iterator[str]:
    """Refuse the agent on Composer 3, where no cluster could run it (what the service really does: not verified)."""
    if config.node_config.enable_ip_masq_agent and is_composer_3(image):
        yield f"Field 'config.node_config.enable_ip_masq_agent' is not supported in image version '{image}'."


def _networking_problems(config: EnvironmentConfig) -> Iterator[str]:
    """Refuse what a public environment cannot have.

    "You cannot set networking connection type in public IP environment": NetworkingConfig in
    google-cloud-orchestration-airflow 1.23.0 (read 2026-11-22).
    """
    private = config.private_environment_config
    unspecified = NetworkingConfig.ConnectionType.CONNECTION_TYPE_UNSPECIFIED
    if private.networking_config.connection_type != unspecified and not private.enable_private_environment:
        yield "You cannot set networking connection type in public IP environment."
