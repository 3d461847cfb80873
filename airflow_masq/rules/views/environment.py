"""What several rules read from a plan's environment; it must not judge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.environment import ImageVersion, value_at
from airflow_masq.environment.cidr_fields import IP_ALLOCATION_POLICY, CidrField
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.network.ranges import parse_cidr
from airflow_masq.plan.environment_section import image_of_environment

if TYPE_CHECKING:
    from netaddr import IPNetwork

    from airflow_masq.plan import Plan

IP_ALLOCATION_POLICY_PLACE: Final = ".".join(("environment", *IP_ALLOCATION_POLICY))

# The fields of ipAllocationPolicy by what they are for: the name, the field with a CIDR, the field with a range's name.
ADDRESS_FIELDS: Final = (
    ("Pod", "clusterIpv4CidrBlock", "clusterSecondaryRangeName"),
    ("Service", "servicesIpv4CidrBlock", "servicesSecondaryRangeName"),
)


def image_version(plan: Plan) -> ImageVersion | None:
    """Give the environment's image version.

    :param plan: the plan.
    :return: the version; ``None`` where there is none, or none that can be read.
    """
    return image_of_environment(plan.environment)


def address_field(plan: Plan, *, name: str) -> str:
    """Give a text field of the environment's IP allocation policy.

    :param plan: the plan.
    :param name: the field's name.
    :return: its text; empty where it is not set, as in Google's own types.
    """
    return text_field(plan, *IP_ALLOCATION_POLICY, name)


def text_field(plan: Plan, *path: str) -> str:
    """Give a text field of the environment.

    :param plan: the plan.
    :param path: the field's names on the way down.
    :return: its text; empty where it is not set, or is no text.
    """
    text = value_at(plan.environment, *path)
    return text if isinstance(text, str) else ""


def block(plan: Plan, *, field: CidrField) -> IPNetwork | None:
    """Give the block in a field with a CIDR.

    :param plan: the plan.
    :param field: the field.
    :return: the block; ``None`` where there is none, only a size, or one that cannot be read.
    """
    try:
        return parse_cidr(text_field(plan, *field.path))
    except InvalidInputError:
        return None
