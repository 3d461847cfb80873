"""Roles of the accounts that the environment relies on, in its own project.

The Composer Service Agent and the environment's service account need roles. A role that is not in the project's own
policy is a warning, since it may be inherited from a folder or the organization, be part of another role, or be granted
to a group, which a project's policy does not show.

## Why

The Composer Service Agent needs `roles/composer.serviceAgent`, and for Composer 2 `roles/composer.ServiceAgentV2Ext` in
the project or on the environment's service account. Without the second, the service answers 400 "Cloud Composer v2 API
Service Agent Extension role might be missing". The environment's service account needs `roles/composer.worker`
[source: composer-access-control, composer-agent-extension-refused]. That Editor and Owner hold the latter's permissions
is inferred.

## How to fix

Grant the role that the message names to the account that it names. Policies are readable with
`roles/iam.securityReviewer`, and a project's number with `roles/browser` [source: google-reading-roles].
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.preflight.answers import Answers, Unanswered
from airflow_masq.preflight.check import Check, Told, tell_unknown
from airflow_masq.preflight.granting import judge_needs
from airflow_masq.preflight.roles import list_own_needs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan
    from airflow_masq.preflight.subject import Subject

_WHERE: Final = "environment.name"


def _run(subject: Subject, _plan: Plan, answers: Answers) -> Iterator[Told]:
    number = answers.number.answer
    if isinstance(number, Unanswered):
        role = f"roles/browser in project {subject.project}"
        yield tell_unknown(answers.number, what="The names of the service agents are", where=_WHERE, role=role)
        return
    needs = list_own_needs(project_number=number, service_account=subject.account)
    yield from judge_needs(
        needs, project=subject.project, policy=answers.policy, elsewhere=answers.account_policy, where=_WHERE
    )


CHECK: Final = Check(code="MASQ505", run=_run, text=__doc__)
