"""One audit: the walk through the fleet, the judgement of each environment as it comes, and what has changed.

Of an environment only what the audit says is kept, so that 1,000 of them take little memory.
"""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from airflow_masq.audit.audit import Audit, AuditedEnvironment, Drift, audit_environment, sort_environments
from airflow_masq.audit.drift import EarlierAudit, add_drift, compare_policy_with_plan, compare_with_plan
from airflow_masq.audit.not_asked import MOST_PROJECTS, MOST_REGIONS, NotAsked, is_unknown_location, merge_not_asked
from airflow_masq.environment import EnvironmentName, EnvironmentResource
from airflow_masq.environment.regions import REGIONS
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.fleet.details import ClusterDirectory, DetailReaders, DetailReading
from airflow_masq.fleet.patience import Patience
from airflow_masq.fleet.walk import Place, Walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from airflow_masq.clients.composer import AsyncComposerClient
    from airflow_masq.plan import Plan


@dataclass(frozen=True, kw_only=True)
class FleetLimits:
    """How much an audit asks at once, and for how long.

    :param concurrency: how many calls are made at once.
    :param tolerance_seconds: how long calls are repeated in a project, from its first call without an answer on.
    :param time_limit_seconds: when no region is asked any more; calls under way end by their own time limit.
    """

    concurrency: int = 8
    tolerance_seconds: float = 60.0
    time_limit_seconds: float = 900.0


async def audit_fleet(
    client: AsyncComposerClient,
    *,
    projects: Sequence[str],
    regions: Sequence[str] = (),
    plans: Sequence[Plan] = (),
    earlier: EarlierAudit | None = None,
    began: datetime,
    limits: FleetLimits | None = None,
    readers: DetailReaders | None = None,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Audit:
    """Audit every environment of some projects; nothing is changed.

    :param projects: 1 to 500 ids or numbers.
    :param regions: default: all that offer Composer (``environment/regions.py``).
    :param plans: each with the full name of an environment of these projects and regions, with which it is compared.
    :param earlier: the audit with which this one is compared; default: none.
    :param began: now, with a time zone.
    :param readers: what reads clusters and their policies; default: neither is read.
    :param progress: called with the number of regions that are done, and of all.
    :raises InvalidInputError: a project, a region or a plan's name cannot be one, or a plan is of another project.
    """
    limits = limits or FleetLimits()
    places = list_places(projects, regions=regions)
    asked_projects = tuple(dict.fromkeys(project for project, _ in places))
    plan_of = {_name_environment(plan, places=places): plan for plan in plans}
    patience = Patience(
        tolerance_seconds=limits.tolerance_seconds, now=time.monotonic, sleep=asyncio.sleep, random=random.random
    )
    end = patience.now() + limits.time_limit_seconds
    at_once = limits.concurrency
    details = DetailReading(readers=readers or DetailReaders(), patience=patience, concurrency=at_once, end=end)
    clusters = await details.read_clusters(asked_projects)
    register = _Register(clusters=clusters, plan_of={str(name): plan for name, plan in plan_of.items()})
    walk = Walk(client=client, concurrency=at_once, patience=patience, note=register.note, progress=progress)
    failures = await walk.ask(places, end=end)
    found = sort_environments(register.environments.values())
    environments = await details.read_policies(found)
    for each in environments:
        register.compare_policy(each)
    not_offered = set() if regions else _find_not_offered(failures, places=places)
    told = (each for each in failures if not not_offered.issuperset(each.regions))
    audit = Audit(
        began=began,
        projects=asked_projects,
        regions=tuple(dict.fromkeys(region for _, region in places)),
        environments=sort_environments(environments),
        not_asked=merge_not_asked(told, projects=asked_projects),
        not_offered=tuple(sorted(not_offered)),
    )
    return add_drift(audit, against_plans=register.against_plans, planned=tuple(plan_of), earlier=earlier)


def _find_not_offered(failures: Iterable[NotAsked], *, places: Iterable[Place]) -> set[str]:
    """Find the regions of which the service says that it knows none of that name, where it knows others."""
    failed = {(each.project, region) for each in failures for region in each.regions}
    answering = {project for project, _ in set(places) - failed}
    return {each.regions[0] for each in failures if each.project in answering and is_unknown_location(each.problem)}


@dataclass(kw_only=True)
class _Register:
    """What the walk finds, by the environments' names."""

    clusters: ClusterDirectory
    plan_of: Mapping[str, Plan]
    environments: dict[str, AuditedEnvironment] = field(default_factory=dict)
    against_plans: dict[str, tuple[Drift, ...]] = field(default_factory=dict)

    def note(self, resource: EnvironmentResource, place: Place) -> None:
        """Judge an environment, and compare it with its plan."""
        project, region = place
        cluster, problem = self.clusters.find(resource, project=project)
        audited = audit_environment(resource, project=project, region=region, cluster=cluster)
        if problem:
            audited = replace(audited, problems=(*audited.problems, problem))
        name = audited.record.name
        self.environments[name] = audited
        if name in self.plan_of:
            self.against_plans[name] = compare_with_plan(self.plan_of[name], resource=resource)

    def compare_policy(self, each: AuditedEnvironment) -> None:
        """Compare an environment's live policy with its plan's, where both are known."""
        name, live = each.record.name, each.record.policy
        if name in self.plan_of and live is not None:
            self.against_plans[name] += compare_policy_with_plan(self.plan_of[name], live=live)


def list_places(projects: Sequence[str], *, regions: Sequence[str]) -> list[Place]:
    """List the projects and regions to ask, each once: project after project, regions in alphabetical order.

    :param regions: default: all that offer Composer.
    :raises InvalidInputError: there is no project, there are too many, or one cannot be a project or a region.
    """
    for where, values, most in (("projects", projects, MOST_PROJECTS), ("regions", regions, MOST_REGIONS)):
        if len(values) > most:
            raise InvalidInputError(where=where, expected=f"at most {most}", seen=str(len(values)))
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
