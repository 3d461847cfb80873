"""What a created environment is, as plain JSON for an XCom; it must ask nobody and hold no judgement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from airflow_masq.environment import EnvironmentName, EnvironmentResource
from airflow_masq.network.ranges import NetworkRanges

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_masq.rules import Finding

FACTS = {
    "uuid": ("uuid",),
    "state": ("state",),
    "image_version": ("config", "softwareConfig", "imageVersion"),
    "gke_cluster": ("config", "gkeCluster"),
    "airflow_uri": ("config", "airflowUri"),
    "dag_gcs_prefix": ("config", "dagGcsPrefix"),
}
"""A fact's name, and where it stands in the environment's REST resource."""


def environment_facts(
    name: EnvironmentName, *, found: EnvironmentResource, record: Mapping[str, Any]
) -> dict[str, Any]:
    """List the facts of a running environment.

    :param name: the environment's name.
    :param found: its resource.
    :param record: what was known before it ran: the plan's ranges, the findings, whether it was adopted and what it
        then had otherwise than planned.
    :return: JSON values: ``name``, ``console_url``, ``enable_ip_masq_agent``, those of ``FACTS`` (``None`` where the
        environment does not say), the record, and for ranges that the plan left open the environment's.
    """
    own_ranges = range_facts(NetworkRanges(pod=found.pod_ranges, service=found.service_ranges))
    ranges = {field: record.get(field) or own for field, own in own_ranges.items()}
    return {
        "name": str(name),
        "console_url": console_url(name),
        "enable_ip_masq_agent": found.masquerades,
        **{fact: found.value(*path) for fact, path in FACTS.items()},
        **record,
        **ranges,
    }


def range_facts(ranges: NetworkRanges) -> dict[str, list[str]]:
    """List the known address ranges of an environment's cluster.

    :param ranges: the ranges.
    :return: CIDRs by ``node_ranges``, ``pod_ranges`` and ``service_ranges``; empty where nothing is known.
    """
    return {
        "node_ranges": [str(cidr) for cidr in ranges.node],
        "pod_ranges": [str(cidr) for cidr in ranges.pod],
        "service_ranges": [str(cidr) for cidr in ranges.service],
    }


def finding_facts(finding: Finding) -> dict[str, str]:
    """Write a finding as JSON.

    :param finding: the finding.
    :return: its fields as text.
    """
    return {
        "code": str(finding.code),
        "severity": str(finding.severity),
        "where": finding.where,
        "message": finding.message,
        "provenance": str(finding.provenance),
    }


def console_url(name: EnvironmentName) -> str:
    """Give the environment's page in Google Cloud console.

    The path is that of the google provider's ``CLOUD_COMPOSER_DETAILS_LINK`` (22.8.0, read 2026-11-22).

    :param name: the environment's name.
    :return: the URL.
    """
    path = f"{quote(name.location, safe='')}/{quote(name.environment_id, safe='')}"
    project = quote(name.project, safe="")
    return f"https://console.cloud.google.com/composer/environments/detail/{path}/monitoring?project={project}"
