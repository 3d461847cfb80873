"""The client against the emulated Composer API: what goes in, what comes out, and every way it can be refused."""

from __future__ import annotations

import threading
from datetime import date

import grpc
import pytest

from airflow_masq.clients.calls import EnvironmentPage
from airflow_masq.clients.composer import ComposerClient
from airflow_masq.environment import EnvironmentResource, OfferedImage
from airflow_masq.exceptions import (
    CloudRefusedError,
    CloudUnavailableError,
    EnvironmentAlreadyExistsError,
    EnvironmentNotFoundError,
    InvalidInputError,
)
from tests.emulated_cloud import LOCATION, NAME, PROJECT, EmulatedCloud, environment_resource


def test_an_environment_is_created_read_listed_and_deleted(cloud: EmulatedCloud, client: ComposerClient) -> None:
    """The four calls do what they say, in Google's own spelling."""
    operation = client.create(
        NAME, resource=EnvironmentResource.read(environment_resource(nodeConfig={"enableIpMasqAgent": True}))
    )
    cloud.settle()
    assert client.get_operation(operation.name).done
    assert client.get_operation(operation.name).error is None
    environment = client.get(NAME)
    assert environment.state == "RUNNING"
    assert environment.masquerades
    assert client.list(PROJECT, location=LOCATION) == (environment,)
    client.delete(NAME)
    cloud.settle()
    with pytest.raises(EnvironmentNotFoundError, match="NOT_FOUND"):
        client.get(NAME)


def test_the_offered_images_are_listed(client: ComposerClient) -> None:
    """Each image comes with what the service says of it: its day of release, and whether it can be created."""
    images = client.list_images(NAME.parent)
    assert [image.text for image in images if image.is_default] == ["composer-3-airflow-2.11.1-build.14"]
    (newest,) = (image for image in images if image.text == "composer-2.17.9-airflow-2.11.1")
    assert newest == OfferedImage(text="composer-2.17.9-airflow-2.11.1", released_on=date(2026, 8, 5))
    assert images[0].released_on is None


def test_without_the_flag_there_is_no_agent(cloud: EmulatedCloud, client: ComposerClient) -> None:
    """The client adds nothing: an environment without the flag comes up without the agent."""
    client.create(NAME, resource=EnvironmentResource.read(environment_resource()))
    cloud.settle()
    assert not client.get(NAME).masquerades


def test_the_given_name_replaces_the_resources_and_the_resource_stays(client: ComposerClient) -> None:
    """The caller's resource is never changed."""
    resource = EnvironmentResource.read(environment_resource("another"))
    client.create(NAME, resource=resource)
    assert resource.as_rest() == environment_resource("another")
    assert client.get(NAME).name == str(NAME)


def test_an_existing_name_is_said_so(cloud: EmulatedCloud, client: ComposerClient) -> None:
    """A taken name has its own error."""
    cloud.put(NAME.environment_id, state="RUNNING", masquerade=True)
    with pytest.raises(EnvironmentAlreadyExistsError, match="ALREADY_EXISTS"):
        client.create(NAME, resource=EnvironmentResource.read(environment_resource()))


def test_a_refusal_repeats_googles_words(client: ComposerClient) -> None:
    """An image that cannot be created is refused with the images that can."""
    resource = environment_resource(softwareConfig={"imageVersion": "composer-2.0.1-airflow-2.2.3"})
    with pytest.raises(CloudRefusedError, match=r"suggested.*composer-2\.17\.9") as caught:
        client.create(NAME, resource=EnvironmentResource.read(resource))
    assert caught.value.status == "INVALID_ARGUMENT"


def test_a_field_that_cannot_be_sent_is_refused_before_the_call(client: ComposerClient) -> None:
    """Nothing half-done: with an unknown field nothing is created."""
    with pytest.raises(InvalidInputError, match="fooBar"):
        client.create(NAME, resource=EnvironmentResource.read({"fooBar": 1}))
    assert client.list(PROJECT, location=LOCATION) == ()


def test_an_operation_that_ended_in_an_error_without_words_is_an_error(
    cloud: EmulatedCloud, client: ComposerClient
) -> None:
    """A code with an empty message is not mistaken for success."""
    cloud.faults.fail_creation(NAME.environment_id, grpc.StatusCode.RESOURCE_EXHAUSTED, "")
    operation = client.create(NAME, resource=EnvironmentResource.read(environment_resource()))
    cloud.settle()
    status = client.get_operation(operation.name)
    assert status.done
    assert status.error == "RESOURCE_EXHAUSTED: the API gave no reason"


