"""The environment in a plan: Google's resource, taken as it is, and what of it says something about the network.

Only the fields that this package reads are looked at, and only for their type: whether the values make sense is for
rules to say, so that a plan with a flawed environment can still be linted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.environment import ImageVersion, normalise, value_at
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.network import parse_cidr
from airflow_masq.plan.document import child, describe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from netaddr import IPNetwork

    from airflow_masq.plan.place import Place

_NODE_CONFIG: Final = ("config", "nodeConfig")
IP_ALLOCATION_POLICY: Final = (*_NODE_CONFIG, "ipAllocationPolicy")
_COMPOSER_ON_STANDARD: Final = 1
_COMPOSERS_THAT_MAY_BE_PUBLIC: Final = (1, 2)
_PRIVATE_ENVIRONMENT_CONFIG: Final = ("config", "privateEnvironmentConfig")

# https://cloud.google.com/composer/docs/reference/rest/v1/projects.locations.environments#Environment, read 2026-11-22
_FIELD_TYPES: Final[tuple[tuple[tuple[str, ...], type, str], ...]] = (
    (("name",), str, "text"),
    (("config",), dict, "a mapping"),
    (("config", "softwareConfig"), dict, "a mapping"),
    (("config", "softwareConfig", "imageVersion"), str, "text"),
    (_NODE_CONFIG, dict, "a mapping"),
    ((*_NODE_CONFIG, "enableIpMasqAgent"), bool, "true or false"),
    (IP_ALLOCATION_POLICY, dict, "a mapping"),
    ((*IP_ALLOCATION_POLICY, "clusterIpv4CidrBlock"), str, "text"),
    ((*IP_ALLOCATION_POLICY, "clusterSecondaryRangeName"), str, "text"),
    ((*IP_ALLOCATION_POLICY, "servicesIpv4CidrBlock"), str, "text"),
    ((*IP_ALLOCATION_POLICY, "servicesSecondaryRangeName"), str, "text"),
    (_PRIVATE_ENVIRONMENT_CONFIG, dict, "a mapping"),
    ((*_PRIVATE_ENVIRONMENT_CONFIG, "enablePrivatelyUsedPublicIps"), bool, "true or false"),
)


def read_environment(place: Place) -> dict[str, object]:
    """Read the environment resource.

    :param place: where it stands.
    :return: the resource in camelCase.
    :raises PlanError: when a field that this package reads has another type, or a field stands there in both spellings.
    """
    fields = {name: field.value for name, field in place.entries().items()}
    try:
        resource = normalise(fields)
    except InvalidInputError as error:
        where = child(place.where, error.where)
        raise place.document.error(where=where, expected=error.expected, seen=error.seen) from None
    for names, kind, expected in _FIELD_TYPES:
        value = value_at(resource, *names)
        if value is not None and not isinstance(value, kind):
            where = ".".join((place.where, *names))
            raise place.document.error(where=where, expected=expected, seen=describe(value))
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


def runs_on_autopilot(resource: Mapping[str, object]) -> bool:
    """Say whether the environment's cluster is one of Autopilot.

    :param resource: the resource in camelCase.
    :return: false for Composer 1, whose clusters are Standard ones
        (https://cloud.google.com/composer/docs/composer-versioning-overview, read 2026-11-22); true where the image
        does not tell.
    """
    image = image_of_environment(resource)
    return image is None or image.generation != _COMPOSER_ON_STANDARD


def has_public_nodes(resource: Mapping[str, object]) -> bool:
    """Say whether the environment's nodes have external addresses.

    :param resource: the resource in camelCase.
    :return: true for Composer 1 and 2 where the environment is not private (inferred from private environments being
        those whose nodes have internal addresses only,
        https://cloud.google.com/composer/docs/composer-2/configure-private-ip, read 2026-11-22); false for others.
    """
    image = image_of_environment(resource)
    is_private = value_at(resource, *_PRIVATE_ENVIRONMENT_CONFIG, "enablePrivateEnvironment") is True
    return image is not None and image.generation in _COMPOSERS_THAT_MAY_BE_PUBLIC and not is_private


def ranges_of_environment(resource: Mapping[str, object], field_name: str) -> tuple[IPNetwork, ...]:
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
