"""Roles of the service agents in the host project of a Shared VPC.

The agents of the environment's own project need roles in the project that owns the network. A role that is not found is
a warning, since it may be inherited from a folder or the organization, be part of another role, or be granted to a
group. `roles/compute.networkUser` may be granted on the subnetwork, which is read, too.

## Why

Without these roles the creation fails with 403 after several minutes. The Google APIs Service Agent and the GKE Service
Agent need `roles/compute.networkUser`, the GKE Service Agent also `roles/container.hostServiceAgentUser`, and the
Composer Service Agent `roles/composer.sharedVpcAgent`, or for a public environment `roles/compute.networkUser`
[source: composer-shared-vpc-roles, composer-shared-vpc-page].

## How to fix

Ask who administers the host project to grant the role that the message names. Policies are readable with
`roles/iam.securityReviewer` in the host project [source: google-reading-roles].
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from airflow_masq.preflight.answers import Answers, Unanswered
from airflow_masq.preflight.check import Check, Told, tell_unknown
from airflow_masq.preflight.granting import judge_needs
from airflow_masq.preflight.roles import list_host_needs
from airflow_masq.preflight.subject import SUBNETWORK_PLACE, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.plan import Plan


def _run(subject: Subject, _plan: Plan, answers: Answers) -> Iterator[Told]:
    if answers.host_policy is None:
        return
    number = answers.number.answer
    if isinstance(number, Unanswered):
        role = f"roles/browser in project {subject.project}"
        what = "The names of the service agents are"
        yield tell_unknown(answers.number, what=what, where=SUBNETWORK_PLACE, role=role)
        return
    yield from judge_needs(
        list_host_needs(project_number=number, is_private=subject.is_private),
        project=subject.host_project,
        policy=answers.host_policy,
        elsewhere=answers.subnetwork_policy,
        where=SUBNETWORK_PLACE,
    )


CHECK: Final = Check(code="MASQ506", run=_run, text=__doc__)
