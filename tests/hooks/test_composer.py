"""A Google connection decides which Composer API is asked, and with which credentials."""

from __future__ import annotations

import json
import traceback

import pytest

from airflow_masq.exceptions import CloudRefusedError, InvalidInputError
from airflow_masq.facts import ControlPlane, EndpointChoice
from airflow_masq.hooks.composer import ComposerHook
from tests.emulated_cloud import LOCATION, PROJECT, EmulatedCloud

pytestmark = pytest.mark.airflow

BROKEN_KEY = {
    "type": "service_account",
    "client_email": "a@b",
    "token_uri": "http://127.0.0.1:1",
    "private_key": "hunter2",
}


def hook_of(monkeypatch: pytest.MonkeyPatch, **extra: object) -> ComposerHook:
    """Make a hook of a connection with this extra."""
    connection = json.dumps({"conn_type": "google_cloud_platform", "extra": extra})
    monkeypatch.setenv("AIRFLOW_CONN_TEST_GOOGLE", connection)
    return ComposerHook(gcp_conn_id="test_google", api_timeout_seconds=5)


def test_an_emulator_is_asked_without_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a loopback endpoint no credentials are looked up, and the emulator answers."""
    with EmulatedCloud() as cloud:
        name = cloud.put("one", state="RUNNING", masquerade=True)
        hook = hook_of(monkeypatch, composer_endpoint=cloud.endpoint, project=PROJECT)
        with hook.get_conn() as client:
            assert [each.name for each in client.list(hook.find_default_project_id(), location=LOCATION)] == [name]


def test_the_field_is_read_under_airflows_long_name_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra's field is found under the prefix that older Airflow forms wrote."""
    with EmulatedCloud() as cloud:
        hook = hook_of(monkeypatch, extra__google_cloud_platform__composer_endpoint=cloud.endpoint, project=PROJECT)
        with hook.get_conn() as client:
            assert client.list(PROJECT, location=LOCATION) == ()


def test_an_unusable_endpoint_names_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plaintext endpoint elsewhere is refused with the connection's and the field's name."""
    hook = hook_of(monkeypatch, composer_endpoint="http://192.0.2.1:80", is_anonymous=True)
    with pytest.raises(InvalidInputError, match=r"^connection test_google: composer_endpoint: expected https://"):
        hook.get_conn()


def test_beside_an_emulator_no_cluster_elsewhere_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that leads to an emulator asks API servers on this machine alone; any other asks those elsewhere."""
    elsewhere = ControlPlane(endpoint="192.0.2.9")
    emulated = hook_of(monkeypatch, composer_endpoint="http://127.0.0.1:1", project=PROJECT)
    with pytest.raises(
        InvalidInputError, match=r"endpoint: expected an API server on this machine, .* saw 192\.0\.2\.9"
    ):
        emulated.make_kubernetes_client(elsewhere, choice=EndpointChoice.AUTO)
    emulated.make_kubernetes_client(ControlPlane(endpoint="127.0.0.1:9"), choice=EndpointChoice.AUTO).close()
    hook_of(monkeypatch, is_anonymous=True).make_kubernetes_client(elsewhere, choice=EndpointChoice.AUTO).close()


