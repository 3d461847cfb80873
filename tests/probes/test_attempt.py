"""One attempt: names are resolved, a fresh socket is opened, and each way to end has a name."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
import threading
from typing import NoReturn

import pytest
from netaddr import IPAddress

from airflow_masq.observation.observation import Failure
from airflow_masq.probes import probe_http, resolve_by_system
from airflow_masq.probes.attempt import make_attempt
from airflow_masq.probes.observer_url import ObserverUrl
from tests.probes.asking import MORNING, ask, ask_once
from tests.probes.servers import echo, resetting, serving

LOOPBACK = IPAddress("127.0.0.1")


async def test_a_reset_is_told_from_an_ending() -> None:
    """A connection that is torn down after it was established looks like a middlebox."""
    seen = await ask_once(resetting)
    assert seen.failure is Failure.RESET
    assert "connection reset by peer" in seen.detail


async def test_a_port_without_a_server_refuses() -> None:
    """Nothing listens: the set-up is wrong, and the socket's own address is still known."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        seen = await ask(f"http://127.0.0.1:{port}/")
    assert (seen.failure, seen.detail) == (Failure.REFUSED, f"127.0.0.1:{port}: connection refused")
    assert (seen.destination, seen.local_address) == (LOOPBACK, LOOPBACK)


async def test_an_unanswered_connection_attempt_times_out_and_keeps_its_own_address() -> None:
    """A dropped SYN looks like this, and the report still knows which Pod tried."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        # A queue of one that is full: the kernel drops further SYNs.
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            seen = await ask(f"http://127.0.0.1:{port}/", timeout_seconds=0.3)
    assert (seen.failure, seen.detail) == (Failure.CONNECT_TIMEOUT, "no answer within 0.3 s")
    assert (seen.destination, seen.local_address) == (LOOPBACK, LOOPBACK)
    assert seen.local_port


@pytest.mark.parametrize(
    ("number", "failure"),
    [
        (errno.EHOSTUNREACH, Failure.NO_ROUTE),
        (errno.ENETUNREACH, Failure.NO_ROUTE),
        (errno.EPERM, Failure.NO_ROUTE),
        (errno.EMFILE, Failure.CRASHED),
    ],
)
async def test_what_the_kernel_says_is_told_apart(number: int, failure: Failure) -> None:
    """An unreachable network is no crash, and exhausted file descriptors are."""

    def broken(_family: socket.AddressFamily, _kind: socket.SocketKind) -> socket.socket:
        raise OSError(number, "invented")

    seen = await probe_http("http://127.0.0.1:9/", timeout_seconds=1, open_socket=broken, now=lambda: MORNING)
    assert (seen.failure, seen.detail) == (failure, f"127.0.0.1:9: {os.strerror(number).lower()}")
    assert seen.local_address is None


async def test_a_destination_of_an_address_family_without_a_route_is_unreachable() -> None:
    """Where the kernel has no route, nothing was sent, and the socket has no address."""

    async def resolve(_host: str, port: int) -> tuple[socket.AddressFamily, tuple[str | int, ...]]:
        return socket.AF_INET6, ("::ffff:127.0.0.1", port, 0, 0)

    def ipv6_only(family: socket.AddressFamily, kind: socket.SocketKind) -> socket.socket:
        opened = socket.socket(family, kind)
        opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        return opened

    seen = await probe_http(
        "http://mapped.example:9/", timeout_seconds=1, open_socket=ipv6_only, now=lambda: MORNING, resolve=resolve
    )
    assert (seen.failure, seen.destination, seen.local_address) == (Failure.NO_ROUTE, LOOPBACK, None)


async def test_a_url_that_cannot_be_used_is_an_observation_too() -> None:
    """A misspelt target does not lose the other targets' observations, and shows no credentials."""
    seen = await ask("http://user:hunter2@10.1/")
    assert seen.failure is Failure.UNUSABLE_TARGET
    assert "hunter2" not in repr(seen)


async def test_a_crash_inside_the_probe_is_an_observation() -> None:
    """A bug in the probe does not lose the other targets' observations."""

    def broken(_family: socket.AddressFamily, _kind: socket.SocketKind) -> socket.socket:
        raise ZeroDivisionError

    seen = await probe_http("http://127.0.0.1:9/", timeout_seconds=1, open_socket=broken, now=lambda: MORNING)
    assert (seen.failure, seen.detail) == (Failure.CRASHED, "the probe crashed with ZeroDivisionError")


