"""The credentials of the command line are those that gcloud and Terraform use."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from google.auth import impersonated_credentials
from google.oauth2.credentials import Credentials as UserCredentials

from airflow_masq.clients.credentials import SCOPES, load_credentials
from airflow_masq.exceptions import CloudRefusedError

if TYPE_CHECKING:
    from pathlib import Path

LOGIN = {"type": "authorized_user", "client_id": "id", "client_secret": "secret", "refresh_token": "token"}


@pytest.fixture
def _login(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write what gcloud auth application-default login writes."""
    path = tmp_path / "application_default_credentials.json"
    path.write_text(json.dumps(LOGIN), encoding="utf-8")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "my-project")


@pytest.mark.usefixtures("_login")
def test_application_default_credentials_are_found() -> None:
    """The login of gcloud is found, with the project that belongs to it."""
    credentials, project = load_credentials()
    assert isinstance(credentials, UserCredentials)
    assert project == "my-project"


@pytest.mark.usefixtures("_login")
def test_a_service_account_is_impersonated() -> None:
    """The last of a chain is impersonated, through the others, as with gcloud's option of that name."""
    credentials, project = load_credentials(impersonate="one@p.iam, two@p.iam")
    assert isinstance(credentials, impersonated_credentials.Credentials)
    assert credentials._target_principal == "two@p.iam"
    assert credentials._delegates == ["one@p.iam"]
    assert credentials._target_scopes == list(SCOPES)
    assert project == "my-project"


def test_missing_credentials_are_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are none, the message says what was looked for and what to do."""
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "nowhere.json")
    with pytest.raises(CloudRefusedError, match=r"nowhere\.json was not found") as caught:
        load_credentials()
    assert caught.value.status == "UNAUTHENTICATED"
