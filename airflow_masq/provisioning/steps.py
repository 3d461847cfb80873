"""What provisioning does next, without doing it: generators say it, and two drivers do it.

    steps ──yield──▶ Call or Pause ──▶ driver ──▶ client or clock
      ▲                                  │
      └──────────send answer, throw error┘

A task in its slot and a trigger in an event loop share the generators, so they decide alike.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from airflow_masq.clients.calls import Call
from airflow_masq.exceptions import AirflowMasqError

if TYPE_CHECKING:
    from airflow_masq.clients.composer import AsyncComposerClient, ComposerClient

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Pause:
    """Time to let pass before the next call.

    :param is_wait: the cloud is at work, so a task may leave its slot here; else the pause is part of a repetition.
    """

    seconds: float
    is_wait: bool


Steps: TypeAlias = Generator[Call[Any] | Pause, Any, T]
"""Yields the next call or pause, receives the call's answer or error, and returns the result."""


def ask(call: Call[T]) -> Steps[T]:
    """Make one call; its error is raised here."""
    answer: T = yield call
    return answer


def run_steps(steps: Steps[T], *, client: ComposerClient, pause: Callable[[Pause], None]) -> T:
    """Do the steps in this thread.

    :param pause: sleeps; it may raise to end the steps.
    :raises AirflowMasqError: as the steps raise it.
    """
    answer: object
    try:
        step = next(steps)
        while True:
            try:
                answer = None
                if isinstance(step, Pause):
                    pause(step)
                else:
                    answer = client.ask(step)
            except AirflowMasqError as error:
                step = steps.throw(error)
            else:
                step = steps.send(answer)
    except StopIteration as end:
        result: T = end.value
        return result


async def run_steps_async(
    steps: Steps[T], *, client: AsyncComposerClient, sleep: Callable[[float], Awaitable[None]]
) -> T:
    """Do the steps in this event loop; as ``run_steps``."""
    answer: object
    try:
        step = next(steps)
        while True:
            try:
                answer = await (sleep(step.seconds) if isinstance(step, Pause) else client.ask(step))
            except AirflowMasqError as error:
                step = steps.throw(error)
            else:
                step = steps.send(answer)
    except StopIteration as end:
        result: T = end.value
        return result
