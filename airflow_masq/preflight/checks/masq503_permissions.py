"""What the caller may do in the environment's project.

The caller's own permissions are tested, inherited ones too. A missing permission without which nothing is created is an
error. One that a run only makes use of is a warning: without it the run still ends right, and says less.

## Why

The creation answers 403 without `composer.environments.create` and the task cannot find its environment without
`composer.environments.get`. It reads the operation and lists operations to tell why a creation failed, and reads the
cluster for the facts of the network. Testing one's own permissions needs none [source: resource-manager-rest,
google-reading-roles].

## How to fix

Grant the account of the connection, or the one that it impersonates, the role that the message names
[source: composer-access-control].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from airflow_masq.preflight.answers import Answers, Unanswered
from airflow_masq.preflight.check import Check, Standing, Told, tell_unknown
from airflow_masq.preflight.roles import CREATOR_ROLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan
    from airflow_masq.preflight.subject import Subject


@dataclass(frozen=True, kw_only=True)
class Need:
    """One permission.

    :param is_required: nothing is created without it.
    :param purpose: what for, as in "to create the environment".
    """

    permission: str
    purpose: str
    is_required: bool = False
    role: str = CREATOR_ROLE


NEEDS: Final = (
    Need(permission="composer.environments.create", purpose="create the environment", is_required=True),
    Need(permission="composer.environments.get", purpose="find the environment", is_required=True),
    Need(permission="composer.operations.get", purpose="watch the creation"),
    Need(permission="composer.operations.list", purpose="tell why a creation failed"),
    Need(
        permission="container.clusters.get", purpose="read the cluster's ranges", role="roles/container.clusterViewer"
    ),
)
"""The permissions that a run needs in the environment's project."""

_WHERE: Final = "environment.name"


def _run(subject: Subject, _plan: Plan, answers: Answers) -> Iterator[Told]:
    asked = answers.permissions
    granted = asked.answer
    if isinstance(granted, Unanswered):
        role = f"roles/browser in project {subject.project}"
        yield tell_unknown(asked, what="What the caller may do is", where=_WHERE, role=role)
        return
    missing = [need for need in NEEDS if need.permission not in granted]
    for need in missing:
        message = (
            f"The caller lacks {need.permission} in project {subject.project}, which it takes to {need.purpose}. "
            f"Grant it {need.role}."
        )
        severity = Standing.ERROR if need.is_required else Standing.WARNING
        yield Told(severity=severity, where=_WHERE, message=message, asked=(asked,))
    if not missing:
        message = f"The caller has the {len(NEEDS)} permissions in project {subject.project} that a run needs."
        yield Told(severity=Standing.OK, where=_WHERE, message=message, asked=(asked,))


CHECK: Final = Check(code="MASQ503", run=_run, text=__doc__)
