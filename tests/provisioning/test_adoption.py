"""What is found under the name decides: it is created, adopted, waited for, or refused; nothing is changed."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import grpc
import pytest

from airflow_masq.exceptions import (
    AirflowMasqError,
    CloudRefusedError,
    EnvironmentFailedError,
    EnvironmentNotReadyError,
    MasqueradeNotEnabledError,
)
from airflow_masq.provisioning import CreationRequest, read_request, start_creation, verify_environment
from tests.emulated_cloud import NAME, EmulatedCloud, environment_resource

if TYPE_CHECKING:
    from airflow_masq.clients.composer import ComposerClient


def make_request() -> CreationRequest:
    """Ask for the example environment."""
    return read_request(plan=None, environment=environment_resource(), default_project=lambda: NAME.project)


@pytest.fixture(autouse=True)
def _progress(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="airflow_masq")


def test_a_new_environment_is_created_with_the_agent(
    cloud: EmulatedCloud, client: ComposerClient, caplog: pytest.LogCaptureFixture
) -> None:
    """If there is no environment of that name, one is created, and the operation is known and logged."""
    start = start_creation(client, make_request())
    assert not start.adopted
    assert start.differences == ()
    assert start.operation_name is not None
    assert client.get_operation(start.operation_name).error is None
    assert f"Creating {NAME} ({start.operation_name})" in caplog.text
    cloud.settle()
    assert verify_environment(client, NAME).masquerades
    assert f"{NAME} is running with the IP masquerade agent" in caplog.text


ADOPTED = ["CREATING", "RUNNING", "UPDATING"]


@pytest.mark.parametrize("state", ADOPTED)
def test_an_environment_with_the_agent_is_adopted(
    cloud: EmulatedCloud, client: ComposerClient, caplog: pytest.LogCaptureFixture, state: str
) -> None:
    """An environment that is or will be running is taken over as it is, and the log says so."""
    cloud.put(NAME.environment_id, state=state, masquerade=True)
    before = client.get(NAME)
    start = start_creation(client, make_request())
    assert (start.adopted, start.operation_name, start.differences) == (True, None, ())
    assert client.get(NAME) == before
    assert f"{NAME} exists in state {state} and is adopted" in caplog.text


@pytest.mark.parametrize("state", ["RUNNING", "UPDATING"])
def test_a_working_environment_without_the_agent_is_refused(
    cloud: EmulatedCloud, client: ComposerClient, state: str
) -> None:
    """The twin: without the agent it is refused at once, with the two ways out."""
    cloud.put(NAME.environment_id, state=state, masquerade=False)
    with pytest.raises(MasqueradeNotEnabledError) as caught:
        start_creation(client, make_request())
    assert str(caught.value) == (
        f"{NAME} exists without the IP masquerade agent and must be re-created: Composer enables the agent only "
        "when it creates an environment. Either choose a new name, or save a snapshot of this environment, delete it, "
        "run the task again and load the snapshot"
    )


def test_an_environment_that_is_being_created_may_not_show_the_agent_yet(
    cloud: EmulatedCloud, client: ComposerClient
) -> None:
    """Until the environment runs, a missing flag says nothing."""
    cloud.put(NAME.environment_id, state="CREATING", masquerade=False)
    assert start_creation(client, make_request()).adopted


@pytest.mark.parametrize("masquerade", [True, False])
@pytest.mark.parametrize(
    ("state", "error", "words"),
    [
        (
            "ERROR",
            EnvironmentFailedError,
            "is in state ERROR; look at .* delete the environment, correct the cause and run the task again$",
        ),
        ("DELETING", EnvironmentNotReadyError, "is being deleted; run the task again once it is gone$"),
    ],
)
def test_a_lost_environment_is_not_adopted(
    cloud: EmulatedCloud,
    client: ComposerClient,
    state: str,
    error: type[AirflowMasqError],
    words: str,
    *,
    masquerade: bool,
) -> None:
    """In state ERROR a person has to look; what is being deleted can be created afterwards."""
    cloud.put(NAME.environment_id, state=state, masquerade=masquerade)
    with pytest.raises(error, match=words):
        start_creation(client, make_request())


def test_differences_from_the_plan_are_logged_and_returned(
    cloud: EmulatedCloud, client: ComposerClient, caplog: pytest.LogCaptureFixture
) -> None:
    """An adopted environment with another image is taken over, and the log says how it differs."""
    cloud.put(NAME.environment_id, state="RUNNING", masquerade=True, image="composer-2.13.9-airflow-2.10.5")
    [difference] = start_creation(client, make_request()).differences
    assert str(difference).startswith("config.softwareConfig.imageVersion: planned ")
    assert f"{NAME} differs from the plan: {difference}" in caplog.text


def test_an_environment_that_disappears_meanwhile_is_worth_another_try(
    cloud: EmulatedCloud, client: ComposerClient
) -> None:
    """Between "it exists" and the next call, an environment can be deleted."""
    cloud.put(NAME.environment_id, state="RUNNING", masquerade=True)
    cloud.faults.fail_next("GetEnvironment", grpc.StatusCode.NOT_FOUND, "gone")
    with pytest.raises(EnvironmentNotReadyError, match=r"has just disappeared; run the task again$"):
        start_creation(client, make_request())


def test_a_refusal_is_passed_on(cloud: EmulatedCloud, client: ComposerClient) -> None:
    """A refusal other than "it exists" adopts nothing."""
    cloud.put(NAME.environment_id, state="RUNNING", masquerade=True)
    cloud.faults.fail_next("CreateEnvironment", grpc.StatusCode.PERMISSION_DENIED, "no")
    with pytest.raises(CloudRefusedError, match="PERMISSION_DENIED"):
        start_creation(client, make_request())


@pytest.mark.parametrize("state", ["CREATING", "UPDATING", "DELETING", "ERROR"])
def test_only_a_running_environment_is_verified(cloud: EmulatedCloud, client: ComposerClient, state: str) -> None:
    """An environment that left the state RUNNING is worth another try, with or without the agent."""
    cloud.put(NAME.environment_id, state=state, masquerade=False)
    with pytest.raises(
        EnvironmentNotReadyError, match=f"^{NAME}: expected state RUNNING, saw {state}; run the task again$"
    ):
        verify_environment(client, NAME)


def test_only_an_environment_with_the_agent_is_verified(cloud: EmulatedCloud, client: ComposerClient) -> None:
    """A running environment without the agent is no success."""
    cloud.put(NAME.environment_id, state="RUNNING", masquerade=False)
    with pytest.raises(MasqueradeNotEnabledError, match=f"^{NAME} exists without the IP masquerade agent"):
        verify_environment(client, NAME)
