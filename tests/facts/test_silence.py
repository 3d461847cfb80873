"""Why an API does not tell something, and what helps."""

from __future__ import annotations

import pytest

from airflow_masq.facts.silence import Silence, find_remedy, find_silence


@pytest.mark.parametrize(
    ("status", "reason", "silence"),
    [
        ("PERMISSION_DENIED", "", Silence.DENIED),
        ("PERMISSION_DENIED", "IAM_PERMISSION_DENIED", Silence.DENIED),
        ("PERMISSION_DENIED", "SERVICE_DISABLED", Silence.DISABLED),
        ("PERMISSION_DENIED", "SECURITY_POLICY_VIOLATED", Silence.REFUSED),
        ("UNAUTHENTICATED", "", Silence.REFUSED),
        ("NOT_FOUND", "", Silence.MISSING),
        ("DEADLINE_EXCEEDED", "", Silence.LATE),
        ("UNAVAILABLE", "", Silence.FAILED),
        ("", "", Silence.FAILED),
    ],
)
def test_the_status_and_googles_reason_tell_why(status: str, reason: str, silence: Silence) -> None:
    """An API that is off, a missing role and a perimeter share a status, and are told apart."""
    assert find_silence(status, reason=reason) is silence


@pytest.mark.parametrize("silence", Silence)
def test_a_role_is_named_only_where_it_helps(silence: Silence) -> None:
    """Each silence has a next step, and only what a permission would show sends the reader to ask for a role."""
    remedy = find_remedy(silence, role="roles/browser in project p")
    assert ("roles/browser in project p would show it" in remedy) is (silence in {Silence.DENIED, Silence.MISSING})
    assert remedy
    assert not remedy.endswith(".")
