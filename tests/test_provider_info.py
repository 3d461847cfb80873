"""What the package tells Airflow about itself, checked against Airflow's own schema and the package's own files."""

from __future__ import annotations

import importlib.util
import json
import tomllib
from pathlib import Path

import jsonschema
import pytest

import airflow_masq
from airflow_masq.get_provider_info import get_provider_info

PACKAGE = Path(airflow_masq.__file__).parent


def airflow_schema() -> dict[str, object]:
    """Read the schema that the installed Airflow validates providers with, without importing Airflow."""
    specification = importlib.util.find_spec("airflow")
    assert specification is not None
    assert specification.origin is not None
    text = (Path(specification.origin).parent / "provider_info.schema.json").read_text()
    schema: dict[str, object] = json.loads(text)
    return schema


def test_airflow_accepts_the_provider_info() -> None:
    """Airflow's provider schema accepts what we say about ourselves."""
    jsonschema.validate(get_provider_info(), airflow_schema())


def test_the_schema_would_refuse_a_provider_without_name() -> None:
    """The check above can fail: the same schema refuses an incomplete description."""
    info = get_provider_info()
    del info["name"]
    with pytest.raises(jsonschema.ValidationError, match="'name' is a required property"):
        jsonschema.validate(info, airflow_schema())


@pytest.mark.parametrize("kind", ["operators", "sensors", "hooks", "triggers"])
def test_every_module_that_is_named_exists(kind: str) -> None:
    """Every module that Airflow is pointed to can be found."""
    modules = [module for entry in get_provider_info()[kind] for module in entry["python-modules"]]
    assert modules
    for module in modules:
        assert importlib.util.find_spec(module) is not None, module


@pytest.mark.parametrize(
    ("folder", "kind", "suffix"),
    [("operators", "operators", "Operator"), ("operators", "sensors", "Sensor"), ("hooks", "hooks", "Hook")],
)
def test_every_operator_and_hook_is_named(folder: str, kind: str, suffix: str) -> None:
    """Every operator and hook of the package is listed, so that documentation tools find it."""
    named = {module for entry in get_provider_info()[kind] for module in entry["python-modules"]}
    found = {
        f"airflow_masq.{folder}.{path.stem}"
        for path in (PACKAGE / folder).glob("*.py")
        if any(line.startswith("class ") and f"{suffix}(" in line for line in path.read_text().splitlines())
    }
    assert found
    assert found == named


@pytest.mark.airflow
def test_the_connection_type_is_the_hooks_own() -> None:
    """The connection type that the form offers leads to the hook that reads it."""
    from airflow_masq.hooks.source_ip import SourceIpHook  # noqa: PLC0415 - imports Airflow, which takes seconds

    [connection_type] = get_provider_info()["connection-types"]
    assert connection_type["connection-type"] == SourceIpHook.conn_type
    assert connection_type["hook-name"] == SourceIpHook.hook_name
    assert connection_type["hook-class-name"] == f"{SourceIpHook.__module__}.{SourceIpHook.__qualname__}"


@pytest.mark.airflow
def test_the_providers_page_links_to_a_page_that_exists() -> None:
    """Airflow's page "Providers" takes the link from the package's metadata, where it is Google's page."""
    metadata = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text(encoding="utf-8"))
    [integration] = get_provider_info()["integrations"]
    assert metadata["project"]["urls"]["Documentation"] == integration["external-doc-url"]
    assert integration["external-doc-url"] in (PACKAGE.parent / "docs" / "sources.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["path", "headers", "ca_file"])
def test_a_field_of_the_form_may_stay_empty(name: str) -> None:
    """Airflow 3's form takes a field whose type lacks null for required; none of ours is."""
    schema = get_provider_info()["connection-types"][0]["conn-fields"][name]["schema"]
    checks = {key: value for key, value in schema.items() if key != "format"}
    jsonschema.validate(None, checks)
    jsonschema.validate("text", checks)
    jsonschema.validate(schema["default"], checks)


@pytest.mark.airflow
def test_airflow_draws_each_field_of_the_form() -> None:
    """Airflow's own reader of the provider info makes a field of each, and hides only what may hold credentials."""
    from airflow.providers_manager import ProvidersManager  # noqa: PLC0415 - imports Airflow, which takes seconds

    manager = ProvidersManager()  # type: ignore[no-untyped-call] # Airflow's is untyped
    widgets = manager.connection_form_widgets
    ours = {each.field_name: each for name, each in widgets.items() if name.startswith("extra__source_ip_observer__")}
    assert set(ours) == {"path", "headers", "ca_file"}
    assert [name for name, each in ours.items() if each.is_sensitive] == ["headers"]


@pytest.mark.airflow
def test_the_form_is_the_same_on_every_airflow() -> None:
    """The connection form that Airflow 3 draws from here labels its fields as the hook's own form does."""
    from airflow_masq.hooks.source_ip import SourceIpHook  # noqa: PLC0415 - imports Airflow, which takes seconds

    behaviour = get_provider_info()["connection-types"][0]["ui-field-behaviour"]
    older = SourceIpHook.get_ui_field_behaviour()
    assert behaviour["hidden-fields"] == older["hidden_fields"]
    assert behaviour["relabeling"] == older["relabeling"]
    assert behaviour["placeholders"] == older["placeholders"]
