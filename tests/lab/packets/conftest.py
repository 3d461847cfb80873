"""What the packet lab's tests share: labs that are closed whatever happens, and a reason where there can be none."""

from __future__ import annotations

from contextlib import AsyncExitStack
from functools import cache
from typing import TYPE_CHECKING, Protocol

import pytest

from lab.packets.lab import PacketLab
from lab.packets.observers import Observers
from lab.packets.requirements import missing
from lab.packets.sandbox import inside

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from lab.packets.topology import Destination, Topology


@cache
def reason_for_no_lab() -> str | None:
    """Say in one line why no lab can be built in this process; ``None`` if one can."""
    if not inside():
        return "not in a sandbox: run it through scripts/test"
    return next(iter(missing()), None)


@pytest.fixture
def sandbox() -> None:
    """Skip where no lab can be built."""
    if reason := reason_for_no_lab():
        pytest.skip(reason)


class StartLab(Protocol):
    """Builds a lab whose observers serve until the test ends."""

    async def __call__(self, topology: Topology, *, beside: Sequence[Destination] = ()) -> PacketLab:
        """Build a topology; ``beside`` are services in Pods, nodes or routers."""
        ...


@pytest.fixture
async def start_lab(sandbox: None) -> AsyncIterator[StartLab]:  # noqa: ARG001 - skips
    """Give a function that builds labs."""
    async with AsyncExitStack() as stack:

        async def start(topology: Topology, *, beside: Sequence[Destination] = ()) -> PacketLab:
            lab = stack.enter_context(PacketLab(topology))
            await stack.enter_async_context(Observers(lab, beside=beside))
            return lab

        yield start
