"""What an audit could not ask, why, and what to do about it: a row of its own, never left out."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from airflow_masq.environment.regions import find_nearest_region
from airflow_masq.facts.silence import Silence, find_remedy, find_silence
from airflow_masq.text import escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MOST_PROJECTS: Final = 500
MOST_REGIONS: Final = 100
"""The most projects, and the most regions, of one audit, so that what could not be asked fits into an XCom."""

TIME_LIMIT: Final = "TIME_LIMIT"
TOO_MANY_PAGES: Final = "TOO_MANY_PAGES"
"""Statuses of ours, beside the API's canonical ones."""

# How the service answers where it has no Composer, and for a project in which its API is not enabled
# [source: composer-unexpected-location, composer-api-disabled].
_UNEXPECTED_LOCATION: Final = "Unexpected location"
_API_DISABLED: Final = "has not been used in project"

_NEXT_STEPS: Final = {
    "NOT_FOUND": "Check the project's id.",
    TIME_LIMIT: "Run the audit again for these regions alone, or raise its time limit.",
    TOO_MANY_PAGES: "Run the audit again for this region alone; if it ends the same way, tell Google's support.",
}
_RUN_AGAIN: Final = "Run the audit again; if it stays so, look at the status page of Google Cloud."


@dataclass(frozen=True, kw_only=True)
class NotAsked:
    """A project's regions of which an audit knows nothing, or not all, and why.

    :param status: the canonical status name, for example ``PERMISSION_DENIED``, or one of ours.
    :param problem: what happened, in the service's words where it has answered, escaped, without a full stop.
    :param next_step: what to do about it, one sentence.
    """

    project: str
    regions: tuple[str, ...]
    status: str
    problem: str
    next_step: str


def explain_failure(project: str, *, region: str, status: str, problem: str, reason: str = "") -> NotAsked:
    """Say what to do about a region that could not be asked.

    :param problem: what happened, escaped.
    :param reason: Google's reason beside the status, such as ``SERVICE_DISABLED``; empty where it gave none.
    """
    silence = find_silence(status, reason=reason)
    next_step = _NEXT_STEPS.get(status, _RUN_AGAIN)
    if is_unknown_location(problem):
        nearest = find_nearest_region(region)
        hint = f" (did you mean {nearest}?)" if nearest and nearest != region else ""
        next_step = f"Check the region{hint}: the service knows none of that name."
    elif silence is Silence.DISABLED or (silence is Silence.DENIED and _API_DISABLED in problem):
        # Disabling the API deletes a part of the environments [source: composer-disabling-api].
        next_step = (
            "Leave the project out if it has no Composer: without the API no environment works. Otherwise enable the "
            "API composer.googleapis.com there."
        )
    elif silence is Silence.DENIED:  # [source: composer-list-role, composer-roles]
        next_step = f"{find_remedy(silence, role=f'roles/composer.user in project {project}')}; check the project's id."
    elif silence is Silence.REFUSED:
        words = ", ".join(filter(None, (status, escape(reason))))
        next_step = f"{words}: {find_remedy(silence, role='')}."
    problem = problem.rstrip(". ")
    return NotAsked(project=project, regions=(region,), status=status, problem=problem, next_step=next_step)


def is_unknown_location(problem: str) -> bool:
    """Whether the service said that it does not know the region, so that no environment can be there."""
    return _UNEXPECTED_LOCATION in problem


def merge_not_asked(failures: Iterable[NotAsked], *, projects: Sequence[str]) -> tuple[NotAsked, ...]:
    """Merge what was not asked for the same reason in one project: a missing role is one problem, not one per region.

    A region's own name in the service's words does not make them another reason.

    :param failures: one of each region.
    :param projects: in the order of the result.
    """
    merged: defaultdict[tuple[str, str, str, str], list[NotAsked]] = defaultdict(list)
    for each in sorted(failures, key=lambda each: (projects.index(each.project), each.regions)):
        reason = each.problem.replace(each.regions[0], "REGION")
        merged[each.project, each.status, reason, each.next_step].append(each)
    return tuple(
        found[0]
        if len(found) == 1
        else replace(found[0], problem=reason, regions=tuple(region for each in found for region in each.regions))
        for (_, _, reason, _), found in merged.items()
    )
