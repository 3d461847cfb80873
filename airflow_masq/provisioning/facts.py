"""The facts of a created environment, as plain JSON for an XCom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_masq.environment import EnvironmentName
from airflow_masq.environment.whereabouts import make_console_url
from airflow_masq.facts.network_facts import NetworkFacts
from airflow_masq.network.ranges import NetworkRanges
from airflow_masq.provisioning.adoption import MOST_DIFFERENCES, CreationStart, Origin
from airflow_masq.provisioning.request import CreationRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

FACTS = {
    "uuid": ("uuid",),
    "state": ("state",),
    "image_version": ("config", "softwareConfig", "imageVersion"),
    "gke_cluster": ("config", "gkeCluster"),
    "airflow_uri": ("config", "airflowUri"),
    "dag_gcs_prefix": ("config", "dagGcsPrefix"),
}
"""A fact's name, and its path in the environment's REST resource."""


RANGES = ("node_ranges", "pod_ranges", "service_ranges", "nat_addresses")
"""The facts that are lists of CIDRs or addresses, for which the plan's stand in where they could not be read."""


def record_start(request: CreationRequest, *, start: CreationStart) -> dict[str, Any]:
    """Record what is known before the environment runs: the plan's ranges, its findings, and how the creation started.

    A deferred task gets the record back from its trigger, so it is made of JSON values.
    """
    differences = [str(difference) for difference in start.differences[:MOST_DIFFERENCES]]
    if len(start.differences) > MOST_DIFFERENCES:
        differences.append(f"{len(start.differences) - MOST_DIFFERENCES} more fields differ")
    return {
        **_list_ranges(request.plan.ranges),
        "findings": [finding.as_json() for finding in request.findings],
        "adopted": start.origin is Origin.ADOPTED,
        "origin": str(start.origin),
        "differences": differences,
        "is_compared": start.is_compared,
    }


def list_facts(name: EnvironmentName, *, network: NetworkFacts, record: Mapping[str, Any]) -> dict[str, Any]:
    """List the facts of a running environment.

    :param network: what the APIs told of it.
    :param record: as ``record_start`` made it, in this version or another one.
    :return: JSON values: ``name``, ``console_url``, ``enable_ip_masq_agent``, those of ``FACTS`` (``None`` if the
        environment does not tell), those of ``NetworkFacts.as_json``, and the rest of the record. Where one of
        ``RANGES`` could not be read it is the plan's, and ``ranges_from`` says which are whose.
    """
    found, read = network.environment, network.as_json()
    planned = {field: record.get(field) or [] for field in RANGES}
    ranges_from = {
        field: origin or ("plan" if planned[field] else None) for field, origin in network.ranges_from.items()
    }
    return {
        "name": str(name),
        "console_url": make_console_url(name),
        "enable_ip_masq_agent": found.masquerades,
        **{fact: found.get_value(*path) for fact, path in FACTS.items()},
        **read,
        **{
            field: read[field] if origin is not None else planned[field]
            for field, origin in network.ranges_from.items()
        },
        "ranges_from": ranges_from,
        "findings": record.get("findings") or [],
        "adopted": record.get("adopted"),
        "origin": record.get("origin"),
        "differences": record.get("differences") or [],
    }


def _list_ranges(ranges: NetworkRanges) -> dict[str, list[str]]:
    return {
        "node_ranges": [str(cidr) for cidr in ranges.node],
        "pod_ranges": [str(cidr) for cidr in ranges.pod],
        "service_ranges": [str(cidr) for cidr in ranges.service],
        "nat_addresses": [str(address) for address in ranges.nat_addresses],
    }
