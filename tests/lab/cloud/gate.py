"""What the tests of the emulated cloud share: time that they control, and the types of their fixtures."""

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
    """Time that passes when the test says so."""

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self.asked: list[float] = []

    async def sleep(self, seconds: float) -> None:
        """Wait until the gate opens, however long was asked for."""
        self.asked.append(seconds)
        await self._open.wait()

    def open(self) -> None:
        """Let everybody through, now and later."""
        self._open.set()