@pytest.mark.parametrize("kind", ["compute", "iam"])
def test_an_emulators_other_apis_are_those_of_the_connection(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """Beside an emulator Compute and IAM are asked only where the connection says where they are."""
    emulated = {"composer_endpoint": "http://127.0.0.1:1", "gke_endpoint": "http://127.0.0.1:2", "project": PROJECT}
    for more in ({}, {f"{kind}_endpoint": "http://127.0.0.1:3"}):
        hook = hook_of(monkeypatch, **emulated, **more)
        with hook.open_network_clients() as (_, compute):
            assert (compute is not None) is ("compute_endpoint" in more)
        clients = hook.connect_preflight(timeout_seconds=1)
        clients.close()
        assert (clients.compute is not None) is ("compute_endpoint" in more)
        assert (clients.identity is not None) is ("iam_endpoint" in more)


def test_without_an_endpoint_google_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra the client is made for Google's public endpoint (no call is made here)."""
    with hook_of(monkeypatch, is_anonymous=True).get_conn() as client:
        assert client._client.api_endpoint == "composer.googleapis.com"


def test_a_private_endpoint_is_asked_with_the_connections_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """With an https endpoint the client is made for that host (no call is made here)."""
    hook = hook_of(monkeypatch, composer_endpoint="https://composer.example.com", is_anonymous=True)
    with hook.get_conn() as client:
        assert client._client.api_endpoint == "composer.example.com:443"


def test_credentials_that_do_not_do_are_a_final_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key file with nonsense in it is not worth a retry."""
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "nowhere.json")
    with pytest.raises(CloudRefusedError, match=r"credentials of connection test_google: UNAUTHENTICATED"):
        hook_of(monkeypatch).get_conn()


@pytest.mark.parametrize(
    ("extra", "seen"),
    [
        ({"key_path": "/no/such.json"}, "FileNotFoundError while reading it"),
        ({"key_path": "/no/such"}, "AirflowException while reading it"),
        ({"keyfile_dict": "{hunter2"}, "AirflowException while reading it"),
        ({"keyfile_dict": BROKEN_KEY}, "ValueError while reading it"),
    ],
)
def test_a_key_that_cannot_be_read_names_the_connection(
    monkeypatch: pytest.MonkeyPatch, extra: dict[str, object], seen: str
) -> None:
    """A missing key file or a broken key is not worth a retry, and nothing of the key is shown."""
    hook = hook_of(monkeypatch, **extra)
    for ask in (hook.get_conn, hook.find_default_project_id):
        with pytest.raises(InvalidInputError, match=r"^connection test_google: expected one whose key") as caught:
            ask()
        assert caught.value.seen == seen
        assert "hunter2" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        (None, "expected one that is defined and well-formed (see Admin > Connections), saw none"),
        ("{hunter2", "expected one that is defined and well-formed (see Admin > Connections), saw none"),
        ('{"conn_type": "google_cloud_platform", "extra": "[1]"}', "extra: expected a mapping, saw a list"),
    ],
)
def test_a_connection_that_is_none_is_named(
    monkeypatch: pytest.MonkeyPatch, definition: str | None, expected: str
) -> None:
    """A connection that is missing or broken is a final error in one line."""
    if definition is not None:
        monkeypatch.setenv("AIRFLOW_CONN_TEST_GOOGLE", definition)
    with pytest.raises(InvalidInputError) as caught:
        ComposerHook(gcp_conn_id="test_google")
    assert str(caught.value) == f"connection test_google: {expected}"


def test_the_project_is_the_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection's project is the default."""
    assert hook_of(monkeypatch, project="my-project", is_anonymous=True).find_default_project_id() == "my-project"


@pytest.mark.parametrize("extra", [{"composer_endpoint": "http://127.0.0.1:1"}, {"is_anonymous": True}])
def test_no_project_anywhere_is_said(monkeypatch: pytest.MonkeyPatch, extra: dict[str, object]) -> None:
    """Where neither the connection nor the credentials name a project, the message says where one belongs."""
    with pytest.raises(InvalidInputError, match=r"project_id: expected a project, here or in connection test_google"):
        hook_of(monkeypatch, **extra).find_default_project_id()


def test_a_connection_with_an_endpoint_can_be_tested(monkeypatch: pytest.MonkeyPatch) -> None:
    """With only the endpoint and a project the emulator is asked, without Google's credentials."""
    with EmulatedCloud() as cloud:
        hook = hook_of(monkeypatch, composer_endpoint=cloud.endpoint, project=PROJECT)
        answers = f"The Composer API at {cloud.endpoint} answers"
        assert hook.test_connection() == (True, f"{answers}: 0 environments of {PROJECT} in {LOCATION}")
        cloud.put("one", state="RUNNING", masquerade=True)
        assert hook.test_connection() == (True, f"{answers}: 1 environment of {PROJECT} in {LOCATION}")


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ({"composer_endpoint": "http://127.0.0.1:1"}, "project_id: expected a project, here or in connection"),
        (
            {"composer_endpoint": "http://192.0.2.1:1", "project": "p-12345"},
            "connection test_google: composer_endpoint",
        ),
        (
            {"composer_endpoint": "http://127.0.0.1:1", "project": "p-12345"},
            "listing the environments of projects/p-12345/locations/us-central1: UNAVAILABLE: ",
        ),
    ],
)
def test_a_test_that_fails_says_why(monkeypatch: pytest.MonkeyPatch, extra: dict[str, object], message: str) -> None:
    """What is missing or does not answer is named."""
    works, said = hook_of(monkeypatch, **extra).test_connection()
    assert not works
    assert said.startswith(message)


def test_without_an_endpoint_googles_own_test_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection to Google itself is tested as Google's hook does it."""
    assert hook_of(monkeypatch, is_anonymous=True).test_connection() == (True, "Credentials are anonymous")
