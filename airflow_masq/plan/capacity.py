"""What a plan's ranges have room for, with the sizes that only its environment names; it must not judge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_masq.environment import value_at
from airflow_masq.environment.cidr_fields import BARE_SIZE, POD_FIELD, SERVICE_FIELD, CidrField
from airflow_masq.network.capacity import BareSize, Capacity, calculate_capacity

if TYPE_CHECKING:
    from airflow_masq.plan import Plan


def plan_capacity(plan: Plan) -> Capacity:
    """Say what a plan's ranges have room for.

    :param plan: the plan.
    :return: the capacity; a bare size such as ``/22`` of the environment counts where no range of that kind is known.
    """
    return calculate_capacity(
        plan.ranges,
        pod_size=_bare_size(plan, POD_FIELD),
        service_size=_bare_size(plan, SERVICE_FIELD),
        endpoint_addresses=_endpoint_addresses(plan),
    )


def _endpoint_addresses(plan: Plan) -> int:
    """Count the endpoint of Private Service Connect, unless it takes an address of the nodes' own subnetwork.

    "The PSC endpoint in the Customer Project will use an IP address from this subnetwork"
    (https://cloud.google.com/composer/docs/reference/rest/v1/projects.locations.environments#PrivateEnvironmentConfig,
    cloudComposerConnectionSubnetwork, read 2026-11-22).
    """
    subnetwork = _text(plan, "config", "privateEnvironmentConfig", "cloudComposerConnectionSubnetwork")
    own = _text(plan, "config", "nodeConfig", "subnetwork")
    return int(subnetwork not in ("", own))


def _bare_size(plan: Plan, field: CidrField) -> BareSize | None:
    match = BARE_SIZE.fullmatch(_text(plan, *field.path))
    return None if match is None else BareSize(int(match[1]))


def _text(plan: Plan, *path: str) -> str:
    text = value_at(plan.environment, *path)
    return text if isinstance(text, str) else ""