def test_an_unknown_operation_is_refused(client: ComposerClient) -> None:
    """An operation that the API has forgotten is no success."""
    with pytest.raises(CloudRefusedError, match="NOT_FOUND"):
        client.get_operation(f"{NAME.parent}/operations/none")


def test_an_api_that_fails_once_may_be_asked_again(cloud: EmulatedCloud, client: ComposerClient) -> None:
    """The client makes one attempt and says that another may help."""
    cloud.put(NAME.environment_id, state="RUNNING", masquerade=True)
    cloud.faults.fail_next("GetEnvironment", grpc.StatusCode.UNAVAILABLE, "away")
    with pytest.raises(CloudUnavailableError, match="UNAVAILABLE: away; trying again may help"):
        client.get(NAME)
    assert client.get(NAME).state == "RUNNING"


def test_a_call_takes_no_longer_than_its_time(cloud: EmulatedCloud) -> None:
    """An API that stalls is given up after the time limit of one call."""
    cloud.put(NAME.environment_id, state="RUNNING", masquerade=True)
    cloud.faults.stall_next("GetEnvironment", 30)
    with (
        ComposerClient(None, endpoint=cloud.endpoint, api_timeout_seconds=0.2) as client,
        pytest.raises(CloudUnavailableError, match="DEADLINE_EXCEEDED"),
    ):
        client.get(NAME)


def test_a_stopped_emulator_is_unavailable() -> None:
    """An endpoint where nothing listens is reported in one line."""
    with EmulatedCloud() as cloud:
        endpoint = cloud.endpoint
    with (
        ComposerClient(None, endpoint=endpoint, api_timeout_seconds=5) as client,
        pytest.raises(CloudUnavailableError) as caught,
    ):
        client.get(NAME)
    assert "\n" not in str(caught.value)


def test_a_proxy_variable_is_not_used_for_the_emulator(cloud: EmulatedCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is meant for this machine does not leave it through a proxy that the environment names."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("grpc_proxy", "http://127.0.0.1:1")
    cloud.put(NAME.environment_id, state="RUNNING", masquerade=True)
    with ComposerClient(None, endpoint=cloud.endpoint, api_timeout_seconds=5) as client:
        assert client.get(NAME).state == "RUNNING"


def test_a_private_endpoint_is_reached_with_tls_only(cloud: EmulatedCloud) -> None:
    """An https endpoint is spoken to in TLS: a plaintext server there gets no request and no credentials."""
    from google.auth.credentials import AnonymousCredentials  # noqa: PLC0415 - only here

    endpoint = cloud.endpoint.replace("http://", "https://")
    with (
        ComposerClient(AnonymousCredentials(), endpoint=endpoint, api_timeout_seconds=2) as client,  # type: ignore[no-untyped-call]
        pytest.raises(CloudUnavailableError),
    ):
        client.get(NAME)
    assert cloud.faults.count_calls() == 0


def test_an_endpoint_elsewhere_in_plain_text_is_refused() -> None:
    """No client is made for a plaintext endpoint on another machine."""
    with pytest.raises(InvalidInputError, match="composer_endpoint"):
        ComposerClient(None, endpoint="http://192.0.2.1:80")


def test_a_closed_client_leaves_no_thread(cloud: EmulatedCloud) -> None:
    """Closing gives the channel's threads back, so that a triggerer does not fill up."""
    before = threading.active_count()
    with ComposerClient(None, endpoint=cloud.endpoint) as client:
        client.list(PROJECT, location=LOCATION)
    assert threading.active_count() <= before


def test_lists_that_never_end_are_refused(monkeypatch: pytest.MonkeyPatch, client: ComposerClient) -> None:
    """Pages of environments that never end are not read for ever, and the first ones do not count as all."""
    endless = EnvironmentPage(environments=(), next_page_token="again")
    monkeypatch.setattr(client, "ask", lambda _call: endless)
    with pytest.raises(CloudRefusedError, match=r"listing the environments of projects/.*: the list does not end"):
        client.list(PROJECT, location=LOCATION)
