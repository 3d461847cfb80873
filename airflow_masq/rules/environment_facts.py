"""What several rules read from a plan's environment; it must not judge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.environment import ImageVersion, value_at
from airflow_masq.exceptions import InvalidInputError

if TYPE_CHECKING:
    from airflow_masq.plan import Plan

IMAGE_VERSION_PLACE: Final = "environment.config.softwareConfig.imageVersion"
IP_ALLOCATION_POLICY_PLACE: Final = "environment.config.nodeConfig.ipAllocationPolicy"

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
    text = value_at(plan.environment, "config", "softwareConfig", "imageVersion")
    try:
        return ImageVersion.parse(text) if isinstance(text, str) else None
    except InvalidInputError:
        return None


def address_field(plan: Plan, name: str) -> str:
    """Give a text field of the environment's IP allocation policy.

    :param plan: the plan.
    :param name: the field's name.
    :return: its text; empty where it is not set, as in Google's own types.
    """
    text = value_at(plan.environment, "config", "nodeConfig", "ipAllocationPolicy", name)
    return text if isinstance(text, str) else ""
