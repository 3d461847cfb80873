"""Google's stock operators, unmodified, reach the emulator; what they make of it is why this project exists.

Everything runs in one process of its own (``stock_story.py``), whose Airflow takes seconds to import; its only way out
is the emulator's proxy.
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
class Told:
    """What a run of the story brought.

    :param outcomes: by scenario, what the operator returned or raised.
    :param refused_targets: what the process asked the proxy for besides Composer.
    """

    outcomes: Mapping[str, Mapping[str, Any]]
    refused_targets: Sequence[str]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Let the story run once against one emulator."""
    return asyncio.run(_tell(tmp_path_factory.mktemp("airflow")))


async def _tell(home: Path) -> Told:
    async with ComposerEmulator(hooks=Hooks(on_deleted=_refuse_the_stubborn)) as emulator:
        _prepare(emulator)
        variables = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT": emulator.airflow_connection(project="example-project"),
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(_STORY),
            *_SCENARIOS,
            stdout=asyncio.subprocess.PIPE,
            env=variables | airflow_settings(home) | emulator.stock_client_settings(),
        )
        output, _ = await process.communicate()
        assert process.returncode == 0
        return Told(
            outcomes=json.loads(output.decode().splitlines()[-1]), refused_targets=tuple(emulator.refused_targets)
        )


async def _refuse_the_stubborn(environment: Environment) -> None:
    if environment.name.endswith("/stubborn"):
        raise ApiError(grpc.StatusCode.FAILED_PRECONDITION, "")


def _prepare(emulator: ComposerEmulator) -> None:
    """Put environments there in the states that the story meets, and order the failures that it tells of."""
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
def test_stock_operator_creates_an_environment(told: Told, scenario: str, environment_id: str) -> None:
    """The stock operator creates an environment with the agent, waiting in the worker or deferred."""
    environment = told.outcomes[scenario]["returned"]
    assert environment["name"] == _NAME + environment_id
    assert environment["state"] == _RUNNING
    assert environment["config"]["node_config"]["enable_ip_masq_agent"] is True
    assert environment["config"]["gke_cluster"]


def test_stock_operators_get_and_list(told: Told) -> None:
    """The stock operators find what was created, alone and in the list."""
    listed = {environment["name"] for environment in told.outcomes["list"]["returned"]}
    assert told.outcomes["get"]["returned"]["name"] == _NAME + "plain"
    assert listed == {_NAME + name for name in ("plain", "deferred", "agentless", "creating", "failed", "stubborn")}


def test_stock_operator_deletes_an_environment(told: Told) -> None:
    """The stock operator deletes, waiting in the worker or deferred, and the environment is gone."""
    assert told.outcomes["delete"] == {"returned": None}
    assert told.outcomes["delete deferrable"] == {"returned": None}
    assert told.outcomes["get deleted"]["raised"] == "NotFound"


def test_stock_operator_succeeds_on_an_environment_without_the_agent(told: Told) -> None:
    """Asked for an environment with the agent, the stock operator is content with an existing one that has none."""
    environment = told.outcomes["create over agentless"]["returned"]
    assert environment["name"] == _NAME + "agentless"
    assert environment["config"]["node_config"]["enable_ip_masq_agent"] is False


@pytest.mark.parametrize(("environment_id", "state"), [("creating", "CREATING"), ("failed", "ERROR")])
def test_stock_operator_does_not_resume(told: Told, environment_id: str, state: str) -> None:
    """Meeting an environment that is still being created, or one in ERROR, the stock operator just fails."""
    outcome = told.outcomes[f"create over {environment_id}"]
    assert outcome["raised"] == "ComposerEnvironmentNotRunningError"
    assert state in outcome["message"]


def test_stock_operator_hides_why_a_creation_failed(told: Told) -> None:
    """Waiting in the worker, the stock operator keeps the service's words to itself; deferred, it passes them on."""
    words = "could not initialize the Airflow database"
    waiting, deferred = told.outcomes["create failing"], told.outcomes["create failing deferrable"]
    assert waiting == {"raised": "AirflowException", "message": "Google API error on operation result call"}
    assert deferred["raised"] == "AirflowException"
    assert words in deferred["message"]


def test_stock_trigger_takes_an_error_without_words_for_success(told: Told) -> None:
    """An operation error with a code but no message passes the stock trigger: a failed deletion counts as done.

    A failed creation is noticed only because the operator then looks at the environment's state.
    """
    assert told.outcomes["delete failing without words"] == {"returned": None}
    assert told.outcomes["create failing without words"]["raised"] == "ComposerEnvironmentNotRunningError"


def test_stock_operator_does_not_take_the_rest_resource(told: Told) -> None:
    """Google's own camelCase JSON, given as a dictionary, is refused by the stock operator."""
    outcome = told.outcomes["create from camelCase"]
    assert outcome["raised"] == "ValueError"
    assert "Unknown field for EnvironmentConfig: softwareConfig" in outcome["message"]


def test_stock_operators_ask_for_nothing_but_composer(told: Told) -> None:
    """Throughout the story, the process asked its proxy for Composer's API only."""
    assert told.refused_targets == ()
