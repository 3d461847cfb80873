"""What an operator's arguments ask to be created: a plan or an environment, and a name; it must make no call.

Google's libraries are imported only where the environment came as one of their messages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from airflow_masq.environment import EnvironmentName, EnvironmentResource
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.plan import Plan, PolicyChoice, plan_from_environment
from airflow_masq.plan_file import read_plan
from airflow_masq.text import printable

if TYPE_CHECKING:
    from google.cloud.orchestration.airflow.service_v1.types import Environment


@dataclass(frozen=True, kw_only=True)
class NameArguments:
    """The parts of an environment's name that the task gives; ``None`` where it gives none.

    :param project_id: the project.
    :param region: the region.
    :param environment_id: the environment's own id.
    """

    project_id: str | None = None
    region: str | None = None
    environment_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class WantedEnvironment:
    """An environment that somebody wants created.

    :param name: its name.
    :param plan: the plan, whose environment has the agent switched on and carries the name.
    :param agent_was_refused: whoever wrote it had switched the agent off in so many words.
    """

    name: EnvironmentName
    plan: Plan
    agent_was_refused: bool


def wanted_environment(
    *,
    plan: str | Mapping[str, Any] | None,
    environment: Mapping[str, Any] | Environment | None,
    name_arguments: NameArguments,
    default_project: Callable[[], str],
) -> WantedEnvironment:
    """Read the arguments.

    :param plan: a plan file's path on this worker, or a plan.
    :param environment: the resource in REST's camelCase or in snake_case, or Google's message; it is not changed.
    :param name_arguments: complete a resource that names no environment; must agree with one that does.
    :param default_project: asked only where nothing else names the project.
    :return: what is wanted, with the agent switched on.
    :raises InvalidInputError: both or none of plan and environment are given, one of them cannot be read, or the name
        is incomplete, contradictory or invalid.
    """
    read = _read(plan=plan, environment=environment)
    written = read.environment
    name = _name(written.name, name_arguments=name_arguments, default_project=default_project)
    return WantedEnvironment(
        name=name,
        plan=_with_environment(read, written.with_agent().with_name(str(name))),
        agent_was_refused=written.refuses_agent,
    )


def _with_environment(plan: Plan, resource: EnvironmentResource) -> Plan:
    """Put the environment in place, and the policy that follows from its flag where the plan states none.

    The cluster's version goes: what a plan tells of a cluster is of one that exists, not of the one to be made.
    """
    wanted = replace(plan, environment=resource, cluster_version=None)
    if plan.policy_choice.stated:
        return wanted
    choice = PolicyChoice.from_environment(resource)
    policy = choice.derive_policy(ranges=plan.ranges, environment=resource)
    return replace(wanted, policy_choice=choice, policy=policy)


def _read(*, plan: str | Mapping[str, Any] | None, environment: Mapping[str, Any] | Environment | None) -> Plan:
    if (plan is None or plan == "") == (environment is None):
        seen = "neither" if environment is None else "both"
        raise InvalidInputError(where="plan, environment", expected="exactly one of the two", seen=seen)
    if environment is not None:
        return plan_from_environment(_resource(environment))
    read = read_plan(plan or "")
    if not read.environment:
        raise InvalidInputError(where="plan: environment", expected="the environment to create", seen="nothing")
    return read


def _resource(environment: Mapping[str, Any] | Environment) -> Mapping[str, object]:
    if isinstance(environment, Mapping):
        return environment
    from airflow_masq.clients.environment_message import resource_from_message  # noqa: PLC0415 - Google's, slow

    return resource_from_message(environment).as_rest()


def _name(written: str | None, *, name_arguments: NameArguments, default_project: Callable[[], str]) -> EnvironmentName:
    if written:
        name = EnvironmentName.parse(written, where="environment.name")
        _refuse_contradiction(name, name_arguments=name_arguments)
        return name
    if not name_arguments.environment_id or not name_arguments.region:
        raise InvalidInputError(
            where="environment.name",
            expected="projects/PROJECT/locations/REGION/environments/ID, or region and environment_id beside it",
            seen="nothing",
        )
    project = name_arguments.project_id or default_project()
    full = f"projects/{project}/locations/{name_arguments.region}/environments/{name_arguments.environment_id}"
    return EnvironmentName.parse(full, where="project_id, region, environment_id")


def _refuse_contradiction(name: EnvironmentName, *, name_arguments: NameArguments) -> None:
    for argument, given, written in (
        ("project_id", name_arguments.project_id, name.project),
        ("region", name_arguments.region, name.location),
        ("environment_id", name_arguments.environment_id, name.environment_id),
    ):
        if given and given != written:
            raise InvalidInputError(
                where=argument, expected=f"{written}, as in environment.name, or nothing", seen=printable(given)
            )
