"""How long calls without an answer are repeated."""

from __future__ import annotations

import pytest

from airflow_masq.exceptions import CloudRefusedError, CloudUnavailableError
from airflow_masq.fleet.patience import Patience


class Calls:
    """Fails a number of times, and keeps the time that pauses take.

    :param failures: how often it fails before it answers.
    """

    def __init__(self, failures: int, *, error: Exception | None = None) -> None:
        self.failures = failures
        self.error = error or CloudUnavailableError("no answer")
        self.made = 0
        self.time = 100.0
        self.pauses: list[float] = []

    async def make(self) -> str:
        """Make the call."""
        self.made += 1
        if self.made <= self.failures:
            raise self.error
        return "answer"

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.pauses.append(seconds)
        self.time += seconds

    def make_patience(self, *, tolerance_seconds: float, random: float = 0.5) -> Patience:
        """Make what repeats the calls."""
        return Patience(
            tolerance_seconds=tolerance_seconds, now=lambda: self.time, sleep=self.sleep, random=lambda: random
        )


async def test_pauses_double_up_to_a_limit() -> None:
    """A call is repeated after half a second, then after pauses that double, up to 16 seconds."""
    calls = Calls(7)
    assert await calls.make_patience(tolerance_seconds=1000).ask("p", calls.make) == "answer"
    assert calls.pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 16.0]


@pytest.mark.parametrize(("random", "first"), [(0.0, 0.25), (1.0, 0.75)])
async def test_pauses_have_jitter(random: float, first: float) -> None:
    """A pause is half to one and a half times as long."""
    calls = Calls(1)
    await calls.make_patience(tolerance_seconds=10, random=random).ask("p", calls.make)
    assert calls.pauses == [first]


async def test_patience_ends() -> None:
    """After the tolerance the last failure is raised; another project has its own time."""
    calls = Calls(100)
    patience = calls.make_patience(tolerance_seconds=4)
    with pytest.raises(CloudUnavailableError):
        await patience.ask("p", calls.make)
    assert (calls.made, calls.pauses) == (4, [0.5, 1.0, 2.0])
    await calls.sleep(1)
    with pytest.raises(CloudUnavailableError):
        await patience.ask("p", calls.make)
    assert calls.made == 5
    with pytest.raises(CloudUnavailableError):
        await patience.ask("q", calls.make)
    assert calls.made == 9


async def test_a_refusal_is_an_answer() -> None:
    """What the API refuses is not repeated."""
    calls = Calls(1, error=CloudRefusedError("no", status="PERMISSION_DENIED"))
    with pytest.raises(CloudRefusedError):
        await calls.make_patience(tolerance_seconds=1000).ask("p", calls.make)
    assert calls.made == 1
