"""What the arguments ask for is read in every form, completed, never changed, linted, and refused in one line."""

from __future__ import annotations

import copy
import logging
import textwrap
from typing import TYPE_CHECKING, Any

import pytest
from google.cloud.orchestration.airflow.service_v1.types import Environment

from airflow_masq.exceptions import CannotMasqueradeError, FinalError, InvalidInputError
from airflow_masq.provisioning.request import CreationRequest, lint_request, read_request
from airflow_masq.rules import lint
from tests.emulated_cloud import IMAGE, PROJECT, SERVICE_ACCOUNT, environment_resource

if TYPE_CHECKING:
    from pathlib import Path

NAME = str(environment_resource()["name"])
NAMELESS = {"config": environment_resource()["config"]}
PARTS = {"region": "us-central1", "environment_id": "example-environment"}


def read(
    *,
    plan: str | dict[str, Any] | None = None,
    environment: dict[str, Any] | Environment | None = None,
    **parts: str | None,
) -> CreationRequest:
    """Read arguments with a default project."""
    return read_request(plan=plan, environment=environment, **parts, default_project=lambda: PROJECT)


SNAKE = {
    "name": NAME,
    "config": {
        "software_config": {"image_version": IMAGE},
        "node_config": {"service_account": SERVICE_ACCOUNT, "tags": ["a"]},
    },
}


@pytest.mark.parametrize(
    "environment",
    [
        environment_resource(nodeConfig={"tags": ["a"]}),
        SNAKE,
        Environment(SNAKE),
    ],
    ids=["camelCase", "snake_case", "protobuf"],
)
def test_every_form_of_an_environment_is_understood_and_left_alone(environment: dict[str, Any] | Environment) -> None:
    """REST's spelling, Python's and Google's message ask for the same, and none of them is changed."""
    before = copy.deepcopy(environment)
    request = read(environment=environment)
    assert str(request.name) == NAME
    expected = environment_resource(nodeConfig={"tags": ["a"], "enableIpMasqAgent": True})
    assert request.plan.environment.as_rest() == expected
    assert environment == before


@pytest.mark.parametrize("form", ["file", "mapping"])
def test_a_plan_is_read_from_a_file_and_from_a_mapping(tmp_path: Path, form: str) -> None:
    """A path and a mapping give the same plan, with the agent enabled and its policy in force."""
    text = f"""
        environment:
          name: {NAME}
          config: {{softwareConfig: {{imageVersion: {IMAGE}}}}}
        network: {{node_ranges: [10.128.0.0/20], pod_ranges: [192.168.0.0/16]}}
    """
    path = tmp_path / "plan.yaml"
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    mapping = {
        "environment": environment_resource(),
        "network": {"node_ranges": ["10.128.0.0/20"], "pod_ranges": ["192.168.0.0/16"]},
    }
    request = read(plan=str(path) if form == "file" else mapping)
    assert str(request.name) == NAME
    assert request.plan.environment.masquerades
    assert request.plan.policy.name == "composer"
    assert [str(cidr) for cidr in request.plan.ranges.node] == ["10.128.0.0/20"]


def test_a_policy_that_contradicts_the_agent_stays_for_the_rules_to_find() -> None:
    """A plan that writes another policy down is not corrected in silence."""
    for policy in ("none", "gke-default"):
        request = read(plan={"environment": environment_resource(), "policy": policy})
        assert (request.plan.policy.name, request.plan.policy_choice.name) == (policy, policy)
        assert "MASQ305" in {finding.code for finding in lint(request.plan)}


def test_a_policy_that_is_not_stated_follows_the_agent() -> None:
    """With the agent enabled, a target that needs it is no finding, for each earlier value of the flag."""
    target = {"name": "erp", "observe": "http://172.20.0.10/", "allowed_sources": ["10.0.0.0/8"]}
    network = {"node_ranges": ["10.128.0.0/20"], "pod_ranges": ["192.168.0.0/16"]}
    plan = {"environment": environment_resource(), "network": network, "targets": [target]}
    request = read(plan=plan)
    assert request.plan.policy_choice.name == "composer"
    assert "MASQ310" not in {finding.code for finding in lint(request.plan)}


def test_the_clusters_version_does_not_stay() -> None:
    """The version that a plan tells is of an existing cluster, so an old one is no finding for a new environment."""
    plan = {"environment": environment_resource(), "cluster": {"initial_version": "1.21.1-gke.1"}}
    assert read(plan=plan).plan.cluster_version is None


