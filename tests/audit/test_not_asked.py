"""What could not be asked, and what to do about it."""

from __future__ import annotations

import pytest

from airflow_masq.audit.not_asked import TIME_LIMIT, TOO_MANY_PAGES, explain_failure, merge_not_asked

DISABLED = "Cloud Composer API has not been used in project p before or it is disabled. Enable it by visiting x."


@pytest.mark.parametrize(
    ("status", "problem", "step"),
    [
        ("UNAVAILABLE", "socket closed", "Run the audit again; if it stays so"),
        ("NOT_FOUND", "no such project", "Check the project's id"),
        ("UNAUTHENTICATED", "expired", "check the caller's credentials"),
        ("PERMISSION_DENIED", "The caller does not have permission", "roles/composer.user in project p would show it"),
        ("PERMISSION_DENIED", DISABLED, "Leave the project out if it has no Composer"),
        ("INVALID_ARGUMENT", "Unexpected location: us-centrall1", "(did you mean us-central1?)"),
        (TIME_LIMIT, "late", "or raise its time limit"),
        (TOO_MANY_PAGES, "endless", "this region alone"),
    ],
)
def test_each_failure_has_a_next_step(status: str, problem: str, step: str) -> None:
    """The status and the service's words decide what to do."""
    failure = explain_failure("p", region="us-centrall1", status=status, problem=problem)
    assert step in failure.next_step
    assert failure.problem == problem.rstrip(".")


@pytest.mark.parametrize(
    ("reason", "step"),
    [
        ("SERVICE_DISABLED", "Leave the project out if it has no Composer"),
        ("IAM_PERMISSION_DENIED", "roles/composer.user in project p would show it"),
        ("SECURITY_POLICY_VIOLATED", "PERMISSION_DENIED, SECURITY_POLICY_VIOLATED: no role cures it"),
    ],
)
def test_googles_reason_decides_beside_the_status(reason: str, step: str) -> None:
    """A service perimeter is not told from a missing role by the status, but by the reason."""
    failure = explain_failure("p", region="r", status="PERMISSION_DENIED", problem="refused", reason=reason)
    assert failure.next_step.startswith(step)
    silent = explain_failure("p", region="r", status="UNAVAILABLE", problem="away", reason="RATE_LIMIT_EXCEEDED")
    assert silent.next_step.startswith("Run the audit again")


def test_an_unknown_location_has_no_hint_where_none_is_near() -> None:
    """A region of the table, or a name that resembles none, is not said to be another one."""
    for region in ("us-central1", "qqq"):
        failure = explain_failure("p", region=region, status="X", problem=f"Unexpected location: {region}")
        assert failure.next_step == "Check the region: the service knows none of that name."


def test_one_reason_of_many_regions_is_one_row() -> None:
    """A missing role is told once, with its regions in order; other reasons and projects stay apart."""
    failures = [
        explain_failure(project, region=region, status=status, problem=f"no access to {region}")
        for project, region, status in (
            ("b", "r2", "PERMISSION_DENIED"),
            ("a", "r1", "UNAVAILABLE"),
            ("b", "r1", "PERMISSION_DENIED"),
            ("a", "r2", "PERMISSION_DENIED"),
        )
    ]
    merged = merge_not_asked(failures, projects=["b", "a"])
    assert [(each.project, each.regions, each.problem) for each in merged] == [
        ("b", ("r1", "r2"), "no access to REGION"),
        ("a", ("r1",), "no access to r1"),
        ("a", ("r2",), "no access to r2"),
    ]
