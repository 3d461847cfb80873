"""Time that the tests of the emulated cloud control, and the types of their fixtures."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeAlias

from google.cloud.orchestration.airflow.service_v1 import EnvironmentsAsyncClient
from google.cloud.orchestration.airflow.service_v1.types import Environment

from lab.cloud import ComposerEmulator

Connect: TypeAlias = Callable[[ComposerEmulator], EnvironmentsAsyncClient]
MakeEnvironment: TypeAlias = Callable[..., Environment]


class Gate:
    """Time that stands still until the test opens the gate.

    :ivar requested: the seconds that callers asked to wait.
    """

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self.requested: list[float] = []

    async def sleep(self, seconds: float) -> None:
        """Wait until the gate opens, and ignore the number of seconds."""
        self.requested.append(seconds)
        await self._open.wait()

    def open(self) -> None:
        """Let all callers pass, now and later."""
        self._open.set()
