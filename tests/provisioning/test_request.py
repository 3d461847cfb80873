"""What the arguments ask for is understood in every form, completed, never changed, and refused in one line."""

from __future__ import annotations

import copy
import textwrap
from typing import TYPE_CHECKING, Any

import pytest
from google.cloud.orchestration.airflow.service_v1.types import Environment

from airflow_masq.environment import masquerade_enabled
from airflow_masq.exceptions import FinalError, InvalidInputError, PlanError
from airflow_masq.provisioning.request import NameArguments, WantedEnvironment, wanted_environment
from airflow_masq.rules import lint
from tests.emulated_cloud import IMAGE, PROJECT, environment_resource

if TYPE_CHECKING:
    from pathlib import Path

NAME = str(environment_resource()["name"])
NAMELESS = {"config": environment_resource()["config"]}
NO_PARTS = NameArguments()
PARTS = NameArguments(region="us-central1", environment_id="example-environment")


def wanted(
    *,
    plan: str | dict[str, Any] | None = None,
    environment: dict[str, Any] | Environment | None = None,
    parts: NameArguments = NO_PARTS,
) -> WantedEnvironment:
    """Read arguments with a default project."""
    return wanted_environment(plan=plan, environment=environment, name_arguments=parts, default_project=lambda: PROJECT)


@pytest.mark.parametrize(
    "environment",
    [
        environment_resource(nodeConfig={"tags": ["a"]}),
        {"name": NAME, "config": {"software_config": {"image_version": IMAGE}, "node_config": {"tags": ["a"]}}},
        Environment(
            {"name": NAME, "config": {"software_config": {"image_version": IMAGE}, "node_config": {"tags": ["a"]}}}
        ),
    ],
    ids=["camelCase", "snake_case", "protobuf"],
)
def test_every_form_of_an_environment_is_understood_and_left_alone(environment: dict[str, Any] | Environment) -> None:
    """REST's spelling, Python's and Google's message ask for the same, and none of them is changed."""
    before = copy.deepcopy(environment)
    read = wanted(environment=environment)
    assert str(read.name) == NAME
    assert read.plan.environment == environment_resource(nodeConfig={"tags": ["a"], "enableIpMasqAgent": True})
    assert environment == before


@pytest.mark.parametrize("form", ["file", "mapping"])
def test_a_plan_is_read_from_a_file_and_from_a_mapping(tmp_path: Path, form: str) -> None:
    """A path and a mapping give the same plan, with the agent and its policy switched on."""
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
    read = wanted(plan=str(path) if form == "file" else mapping)
    assert str(read.name) == NAME
    assert masquerade_enabled(read.plan.environment)
    assert read.plan.policy.name == "composer"
    assert [str(cidr) for cidr in read.plan.ranges.node] == ["10.128.0.0/20"]


def test_a_policy_that_contradicts_the_agent_stays_for_the_rules_to_find() -> None:
    """A plan that writes another policy down is not corrected in silence."""
    for policy in ("none", "gke-default"):
        read = wanted(plan={"environment": environment_resource(), "policy": policy})
        assert (read.plan.policy.name, read.plan.policy_choice.name) == (policy, policy)
        assert "MASQ305" in {finding.code for finding in lint(read.plan)}


def test_a_policy_that_nobody_wrote_down_follows_the_agent() -> None:
    """With the agent switched on, a target that needs it is no fault of the plan, whatever the flag said before."""
    target = {"name": "erp", "observe": "http://172.20.0.10/", "allowed_sources": ["10.0.0.0/8"]}
    network = {"node_ranges": ["10.128.0.0/20"], "pod_ranges": ["192.168.0.0/16"]}
    plan = {"environment": environment_resource(), "network": network, "targets": [target]}
    read = wanted(plan=plan)
    assert read.plan.policy_choice.name == "composer"
    assert "MASQ310" not in {finding.code for finding in lint(read.plan)}


@pytest.mark.parametrize(("flag", "refused"), [(False, True), (True, False), (None, False)])
def test_an_agent_that_was_switched_off_in_so_many_words_is_noticed(*, flag: bool | None, refused: bool) -> None:
    """An explicit false is switched on and said so; a missing flag is only switched on."""
    node_config = {} if flag is None else {"enableIpMasqAgent": flag}
    read = wanted(environment=environment_resource(nodeConfig=node_config))
    assert read.agent_was_refused is refused
    assert masquerade_enabled(read.plan.environment)


def test_a_nameless_environment_is_completed() -> None:
    """Region and id complete the name; the project is the connection's unless the task names one."""
    assert str(wanted(environment=NAMELESS, parts=PARTS).name) == NAME
    parts = NameArguments(project_id="other-project", region="us-central1", environment_id="example-environment")
    assert wanted(environment=NAMELESS, parts=parts).name.project == "other-project"


def test_the_default_project_is_asked_for_only_where_it_is_needed() -> None:
    """A complete name needs no connection."""

    def nobody() -> str:
        raise AssertionError("asked")

    read = wanted_environment(
        plan=None, environment=environment_resource(), name_arguments=NO_PARTS, default_project=nobody
    )
    assert str(read.name) == NAME


@pytest.mark.parametrize(
    ("argument", "value"),
    [("project_id", "other-project"), ("region", "europe-west1"), ("environment_id", "other-environment")],
)
def test_a_name_that_contradicts_the_arguments_is_refused(argument: str, value: str) -> None:
    """Two names for one environment are not guessed about; the same name twice is fine."""
    with pytest.raises(InvalidInputError, match=rf"^{argument}: expected .* saw {value}"):
        wanted(environment=environment_resource(), parts=NameArguments(**{argument: value}))
    assert wanted(environment=environment_resource(), parts=PARTS).name.environment_id == "example-environment"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "plan, environment: expected exactly one of the two, saw neither"),
        ({"plan": ""}, "saw neither"),
        ({"plan": {"environment": {}}, "environment": {}}, "saw both"),
        ({"plan": {"network": {}}}, "plan: environment: expected the environment to create"),
        ({"plan": "nowhere.yaml"}, r"^plan: expected .* saw nowhere\.yaml \(No such file or directory\)"),
        ({"environment": environment_resource(nodeConfig="text")}, r"^environment\.config\.nodeConfig: expected "),
        ({"plan": {"environmnt": {}}}, "environmnt"),
        ({"environment": "projects/p"}, "expected a mapping or .*Environment, saw text"),
        ({"environment": NAMELESS}, r"environment\.name: expected projects/"),
        ({"environment": {"name": "example"}}, "projects/PROJECT"),
        ({"environment": NAMELESS, "parts": NameArguments(region="us-central1", environment_id="Bad_Id")}, "Bad_Id"),
        ({"environment": {"name": NAME.replace("example-env", "Example_Env")}}, "environment id"),
    ],
)
def test_what_cannot_be_understood_is_refused_in_one_line(arguments: dict[str, Any], message: str) -> None:
    """The message names the place, what was expected and what was seen."""
    with pytest.raises(FinalError, match=message) as caught:
        wanted(**arguments)
    assert isinstance(caught.value, InvalidInputError | PlanError)
    assert "\n" not in str(caught.value)
