"""The operator's own steps, without Airflow, meet the emulated API over gRPC with some of the drawn plans."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Self

import pytest

from airflow_masq.clients.composer import ComposerClient
from airflow_masq.exceptions import CloudRefusedError
from airflow_masq.provisioning import CreationSteps, CreationWatch, Origin, Pause, run_steps, verify_environment
from lab.cloud import ComposerEmulator
from tests.agreement.drawing import PLANS
from tests.agreement.submitting import IMAGES, read_story

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lab.cloud.validation import Surroundings

EACH = 25
"""How many plans of each answer are sent."""


class Project:
    """An emulator in a thread of its own, whose network can be changed from call to call; a context manager."""

    def __init__(self) -> None:
        self._nodes: dict[str, str] = {}
        self._named: dict[str, str] = {}
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="emulated-project")

    def become(self, surroundings: Surroundings) -> None:
        """Take over the network that a plan describes."""
        for own, other in ((self._nodes, surroundings.node_ranges), (self._named, surroundings.secondary_ranges)):
            own.clear()
            own.update(other)

    def settle(self) -> None:
        """Wait until nothing is being created or deleted."""
        asyncio.run_coroutine_threadsafe(self._emulator.settle(), self._loop).result(timeout=10)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(timeout=10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(timeout=10)

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._emulator = ComposerEmulator(
            creatable_images=IMAGES, node_ranges=self._nodes, secondary_ranges=self._named
        )
        async with self._emulator:
            self.endpoint = f"http://{self._emulator.address}"
            self._ready.set()
            await self._stop.wait()


@pytest.fixture
def project() -> Iterator[Project]:
    """Give a project whose network follows the plans."""
    with Project() as project:
        yield project


def refuse_pause(step: Pause) -> None:
    """Refuse to wait: each call is answered at once, so nothing is repeated."""
    pytest.fail(f"{step} for an API that answers")


def test_the_operators_call_gets_the_answer_that_the_table_gives(project: Project) -> None:
    """What the API's table accepts is created with the agent, and what it refuses is refused over the wire as well."""
    left = {True: EACH, False: EACH}
    with ComposerClient(None, endpoint=project.endpoint, api_timeout_seconds=10) as client:
        for number in range(PLANS):
            story = read_story(number)
            if story.request is None or story.by_operator is None or story.by_operator.complaint:
                continue
            is_accepted = story.by_operator.accepted is not None
            if not left[is_accepted]:
                continue
            left[is_accepted] -= 1
            project.become(story.by_operator.surroundings)
            watch = CreationWatch(
                name=story.request.name,
                operation_name=None,
                deadline=1.0,
                poll_interval_seconds=1.0,
                now=lambda: 0.0,
                random=lambda: 0.5,
            )
            steps = CreationSteps(request=story.request, watch=watch)
            if is_accepted:
                assert run_steps(steps.start(), client=client, pause=refuse_pause).origin is Origin.CREATED
                project.settle()
                found = run_steps(verify_environment(watch), client=client, pause=refuse_pause)
                assert found is not None
                assert found.masquerades, story.drawn
                client.delete(story.request.name)
                project.settle()
            else:
                with pytest.raises(CloudRefusedError) as refused:
                    run_steps(steps.start(), client=client, pause=refuse_pause)
                assert refused.value.status == "INVALID_ARGUMENT"
                assert any(refusal.sentence[:60] in str(refused.value) for refusal in story.by_operator.refusals)
            if not any(left.values()):
                return
    pytest.fail(f"too few plans were drawn: {left}")
