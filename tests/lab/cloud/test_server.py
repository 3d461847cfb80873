"""The whole emulator: where it listens, how stock clients reach it, what its proxy refuses."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import grpc
import pytest
from cryptography import x509
from google.cloud.orchestration.airflow.service_v1 import EnvironmentsClient
from google.cloud.orchestration.airflow.service_v1.services.environments.transports import EnvironmentsGrpcTransport
from google.cloud.orchestration.airflow.service_v1.types import Environment

from lab.cloud import ComposerEmulator, Durations
from lab.cloud.certificate import make_server_identity

if TYPE_CHECKING:
    from tests.lab.cloud.gate import Connect, Gate, MakeEnvironment


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "192.175.48.1", "localhost", "", "example.com"])
def test_emulator_listens_on_loopback_only(host: str) -> None:
    """Every address that is not loopback is refused, and so are names."""
    with pytest.raises(ValueError, match="loopback addresses only"):
        ComposerEmulator(host=host)


async def test_emulator_listens_on_ipv6_loopback_too(connect: Connect, make_environment: MakeEnvironment) -> None:
    """The emulator can also listen on the IPv6 loopback address."""
    async with ComposerEmulator(host="::1") as emulator:
        emulator.add_environment(make_environment())
        assert emulator.address.startswith("[::1]:")
        found = await connect(emulator).get_environment(name=make_environment().name)
    assert found.name == make_environment().name


def _create_and_get(channel: grpc.Channel, environment: Environment, parent: str) -> Environment:
    """Create an environment with Google's synchronous client, wait for it, and return it."""
    with channel:
        client = EnvironmentsClient(transport=EnvironmentsGrpcTransport(channel=channel))
        operation: Any = client.create_environment(parent=parent, environment=environment)
        operation.result(timeout=30)
        return client.get_environment(name=environment.name)


async def test_synchronous_client_waits_for_its_environment(
    emulator: ComposerEmulator, parent: str, make_environment: MakeEnvironment
) -> None:
    """Google's synchronous client creates an environment and waits for it over a plain channel."""
    channel = grpc.insecure_channel(emulator.address)
    found = await asyncio.to_thread(_create_and_get, channel, make_environment(), parent)
    assert found.state == Environment.State.RUNNING


def _open_secure_channel(emulator: ComposerEmulator, *, trusted: bytes) -> grpc.Channel:
    return grpc.secure_channel(
        emulator.tls_address,
        grpc.ssl_channel_credentials(root_certificates=trusted),
        options=[("grpc.ssl_target_name_override", "composer.googleapis.com")],
    )


async def test_tls_client_that_trusts_the_lab_is_served(
    emulator: ComposerEmulator, parent: str, make_environment: MakeEnvironment
) -> None:
    """A TLS client that trusts the emulator's authority accepts it as composer.googleapis.com."""
    channel = _open_secure_channel(emulator, trusted=emulator.authority_file.read_bytes())
    found = await asyncio.to_thread(_create_and_get, channel, make_environment(), parent)
    assert found.state == Environment.State.RUNNING


async def test_tls_client_that_trusts_another_authority_refuses(emulator: ComposerEmulator) -> None:
    """A TLS client that trusts another authority refuses the connection."""
    other = make_server_identity("composer.googleapis.com", now=datetime.now(tz=UTC)).authority

    def connect() -> None:
        with _open_secure_channel(emulator, trusted=other) as channel:
            grpc.channel_ready_future(channel).result(timeout=1.0)

    with pytest.raises(grpc.FutureTimeoutError):
        await asyncio.to_thread(connect)


def test_certificate_names_exactly_one_host() -> None:
    """The certificate is valid for one host and for three days at most."""
    now = datetime(2026, 11, 22, tzinfo=UTC)
    identity = make_server_identity("composer.googleapis.com", now=now)
    certificate = x509.load_pem_x509_certificate(identity.certificate)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["composer.googleapis.com"]
    assert certificate.not_valid_before_utc < now < certificate.not_valid_after_utc
    assert (certificate.not_valid_after_utc - certificate.not_valid_before_utc).days <= 3
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(identity.authority))


async def _send(emulator: ComposerEmulator, request: bytes) -> bytes:
    """Send bytes to the proxy and return everything that it answers until it closes the connection."""
    address = urlsplit(emulator.proxy_url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(request)
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


async def test_proxy_forwards_composer_to_the_emulator(emulator: ComposerEmulator) -> None:
    """A CONNECT to Composer's API is accepted."""
    answer = await _send(emulator, b"CONNECT composer.googleapis.com:443 HTTP/1.1\r\nHost: any\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert not emulator.refused_targets


@pytest.mark.parametrize(
    ("line", "target"),
    [
        (b"CONNECT storage.googleapis.com:443 HTTP/1.1", "storage.googleapis.com:443"),
        (b"CONNECT composer.googleapis.com:80 HTTP/1.1", "composer.googleapis.com:80"),
        (b"CONNECT 127.0.0.1:22 HTTP/1.1", "127.0.0.1:22"),
        (b"GET http://composer.googleapis.com/ HTTP/1.1", "(no CONNECT)"),
    ],
)
async def test_proxy_refuses_everything_else(emulator: ComposerEmulator, line: bytes, target: str) -> None:
    """Any other target is refused with 403 and remembered."""
    assert (await _send(emulator, line + b"\r\n\r\n")).startswith(b"HTTP/1.1 403 ")
    assert list(emulator.refused_targets) == [target]


@pytest.mark.parametrize("request_bytes", [b"", b"CONNECT composer.goo", b"x" * 20000])
async def test_proxy_drops_invalid_requests(emulator: ComposerEmulator, request_bytes: bytes) -> None:
    """No request, half a request and an endless line get no answer and do no harm."""
    with contextlib.suppress(ConnectionResetError):  # the kernel resets a connection with unread bytes
        assert await _send(emulator, request_bytes) == b""
    answer = await _send(emulator, b"CONNECT composer.googleapis.com:443 HTTP/1.1\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")


async def test_settings_name_the_proxy_and_a_temporary_certificate() -> None:
    """The settings for stock clients contain the proxy and a certificate that is removed at the end."""
    async with ComposerEmulator() as emulator:
        settings = emulator.make_client_settings()
        assert settings["grpc_proxy"] == emulator.proxy_url
        assert emulator.authority_file.read_text().startswith("-----BEGIN CERTIFICATE-----")
        assert settings["GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"] == str(emulator.authority_file)
    assert not emulator.authority_file.exists()


async def test_emulator_stops_despite_running_operations_and_open_connections(
    gate: Gate, connect: Connect, parent: str, make_environment: MakeEnvironment
) -> None:
    """The emulator stops at once, even during a creation and with clients connected."""
    async with ComposerEmulator(durations=Durations(creation_seconds=3600)) as emulator:
        await connect(emulator).create_environment(parent=parent, environment=make_environment())
        address = urlsplit(emulator.proxy_url)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        writer.write(b"CONNECT composer.googleapis.com:443 HTTP/1.1\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
    await reader.read()
    writer.close()
    await writer.wait_closed()
    assert gate.requested == []