@pytest.mark.parametrize(("flag", "warned"), [(False, True), (True, False), (None, False)])
def test_an_agent_that_was_disabled_explicitly_is_warned_of(
    caplog: pytest.LogCaptureFixture, *, flag: bool | None, warned: bool
) -> None:
    """An explicit false becomes true with a warning, a missing flag without one."""
    node_config = {} if flag is None else {"enableIpMasqAgent": flag}
    request = read(environment=environment_resource(nodeConfig=node_config))
    assert (f"enableIpMasqAgent was false for {NAME}; it is set to true" in caplog.text) is warned
    assert request.plan.environment.masquerades


def test_a_nameless_environment_is_completed() -> None:
    """Region and id complete the name; the project is the connection's unless the task names one."""
    assert str(read(environment=NAMELESS, **PARTS).name) == NAME
    assert read(environment=NAMELESS, project_id="other-project", **PARTS).name.project == "other-project"


def test_the_default_project_is_asked_for_only_if_it_is_needed() -> None:
    """A complete name needs no connection, and neither does one that the arguments complete."""

    def fail() -> str:
        raise AssertionError("asked")

    request = read_request(plan=None, environment=environment_resource(), default_project=fail)
    assert str(request.name) == NAME
    request = read_request(plan=None, environment=NAMELESS, project_id=PROJECT, **PARTS, default_project=fail)
    assert str(request.name) == NAME


@pytest.mark.parametrize(
    ("argument", "value", "written"),
    [
        ("project_id", "other-project", "example-project"),
        ("region", "europe-west1", "us-central1"),
        ("environment_id", "other-environment", "example-environment"),
    ],
)
def test_a_name_that_contradicts_the_arguments_is_refused(argument: str, value: str, written: str) -> None:
    """Two names for one environment are not guessed about; the same name twice is fine."""
    with pytest.raises(
        InvalidInputError, match=rf"^{argument}: expected {written}, as in environment\.name, or nothing, saw {value}$"
    ):
        read(environment=environment_resource(), **{argument: value})
    assert str(read(environment=environment_resource(), project_id=PROJECT, **PARTS).name) == NAME


def test_an_argument_that_contradicts_the_name_is_shown_escaped() -> None:
    """A line break in an argument does not break the message."""
    with pytest.raises(InvalidInputError, match=r"saw other\\nregion$"):
        read(environment=environment_resource(), region="other\nregion")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "^plan, environment: expected exactly one of the two, saw neither$"),
        ({"plan": ""}, "saw neither$"),
        ({"plan": {"environment": {}}, "environment": {}}, "saw both$"),
        ({"plan": {"network": {}}}, "^plan: environment: expected the environment to create, saw nothing$"),
        (
            {"plan": "nowhere.yaml"},
            r"^plan: nowhere\.yaml: expected a readable file on this worker, saw no file of that name",
        ),
        ({"environment": environment_resource(nodeConfig="text")}, r"^environment\.config\.nodeConfig: expected "),
        ({"plan": {"environmnt": {}}}, "environmnt"),
        ({"environment": "projects/p"}, "expected a mapping or .*Environment, saw text"),
        (
            {"environment": NAMELESS},
            r"^environment\.name: expected projects/.*, or the arguments region and environment_id, saw nothing$",
        ),
        ({"environment": NAMELESS, "region": "us-central1"}, r"environment\.name: expected projects/"),
        ({"environment": NAMELESS, "environment_id": "example"}, r"environment\.name: expected projects/"),
        ({"environment": {"name": "example"}}, r"^environment\.name: expected projects/PROJECT"),
        (
            {"environment": NAMELESS, "region": "us-central1", "environment_id": "Bad_Id"},
            "^project_id, region, environment_id: expected an environment ID .*Bad_Id",
        ),
        ({"environment": {"name": NAME.replace("example-env", "Example_Env")}}, "environment ID"),
    ],
)
def test_what_cannot_be_understood_is_refused_in_one_line(arguments: dict[str, Any], message: str) -> None:
    """The message names the place, what was expected and what was seen."""
    with pytest.raises(FinalError, match=message) as caught:
        read(**arguments)
    assert isinstance(caught.value, InvalidInputError)
    assert "\n" not in str(caught.value)


TARGETS = [{"name": "erp", "observe": "http://172.20.0.10/"}]
WARNED = {
    "environment": environment_resource(),
    "cluster": {"pods_per_node": 32},
    "network": {"pod_ranges": ["192.168.0.0/24"]},
    "targets": TARGETS,
}
OVERLAPPING = {
    "environment": environment_resource(),
    "network": {"node_ranges": ["10.128.0.0/20"], "pod_ranges": ["10.128.0.0/16"]},
}


