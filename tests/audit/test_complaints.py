"""What of an audit fails a task."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from airflow_masq.audit import (
    Complaint,
    NotAsked,
    encode_audit,
    fail_on_complaints,
    list_complaints,
    read_complaints,
    read_reactions,
)
from airflow_masq.audit.audit import Drift
from airflow_masq.exceptions import AuditFailedError, AuditIncompleteError, InvalidInputError
from airflow_masq.reading import Reaction
from airflow_masq.rules import Severity
from tests.audit.examples import COMPOSER_3, REGION, audit_one, describe, make_audit

FAIL = dict.fromkeys(Complaint, Reaction.FAIL)
SILENT = NotAsked(project="other", regions=(REGION,), status="UNAVAILABLE", problem="gone", next_step="Wait.")
DENIED = NotAsked(project="third", regions=("a", "b"), status="PERMISSION_DENIED", problem="no", next_step="Ask.")


def make_drift(severity: Severity) -> Drift:
    """Make a drift."""
    return Drift(environment="p/e", against="last audit", severity=severity, message="is gone")


def test_a_sound_fleet_has_no_complaint() -> None:
    """An environment without the agent is no complaint by itself, nor is a remark."""
    audit = make_audit(audit_one(describe(agent=False)), drift=(make_drift(Severity.INFO),))
    assert list_complaints(audit) == {}
    fail_on_complaints({}, reactions=FAIL)


def test_complaints_are_lines() -> None:
    """Findings, drift and what is not known are told apart, each in one line."""
    audit = make_audit(
        audit_one(describe("three", agent=False, image=COMPOSER_3)),
        audit_one(describe("broken", state="ERROR")),
        not_asked=(SILENT, DENIED),
        drift=(make_drift(Severity.WARNING),),
    )
    assert list_complaints(audit) == {
        Complaint.FINDINGS: "1 error: MASQ101 in three",
        Complaint.DRIFT: "1 drift: e against the last audit: is gone",
        Complaint.INCOMPLETE: "not everything could be asked or judged: other in us-central1 (UNAVAILABLE), third in "
        "2 regions (PERMISSION_DENIED), broken",
    }
    assert read_complaints(encode_audit(audit), where="x") == list_complaints(audit)


def test_reactions_decide() -> None:
    """Only what is to fail fails; findings stay when the task runs again, and what was not asked may not."""
    complaints = {Complaint.FINDINGS: "1 error: MASQ101 in e", Complaint.INCOMPLETE: "not everything could be asked"}
    with pytest.raises(AuditFailedError, match="The audit has 1 error: MASQ101 in e; not everything could be asked"):
        fail_on_complaints(complaints, reactions=FAIL)
    with pytest.raises(AuditIncompleteError, match=r"be asked\. Next: The table in the audit's log says"):
        fail_on_complaints(complaints, reactions=FAIL | {Complaint.FINDINGS: Reaction.WARN})
    fail_on_complaints(complaints, reactions=dict.fromkeys(Complaint, Reaction.IGNORE))


def test_settings_are_words() -> None:
    """Any other word is refused with the setting's name."""
    settings = SimpleNamespace(on_findings="fail", on_drift="warn", on_incomplete="ignore")
    assert list(read_reactions(settings).values()) == [Reaction.FAIL, Reaction.WARN, Reaction.IGNORE]
    settings.on_drift = "explode"
    with pytest.raises(InvalidInputError, match="on_drift: expected one of fail, warn, ignore, saw 'explode'"):
        read_reactions(settings)


@pytest.mark.parametrize("value", [None, {}, {"complaints": {"other": "x"}}, {"complaints": {"drift": "a\nb"}}])
def test_what_is_no_audit_is_refused(value: object) -> None:
    """The last task reads an XCom, into which others can write."""
    with pytest.raises(InvalidInputError, match=r"^what task audit returned"):
        read_complaints(value, where="what task audit returned")
