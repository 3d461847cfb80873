"""How long calls without an answer are repeated: for a while in each project, so that one that is down ends soon.

A refusal is an answer, and is not repeated here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar

from airflow_masq.exceptions import CloudUnavailableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")

_FIRST_PAUSE_SECONDS: Final = 0.5
_LONGEST_PAUSE_SECONDS: Final = 16.0
_MOST_DOUBLINGS: Final = 10


@dataclass(kw_only=True)
class Patience:
    """Repeats calls, with pauses that double, with jitter.

    :param tolerance_seconds: how long calls are repeated in a project, from its first call without an answer on.
    :param now: the clock, in seconds.
    :param sleep: waits for so many seconds.
    :param random: gives numbers from 0 to 1, for jitter.
    """

    tolerance_seconds: float
    now: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    random: Callable[[], float]
    _failing_since: dict[str, float] = field(default_factory=dict, init=False)

    async def ask(self, project: str, call: Callable[[], Awaitable[T]]) -> T:
        """Make a call until it has an answer.

        :raises CloudRefusedError: the API refused the call.
        :raises CloudUnavailableError: there was no answer for too long, the last time like this.
        """
        failures = 0
        while True:
            try:
                return await call()
            except CloudUnavailableError:
                now = self.now()
                since = self._failing_since.setdefault(project, now)
                longest = min(_FIRST_PAUSE_SECONDS * 2.0 ** min(failures, _MOST_DOUBLINGS), _LONGEST_PAUSE_SECONDS)
                pause = longest * (0.5 + self.random())
                failures += 1
                if now + pause - since > self.tolerance_seconds:
                    raise
                await self.sleep(pause)
