"""One attempt: names are resolved, a fresh socket is opened, and each way to end has a name."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
import time

import pytest
from netaddr import IPAddress

from airflow_masq.observation.observation import Failure
from airflow_masq.probes import Session
from airflow_masq.probes.attempt import Answer, Question, make_attempt
from airflow_masq.probes.observer_url import ObserverUrl
from tests.probes.asking import ask, ask_once
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
        (errno.EINVAL, Failure.NO_ROUTE),
        (errno.EMFILE, Failure.STARVED),
        (errno.ENFILE, Failure.STARVED),
        (errno.EBADF, Failure.CRASHED),
    ],
)
async def test_what_the_kernel_says_is_told_apart(number: int, failure: Failure) -> None:
    """An unreachable network is the network's, exhausted file descriptors are ours, and a bug is a crash."""

    def broken(_family: socket.AddressFamily, _kind: socket.SocketKind) -> socket.socket:
        raise OSError(number, "invented")

    seen = await ask("http://127.0.0.1:9/", timeout_seconds=1, open_socket=broken)
    assert (seen.failure, seen.detail) == (failure, f"127.0.0.1:9: {os.strerror(number).lower()}")
    assert seen.local_address is None


async def test_a_destination_of_an_address_family_without_a_route_is_unreachable() -> None:
    """Where the kernel has no route, nothing was sent, and the socket has no address."""

    async def resolve(_host: str, port: int) -> list[tuple[socket.AddressFamily, tuple[str | int, ...]]]:
        return [(socket.AF_INET6, ("::ffff:127.0.0.1", port, 0, 0))]

    def ipv6_only(family: socket.AddressFamily, kind: socket.SocketKind) -> socket.socket:
        opened = socket.socket(family, kind)
        opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        return opened

    seen = await ask("http://mapped.example:9/", timeout_seconds=1, open_socket=ipv6_only, resolve=resolve)
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

    seen = await ask("http://127.0.0.1:9/", timeout_seconds=1, open_socket=broken)
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


@pytest.mark.parametrize("timeout_seconds", [0, -1, float("nan")])
async def test_a_time_out_that_is_not_above_zero_is_refused(timeout_seconds: float) -> None:
    """A time-out of zero is the caller's mistake, not an observation."""
    with pytest.raises(ValueError, match="timeout_seconds: expected a number above 0"):
        await ask("http://127.0.0.1/", timeout_seconds=timeout_seconds)


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (ssl.SSLEOFError(ssl.SSL_ERROR_EOF, "ended early"), "TLS failed: ended early"),
        (ssl.SSLError(), "TLS failed: SSLError"),
    ],
)
async def test_a_tls_error_without_a_reason_is_described_by_its_words(error: ssl.SSLError, detail: str) -> None:
    """An error that OpenSSL did not raise has no ``reason``; what it says is the detail, else its type."""

    class Failing:
        """A conversation that fails at once."""

        is_answered = False

        def begin(self) -> tuple[bytes, bytes]:
            raise error

        def receive(self, data: bytes) -> bytes:
            raise AssertionError(data)

        def end(self, *, is_sure: bool) -> None:
            raise AssertionError(is_sure)

        def read_answer(self) -> Answer:
            return Answer(address=None)

    question = Question(observer=ObserverUrl.parse("http://127.0.0.1/", default_ports={"http": 80}), timeout_seconds=5)
    async with Session() as session:
        seen = await make_attempt(
            question, Failing, address=(socket.AF_INET, ("127.0.0.1", 9)), is_encrypted=False, session=session
        )
    assert (seen.failure, seen.detail) == (Failure.TLS, detail)


async def test_a_loop_that_stood_still_is_told_as_our_own_fault() -> None:
    """An observer that was never listened to was not silent."""

    async def stall(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        time.sleep(0.4)  # noqa: ASYNC251 - holds the loop, as other code in the process might
        await asyncio.Event().wait()

    seen = await ask_once(stall, timeout_seconds=0.5)
    assert seen.failure is Failure.STARVED
    assert seen.detail.startswith("this process was held up for 0.")


async def test_a_busy_loop_that_turns_is_no_excuse() -> None:
    """A silent observer is told as silent, though the loop had other work in small pieces all the time."""

    async def work() -> None:
        while True:
            time.sleep(0.01)  # noqa: ASYNC251 - the work
            await asyncio.sleep(0)

    async def say_nothing(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    working = asyncio.create_task(work())
    try:
        seen = await ask_once(say_nothing, timeout_seconds=0.5)
    finally:
        working.cancel()
    assert seen.failure is Failure.REPLY_TIMEOUT
