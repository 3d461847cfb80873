"""The facts of a created environment, as plain JSON for an XCom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from airflow_masq.environment import EnvironmentName, EnvironmentResource
from airflow_masq.network.ranges import NetworkRanges
from airflow_masq.provisioning.adoption import CreationStart
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


def record_start(ranges: NetworkRanges, *, findings: Iterable[Finding], start: CreationStart) -> dict[str, Any]:
    """Record what is known before the environment runs: the plan's ranges, its findings, and how the creation started.

    A deferred task gets the record back from its trigger, so it is made of JSON values.
    """
    return {
        **_list_ranges(ranges),
        "findings": [finding.as_json() for finding in findings],
        "adopted": start.adopted,
        "differences": [str(difference) for difference in start.differences],
    }


def list_facts(name: EnvironmentName, *, found: EnvironmentResource, record: Mapping[str, Any]) -> dict[str, Any]:
    """List the facts of a running environment.

    :param record: as ``record_start`` made it.
    :return: JSON values: ``name``, ``console_url``, ``enable_ip_masq_agent``, those of ``FACTS`` (``None`` if the
        environment does not tell), and the record. Ranges that the plan left open are the environment's own.
    """
    own_ranges = _list_ranges(NetworkRanges(pod=found.pod_ranges, service=found.service_ranges))
    return {
        "name": str(name),
        "console_url": make_console_url(name),
        "enable_ip_masq_agent": found.masquerades,
        **{fact: found.value(*path) for fact, path in FACTS.items()},
        **record,
        **{field: record.get(field) or own for field, own in own_ranges.items()},
    }


def make_console_url(name: EnvironmentName) -> str:
    """Link to the environment's page in Google Cloud console.

    The path is that of the google provider's link [source: composer-console-page].
    """
    project, location, environment_id = (
        quote(part, safe="") for part in (name.project, name.location, name.environment_id)
    )
    base = "https://console.cloud.google.com/composer/environments/detail"
    return f"{base}/{location}/{environment_id}/monitoring?project={project}"


def _list_ranges(ranges: NetworkRanges) -> dict[str, list[str]]:
    return {
        "node_ranges": [str(cidr) for cidr in ranges.node],
        "pod_ranges": [str(cidr) for cidr in ranges.pod],
        "service_ranges": [str(cidr) for cidr in ranges.service],
    }