async def test_a_cancelled_attempt_ends() -> None:
    """A stalling observer does not hold up the end of a killed task."""
    connected = asyncio.Event()

    async def stall(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        connected.set()
        await reader.read()

    async with serving(stall) as server:
        attempt = asyncio.create_task(ask(server.url(), timeout_seconds=60))
        await connected.wait()
        attempt.cancel()
        with pytest.raises(asyncio.CancelledError):
            await attempt


async def test_ipv6_observers_are_asked_over_ipv6() -> None:
    """An IPv6 destination shows which IPv6 address a Pod has."""
    async with serving(echo, host="::1") as server:
        seen = await ask(server.url(host="[::1]"))
    assert (seen.observed, seen.local_address) == (IPAddress("::1"), IPAddress("::1"))
    assert b"Host: [::1]:" in server.requests[0]


async def test_only_the_first_address_of_a_name_is_tried() -> None:
    """One attempt means one destination, so that the evidence names the one that was asked."""

    async def resolve(host: str, port: int) -> tuple[socket.AddressFamily, tuple[str, int]]:
        assert host == "observer.example"
        return socket.AF_INET, ("127.0.0.1", port)

    async with serving(echo) as server:
        seen = await ask(server.url(host="observer.example"), resolve=resolve)
    assert (seen.observed, seen.destination) == (LOOPBACK, LOOPBACK)
    assert f"Host: observer.example:{server.port}".encode() in server.requests[0]


async def test_a_name_without_an_address_is_named() -> None:
    """A misspelt name has a failure of its own, with the resolver's words."""

    async def resolve(_host: str, _port: int) -> tuple[socket.AddressFamily, tuple[str, int]]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    seen = await ask("http://nowhere.example/", resolve=resolve)
    assert seen.failure is Failure.NAME_UNRESOLVED
    assert seen.detail == "nowhere.example was not resolved: Name or service not known"
    assert (seen.destination, seen.local_address) == (None, None)


async def test_a_silent_dns_server_does_not_outlast_the_deadline() -> None:
    """The deadline includes name resolution."""

    async def resolve(host: str, port: int) -> tuple[socket.AddressFamily, tuple[str, int]]:
        await asyncio.Event().wait()
        raise AssertionError(host, port)

    seen = await ask("http://slow.example/", timeout_seconds=0.2, resolve=resolve)
    assert (seen.failure, seen.detail) == (Failure.NAME_UNRESOLVED, "no answer from DNS within 0.2 s")


@pytest.mark.parametrize("timeout_seconds", [0, -1, float("nan")])
async def test_a_time_out_that_is_not_above_zero_is_refused(timeout_seconds: float) -> None:
    """A time-out of zero is the caller's mistake, not an observation."""
    with pytest.raises(ValueError, match="timeout_seconds: expected a number above 0"):
        await ask("http://127.0.0.1/", timeout_seconds=timeout_seconds)


async def test_an_address_is_its_own_answer() -> None:
    """An observer given by address needs no DNS."""
    assert await resolve_by_system("127.0.0.1", 80) == (socket.AF_INET, ("127.0.0.1", 80))
    assert await resolve_by_system("::1", 80) == (socket.AF_INET6, ("::1", 80, 0, 0))


@pytest.mark.parametrize("host", ["a" * 64 + ".invalid", ".", "::1%no-such-interface"])
async def test_a_name_that_cannot_be_is_not_resolved(host: str) -> None:
    """An impossible name is an ``OSError`` like any other name without an address."""
    with pytest.raises(OSError, match=r"."):
        await resolve_by_system(host, 80)


async def test_an_answer_after_the_deadline_is_dropped() -> None:
    """The resolver's thread may answer an attempt that has ended."""
    asking = asyncio.ensure_future(resolve_by_system("127.0.0.1", 80))
    await asyncio.sleep(0)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await asyncio.to_thread(_await_resolvers)
    await asyncio.sleep(0)  # what the thread left for the loop runs now; a complaint would fail the test
    assert asking.cancelled()


def test_an_answer_that_comes_too_late_does_no_harm() -> None:
    """The attempt, and even the event loop, may have ended when the resolver's thread answers."""

    async def give_up() -> None:
        asking = asyncio.ensure_future(resolve_by_system("127.0.0.1", 80))
        await asyncio.sleep(0)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)

    asyncio.run(give_up())
    _await_resolvers()


def _await_resolvers() -> None:
    for thread in threading.enumerate():
        if thread.name == "airflow-masq-resolve":
            thread.join(5)
            assert not thread.is_alive()


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (ssl.SSLEOFError(ssl.SSL_ERROR_EOF, "ended early"), "TLS failed: ended early"),
        (ssl.SSLError(), "TLS failed: SSLError"),
    ],
)
async def test_a_tls_error_without_a_reason_is_described_by_its_words(error: ssl.SSLError, detail: str) -> None:
    """An error that OpenSSL did not raise has no ``reason``; what it says is the detail, else its type."""

    async def fail(_observer: ObserverUrl, _connection: socket.socket) -> NoReturn:
        raise error

    async with serving(echo, reads_request=False) as server:
        seen = await make_attempt(
            server.url(),
            fail,
            default_ports={"http": 80},
            timeout_seconds=5,
            open_socket=socket.socket,
            now=lambda: MORNING,
        )
    assert (seen.failure, seen.detail) == (Failure.TLS, detail)
