"""Google's stock operators, unmodified, reach the emulator; their behaviour is the reason for this project.

[source: observed-stock-operator]

They all run in one process (``stock_story.py``), whose Airflow takes seconds to import. Its only way out is the
emulator's proxy.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from google.cloud.orchestration.airflow.service_v1.types import Environment

from lab.cloud import ComposerEmulator, Hooks
from lab.cloud.errors import ApiError
from tests.airflow_env import airflow_settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

pytestmark = [pytest.mark.airflow]

_STORY = Path(__file__).with_name("stock_story.py")
_SCENARIOS = (
    "create",
    "create deferrable",
    "get",
    "list",
    "delete",
    "delete deferrable",
    "get deleted",
    "create over agentless",
    "create over creating",
    "create over failed",
    "create failing",
    "create failing deferrable",
    "create failing without words",
    "delete failing without words",
    "create from camelCase",
)
_RUNNING = int(Environment.State.RUNNING)
_NAME = "projects/example-project/locations/us-central1/environments/"


@dataclass(frozen=True, kw_only=True)
class StoryResult:
    """The results of all scenarios.

    :param outcomes: what the operator returned or raised, by scenario.
    :param refused_targets: what the process asked the proxy for besides Composer.
    """

    outcomes: Mapping[str, Mapping[str, Any]]
    refused_targets: Sequence[str]


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> StoryResult:
    """Run all scenarios once against one emulator."""
    return asyncio.run(_run_story(tmp_path_factory.mktemp("airflow")))


async def _run_story(home: Path) -> StoryResult:
    async with ComposerEmulator(hooks=Hooks(on_deleted=_refuse_stubborn)) as emulator:
        _prepare(emulator)
        variables = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT": emulator.make_airflow_connection(project="example-project"),
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(_STORY),
            *_SCENARIOS,
            stdout=asyncio.subprocess.PIPE,
            env=variables | airflow_settings(home) | emulator.make_client_settings(),
        )
        output, _ = await process.communicate()
        assert process.returncode == 0
        return StoryResult(
            outcomes=json.loads(output.decode().splitlines()[-1]), refused_targets=tuple(emulator.refused_targets)
        )


async def _refuse_stubborn(environment: Environment) -> None:
    if environment.name.endswith("/stubborn"):
        raise ApiError(grpc.StatusCode.FAILED_PRECONDITION, "")


def _prepare(emulator: ComposerEmulator) -> None:
    """Add environments in the states that the scenarios need, and request their failures."""
    states = {
        "agentless": Environment.State.RUNNING,
        "creating": Environment.State.CREATING,
        "failed": Environment.State.ERROR,
        "stubborn": Environment.State.RUNNING,
    }
    for environment_id, state in states.items():
        config = {"node_config": {"network": "projects/example-project/global/networks/default"}}
        emulator.add_environment(Environment({"name": _NAME + environment_id, "state": state, "config": config}))
    words = "could not initialize the Airflow database"
    emulator.faults.fail_creation("doomed", grpc.StatusCode.FAILED_PRECONDITION, words)
    emulator.faults.fail_creation("doomed-deferred", grpc.StatusCode.FAILED_PRECONDITION, words)
    emulator.faults.fail_creation("doomed-wordless", grpc.StatusCode.FAILED_PRECONDITION, "")


@pytest.mark.parametrize(("scenario", "environment_id"), [("create", "plain"), ("create deferrable", "deferred")])
def test_stock_operator_creates_an_environment(result: StoryResult, scenario: str, environment_id: str) -> None:
    """The stock operator creates an environment with the agent, waiting in the worker or deferred."""
    environment = result.outcomes[scenario]["returned"]
    assert environment["name"] == _NAME + environment_id
    assert environment["state"] == _RUNNING
    assert environment["config"]["node_config"]["enable_ip_masq_agent"] is True
    assert environment["config"]["gke_cluster"]


def test_stock_operators_get_and_list(result: StoryResult) -> None:
    """The stock operators find what was created, by name and in the list."""
    listed = {environment["name"] for environment in result.outcomes["list"]["returned"]}
    assert result.outcomes["get"]["returned"]["name"] == _NAME + "plain"
    assert listed == {_NAME + name for name in ("plain", "deferred", "agentless", "creating", "failed", "stubborn")}


def test_stock_operator_deletes_an_environment(result: StoryResult) -> None:
    """The stock operator deletes, waiting in the worker or deferred, and the environment is gone."""
    assert result.outcomes["delete"] == {"returned": None}
    assert result.outcomes["delete deferrable"] == {"returned": None}
    assert result.outcomes["get deleted"]["raised"] == "NotFound"


def test_stock_operator_succeeds_on_an_environment_without_the_agent(result: StoryResult) -> None:
    """The stock operator succeeds on an existing environment without the agent, although it should have one."""
    environment = result.outcomes["create over agentless"]["returned"]
    assert environment["name"] == _NAME + "agentless"
    assert environment["config"]["node_config"]["enable_ip_masq_agent"] is False


@pytest.mark.parametrize(("environment_id", "state"), [("creating", "CREATING"), ("failed", "ERROR")])
def test_stock_operator_does_not_resume(result: StoryResult, environment_id: str, state: str) -> None:
    """The stock operator fails if the environment is CREATING or in ERROR."""
    outcome = result.outcomes[f"create over {environment_id}"]
    assert outcome["raised"] == "ComposerEnvironmentNotRunningError"
    assert state in outcome["message"]


def test_stock_operator_hides_why_a_creation_failed(result: StoryResult) -> None:
    """On the worker the stock operator hides the service's message; deferred, it shows it."""
    words = "could not initialize the Airflow database"
    waiting, deferred = result.outcomes["create failing"], result.outcomes["create failing deferrable"]
    assert waiting == {"raised": "AirflowException", "message": "Google API error on operation result call"}
    assert deferred["raised"] == "AirflowException"
    assert words in deferred["message"]


def test_stock_trigger_takes_an_error_without_a_message_for_success(result: StoryResult) -> None:
    """The stock trigger takes an error with a code but no message for success, so a failed deletion counts as done.

    A failed creation is noticed only because the operator then checks the environment's state.
    """
    assert result.outcomes["delete failing without words"] == {"returned": None}
    assert result.outcomes["create failing without words"]["raised"] == "ComposerEnvironmentNotRunningError"


def test_stock_operator_does_not_take_the_rest_resource(result: StoryResult) -> None:
    """The stock operator refuses Google's own camelCase JSON as a dictionary."""
    outcome = result.outcomes["create from camelCase"]
    assert outcome["raised"] == "ValueError"
    assert "Unknown field for EnvironmentConfig: softwareConfig" in outcome["message"]


def test_stock_operators_connect_to_composer_only(result: StoryResult) -> None:
    """In all scenarios the process asked its proxy only for Composer's API."""
    assert result.refused_targets == ()
