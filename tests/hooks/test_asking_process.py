"""From where the button "Test" says that it asked: what the Pod shows, else Airflow's mark of the process."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest
from netaddr import IPAddress

from airflow_masq.observation.vantage import Surroundings

pytestmark = pytest.mark.airflow

COMPOSER = {"COMPOSER_ENVIRONMENT": "example"}
TOLD = {"AIRFLOW_MASQ_COMPONENT": "worker"}
API_SERVER = "airflow.api_fastapi.main"


@pytest.mark.parametrize(
    ("variables", "context", "module", "who"),
    [
        ({}, "server", API_SERVER, "the API server"),
        (TOLD, "server", API_SERVER, "the API server"),
        ({}, "client", None, "a worker"),
        ({}, "client", API_SERVER, "a worker"),
        ({}, "server", None, "a process that is not known to be a worker"),
        ({}, "", None, "a process that is not known to be a worker"),
        (TOLD, "", None, "a worker"),
        (COMPOSER | {"CONTAINER_NAME": "airflow-scheduler"}, "client", None, "the scheduler"),
        (COMPOSER | {"CONTAINER_NAME": "airflow-worker"}, "client", None, "a worker"),
        (COMPOSER | {"CONTAINER_NAME": "airflow-webserver"}, "", None, "the API server"),
    ],
)
def test_the_asker_is_named(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], context: str, module: str | None, who: str
) -> None:
    """The Pod decides; a process of the API server is no worker, whatever a user's variable says of all processes."""
    from airflow_masq.hooks.asking_process import describe_asker  # noqa: PLC0415 - imports Airflow, which takes seconds

    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", context)
    monkeypatch.delitem(sys.modules, API_SERVER, raising=False)
    if module:
        monkeypatch.setitem(sys.modules, module, ModuleType(module))
    surroundings = Surroundings(hostname="host-1", variables=variables)
    said = describe_asker(surroundings, local_address=IPAddress("10.64.0.5"))
    assert said.startswith(f"Asked from {who} (host host-1, own address 10.64.0.5)")
    assert ("says nothing about workers" in said) == (who != "a worker")
    assert "own address" not in describe_asker(surroundings, local_address=None)
