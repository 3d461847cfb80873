"""What becomes of a drawn plan: what `lint` finds in it, and what the emulated Composer API says to it.

An environment reaches the service in two ways: as the plan has it, through `render`, or from the operator, which
switches the agent on. Both are submitted, each with the findings that belong to it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from google.cloud.orchestration.airflow.service_v1.types import CreateEnvironmentRequest, Environment

from airflow_masq.clients.environment_message import make_message
from airflow_masq.environment import EnvironmentResource
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.plan import Plan, load_plan_from_mapping
from airflow_masq.provisioning import CreationRequest, read_request
from airflow_masq.rules import Finding, Severity, registry
from lab.cloud import validation
from lab.cloud.errors import ApiError
from lab.cloud.images import CREATABLE_IMAGES, resolve_image
from lab.cloud.names import ENVIRONMENT_ID, EnvironmentName
from lab.cloud.validation import Submission, Surroundings, accept_new_environment
from tests.agreement.drawing import NAME, PROJECT, REGION, UNDECIDED_IMAGES, DrawnPlan, draw_plan

if TYPE_CHECKING:
    from collections.abc import Mapping

IMAGES = (*CREATABLE_IMAGES, *UNDECIDED_IMAGES)

MALFORMED_NAME = "malformed_name"
"""The refusal that the emulator has outside of its table."""


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why the emulated API refuses an environment: a row of its table by name, and the sentence."""

    name: str
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Submitted:
    """An environment on one of its ways to the service.

    :param findings: what ``lint`` says on this way.
    :param surroundings: the project in which it is to be created.
    :param complaint: why it cannot be sent at all; empty where it can.
    :param message: what is sent; ``None`` if it cannot be.
    :param refusals: why the emulated API refuses it; all reasons, also those after one that comes alone.
    :param accepted: the environment as the emulated API takes it.
    """

    resource: EnvironmentResource
    findings: tuple[Finding, ...]
    surroundings: Surroundings
    complaint: str = ""
    message: Environment | None = None
    refusals: tuple[Refusal, ...] = ()
    accepted: Environment | None = None

    @property
    def request(self) -> CreateEnvironmentRequest:
        """The call that creates it."""
        assert self.message is not None
        parent = self.message.name.rpartition("/environments/")[0]
        return CreateEnvironmentRequest(parent=parent, environment=self.message)

    @property
    def has_error(self) -> bool:
        """Whether `lint` finds an error."""
        return any(finding.severity is Severity.ERROR for finding in self.findings)


@dataclass(frozen=True, kw_only=True)
class Story:
    """One drawn plan, read and submitted.

    :param plan: ``None`` if it cannot be read.
    :param unreadable: why it cannot be read; empty where it can.
    :param request: as the operator reads it; ``None`` if it does not, for want of a name that Google takes.
    :param as_written: as the plan has it.
    :param by_operator: from the operator; ``None`` without a request.
    """

    drawn: DrawnPlan
    plan: Plan | None
    unreadable: str = ""
    request: CreationRequest | None = None
    as_written: Submitted | None = None
    by_operator: Submitted | None = None

    @property
    def ways(self) -> list[Submitted]:
        """The ways on which the environment can be sent to the service."""
        return [way for way in (self.as_written, self.by_operator) if way is not None and not way.complaint]


@cache
def read_story(number: int) -> Story:
    """Draw, read, lint and submit one plan; each process does so once."""
    drawn = draw_plan(number)
    try:
        plan = load_plan_from_mapping(drawn.mapping, source="plan")
    except InvalidInputError as error:
        return Story(drawn=drawn, plan=None, unreadable=str(error))
    surroundings = describe_surroundings(drawn.mapping)
    resource = plan.environment if plan.environment.name else plan.environment.with_name(NAME)
    as_written = submit(resource, findings=registry.lint(plan), surroundings=surroundings)
    story = Story(drawn=drawn, plan=plan, as_written=as_written)
    try:
        request = read_operators_request(drawn.mapping)
    except InvalidInputError:
        return story
    findings = registry.lint(request.plan)
    by_operator = submit(request.plan.environment, findings=findings, surroundings=surroundings)
    return replace(story, request=request, by_operator=by_operator)


def read_operators_request(plan: str | Mapping[str, Any]) -> CreationRequest:
    """Read a plan as the operator does, with arguments for a plan that names no environment."""
    is_named = not isinstance(plan, dict) or bool(plan["environment"].get("name"))
    region, environment_id = (None, None) if is_named else (REGION, NAME.rpartition("/")[2])
    return read_request(
        plan=plan,
        environment=None,
        region=region,
        environment_id=environment_id,
        default_project=lambda: PROJECT,
    )


def describe_surroundings(mapping: Mapping[str, Any]) -> Surroundings:
    """Make the project in which what the plan says of its network is true."""
    resource = EnvironmentResource.read(mapping["environment"])
    policy = ("config", "nodeConfig", "ipAllocationPolicy")
    network = mapping.get("network", {})
    named = {}
    for field, key in (("clusterSecondaryRangeName", "pod_ranges"), ("servicesSecondaryRangeName", "service_ranges")):
        name, ranges = resource.get_text(*policy, field), network.get(key)
        if name and ranges:
            named[name] = ranges[0]
    nodes = network.get("node_ranges", [""])[0]
    subnetwork = resource.get_text("config", "nodeConfig", "subnetwork")
    return Surroundings(creatable_images=IMAGES, node_ranges={subnetwork: nodes}, secondary_ranges=named)


def submit(resource: EnvironmentResource, *, findings: tuple[Finding, ...], surroundings: Surroundings) -> Submitted:
    """Send an environment to the emulated API, and list every reason for which it is refused."""
    made = Submitted(resource=resource, findings=findings, surroundings=surroundings)
    try:
        made = replace(made, message=make_message(resource))
    except InvalidInputError as error:
        return replace(made, complaint=str(error))
    accepted, answer = None, ""
    try:
        accepted = accept_new_environment(made.request, surroundings=surroundings)
    except ApiError as error:
        answer = error.message
    refusals = _list_refusals(made.request.environment, surroundings=surroundings)
    assert bool(refusals) is (accepted is None), answer
    return replace(made, refusals=refusals, accepted=accepted)


def _list_refusals(message: Environment, *, surroundings: Surroundings) -> tuple[Refusal, ...]:
    try:
        name = EnvironmentName.parse(message.name)
    except ApiError as error:
        return (Refusal(name=MALFORMED_NAME, sentence=error.message),)
    if not ENVIRONMENT_ID.fullmatch(name.environment_id):
        return (Refusal(name=MALFORMED_NAME, sentence=name.environment_id),)
    image = resolve_image(message.config.software_config.image_version, creatable=surroundings.creatable_images)
    submission = Submission(parent=name.parent, config=message.config, image=image, surroundings=surroundings)
    return tuple(
        Refusal(name=get_name(refusal), sentence=sentence)
        for refusal in validation.REFUSALS
        for sentence in refusal.find(submission)
    )


def get_name(refusal: validation.Refusal) -> str:
    """Name a row of the emulator's table by what it finds."""
    return refusal.find.__name__.removeprefix("_find_")
