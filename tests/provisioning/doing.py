"""Does the steps of provisioning in tests, with a clock that moves only by pauses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from airflow_masq.provisioning import CreationWatch, run_steps
from tests.emulated_cloud import NAME

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_masq.clients.composer import ComposerClient
    from airflow_masq.provisioning.steps import Pause, Steps

T = TypeVar("T")


@dataclass
class Stage:
    """A clock, and what happens while it moves.

    :param during: called in the middle of each pause, with the number of pauses before it.
    """

    client: ComposerClient
    now: float = 1000.0
    during: Callable[[int], object] = lambda _number: None
    pauses: list[Pause] = field(default_factory=list)

    def watch(self, **settings: Any) -> CreationWatch:  # noqa: ANN401 - a watch's own
        """Watch the example environment for 100 seconds, looking every 30 seconds without jitter."""
        known = {"name": NAME, "operation_name": None, "deadline": self.now + 100, "poll_interval_seconds": 30.0}
        return CreationWatch(**{**known, "now": lambda: self.now, "random": lambda: 0.5, **settings})

    def do(self, steps: Steps[T]) -> T:
        """Do the steps."""
        return run_steps(steps, client=self.client, pause=self._pause)

    def _pause(self, step: Pause) -> None:
        self.during(len(self.pauses))
        self.pauses.append(step)
        self.now += step.seconds
