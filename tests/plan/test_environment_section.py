"""An environment's known fields have Google's types, and every flaw has its place."""

from __future__ import annotations

import json

import pytest

from airflow_masq.exceptions import PlanError
from airflow_masq.plan import load_plan, load_plan_from_mapping

SOFTWARE = "config.softwareConfig"
WORKER = "config.workloadsConfig.worker"
ACCESS = "config.webServerNetworkAccessControl.allowedIpRanges"


def resource(path: str, value: object) -> dict[str, object]:
    """Make an environment that sets one field."""
    for name in reversed(path.split(".")):
        value = {name: value}
    assert isinstance(value, dict)
    return value


@pytest.mark.parametrize(
    ("path", "value", "where", "expected"),
    [
        (f"{SOFTWARE}.envVariables", {"A": 1}, f"{SOFTWARE}.envVariables.A", "text (quote it), saw a number"),
        (f"{SOFTWARE}.envVariables", {"A": True}, f"{SOFTWARE}.envVariables.A", "text (quote it), saw a boolean"),
        (f"{SOFTWARE}.envVariables", {"A": None}, f"{SOFTWARE}.envVariables.A", "text (quote it), saw nothing"),
        (f"{SOFTWARE}.envVariables", {"A": ["b"]}, f"{SOFTWARE}.envVariables.A", "text, saw a list"),
        (f"{SOFTWARE}.envVariables", ["A"], f"{SOFTWARE}.envVariables", "a mapping from text to text, saw a list"),
        (f"{SOFTWARE}.imageVersion", 2.1, f"{SOFTWARE}.imageVersion", "text (quote it), saw 2.1"),
        (f"{SOFTWARE}.pypiPackages", {"a": {}}, f"{SOFTWARE}.pypiPackages.a", "text, saw a mapping"),
        (f"{SOFTWARE}.airflowConfigOverrides", "a=b", f"{SOFTWARE}.airflowConfigOverrides", "a mapping from text"),
        ("labels", {"cost": 1}, "labels.cost", "text (quote it), saw a number"),
        ("config.nodeConfig.tags", "a", "config.nodeConfig.tags", "a list of texts, saw 'a'"),
        ("config.nodeConfig.tags", ["a", 1], "config.nodeConfig.tags[1]", "text (quote it), saw 1"),
        ("config.nodeConfig.oauthScopes", [None], "config.nodeConfig.oauthScopes[0]", "text (quote it), saw nothing"),
        (f"{WORKER}.cpu", "0.5", f"{WORKER}.cpu", "a number of 32 bits, saw '0.5'"),
        (f"{WORKER}.cpu", True, f"{WORKER}.cpu", "a number of 32 bits, saw true"),
        (f"{WORKER}.memoryGb", 1e39, f"{WORKER}.memoryGb", "a number of 32 bits, saw 1e+39"),
        (f"{WORKER}.maxCount", 2**31, f"{WORKER}.maxCount", "a whole number of 32 bits, saw 2147483648"),
        (f"{WORKER}.maxCount", 1.0, f"{WORKER}.maxCount", "a whole number of 32 bits, saw 1.0"),
        ("config.environmentSize", 2, "config.environmentSize", "text (quote it), saw 2"),
        ("config.maintenanceWindow.startTime", "2024-02-30T00:00:00Z", "config.maintenanceWindow.startTime", "a time"),
        ("config.maintenanceWindow.startTime", "0001-01-01T00:00:00+09:00", "config.maintenanceWindow", "a time"),
        ("config.maintenanceWindow.startTime", "2024-01-01 00:00:00Z", "config.maintenanceWindow.startTime", "a time"),
        ("config.maintenanceWindow.startTime", 2024, "config.maintenanceWindow.startTime", "a time as text"),
        (ACCESS, {"value": "10.0.0.0/8"}, ACCESS, "a list of mappings, saw a mapping"),
        (ACCESS, ["10.0.0.0/8"], f"{ACCESS}[0]", "a mapping, saw '10.0.0.0/8'"),
        (ACCESS, [{"value": 10}], f"{ACCESS}[0].value", "text (quote it), saw 10"),
        (ACCESS, [{}, {"description": []}], f"{ACCESS}[1].description", "text, saw an empty list"),
    ],
)
def test_a_wrong_type(path: str, value: object, where: str, expected: str) -> None:
    """A field that Google's own types would refuse is named, with what belongs there."""
    with pytest.raises(PlanError) as caught:
        load_plan_from_mapping({"environment": resource(path, value)}, source="plan")
    assert str(caught.value).startswith(f"plan: environment.{where}")
    assert f": expected {expected}" in str(caught.value)


def test_no_secret_is_told() -> None:
    """A password that YAML takes for a number does not end up in a log."""
    environment = resource(f"{SOFTWARE}.envVariables", {"PASSWORD": 271828})
    with pytest.raises(PlanError) as caught:
        load_plan_from_mapping({"environment": environment}, source="plan")
    assert "271828" not in str(caught.value)


def test_the_line_is_told() -> None:
    """The error names the line of the entry, not only that of the map around it."""
    text = "environment:\n  config:\n    software_config:\n      env_variables:\n        A: x\n        B: 1\n"
    with pytest.raises(PlanError, match=r"^plan\.yaml:6: environment\.config\.softwareConfig\.envVariables\.B: "):
        load_plan(text, source="plan.yaml")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("config.environmentSize", "ENVIRONMENT_SIZE_OF_NEXT_YEAR"),
        ("config.brandNew", {"tags": 1, "envVariables": {"A": 1}}),
        ("config.softwareConfig.envVariables", {"tags": "1", "enabled": "true"}),
        ("config.softwareConfig.envVariables", None),
        ("config.nodeConfig.tags", []),
        (f"{WORKER}.cpu", 1),
        ("config.maintenanceWindow.startTime", "2024-01-01T00:00:00.123456789+01:00"),
        (ACCESS, [{"value": "10.0.0.0/8", "description": None, "brandNew": 1}]),
    ],
)
def test_what_is_passed_on(path: str, value: object) -> None:
    """Words and fields that are not known here are no errors, and neither is ``null``."""
    environment = resource(path, value)
    assert load_plan_from_mapping({"environment": environment}, source="plan").environment.as_rest() == environment


def test_a_character_that_json_writes_in_two_halves() -> None:
    """A plan in JSON may hold any character, and JSON escapes some of them as two."""
    labels = {"a": "\U0001f600", "\U0001f601": "\u00fc"}
    text = json.dumps({"environment": {"labels": labels}})
    assert load_plan(text, source="plan.json").environment.as_rest() == {"labels": labels}


@pytest.mark.parametrize("labels", [{"\udfff": "a"}, {"a": "\ud800"}])
def test_half_a_character_in_a_mapping(labels: dict[str, str]) -> None:
    """The same holds of a plan that comes as a mapping, for keys and for values."""
    with pytest.raises(PlanError, match=r"a JSON (key|value), saw"):
        load_plan_from_mapping({"environment": {"labels": labels}}, source="plan")


@pytest.mark.parametrize("text", ['labels: {a: "\\ud800"}', 'labels: {"\\udfff": a}', 'brandNew: "\\ud800"'])
def test_half_a_character(text: str) -> None:
    """YAML can name half of a character, which no JSON for Google can carry."""
    with pytest.raises(PlanError, match=r"a JSON (key|value), saw"):
        load_plan(f"environment: {{{text}}}", source="plan.yaml")