def test_errors_are_refused_with_all_their_codes() -> None:
    """With ``fail`` every finding of severity error is named, and no other."""
    ranges = {"node_ranges": ["10.128.0.0/20"], "pod_ranges": ["10.128.0.0/24"], "service_ranges": ["10.128.4.0/24"]}
    request = read(plan={"environment": environment_resource(), "network": ranges})
    findings = lint(request.plan)
    errors = [finding for finding in findings if finding.severity == "error"]
    assert 1 < len(errors) < len(findings)
    with pytest.raises(CannotMasqueradeError) as caught:
        lint_request(request, on_findings="fail")
    reasons = "; ".join(f"{error.code} {error.where}: {error.message}" for error in errors)
    assert str(caught.value) == f"{NAME} was not created: {reasons}"


@pytest.mark.parametrize("on_findings", ["fail", "warn"])
def test_warnings_are_logged_and_returned(caplog: pytest.LogCaptureFixture, on_findings: str) -> None:
    """A plan with warnings alone is not refused, and its findings reach the log."""
    request = read(plan=WARNED)
    findings = lint_request(request, on_findings=on_findings).findings
    assert findings == tuple(lint(request.plan))
    assert {finding.severity.value for finding in findings} == {"warning"}
    for finding in findings:
        assert f"{finding.code} warning {finding.where}: {finding.message}" in caplog.text


def test_a_plan_without_targets_is_no_finding_about_a_creation() -> None:
    """To create an environment no targets are needed, so the remark about them is left to ``lint``."""
    request = read(environment=environment_resource())
    told = {finding.code for finding in lint_request(request, on_findings="fail").findings}
    assert {finding.code for finding in lint(request.plan)} - told == {"MASQ319"}


@pytest.mark.parametrize(("pod_ranges", "code"), [([], "MASQ320"), (["192.168.0.0/16"], "MASQ321")])
def test_what_the_check_asks_for_is_no_finding_about_a_creation(pod_ranges: list[str], code: str) -> None:
    """Whether the check passes, and whether it can count nodes, is left to ``lint``."""
    targets = [{"name": "erp", "observe": "http://172.20.0.10/"}]
    network = {"node_ranges": ["10.128.0.0/20"], "pod_ranges": pod_ranges}
    plan = {"environment": environment_resource(), "network": network, "targets": targets}
    request = read(plan=plan)
    told = {finding.code for finding in lint_request(request, on_findings="fail").findings}
    assert {finding.code for finding in lint(request.plan)} - told == {code}


def test_errors_are_only_logged_with_warn(caplog: pytest.LogCaptureFixture) -> None:
    """With ``warn`` errors are returned and logged, and nothing is refused."""
    findings = lint_request(read(plan=OVERLAPPING), on_findings="warn").findings
    assert "error" in {finding.severity for finding in findings}
    assert findings[0].code in caplog.text


def test_findings_are_not_looked_for_with_ignore(caplog: pytest.LogCaptureFixture) -> None:
    """With ``ignore`` there are no findings and no log lines."""
    assert lint_request(read(plan=OVERLAPPING), on_findings="ignore").findings == ()
    assert caplog.text == ""


def test_another_word_is_refused() -> None:
    """A mistyped ``on_findings`` is not taken for any of the three words."""
    with pytest.raises(InvalidInputError, match=r"^on_findings: expected one of fail, warn, ignore, saw 'explode'$"):
        lint_request(read(plan=WARNED), on_findings="explode")


def test_findings_are_logged_as_severely_as_they_are(caplog: pytest.LogCaptureFixture) -> None:
    """An error in the plan is an error in the log, a warning a warning, and a remark an info."""
    caplog.set_level(logging.INFO, logger="airflow_masq.provisioning.request")
    plan = {
        "environment": {
            "name": "projects/p-12345/locations/us-central1/environments/one",
            "config": {"softwareConfig": {"imageVersion": "composer-3-airflow-2.10.5"}},
        },
        "network": {"pod_ranges": ["10.0.0.0/9"], "node_ranges": ["10.0.0.0/20"]},
        "targets": [{"name": "web", "observe": "https://203.0.113.9/ip"}],
    }
    request = read_request(plan=plan, environment=None, default_project=lambda: "p-12345")
    findings = lint_request(request, on_findings="warn").findings
    levels = {"error": logging.ERROR, "warning": logging.WARNING, "info": logging.INFO}
    logged = {record.getMessage().split(" ")[1]: record.levelno for record in caplog.records}
    assert logged == {finding.severity.value: levels[finding.severity.value] for finding in findings}
    assert "error" in logged
