"""On which line of its file each place of a plan stands, under the names by which rules call the places.

Rules see the environment in Google's REST spelling and the ranges where they end up, whatever the file's author wrote.
It must not look at values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.environment.cidr_fields import IP_ALLOCATION_POLICY
from airflow_masq.environment.fields import REST_NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping

_ENVIRONMENT: Final = "environment"
_IP_ALLOCATION_POLICY_PLACE: Final = ".".join((_ENVIRONMENT, *IP_ALLOCATION_POLICY))

# Where the plan gives no ranges, the environment's field does.
_STAND_INS: Final = (
    ("network.pod_ranges", f"{_IP_ALLOCATION_POLICY_PLACE}.clusterIpv4CidrBlock"),
    ("network.service_ranges", f"{_IP_ALLOCATION_POLICY_PLACE}.servicesIpv4CidrBlock"),
)


def place_lines(lines: Mapping[str, int]) -> dict[str, int]:
    """Add the names that rules use to the places of a document.

    :param lines: from places as the file spells them to lines.
    :return: the same, and the environment's fields in camelCase, and ranges that the environment gives.
    """
    named = {_rest_place(where): line for where, line in lines.items() if where.startswith(f"{_ENVIRONMENT}.")}
    named |= lines
    for place, stand_in in _STAND_INS:
        if place not in named and stand_in in named:
            named[place] = named[stand_in]
    return named


def _rest_place(where: str) -> str:
    return ".".join(_rest_part(part) for part in where.split("."))


def _rest_part(part: str) -> str:
    name, bracket, index = part.partition("[")
    return f"{REST_NAMES.get(name, name)}{bracket}{index}"
