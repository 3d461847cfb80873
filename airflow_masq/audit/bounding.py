"""Audits of a bounded size, since Airflow keeps XComs in its database, and asset events for ever.

The worst environments keep everything; the others keep what the next audit compares, and are left out last.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from airflow_masq.audit.codec import encode_audit, write_drift, write_environment, write_not_asked
from airflow_masq.audit.masquerading import Masquerading
from airflow_masq.audit.table import summarise_totals
from airflow_masq.rules import Severity
from airflow_masq.text import escape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.audit.audit import Audit, AuditedEnvironment

AUDIT_LIMIT_BYTES: Final = 2_000_000
"""The most that an audit takes as JSON, as the reports of a run do."""

EVENT_LIMIT_BYTES: Final = 32_768
"""The most that an event's ``extra`` takes as JSON."""

EVENT_SCHEMA: Final = "airflow-masq/audit-event/v1"

_SEPARATOR_BYTES: Final = 2
_MOST_DRIFTS: Final = 1_000
_MOST_PROJECTS: Final = 20


def bound_audit(audit: Audit, *, limit_bytes: int = AUDIT_LIMIT_BYTES) -> Audit:
    """Leave out what does not fit: first findings and clusters of the best environments, then these themselves.

    What is left out is counted, so totals never change.
    """
    bare = replace(audit, environments=(), drift=audit.drift[:_MOST_DRIFTS])
    room = limit_bytes - _measure(encode_audit(bare))
    small = [replace(each, findings=(), cluster=None) for each in audit.environments]
    rest = sum(_measure(write_environment(each)) + _SEPARATOR_BYTES for each in small)
    kept: list[AuditedEnvironment] = []
    omitted, findings = Counter[Masquerading](), Counter[Severity]()
    for full, reduced in zip(audit.environments, small, strict=True):
        size = _measure(write_environment(reduced)) + _SEPARATOR_BYTES
        rest -= size
        more = _measure(write_environment(full)) + _SEPARATOR_BYTES
        if more + rest <= room:
            kept.append(full)
            room -= more
            continue
        findings.update(finding.severity for finding in full.findings)
        if size <= room:
            kept.append(reduced)
            room -= size
        else:
            omitted[full.standing.masquerading] += 1
    findings.update(each.severity for each in audit.drift[_MOST_DRIFTS:])
    return replace(bare, environments=tuple(kept), omitted=omitted, omitted_findings=findings)


def summarise_audit(
    audit: Audit, *, dag_id: str, run_id: str, task_id: str, limit_bytes: int = EVENT_LIMIT_BYTES
) -> dict[str, Any]:
    """Summarise an audit as an asset event's ``extra``.

    It begins with ``summary``, one line, since Airflow's page of an asset shows an event's extra from its beginning.
    What could not be asked comes first, then drift, then environments, the worst first. What does not fit into the
    limit is counted in ``omitted``. Any user who may post asset events can forge one, so it names its task.
    """
    encoded = encode_audit(replace(audit, environments=(), not_asked=(), drift=()))
    event: dict[str, Any] = {
        "summary": summarise_totals(audit),
        "is_complete": audit.is_complete,
        "schema": EVENT_SCHEMA,
        "dag_id": escape(dag_id, limit=250),
        "run_id": escape(run_id, limit=250),
        "task_id": escape(task_id, limit=250),
        "began": encoded["began"],
        "compared_with": encoded["compared_with"],
        "projects": list(audit.projects[:_MOST_PROJECTS]),
        "totals": {kind.value: count for kind, count in audit.totals.items()},
        "severities": {severity.value: count for severity, count in audit.severities.items()},
        "not_asked": [],
        "drift": [],
        "environments": [],
        "omitted": len(audit.not_asked) + len(audit.drift) + sum(audit.totals.values()),
    }
    room = limit_bytes - _measure(event)
    for key, row in _list_rows(audit):
        size = _measure(row) + _SEPARATOR_BYTES
        if size <= room:
            room -= size
            event[key].append(row)
            event["omitted"] -= 1
    return event


def _list_rows(audit: Audit) -> Iterator[tuple[str, dict[str, Any]]]:
    """List the rows of an event, the worst first, each with the list that it belongs to."""
    for failure in audit.not_asked:
        yield "not_asked", write_not_asked(failure)
    for drift in audit.drift:
        yield "drift", {key: value for key, value in write_drift(drift).items() if key != "diff"}
    for each in audit.environments:
        codes = list(dict.fromkeys(finding.code for finding in each.findings))
        yield (
            "environments",
            {
                "name": each.record.name,
                "masquerading": each.standing.masquerading.value,
                "state": each.record.state,
                "image_version": each.record.image_version,
                "codes": codes,
            },
        )


def _measure(value: object) -> int:
    return len(json.dumps(value))
