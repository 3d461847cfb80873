"""The facts of a created environment, as plain JSON for an XCom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_masq.environment import EnvironmentName, EnvironmentResource
from airflow_masq.environment.whereabouts import make_console_url
from airflow_masq.network.ranges import NetworkRanges
from airflow_masq.provisioning.adoption import MOST_DIFFERENCES, CreationStart, Origin
from airflow_masq.rules import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FACTS = {
    "uuid": ("uuid",),
    "state": ("state",),
    "image_version": ("config", "softwareConfig", "imageVersion"),
    "gke_cluster": ("config", "gkeCluster"),
    "airflow_uri": ("config", "airflowUri"),
    "dag_gcs_prefix": ("config", "dagGcsPrefix"),
}
"""A fact's name, and its path in the environment's REST resource."""


RANGES = ("node_ranges", "pod_ranges", "service_ranges")
"""The facts that are lists of CIDRs. An environment's resource tells no node ranges."""


def record_start(ranges: NetworkRanges, *, findings: Iterable[Finding], start: CreationStart) -> dict[str, Any]:
    """Record what is known before the environment runs: the plan's ranges, its findings, and how the creation started.

    A deferred task gets the record back from its trigger, so it is made of JSON values.
    """
    differences = [str(difference) for difference in start.differences[:MOST_DIFFERENCES]]
    if len(start.differences) > MOST_DIFFERENCES:
        differences.append(f"{len(start.differences) - MOST_DIFFERENCES} more fields differ")
    return {
        **_list_ranges(ranges),
        "findings": [finding.as_json() for finding in findings],
        "adopted": start.origin is Origin.ADOPTED,
        "origin": str(start.origin),
        "differences": differences,
        "is_compared": start.is_compared,
    }


def list_facts(name: EnvironmentName, *, found: EnvironmentResource, record: Mapping[str, Any]) -> dict[str, Any]:
    """List the facts of a running environment.

    :param record: as ``record_start`` made it, in this version or another one.
    :return: JSON values: ``name``, ``console_url``, ``enable_ip_masq_agent``, those of ``FACTS`` (``None`` if the
        environment does not tell), ``RANGES``, and the rest of the record. Ranges are the environment's own; where it
        does not tell them, they are the plan's, and ``ranges_from`` says which are whose.
    """
    own = _list_ranges(NetworkRanges(pod=found.pod_ranges, service=found.service_ranges))
    planned = {field: record.get(field) or [] for field in RANGES}
    ranges_from = {field: "environment" if own[field] else "plan" if planned[field] else None for field in RANGES}
    return {
        "name": str(name),
        "console_url": make_console_url(name),
        "enable_ip_masq_agent": found.masquerades,
        **{fact: found.get_value(*path) for fact, path in FACTS.items()},
        **{field: own[field] or planned[field] for field in RANGES},
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
    }
