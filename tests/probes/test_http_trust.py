"""What the HTTP probe trusts: credentials stay where they belong, and certificates are verified."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from netaddr import IPAddress

from airflow_masq.observation.observation import Failure
from airflow_masq.probes import make_tls_context
from tests.probes.asking import ask, resolving
from tests.probes.servers import certificates, echo, replying, serving
from tests.probes.servers import http as http_reply

if TYPE_CHECKING:
    import asyncio
    from pathlib import Path

LOOPBACK = IPAddress("127.0.0.1")
SECRET = "hunter2"
TO_LOOPBACK = resolving("127.0.0.1")


@pytest.mark.parametrize(
    "head",
    [b"200 OK", b"500 %b" % SECRET.encode(), b"302 Found\r\nLocation: http://x/?%b" % SECRET.encode()],
)
async def test_credentials_reach_the_observer_and_nothing_else(head: bytes) -> None:
    """A server that echoes the credentials does not bring them into the report."""
    async with serving(replying(http_reply(b"you sent " + SECRET.encode(), head=head))) as server:
        seen = await ask(server.url(), headers=[("Authorization", f"Bearer {SECRET}")])
    assert f"Authorization: Bearer {SECRET}".encode() in server.requests[0]
    assert SECRET not in repr(seen)
    assert "not shown, since it might echo a secret of the request" in seen.detail


@pytest.mark.parametrize(
    "headers",
    [
        [("Authorization", f"a\r\nX-Smuggled: {SECRET}")],
        [("Bad Name", SECRET)],
        [("Host", SECRET)],
        [("content-length", SECRET)],
        [("Transfer-Encoding", SECRET)],
        [("Connection", SECRET)],
        [("X-Name", f"\x7f{SECRET}")],
        [("", SECRET)],
        [("X-Name", f"snowman ☃ {SECRET}")],
    ],
)
async def test_headers_that_are_none_are_refused_before_anything_is_sent(headers: list[tuple[str, str]]) -> None:
    """A header from a connection cannot smuggle another, and the refusal does not show it."""
    async with serving(echo) as server:
        seen = await ask(server.url(), headers=headers)
    assert seen.failure is Failure.UNUSABLE_TARGET
    assert SECRET not in repr(seen)
    assert not server.requests


@pytest.mark.parametrize("is_root", [True, False])
async def test_a_verified_certificate_is_believed(tmp_path: Path, *, is_root: bool) -> None:
    """HTTPS works with the authority that the caller trusts, also without the root above it, on every Python."""
    authority, context = certificates(tmp_path, is_root=is_root)
    async with serving(echo, tls=context) as server:
        trusting = make_tls_context(ca_file=authority)
        seen = await ask(server.url(scheme="https", host="localhost"), tls_context=trusting, resolve=TO_LOOPBACK)
    assert (seen.observed, seen.detail) == (LOOPBACK, "")


async def test_a_certificate_that_cannot_be_verified_is_refused_before_the_request(tmp_path: Path) -> None:
    """An unknown authority and another name end the attempt, and no request is sent."""
    authority, context = certificates(tmp_path, name="other.example")
    async with serving(echo, tls=context) as server:
        url = server.url(scheme="https", host="localhost")
        unknown = await ask(url, resolve=TO_LOOPBACK)
        trusting = make_tls_context(ca_file=authority)
        misnamed = await ask(url, tls_context=trusting, resolve=TO_LOOPBACK)
    assert (unknown.failure, misnamed.failure) == (Failure.TLS, Failure.TLS)
    assert "unable to get local issuer certificate" in unknown.detail
    assert "Hostname mismatch" in misnamed.detail
    assert not server.requests


async def test_https_towards_a_server_without_tls_is_a_tls_failure() -> None:
    """HTTPS on an HTTP port says that TLS failed."""
    async with serving(replying(b"HTTP/1.1 400 Bad Request\r\n\r\n"), reads_request=False) as server:
        seen = await ask(server.url(scheme="https"))
    assert seen.failure is Failure.TLS
    assert seen.detail.startswith("TLS failed: ")


async def test_an_encrypted_reply_that_is_cut_off_is_not_believed(tmp_path: Path) -> None:
    """Without TLS's own ending a reply without length may have been cut: 10.0.0.1 of 10.0.0.12."""

    async def cut_off(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.0 200 OK\r\n\r\n10.0.0.1")
        await writer.drain()
        writer.get_extra_info("socket").shutdown(socket.SHUT_WR)

    authority, context = certificates(tmp_path)
    trusting = make_tls_context(ca_file=authority)
    async with serving(cut_off, tls=context) as server:
        seen = await ask(server.url(scheme="https", host="localhost"), tls_context=trusting, resolve=TO_LOOPBACK)
    assert seen.failure is Failure.TLS
    async with serving(replying(b"HTTP/1.0 200 OK\r\n\r\n10.0.0.1"), tls=context) as server:
        ended = await ask(server.url(scheme="https", host="localhost"), tls_context=trusting, resolve=TO_LOOPBACK)
    assert ended.observed == IPAddress("10.0.0.1")
