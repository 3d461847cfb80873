"""Whether policies show the roles that accounts need; shared by the checks of roles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_masq.network.provenance import Provenance
from airflow_masq.preflight.answers import Asked, Unanswered
from airflow_masq.preflight.check import Standing, Told, tell_unknown
from airflow_masq.text import join_words

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from airflow_masq.facts import IamPolicy
    from airflow_masq.preflight.roles import RoleNeed


def judge_needs(
    needs: Collection[RoleNeed],
    *,
    project: str,
    policy: Asked[IamPolicy],
    elsewhere: Asked[IamPolicy] | None,
    where: str,
) -> Iterator[Told]:
    """Judge roles in one project.

    :param policy: the project's.
    :param elsewhere: the policy of the subnetwork or the service account, where some of the roles may be granted.
    :param where: the place in the plan.
    """
    role = f"roles/iam.securityReviewer in project {project}"
    if isinstance(policy.answer, Unanswered):
        yield tell_unknown(policy, what=f"Who has which role in project {project} is", where=where, role=role)
        return
    missing = 0
    for need in needs:
        other = elsewhere if need.may_be_elsewhere else None
        asked = (policy,) if other is None else (policy, other)
        if any(
            not isinstance(each.answer, Unanswered) and each.answer.grants(need.email, roles=need.roles)
            for each in asked
        ):
            continue
        missing += 1
        lacks = (
            f"{need.account[0].upper()}{need.account[1:]} ({need.email}) has no {need.roles[0]} in project {project}"
        )
        if other is not None and isinstance(other.answer, Unanswered):
            what = f"{lacks}. Whether it has it on the {need.may_be_elsewhere} is"
            yield tell_unknown(other, what=what, where=where, role=role)
            continue
        on_other = f" or on the {need.may_be_elsewhere}" if need.may_be_elsewhere else ""
        message = (
            f"{lacks}{on_other}. Grant it, unless it is inherited or comes with another role or a group, which these "
            "policies do not show."
        )
        inferred = Provenance.INFERRED
        yield Told(severity=Standing.WARNING, where=where, message=message, asked=asked, provenance=inferred)
    if not missing:
        roles = join_words(dict.fromkeys(need.roles[0] for need in needs))
        message = f"The accounts that the environment relies on have their roles in project {project}: {roles}."
        asked = (policy,) if elsewhere is None else (policy, elsewhere)
        yield Told(severity=Standing.OK, where=where, message=message, asked=asked)
