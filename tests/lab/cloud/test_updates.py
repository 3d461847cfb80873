"""Updates: which fields can be changed, and that the masquerade agent cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from google.api_core import exceptions as google_errors
from google.cloud.orchestration.airflow.service_v1.types import Environment

from lab.cloud import ComposerEmulator, Durations
from lab.cloud.errors import ApiError
from lab.cloud.updates import read_update_mask

if TYPE_CHECKING:
    from google.cloud.orchestration.airflow.service_v1 import EnvironmentsAsyncClient

    from tests.lab.cloud.gate import Connect, Gate, MakeEnvironment


@pytest.fixture
def running_environment(emulator: ComposerEmulator, make_environment: MakeEnvironment) -> Environment:
    """Add a running environment without the agent and with two labels."""
    environment = make_environment(state=Environment.State.RUNNING, labels={"team": "data", "stage": "test"})
    emulator.add_environment(environment)
    return environment


@pytest.mark.parametrize(
    "path",
    [
        "config.node_config.enable_ip_masq_agent",
        "config.nodeConfig.enableIpMasqAgent",
        "config.node_config",
        "config",
        "*",
        "labelsX",
        "config.software_config.image_version",
        "config.software_config.env_variables.NAME",
    ],
)
async def test_agent_cannot_be_enabled_by_an_update(
    client: EnvironmentsAsyncClient, running_environment: Environment, path: str
) -> None:
    """No update mask can change the agent, or any other field that is fixed at creation."""
    patch = {"config": {"node_config": {"enable_ip_masq_agent": True}}}
    with pytest.raises(google_errors.InvalidArgument, match="cannot be updated"):
        await client.update_environment(
            {"name": running_environment.name, "environment": patch, "update_mask": {"paths": [path]}}
        )
    found = await client.get_environment(name=running_environment.name)
    assert found.state == Environment.State.RUNNING
    assert not found.config.node_config.enable_ip_masq_agent


async def test_patch_changes_only_what_the_mask_names(
    emulator: ComposerEmulator, client: EnvironmentsAsyncClient, running_environment: Environment
) -> None:
    """If a patch also contains the agent's flag, an allowed mask changes only the allowed field."""
    patch = {"labels": {"team": "web"}, "config": {"node_config": {"enable_ip_masq_agent": True}}}
    await client.update_environment(
        {
            "name": running_environment.name,
            "environment": patch,
            "update_mask": {"paths": ["labels.team", "labels.stage"]},
        }
    )
    await emulator.settle()
    found = await client.get_environment(name=running_environment.name)
    assert dict(found.labels) == {"team": "web"}
    assert not found.config.node_config.enable_ip_masq_agent


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("config.software_config.pypi_packages", "pypi_packages"),
        ("config.softwareConfig.pypiPackages", "pypi_packages"),
        ("config.softwareConfig.envVariables", "env_variables"),
    ],
)
async def test_whole_map_is_replaced(
    emulator: ComposerEmulator,
    client: EnvironmentsAsyncClient,
    running_environment: Environment,
    path: str,
    field: str,
) -> None:
    """A mask that names a map replaces all of it, in snake_case and in camelCase."""
    patch = {"config": {"software_config": {field: {"ONE": "1"}}}}
    await client.update_environment(
        {"name": running_environment.name, "environment": patch, "update_mask": {"paths": [path]}}
    )
    await emulator.settle()
    found = await client.get_environment(name=running_environment.name)
    assert dict(getattr(found.config.software_config, field)) == {"ONE": "1"}


async def test_environment_is_updating_until_its_update_ends(
    gate: Gate, gated_emulator: ComposerEmulator, connect: Connect, make_environment: MakeEnvironment
) -> None:
    """During an update the environment is UPDATING and has its old fields."""
    client = connect(gated_emulator)
    environment = make_environment(state=Environment.State.RUNNING)
    gated_emulator.add_environment(environment)
    await client.update_environment(
        {"name": environment.name, "environment": {"labels": {"a": "b"}}, "update_mask": {"paths": ["labels"]}}
    )
    found = await client.get_environment(name=environment.name)
    assert found.state == Environment.State.UPDATING
    assert not found.labels
    gate.open()
    await gated_emulator.settle()
    found = await client.get_environment(name=environment.name)
    assert found.state == Environment.State.RUNNING
    assert dict(found.labels) == {"a": "b"}
    assert gate.requested == [Durations().update_seconds]


async def test_environment_cannot_be_renamed(
    client: EnvironmentsAsyncClient, running_environment: Environment, make_environment: MakeEnvironment
) -> None:
    """A patch with another environment's name is refused."""
    with pytest.raises(google_errors.InvalidArgument, match="does not match"):
        await client.update_environment(
            {
                "name": running_environment.name,
                "environment": make_environment("other"),
                "update_mask": {"paths": ["labels"]},
            }
        )


@pytest.mark.parametrize(
    ("paths", "words"),
    [
        ([], "must not be empty"),
        (["labels", "config.software_config.env_variables"], "Only one update type"),
        (["labels", "labels.team"], "cannot be combined"),
    ],
)
def test_forbidden_combination_of_paths_is_refused(paths: list[str], words: str) -> None:
    """An empty mask, two kinds of update at once, and a map together with its entries are refused."""
    with pytest.raises(ApiError, match=words):
        read_update_mask(paths)
