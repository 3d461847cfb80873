"""Plain text and credentials stay on this machine with any extra of a connection."""

from __future__ import annotations

import pytest

from airflow_masq.clients.endpoint import Endpoint, is_emulator, parse_endpoint
from airflow_masq.exceptions import InvalidInputError


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("https://composer.example.com", Endpoint(target="composer.example.com:443", plaintext=False)),
        ("https://10.0.0.5:8443/", Endpoint(target="10.0.0.5:8443", plaintext=False)),
        ("http://127.0.0.1:4000", Endpoint(target="127.0.0.1:4000", plaintext=True)),
        ("http://127.9.9.9:4000", Endpoint(target="127.9.9.9:4000", plaintext=True)),
        ("http://[::1]:4000", Endpoint(target="[::1]:4000", plaintext=True)),
        ("http://localhost:4000", Endpoint(target="127.0.0.1:4000", plaintext=True)),
    ],
)
def test_usable_endpoints(url: str, endpoint: Endpoint) -> None:
    """TLS goes anywhere; plain text goes to this machine."""
    assert parse_endpoint(url) == endpoint


@pytest.mark.parametrize(
    "url",
    [
        "http://10.0.0.5:4000",
        "http://composer.example.com:4000",
        "http://127.0.0.1.example.com:4000",
        "http://localhost.example.com:4000",
        "http://[::ffff:10.0.0.5]:4000",
        "http://127.0.0.1",
        "127.0.0.1:4000",
        "ftp://127.0.0.1:4000",
        "https://",
        "https://composer.example.com/v1",
        "https://composer.example.com?x=1",
        "https://composer.example.com#x",
        "https://composer.example.com:port",
        "https://[composer",
        "",
    ],
)
def test_endpoints_that_are_refused(url: str) -> None:
    """Anything else is refused, and the message says what belongs there."""
    with pytest.raises(InvalidInputError, match=r"composer_endpoint: expected https://HOST"):
        parse_endpoint(url)


@pytest.mark.parametrize(
    ("url", "is_one"),
    [("http://127.0.0.1:4000", True), ("https://127.0.0.1:4000", False), ("", False), (None, False)],
)
def test_plain_text_means_an_emulator(url: str | None, *, is_one: bool) -> None:
    """An endpoint without TLS is an emulator's; one with TLS is not, wherever it is, and neither is Google's own."""
    assert is_emulator(url) is is_one


def test_an_emulator_elsewhere_is_refused() -> None:
    """Whether it is an emulator is not answered of an endpoint that is not usable."""
    with pytest.raises(InvalidInputError, match=r"--gke-endpoint: expected https://HOST"):
        is_emulator("http://10.0.0.5:4000", where="--gke-endpoint")


def test_a_password_in_the_url_is_refused_and_not_repeated() -> None:
    """Credentials do not belong into the endpoint, and the message does not spread them."""
    with pytest.raises(InvalidInputError) as caught:
        parse_endpoint("https://user:hunter2@composer.example.com")
    assert "hunter2" not in str(caught.value)


def test_the_message_names_the_setting() -> None:
    """The message names the place where the user wrote the endpoint."""
    with pytest.raises(InvalidInputError, match=r"^connection google: composer_endpoint: "):
        parse_endpoint("nonsense", where="connection google: composer_endpoint")
