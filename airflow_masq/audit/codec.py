"""Audits as JSON values, for commands and XComs; and of an earlier audit back what the next one compares.

Any user who may write an XCom can write anything into it, so what is read back is read strictly. Keys that are not
compared are not looked at, so an audit of another release can be compared, too.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from airflow_masq.audit.audit import Audit, AuditedEnvironment, Drift, EnvironmentRecord
from airflow_masq.audit.complaints import Complaint, list_complaints
from airflow_masq.audit.drift import EarlierAudit
from airflow_masq.audit.not_asked import MOST_PROJECTS, MOST_REGIONS, NotAsked
from airflow_masq.cluster_policy import read_recorded_policy
from airflow_masq.reading import Place
from airflow_masq.text import escape

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_masq.facts import Cluster

SCHEMA: Final = "airflow-masq/audit/v1"
"""Names the format; a reader refuses any other."""

_MOST_ENVIRONMENTS: Final = 100_000
_MOST_NOT_ASKED: Final = 100_000
_LONGEST_NAME: Final = 400
_MOST_OMITTED: Final = 10_000_000


def encode_audit(audit: Audit, *, complaints: Mapping[Complaint, str] | None = None) -> dict[str, Any]:
    """Write an audit as JSON values.

    :param complaints: those of the whole audit, where this one was bounded; default: this one's.
    """
    complaints = list_complaints(audit) if complaints is None else complaints
    return {
        "schema": SCHEMA,
        "began": audit.began.isoformat(),
        "is_complete": audit.is_complete,
        "projects": list(audit.projects),
        "regions": list(audit.regions),
        "totals": {
            "environments": sum(audit.totals.values()),
            **{kind.value: count for kind, count in audit.totals.items()},
            "not_asked": sum(len(each.regions) for each in audit.not_asked),
        },
        "severities": {severity.value: count for severity, count in audit.severities.items()},
        "environments": [write_environment(each) for each in audit.environments],
        "not_asked": [write_not_asked(each) for each in audit.not_asked],
        "not_offered": list(audit.not_offered),
        "drift": [write_drift(each) for each in audit.drift],
        "compared_with": None if audit.compared_with is None else audit.compared_with.isoformat(),
        "omitted": {
            "environments": sum(audit.omitted.values()),
            "findings": sum(audit.omitted_findings.values()),
        },
        "complaints": {kind.value: line for kind, line in complaints.items()},
    }


def write_environment(each: AuditedEnvironment) -> dict[str, Any]:
    """Write one environment as JSON values."""
    record, standing = each.record, each.standing
    return {
        "name": record.name,
        "project": record.project,
        "region": record.region,
        "environment_id": record.environment_id,
        "uuid": record.uuid,
        "state": record.state,
        "image_version": record.image_version,
        "generation": each.generation,
        "composer_version": each.composer_version,
        "airflow_version": each.airflow_version,
        "enable_ip_masq_agent": record.has_agent,
        "gke_cluster": each.gke_cluster,
        "pod_range": record.pod_range,
        "service_range": record.service_range,
        "masquerading": standing.masquerading.value,
        "reason": standing.reason,
        "code": standing.code,
        "source": standing.source,
        "cluster": None if each.cluster is None else _write_cluster(each.cluster),
        "policy": None if record.policy is None else record.policy.as_json(),
        "findings": [finding.as_json() for finding in each.findings],
        "problems": list(each.problems),
    }


def _write_cluster(cluster: Cluster) -> dict[str, Any]:
    return {
        "status": escape(cluster.status),
        "initial_version": escape(cluster.initial_version),
        "current_version": escape(cluster.current_version),
        "is_autopilot": cluster.is_autopilot,
        "pod_ranges": [str(cidr) for cidr in cluster.pod_ranges],
        "service_ranges": [str(cidr) for cidr in cluster.service_ranges],
        "pods_per_node": cluster.pods_per_node,
        "has_private_nodes": cluster.has_private_nodes,
        "uses_dataplane_v2": cluster.uses_dataplane_v2,
        "has_intranode_visibility": cluster.has_intranode_visibility,
        "subnetwork": None if cluster.subnetwork is None else escape(str(cluster.subnetwork), limit=_LONGEST_NAME),
    }


def write_not_asked(each: NotAsked) -> dict[str, Any]:
    """Write what could not be asked as JSON values."""
    return {
        "project": each.project,
        "regions": list(each.regions),
        "status": each.status,
        "problem": each.problem,
        "next_step": each.next_step,
    }


def write_drift(each: Drift) -> dict[str, Any]:
    """Write a drift as JSON values."""
    return {
        "environment": each.environment,
        "against": each.against,
        "severity": each.severity.value,
        "message": each.message,
        "diff": list(each.diff),
    }


def decode_earlier_audit(value: object, *, where: str = "the last audit") -> EarlierAudit:
    """Read what is compared of an audit that others may have written.

    :param where: the place to name in an error.
    :raises InvalidInputError: it is no audit as ``encode_audit`` writes it.
    """
    place = Place(where=where, value=value)
    at = place.read_entries()
    if "schema" not in at:
        raise place.make_error("an audit, as airflow-masq audit --format json writes it")
    at["schema"].read_choice([SCHEMA])
    at = _require(place, ("began", "projects", "regions", "environments", "not_asked", "omitted"))
    projects, regions = _read_lines(at["projects"], most=MOST_PROJECTS), _read_lines(at["regions"], most=MOST_REGIONS)
    not_asked = set()
    for item in at["not_asked"].read_items(most=_MOST_NOT_ASKED):
        failed = _require(item, ("project", "regions"))
        not_asked |= {
            (failed["project"].read_line(), region) for region in _read_lines(failed["regions"], most=MOST_REGIONS)
        }
    environments = [_read_record(item) for item in at["environments"].read_items(most=_MOST_ENVIRONMENTS)]
    omitted = _require(at["omitted"], ("environments",))["environments"]
    return EarlierAudit(
        began=_read_time(at["began"]),
        records={record.name: record for record in environments},
        known_places=frozenset((project, region) for project in projects for region in regions) - not_asked,
        is_bounded=omitted.read_whole_number(least=0, most=_MOST_OMITTED) > 0,
    )


def _read_record(place: Place) -> EnvironmentRecord:
    texts = ("name", "project", "region", "uuid", "state", "image_version", "pod_range", "service_range")
    at = _require(place, (*texts, "enable_ip_masq_agent"))
    policy = at.get("policy")
    return EnvironmentRecord(
        has_agent=at["enable_ip_masq_agent"].read_boolean(),
        policy=None
        if policy is None or policy.value is None
        else read_recorded_policy(policy.value, where=policy.where),
        **{text: at[text].read_line() for text in texts},
    )


def _read_lines(place: Place, *, most: int) -> list[str]:
    return [item.read_line() for item in place.read_items(most=most)]


def _read_time(place: Place) -> datetime:
    text = place.read_line()
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise place.make_error("a time with its zone, such as 2026-01-01T00:00:00+00:00")
    return time


def _require(place: Place, keys: tuple[str, ...]) -> dict[str, Place]:
    entries = place.read_entries()
    for key in keys:
        if key not in entries:
            raise place.make_error(f"the key {key}", seen="none")
    return entries
