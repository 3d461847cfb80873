"""How late this process was: a stalled event loop must not pass for an observer's silence.

A tick is due every 20 ms. A tick that is more than 50 ms late means that nothing was read for that long, because other
code held the loop, or the machine gave the process no time. A busy loop that still turns counts as none.
"""

from __future__ import annotations

import asyncio
from typing import Final

_TICK_SECONDS: Final = 0.02
_LEAST_STALL_SECONDS: Final = 0.05


class LoopWatch:
    """Adds up the stalls of the running event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stalled_seconds = 0.0
        self._due = self._loop.time() + _TICK_SECONDS
        self._timer = self._loop.call_at(self._due, self._tick)

    @property
    def stalled_seconds(self) -> float:
        """How long the loop has stalled since the watch began; an attempt compares its beginning with its end."""
        return self._stalled_seconds + self._measure()

    def stop(self) -> None:
        """End the watch."""
        self._timer.cancel()

    def _measure(self) -> float:
        late_seconds = self._loop.time() - self._due
        return late_seconds if late_seconds > _LEAST_STALL_SECONDS else 0.0

    def _tick(self) -> None:
        self._stalled_seconds += self._measure()
        self._due = self._loop.time() + _TICK_SECONDS
        self._timer = self._loop.call_at(self._due, self._tick)
