"""Which endpoints are asked of a network, and that nothing leaves the machine beside an emulator."""

from __future__ import annotations

from typing import Any

import pytest
from google.auth.credentials import AnonymousCredentials

from airflow_masq.clients.network import open_network_clients
from airflow_masq.exceptions import InvalidInputError

EMULATOR = "http://127.0.0.1:1"


@pytest.mark.parametrize(
    ("endpoints", "gke", "compute"),
    [
        ({}, "container.googleapis.com", "https://compute.googleapis.com"),
        ({"composer_endpoint": "https://composer.example.com"}, "container.googleapis.com", "https://compute.google"),
        ({"gke_endpoint": "https://gke.example.com"}, "gke.example.com:443", "https://compute.googleapis.com"),
        ({"compute_endpoint": "https://c.example.com"}, "container.googleapis.com", "https://c.example.com:443"),
        ({"composer_endpoint": EMULATOR, "compute_endpoint": "http://127.0.0.1:2"}, None, "http://127.0.0.1:2"),
        ({"composer_endpoint": EMULATOR}, None, None),
    ],
)
def test_each_api_has_its_endpoint(endpoints: dict[str, str], gke: str | None, compute: str | None) -> None:
    """Google's endpoints are asked where no other is set, but not beside an emulator (no call is made here)."""
    credentials = AnonymousCredentials()  # type: ignore[no-untyped-call] # google-auth is partly untyped
    arguments: dict[str, Any] = {"composer_endpoint": None, **endpoints}
    with open_network_clients(credentials, **arguments) as (clusters, networks):
        if gke is not None:
            assert clusters._client.api_endpoint == gke
        else:
            assert clusters._client.transport._host == "container.googleapis.com:443"  # a channel of our own
        assert (None if networks is None else networks._rest.endpoint[: len(compute or "")]) == compute


def test_an_unusable_endpoint_is_named() -> None:
    """The setting that is wrong is named."""
    with (
        pytest.raises(InvalidInputError, match="gke_endpoint"),
        open_network_clients(None, composer_endpoint=EMULATOR, gke_endpoint="http://192.0.2.1:80"),
    ):
        pass
