"""Fixtures of the packet lab's tests: labs that are closed after each test, or a reason to skip it."""

from __future__ import annotations

from contextlib import AsyncExitStack
from functools import cache
from typing import TYPE_CHECKING, Protocol

import pytest

from lab.packets.lab import PacketLab
from lab.packets.observers import Observers
from lab.packets.requirements import find_missing
from lab.packets.sandbox import is_inside

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from lab.packets.topology import Destination, Topology


@cache
def find_obstacle() -> str | None:
    """Say in one line why this process cannot build a lab; ``None`` if it can."""
    if not is_inside():
        return "not in a sandbox: run it through scripts/test"
    return next(iter(find_missing()), None)


@pytest.fixture
def sandbox() -> None:
    """Skip the test if no lab can be built."""
    if reason := find_obstacle():
        pytest.skip(reason)


class StartLab(Protocol):
    """Builds labs whose observers serve until the test ends."""

    async def __call__(self, topology: Topology, *, beside: Sequence[Destination] = ()) -> PacketLab:
        """Build a lab; ``beside`` are services in Pods, nodes or routers."""
        ...


@pytest.fixture
async def start_lab(sandbox: None) -> AsyncIterator[StartLab]:  # noqa: ARG001 - skips
    """Return a function that builds labs."""
    async with AsyncExitStack() as stack:

        async def start(topology: Topology, *, beside: Sequence[Destination] = ()) -> PacketLab:
            lab = stack.enter_context(PacketLab(topology))
            await stack.enter_async_context(Observers(lab, beside=beside))
            return lab

        yield start
