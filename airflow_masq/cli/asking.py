"""What the commands that ask observers share: their options, the progress on a terminal, and the asking itself."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Protocol

from airflow_masq.cli.options import make_number_type
from airflow_masq.cli.output import show_progress
from airflow_masq.observation.observation import Observation
from airflow_masq.probes import DEFAULT_CONCURRENCY, PROBES, Session, probe

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

_CONNECTION: Final = "airflow://"


class Asked(Protocol):
    """An observer, and how it is asked; the plan's ``Target`` is one."""

    @property
    def observe(self) -> str:
        """The observer's URL."""

    @property
    def nonce(self) -> bool:
        """Whether requests carry a nonce."""

    @property
    def canary(self) -> bool:
        """Whether a second request carries a canary."""


def add_asking_arguments(parser: ArgumentParser) -> None:
    """Declare how observers are asked."""
    parser.add_argument(
        "--timeout",
        type=make_number_type(float, least=0.1, most=60),
        default=5.0,
        metavar="SECONDS",
        help="the time limit of one attempt, 0.1 to 60; default: 5",
    )
    parser.add_argument(
        "--attempts",
        type=make_number_type(int, least=1, most=10),
        default=3,
        metavar="N",
        help="how often an address that gives no answer is asked, 1 to 10; default: 3",
    )
    parser.add_argument(
        "--concurrency",
        type=make_number_type(int, least=1, most=1000),
        default=DEFAULT_CONCURRENCY,
        metavar="N",
        help=f"how many connections there may be at once, 1 to 1000; default: {DEFAULT_CONCURRENCY}",
    )


def ask_observers(asked: Sequence[Asked], arguments: Namespace) -> list[tuple[Observation, ...]]:
    """Ask observers, several at once.

    :param arguments: with the values of ``add_asking_arguments``.
    :return: the observations of each, in the order given.
    """
    done = 0

    async def ask(each: Asked, session: Session) -> tuple[Observation, ...]:
        nonlocal done
        if each.observe.startswith(_CONNECTION):
            schemes = ", ".join(f"{scheme}://" for scheme in PROBES)
            detail = f"only a task can use an Airflow connection: run the check as a task, or write a URL ({schemes})"
            seen: tuple[Observation, ...] = (
                Observation.from_unusable_target(each.observe, detail=detail, started_at=session.now()),
            )
        else:
            seen = await probe(
                each.observe,
                timeout_seconds=arguments.timeout,
                attempts=arguments.attempts,
                nonce=each.nonce,
                canary=each.canary,
                session=session,
            )
        done += 1
        show_progress(f"asked {done} of {len(asked)}")
        return seen

    async def ask_all() -> list[tuple[Observation, ...]]:
        async with Session(concurrency=arguments.concurrency) as session:
            return await asyncio.gather(*(ask(each, session) for each in asked))

    try:
        return asyncio.run(ask_all())
    finally:
        show_progress("")
