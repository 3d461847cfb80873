"""Names are resolved by the system, on few threads, and none of them is left behind."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from typing import Any

import pytest

from airflow_masq.observation.observation import Failure
from airflow_masq.probes import Session
from airflow_masq.probes.resolver import MOST_RESOLVER_THREADS, RESOLVER_THREAD_NAME, SystemResolver
from tests.probes.asking import ask_all


def count_threads() -> int:
    """Count the resolver's threads."""
    return sum(thread.name == RESOLVER_THREAD_NAME for thread in threading.enumerate())


async def resolve(host: str) -> Any:  # noqa: ANN401 - a list of addresses
    """Resolve one name."""
    resolver = SystemResolver()
    try:
        return await resolver.resolve(host, 80)
    finally:
        resolver.close()


async def test_an_address_is_its_own_answer() -> None:
    """An address in its usual notation needs no DNS."""
    assert await resolve("127.0.0.1") == [(socket.AF_INET, ("127.0.0.1", 80))]
    assert await resolve("::1") == [(socket.AF_INET6, ("::1", 80, 0, 0))]


@pytest.mark.parametrize("host", ["a" * 64 + ".invalid", ".", "::1%no-such-interface"])
async def test_a_name_that_cannot_be_is_not_resolved(host: str) -> None:
    """An impossible name is an ``OSError`` like any other name without an address."""
    with pytest.raises(OSError, match=r"."):
        await resolve(host)


def test_many_names_share_few_threads_and_none_is_left() -> None:
    """A plan with hundreds of names starts no thread for each, and the threads end with the check."""
    most = 0

    async def resolve_many() -> None:
        nonlocal most
        async with Session() as session:
            for _ in range(10):
                await asyncio.gather(*(session.resolve("localhost", port) for port in range(1, 101)))
                most = max(most, count_threads())

    asyncio.run(resolve_many())
    assert 0 < most <= MOST_RESOLVER_THREADS
    assert count_threads() == 0


@pytest.fixture
def stalled(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Stall the system's resolver until the event is set, since no name here can be made to stall it."""
    event = threading.Event()

    def stall(*_: object, **__: object) -> list[object]:
        event.wait(20)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", stall)
    return event


def test_a_resolver_that_stalls_does_not_outlast_the_deadline(stalled: threading.Event) -> None:
    """Neither the check nor the end of its event loop waits for a resolver's thread; it ends when it is answered."""
    started = time.monotonic()
    (seen,) = asyncio.run(ask_all("http://stalled.example/", timeout_seconds=0.3))
    assert time.monotonic() - started < 2
    assert (seen.failure, seen.detail) == (Failure.NAME_UNRESOLVED, "no answer from DNS within 0.3 s")
    assert seen.destination is None
    threads = [thread for thread in threading.enumerate() if thread.name == RESOLVER_THREAD_NAME]
    stalled.set()
    for thread in threads:
        thread.join(10)
    assert [thread.is_alive() for thread in threads] == [False]


def test_a_name_that_found_no_thread_is_told_as_our_own_fault(stalled: threading.Event) -> None:
    """Where stalled names hold all threads, the next one was never asked; given up, it is not asked later either."""

    async def ask_many() -> list[Failure | None]:
        async with Session(concurrency=100) as session:
            from airflow_masq.probes import probe  # noqa: PLC0415

            urls = [f"http://name{number}.example/" for number in range(MOST_RESOLVER_THREADS + 3)]
            seen = await asyncio.gather(*(probe(url, timeout_seconds=1, session=session) for url in urls))
        return [each.failure for (each,) in seen]

    failures = asyncio.run(ask_many())
    threads = [thread for thread in threading.enumerate() if thread.name == RESOLVER_THREAD_NAME]
    stalled.set()
    for thread in threads:
        thread.join(10)
    assert len(threads) == MOST_RESOLVER_THREADS
    assert failures == [Failure.NAME_UNRESOLVED] * MOST_RESOLVER_THREADS + [Failure.STARVED] * 3


async def test_an_answer_after_the_deadline_is_dropped() -> None:
    """The resolver's thread may answer an attempt that has ended."""
    resolver = SystemResolver()
    asking = asyncio.ensure_future(resolver.resolve("localhost", 80))
    await asyncio.sleep(0)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert await resolver.resolve("127.0.0.1", 80)
    resolver.close()
    assert asking.cancelled()
