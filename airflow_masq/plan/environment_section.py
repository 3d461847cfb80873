"""The environment in a plan: Google's resource, taken as it is, and what of it says something about the network.

Known fields are looked at for their type only: whether the values make sense is for rules to say, so that a plan with
a flawed environment can still be linted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.environment import ImageVersion, normalise, value_at
from airflow_masq.environment.cidr_fields import IP_ALLOCATION_POLICY
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.network.ranges import parse_cidr
from airflow_masq.plan.environment_types import check_types
from airflow_masq.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from netaddr import IPNetwork

    from airflow_masq.plan.document import Place

COMPOSER_1: Final = 1
COMPOSER_2: Final = 2
COMPOSER_3: Final = 3
"""Composer's generations, as ``composer_generation`` tells them."""

IMAGE_VERSION_PLACE: Final = "environment.config.softwareConfig.imageVersion"
OUT_OF_YOUR_NETWORK: Final = "Composer 3 keeps its nodes and Pods out of your network"
"""Why nothing can be said of the addresses, the room and the policy of such an environment."""

_LONGEST_PLACE: Final = 200
_COMPOSERS_THAT_MAY_BE_PUBLIC: Final = (COMPOSER_1, COMPOSER_2)
_PRIVATE_ENVIRONMENT_CONFIG: Final = ("config", "privateEnvironmentConfig")


def read_environment(place: Place) -> dict[str, object]:
    """Read the environment resource.

    :param place: where it stands.
    :return: the resource in camelCase.
    :raises PlanError: when a field of Google's has another type, or stands there in both spellings.
    """
    fields = {name: field.value for name, field in place.entries().items()}
    try:
        resource = normalise(fields)
    except InvalidInputError as error:
        where = f"{place.where}.{printable(error.where, limit=_LONGEST_PLACE)}"
        raise place.document.error(where=where, expected=error.expected, seen=error.seen) from None
    check_types(resource, document=place.document, around=place.where)
    return resource


def image_of_environment(resource: Mapping[str, object]) -> ImageVersion | None:
    """Give the environment's image version.

    :param resource: the resource in camelCase.
    :return: the version; ``None`` where there is none, or none that can be read.
    """
    text = value_at(resource, "config", "softwareConfig", "imageVersion")
    try:
        return ImageVersion.parse(text) if isinstance(text, str) else None
    except InvalidInputError:
        return None


def composer_generation(resource: Mapping[str, object]) -> int | None:
    """Give the generation of Composer that the environment's image belongs to.

    :param resource: the resource in camelCase.
    :return: 1, 2 or 3; ``None`` where the image does not tell.
    """
    image = image_of_environment(resource)
    return None if image is None else image.generation


def require_own_network(resource: Mapping[str, object]) -> None:
    """Refuse an environment of whose nodes and Pods the project's network knows nothing.

    :param resource: the resource in camelCase.
    :raises InvalidInputError: when it is one of Composer 3.
    """
    image = image_of_environment(resource)
    if image is not None and image.generation == COMPOSER_3:
        expected = f"Composer 1 or 2, since {OUT_OF_YOUR_NETWORK}"
        raise InvalidInputError(where=IMAGE_VERSION_PLACE, expected=expected, seen=printable(image.text))


def runs_on_autopilot(resource: Mapping[str, object]) -> bool:
    """Say whether the environment's cluster is one of Autopilot.

    :param resource: the resource in camelCase.
    :return: false for Composer 1, whose clusters are Standard ones
        (https://cloud.google.com/composer/docs/composer-versioning-overview, read 2026-11-22); true where the image
        does not tell.
    """
    return composer_generation(resource) != COMPOSER_1


def has_public_nodes(resource: Mapping[str, object]) -> bool:
    """Say whether the environment's nodes have external addresses.

    :param resource: the resource in camelCase.
    :return: true for Composer 1 and 2 where the environment is not private (inferred from private environments being
        those whose nodes have internal addresses only,
        https://cloud.google.com/composer/docs/composer-2/configure-private-ip, read 2026-11-22); false for others.
    """
    is_private = value_at(resource, *_PRIVATE_ENVIRONMENT_CONFIG, "enablePrivateEnvironment") is True
    return composer_generation(resource) in _COMPOSERS_THAT_MAY_BE_PUBLIC and not is_private


def ranges_of_environment(resource: Mapping[str, object], *, field_name: str) -> tuple[IPNetwork, ...]:
    """Give the range that the environment's IP allocation policy names.

    :param resource: the resource in camelCase.
    :param field_name: ``clusterIpv4CidrBlock`` for Pods, ``servicesIpv4CidrBlock`` for Services.
    :return: the one range; none where the policy gives none, only a size, or one that cannot be read (which is a rule's
        matter).
    """
    text = value_at(resource, *IP_ALLOCATION_POLICY, field_name)
    if not isinstance(text, str):
        return ()
    try:
        return (parse_cidr(text),)
    except InvalidInputError:
        return ()
