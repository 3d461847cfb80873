"""The environment's service account.

An account that does not exist or is disabled is an error, and so is a caller who may not act as it.

## Why

The environment runs as this account for its whole life. The service refuses to create it for a caller without
`iam.serviceAccounts.actAs` on the account: "User not authorized to act as service account"
[source: composer-act-as-refused]. The caller's own permissions are tested on the account, inherited ones too
[source: iam-rest].

## How to fix

Grant the caller `roles/iam.serviceAccountUser` on the account. Correct the address if the account does not exist. To
see whether an account is disabled takes `roles/iam.serviceAccountViewer` in its project [source: google-reading-roles].
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.facts.silence import Silence
from airflow_masq.preflight.answers import Answers, Unanswered
from airflow_masq.preflight.check import Check, Standing, Told, tell_unknown
from airflow_masq.preflight.roles import ACT_AS_PERMISSION, ACT_AS_ROLE
from airflow_masq.preflight.subject import SERVICE_ACCOUNT_PLACE, Subject
from airflow_masq.text import escape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan


def _run(subject: Subject, _plan: Plan, answers: Answers) -> Iterator[Told]:
    account, permissions = answers.account, answers.account_permissions
    if account is None or permissions is None:
        return  # MASQ115 reports that the plan names none
    shown, found, granted = escape(subject.account), account.answer, permissions.answer
    asked = (account, permissions)
    if any(isinstance(each, Unanswered) and each.silence is Silence.MISSING for each in (found, granted)):
        message = (
            f"The service account {shown} does not exist in project {subject.account_project}. Correct or create it."
        )
        yield Told(severity=Standing.ERROR, where=SERVICE_ACCOUNT_PLACE, message=message, asked=asked)
        return
    if isinstance(found, Unanswered):
        role = f"roles/iam.serviceAccountViewer in project {subject.account_project}"
        what = f"Whether the service account {shown} is enabled is"
        yield tell_unknown(account, what=what, where=SERVICE_ACCOUNT_PLACE, role=role)
    elif found.is_disabled:
        message = f"The service account {shown} is disabled, so the environment could not run. Enable it."
        yield Told(severity=Standing.ERROR, where=SERVICE_ACCOUNT_PLACE, message=message, asked=(account,))
    if isinstance(granted, Unanswered):
        what = f"Whether the caller may act as {shown} is"
        role = f"{ACT_AS_ROLE} on that account"
        yield tell_unknown(permissions, what=what, where=SERVICE_ACCOUNT_PLACE, role=role)
    elif ACT_AS_PERMISSION not in granted:
        message = (
            f"The caller may not act as {shown}, so the service refuses the creation. Grant the caller {ACT_AS_ROLE} "
            "on that account."
        )
        yield Told(severity=Standing.ERROR, where=SERVICE_ACCOUNT_PLACE, message=message, asked=(permissions,))
    elif not isinstance(found, Unanswered) and not found.is_disabled:
        message = f"The service account {shown} is enabled, and the caller may act as it."
        yield Told(severity=Standing.OK, where=SERVICE_ACCOUNT_PLACE, message=message, asked=asked)


CHECK: Final = Check(code="MASQ504", run=_run, text=__doc__)
