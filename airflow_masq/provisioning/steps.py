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
    advance: Callable[[], Call[Any] | Pause] = steps.__next__
    while True:
        try:
            step = advance()
        except StopIteration as end:
            result: T = end.value
            return result
        answer: Any = None
        try:
            answer = pause(step) if isinstance(step, Pause) else client.ask(step)  # type: ignore[func-returns-value] # a pause has no answer
        except AirflowMasqError as error:
            advance = _bind(steps.throw, error)
        else:
            advance = _bind(steps.send, answer)


async def run_steps_async(
    steps: Steps[T], *, client: AsyncComposerClient, sleep: Callable[[float], Awaitable[None]]
) -> T:
    """Do the steps in this event loop; as ``run_steps``."""
    advance: Callable[[], Call[Any] | Pause] = steps.__next__
    while True:
        try:
            step = advance()
        except StopIteration as end:
            result: T = end.value
            return result
        try:
            answer = await (sleep(step.seconds) if isinstance(step, Pause) else client.ask(step))
        except AirflowMasqError as error:
            advance = _bind(steps.throw, error)
        else:
            advance = _bind(steps.send, answer)


def _bind(method: Callable[[Any], Call[Any] | Pause], argument: object) -> Callable[[], Call[Any] | Pause]:
    return lambda: method(argument)
