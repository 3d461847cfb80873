"""What of an audit may fail a task, in one line each. The audit and the DAG's last task both ask here."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from airflow_masq.audit.masquerading import Masquerading
from airflow_masq.exceptions import AuditFailedError, AuditIncompleteError
from airflow_masq.reading import Place, Reaction
from airflow_masq.rules import Severity
from airflow_masq.text import format_count, join_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_masq.audit.audit import Audit

_MOST_NAMES: Final = 5


class Complaint(StrEnum):
    """A kind of trouble."""

    FINDINGS = "findings"
    DRIFT = "drift"
    INCOMPLETE = "incomplete"


def list_complaints(audit: Audit) -> dict[Complaint, str]:
    """Say what is wrong: findings of severity error, drift that is no remark, and what could not be asked."""
    complaints: dict[Complaint, str] = {}
    errors = [
        f"{finding.code} in {each.record.environment_id}"
        for each in audit.environments
        for finding in each.findings
        if finding.severity is Severity.ERROR
    ]
    if errors:
        complaints[Complaint.FINDINGS] = f"{format_count(len(errors), noun='error')}: {_join(errors)}"
    drift = [
        f"{each.environment.rpartition('/')[2]} against the {each.against}: {each.message}"
        for each in audit.drift
        if each.severity is not Severity.INFO
    ]
    if drift:
        complaints[Complaint.DRIFT] = f"{format_count(len(drift), noun='drift')}: {'; '.join(drift[:_MOST_NAMES])}"
    if not audit.is_complete:
        complaints[Complaint.INCOMPLETE] = f"not everything could be asked or judged: {_join(_list_unknown(audit))}"
    return complaints


def _list_unknown(audit: Audit) -> list[str]:
    unknown = []
    for failure in audit.not_asked:
        regions = failure.regions[0] if len(failure.regions) == 1 else f"{len(failure.regions)} regions"
        unknown.append(f"{failure.project} in {regions} ({failure.status})")
    return unknown + [
        each.record.environment_id
        for each in audit.environments
        if each.problems or each.standing.masquerading is Masquerading.UNKNOWN
    ]


def read_complaints(value: object, *, where: str) -> dict[Complaint, str]:
    """Read the complaints of an encoded audit, which others may have written.

    :raises InvalidInputError: it is no audit.
    """
    place = Place(where=where, value=value)
    entries = place.read_entries()
    if "complaints" not in entries:
        raise place.make_error("an audit with the key complaints")
    found = entries["complaints"].read_section(tuple(Complaint))
    return {Complaint(key): line.read_line() for key, line in found.items()}


def read_reactions(settings: object) -> dict[Complaint, Reaction]:
    """Read the settings ``on_findings``, ``on_drift`` and ``on_incomplete``, which are attributes.

    :raises InvalidInputError: one is none of ``fail``, ``warn`` and ``ignore``.
    """
    names = {kind: f"on_{kind}" for kind in Complaint}
    return {
        kind: Place(where=name, value=getattr(settings, name)).read_choice(Reaction) for kind, name in names.items()
    }


def fail_on_complaints(complaints: Mapping[Complaint, str], *, reactions: Mapping[Complaint, Reaction]) -> None:
    """Raise where a complaint is to fail the task.

    :raises AuditFailedError: for findings and drift, which stay when the task runs again.
    :raises AuditIncompleteError: where that is the only one, since asking again may help.
    """
    failing = {kind: line for kind, line in complaints.items() if reactions[kind] is Reaction.FAIL}
    if not failing:
        return
    message = f"The audit has {'; '.join(failing.values())}. The table in the audit's log has everything."
    if set(failing) == {Complaint.INCOMPLETE}:
        why = "Next: The table in the audit's log says why, and what to do."
        raise AuditIncompleteError(f"The audit is not complete: {failing[Complaint.INCOMPLETE]}. {why}")
    raise AuditFailedError(message)


def _join(texts: list[str]) -> str:
    return join_words(texts, most=_MOST_NAMES)
