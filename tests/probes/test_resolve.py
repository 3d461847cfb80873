"""The system's resolver, asked for what needs no network."""

from __future__ import annotations

import asyncio
import socket
import threading

import pytest

from airflow_masq.probes import resolve_by_system


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


def test_an_answer_that_comes_too_late_disturbs_nobody() -> None:
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
