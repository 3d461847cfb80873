"""Every trigger of the package survives what a triggerer's restart does to it."""

from __future__ import annotations

import importlib
import json
import pkgutil
from typing import TYPE_CHECKING, Any

import pytest
from airflow.triggers.base import BaseTrigger

import airflow_masq.triggers

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.airflow

EXAMPLES: dict[str, list[dict[str, Any]]] = {
    "EnvironmentRunningTrigger": [
        {
            "name": "projects/example-project/locations/us-central1/environments/example-environment",
            "operation_name": operation_name,
            "deadline": 1_800_000_000.5,
            "gcp_conn_id": "google_cloud_default",
            "impersonation_chain": chain,
            "poll_interval_seconds": 30.0,
            "api_timeout_seconds": 60.0,
            "failure_tolerance_seconds": 600.0,
            "state": "CREATING",
            "record": {"adopted": True, "pod_ranges": ["192.168.0.0/16"], "findings": [{"code": "MASQ102"}]},
        }
        for operation_name, chain in ((None, None), ("operations/1", "a@example.com"), ("operations/1", ["a", "b"]))
    ]
}


def trigger_classes() -> Iterator[type[BaseTrigger]]:
    """Find every trigger class that a module of the package defines."""
    for module_info in pkgutil.iter_modules(airflow_masq.triggers.__path__, "airflow_masq.triggers."):
        module = importlib.import_module(module_info.name)
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, BaseTrigger) and value.__module__ == module.__name__:
                yield value


def test_every_trigger_has_an_example_here() -> None:
    """A new trigger cannot be forgotten by this test."""
    assert {each.__name__ for each in trigger_classes()} == set(EXAMPLES)


@pytest.mark.parametrize(
    ("trigger_class", "arguments"),
    [(each, arguments) for each in trigger_classes() for arguments in EXAMPLES[each.__name__]],
)
def test_a_trigger_is_the_same_after_a_restart(trigger_class: type[BaseTrigger], arguments: dict[str, Any]) -> None:
    """Written as JSON and made anew from its class path, a trigger has the same settings."""
    path, settings = trigger_class(**arguments).serialize()
    assert settings == arguments
    module, _, name = path.rpartition(".")
    again = getattr(importlib.import_module(module), name)(**json.loads(json.dumps(settings)))
    assert again.serialize() == (path, settings)


def test_a_tuple_of_accounts_is_written_as_json_writes_it() -> None:
    """An impersonation chain given as a tuple does not change by being stored."""
    [trigger_class] = trigger_classes()
    arguments = {**EXAMPLES["EnvironmentRunningTrigger"][0], "impersonation_chain": ("a", "b")}
    assert trigger_class(**arguments).serialize()[1]["impersonation_chain"] == ["a", "b"]
