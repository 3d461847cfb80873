"""Whether accounts have the roles that they need, as far as policies show; shared by the checks of roles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_masq.network.provenance import Provenance
from airflow_masq.preflight.answers import Asked, Unanswered
from airflow_masq.preflight.check import Standing, Told, tell_unknown
from airflow_masq.text import join_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from airflow_masq.facts import IamPolicy
    from airflow_masq.preflight.roles import RoleNeed


def judge_needs(
    needs: Iterable[RoleNeed],
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
    found, doubtful = [], False
    for need in needs:
        if policy.answer.grants(need.email, roles=need.roles):
            found.append(need)
            continue
        other = elsewhere if need.may_be_elsewhere else None
        if other is not None and isinstance(other.answer, Unanswered):
            what = f"{need.account[0].upper()}{need.account[1:]} ({need.email}) has no {need.roles[0]} in project {project}"
            doubtful = True
            yield tell_unknown(other, what=f"{what}. Whether it has it on the {need.may_be_elsewhere} is", where=where, role=role)
        elif other is not None and not isinstance(other.answer, Unanswered) and other.answer.grants(need.email, roles=need.roles):
            found.append(need)
        else:
            doubtful = True
            yield _tell_missing(need, project=project, where=where, asked=(policy,) if other is None else (policy, other))
    if not doubtful:
        roles = join_words(dict.fromkeys(need.roles[0] for need in found))
        message = f"The service agents and accounts have their roles in project {project}: {roles}."
        asked = (policy,) if elsewhere is None else (policy, elsewhere)
        yield Told(severity=Standing.OK, where=where, message=message, asked=asked)


def _tell_missing(need: RoleNeed, *, project: str, where: str, asked: tuple[Asked[object], ...]) -> Told:
    places = f"project {project}" + (f" or on the {need.may_be_elsewhere}" if need.may_be_elsewhere else "")
    message = (
        f"{need.account[0].upper()}{need.account[1:]} ({need.email}) has no {need.roles[0]} in {places}. Grant it, unless "
        "it is inherited or comes with another role or a group, which these policies do not show."
    )
    return Told(severity=Standing.WARNING, where=where, message=message, asked=asked, provenance=Provenance.INFERRED)
