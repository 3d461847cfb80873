"""What an operator's arguments ask for: read, completed and linted, before any call.

Google's libraries are imported only if the environment came as one of their messages.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from airflow_masq.environment import EnvironmentName, EnvironmentResource
from airflow_masq.exceptions import CannotMasqueradeError, InvalidInputError
from airflow_masq.plan import Plan, PolicyChoice, load_plan_from_environment
from airflow_masq.plan_file import read_plan
from airflow_masq.reading import Place, Reaction
from airflow_masq.rules import Finding, Severity, lint
from airflow_masq.text import escape

if TYPE_CHECKING:
    from google.cloud.orchestration.airflow.service_v1.types import Environment

log = logging.getLogger(__name__)

_LOG_LEVELS = {Severity.ERROR: logging.ERROR, Severity.WARNING: logging.WARNING, Severity.INFO: logging.INFO}
# To create an environment, neither targets are needed nor what the check asks of them.
_ABOUT_THE_CHECK: Final = frozenset({"MASQ319", "MASQ320", "MASQ321"})
# An environment that exists already may have an image that the service no longer offers, or no account of its own.
_ABOUT_NEW_ENVIRONMENTS: Final = frozenset({"MASQ115", "MASQ116"})


@dataclass(frozen=True, kw_only=True)
class CreationRequest:
    """The environment to create: its name, and a plan whose environment carries the name and has the agent enabled.

    :param findings: what ``lint_request`` found.
    :param refusals: those for which no new environment may be created; one that exists may be adopted.
    """

    name: EnvironmentName
    plan: Plan
    findings: tuple[Finding, ...] = ()
    refusals: tuple[Finding, ...] = ()


def read_request(
    *,
    plan: str | Mapping[str, Any] | None,
    environment: Mapping[str, Any] | Environment | None,
    project_id: str | None = None,
    region: str | None = None,
    environment_id: str | None = None,
    default_project: Callable[[], str],
) -> CreationRequest:
    """Read an operator's arguments, and enable the agent.

    The parts of the name complete a resource that names no environment, and must agree with one that does.

    :param plan: the path of a plan file on this worker, or a plan.
    :param environment: the resource in REST's camelCase or in snake_case, or Google's message; it is not changed.
    :param default_project: called only if nothing else names the project.
    :raises InvalidInputError: both or none of plan and environment are given, one of them cannot be read, or the name
        is incomplete, contradictory or invalid.
    """
    if (plan is None or plan == "") == (environment is None):
        seen = "neither" if environment is None else "both"
        raise InvalidInputError(where="plan, environment", expected="exactly one of the two", seen=seen)
    if environment is None:
        read = read_plan(plan or "")
        if not read.environment:
            raise InvalidInputError(where="plan: environment", expected="the environment to create", seen="nothing")
    else:
        if not isinstance(environment, Mapping):
            from airflow_masq.clients.environment_message import read_message  # noqa: PLC0415 - takes seconds

            environment = read_message(environment).as_rest()
        read = load_plan_from_environment(environment)
    written = read.environment
    given = {"project_id": project_id, "region": region, "environment_id": environment_id}
    name = _read_name(written, given=given, default_project=default_project)
    if written.refuses_agent:
        log.warning("enableIpMasqAgent was false for %s; it is set to true", name)
    return CreationRequest(name=name, plan=_replace_environment(read, written.with_agent().with_name(str(name))))


def lint_request(request: CreationRequest, *, on_findings: str) -> CreationRequest:
    """Lint the plan and log its findings; with ``ignore`` do nothing.

    :param on_findings: what findings of severity error do: a ``Reaction``, or its word.
    :return: the request with its findings and refusals.
    :raises CannotMasqueradeError: there are findings of severity error, and ``on_findings`` is ``fail``.
    :raises InvalidInputError: ``on_findings`` is another word.
    """
    reaction = Place(where="on_findings", value=on_findings).read_choice(Reaction)
    if reaction is Reaction.IGNORE:
        return request
    findings = tuple(finding for finding in lint(request.plan) if finding.code not in _ABOUT_THE_CHECK)
    for finding in findings:
        log.log(
            _LOG_LEVELS[finding.severity],
            "%s %s %s: %s",
            finding.code,
            finding.severity,
            finding.where,
            finding.message,
        )
    errors = tuple(each for each in findings if each.severity is Severity.ERROR) if reaction is Reaction.FAIL else ()
    linted = replace(request, findings=findings, refusals=errors)
    if any(each.code not in _ABOUT_NEW_ENVIRONMENTS for each in errors):
        refuse_new_environment(linted)
    return linted


def refuse_new_environment(request: CreationRequest) -> None:
    """Refuse to create an environment that has refusals.

    :raises CannotMasqueradeError: it has some.
    """
    if request.refusals:
        reasons = "; ".join(f"{error.code} {error.where}: {error.message}" for error in request.refusals)
        raise CannotMasqueradeError(f"{request.name} was not created: {reasons}")


def _read_name(
    resource: EnvironmentResource, *, given: Mapping[str, str | None], default_project: Callable[[], str]
) -> EnvironmentName:
    if resource.name:
        name = EnvironmentName.parse(resource.name, where="environment.name")
        written = {"project_id": name.project, "region": name.location, "environment_id": name.environment_id}
        for argument, part in given.items():
            if part and part != written[argument]:
                expected = f"{written[argument]}, as in environment.name, or nothing"
                raise InvalidInputError(where=argument, expected=expected, seen=escape(part))
        return name
    if not given["environment_id"] or not given["region"]:
        raise InvalidInputError(
            where="environment.name",
            expected="projects/PROJECT/locations/REGION/environments/ID, or the arguments region and environment_id",
            seen="nothing",
        )
    project = given["project_id"] or default_project()
    full = f"projects/{project}/locations/{given['region']}/environments/{given['environment_id']}"
    return EnvironmentName.parse(full, where="project_id, region, environment_id")


def _replace_environment(plan: Plan, resource: EnvironmentResource) -> Plan:
    """Replace a plan's environment, and the policy where the plan states none: it follows from the agent's flag."""
    # The plan's cluster version is that of an existing cluster, not of the one to be created.
    replaced = replace(plan, environment=resource, cluster_version=None)
    if plan.policy_choice.stated:
        return replaced
    choice = PolicyChoice.from_environment(resource)
    policy = choice.derive_policy(ranges=plan.ranges, environment=resource)
    return replace(replaced, policy_choice=choice, policy=policy)
