"""One audit: the walk through the fleet, the judgement of each environment as it comes, and what has changed.

Of an environment only what the audit says is kept, so that 1,000 of them take little memory.
"""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING

from airflow_masq.audit.audit import Audit, AuditedEnvironment, Drift, audit_environment, sort_environments
from airflow_masq.audit.drift import EarlierAudit, add_drift, compare_with_plan
from airflow_masq.audit.not_asked import MOST_PLACES, is_unknown_location, merge_not_asked
from airflow_masq.environment import EnvironmentName, EnvironmentResource
from airflow_masq.environment.regions import REGIONS
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.fleet.walk import Place, Surroundings, Walk, WalkLimits

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from airflow_masq.clients.composer import AsyncComposerClient
    from airflow_masq.plan import Plan

SURROUNDINGS = Surroundings(now=time.monotonic, sleep=asyncio.sleep, random=random.random)


async def audit_fleet(
    client: AsyncComposerClient,
    *,
    projects: Sequence[str],
    regions: Sequence[str] = (),
    plans: Sequence[Plan] = (),
    earlier: EarlierAudit | None = None,
    began: datetime,
    limits: WalkLimits | None = None,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
    surroundings: Surroundings = SURROUNDINGS,
) -> Audit:
    """Audit every environment of some projects; nothing is changed.

    :param projects: 1 to 1,000 ids or numbers.
    :param regions: default: all that offer Composer (``environment/regions.py``).
    :param plans: each with the full name of an environment of these projects and regions, with which it is compared.
    :param earlier: the audit with which this one is compared; default: none.
    :param began: now, with a time zone.
    :param progress: called with the number of regions that are done, and of all.
    :raises InvalidInputError: a project, a region or a plan's name cannot be one, or a plan is of another project.
    """
    places = list_places(projects, regions=regions)
    planned = {_name_environment(plan, places=places): plan for plan in plans}
    environments: dict[str, AuditedEnvironment] = {}
    against_plans: dict[str, tuple[Drift, ...]] = {}
    plan_of = {str(name): plan for name, plan in planned.items()}

    def note(resource: EnvironmentResource, place: Place) -> None:
        project, region = place
        audited = audit_environment(resource, project=project, region=region)
        environments[audited.record.name] = audited
        plan = plan_of.get(audited.record.name)
        if plan is not None:
            against_plans[audited.record.name] = compare_with_plan(plan, resource=resource)

    walk = Walk(client=client, limits=limits or WalkLimits(), surroundings=surroundings, note=note, progress=progress)
    failures = await walk.ask(places)
    failed = {(each.project, region) for each in failures for region in each.regions}
    answering = {project for project, region in places if (project, region) not in failed}
    # That the service knows no region of that name is an answer, unless somebody asked for it, or no region answers.
    not_offered = {
        each.regions[0]
        for each in failures
        if not regions and each.project in answering and is_unknown_location(each.problem)
    }
    asked_projects = tuple(dict.fromkeys(project for project, _ in places))
    told = (each for each in failures if not not_offered.issuperset(each.regions))
    audit = Audit(
        began=began,
        projects=asked_projects,
        regions=tuple(dict.fromkeys(region for _, region in places)),
        environments=sort_environments(environments.values()),
        not_asked=merge_not_asked(told, projects=asked_projects),
        not_offered=tuple(sorted(not_offered)),
    )
    return add_drift(audit, against_plans=against_plans, planned=tuple(planned), earlier=earlier)


def list_places(projects: Sequence[str], *, regions: Sequence[str]) -> list[Place]:
    """List the projects and regions to ask, each once: project after project, regions in alphabetical order.

    :param regions: default: all that offer Composer.
    :raises InvalidInputError: there is no project, there are too many, or one cannot be a project or a region.
    """
    for where, values in (("projects", projects), ("regions", regions)):
        if len(values) > MOST_PLACES:
            raise InvalidInputError(where=where, expected=f"at most {MOST_PLACES}", seen=str(len(values)))
    if not projects:
        raise InvalidInputError(where="projects", expected="at least one project", seen="none")
    places = [
        (project, region) for project in dict.fromkeys(projects) for region in sorted(dict.fromkeys(regions or REGIONS))
    ]
    for project, region in places:
        EnvironmentName.parse(f"projects/{project}/locations/{region}/environments/a", where="project and region")
    return places


def _name_environment(plan: Plan, *, places: Sequence[Place]) -> EnvironmentName:
    """Name a plan's environment, which must be of the places to ask.

    :raises InvalidInputError: the plan has none, or one elsewhere.
    """
    where = "environment.name"
    name = EnvironmentName.parse(plan.environment.name or "", where=where)
    if (name.project, name.location) not in places:
        seen = f"{name.project} in {name.location}"
        raise InvalidInputError(where=where, expected="one of the audit's projects and regions", seen=seen)
    return name
