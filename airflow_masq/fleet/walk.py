"""The walk through the regions of some projects: every page of each, several at once, and what could not be asked.

    round 1   every region ──▶ page after page ──▶ environments
                   │ refused (a role may just have been granted), or no answer
                   ▼
    round 2   the regions that failed, once more ──▶ environments, or why not

The service knows no wildcard for regions, so each is one call [source: composer-no-wildcard]; a project may make 1,000
a minute [source: composer-quotas].
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from airflow_masq.audit.not_asked import TIME_LIMIT, TOO_MANY_PAGES, NotAsked, explain_failure, is_unknown_location
from airflow_masq.clients.calls import list_environments
from airflow_masq.environment import EnvironmentResource
from airflow_masq.exceptions import CloudRefusedError, CloudUnavailableError
from airflow_masq.fleet.patience import Patience
from airflow_masq.text import format_count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from airflow_masq.clients.composer import AsyncComposerClient

log = logging.getLogger(__name__)

Place: TypeAlias = tuple[str, str]
"""A project and a region."""

MOST_PAGES: Final = 100
PAUSE_BETWEEN_ROUNDS_SECONDS: Final = 2.0


@dataclass(kw_only=True)
class Walk:
    """One walk.

    :param concurrency: how many regions are asked at once.
    :param patience: repeats calls without an answer, for so long in each project.
    :param note: called with each environment and its place; again where a region is asked once more.
    :param progress: called with the number of regions that are done, and of all.
    """

    client: AsyncComposerClient
    concurrency: int
    patience: Patience
    note: Callable[[EnvironmentResource, Place], None]
    progress: Callable[[int, int], None]

    async def ask(self, places: Iterable[Place], *, end: float) -> tuple[NotAsked, ...]:
        """Ask every place, in the order given, and those that failed once more.

        :param end: when to stop, in seconds on the clock of ``patience``.
        :return: what could not be asked.
        """
        failed = await self._ask_once(list(places), end=end)
        again = [place for place, failure in failed.items() if not is_unknown_location(failure.problem)]
        pause = PAUSE_BETWEEN_ROUNDS_SECONDS
        if again and self.patience.now() + pause < end:
            log.info("%s could not be asked, and will be asked once more", format_count(len(again), noun="region"))
            await self.patience.sleep(pause)
            failed = {place: failure for place, failure in failed.items() if place not in again}
            failed |= await self._ask_once(again, end=end)
        return tuple(failed.values())

    async def _ask_once(self, places: list[Place], *, end: float) -> dict[Place, NotAsked]:
        """Ask every place, several at once, until the time ends; return those that failed."""
        failed: dict[Place, NotAsked] = {}
        slots = asyncio.Semaphore(self.concurrency)
        done = 0

        async def ask(place: Place) -> None:
            nonlocal done
            async with slots:
                failure = await self._list(place)
            done += 1
            if failure is not None:
                failed[place] = failure
            self.progress(done, len(places))

        tasks = {asyncio.create_task(ask(place)): place for place in places}
        try:
            ended, late = await asyncio.wait(tasks, timeout=max(end - self.patience.now(), 0))
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in ended:
            task.result()  # an error that is no answer of the API is a fault of ours
        problem = "the audit's time limit passed before it was asked"
        for task in late:
            project, region = tasks[task]
            failed[project, region] = explain_failure(project, region=region, status=TIME_LIMIT, problem=problem)
        return failed

    async def _list(self, place: Place) -> NotAsked | None:
        """Read all pages of one region; return why it failed where it did."""
        project, region = place
        token = ""
        try:
            for _ in range(MOST_PAGES):
                call = list_environments(f"projects/{project}/locations/{region}", page_token=token)
                page = await self.patience.ask(project, partial(self.client.ask, call))
                for environment in page.environments:
                    self.note(environment, place)
                    await asyncio.sleep(0)  # to judge one takes milliseconds, for which the other answers wait
                token = page.next_page_token
                if not token:
                    return None
        except (CloudRefusedError, CloudUnavailableError) as error:
            log.info("%s", error)
            return explain_failure(
                project,
                region=region,
                status=error.status,
                problem=error.words or str(error),
                reason=getattr(error, "reason", ""),
            )
        problem = f"the list of its environments has more than {MOST_PAGES} pages; those on the first ones are audited"
        return explain_failure(project, region=region, status=TOO_MANY_PAGES, problem=problem)
