"""What the probes of one run share: places, a rate, time that varies, and one TLS context."""

from __future__ import annotations

import asyncio
import random
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from netaddr import IPAddress

from airflow_masq.observation.observation import Failure
from airflow_masq.probes import Session, make_tls_context, probe
from airflow_masq.probes.loop_watch import LoopWatch
from tests.probes.asking import resolving
from tests.probes.servers import certificates, echo, serving

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"concurrency": 0}, "concurrency: expected a number above 0, saw 0"),
        ({"rate_per_second": 0}, "rate_per_second: expected a number above 0, saw 0"),
        ({"rate_per_second": float("nan")}, "rate_per_second: expected a number above 0, saw nan"),
        ({"jitter": 1.5}, "jitter: expected a number from 0 to 1, saw 1.5"),
    ],
)
def test_a_limit_that_is_none_is_refused(settings: dict[str, Any], message: str) -> None:
    """A limit of zero would wait for ever."""
    with pytest.raises(ValueError, match=message):
        Session(**settings)


async def _begin_all(number: int, **settings: Any) -> list[float]:  # noqa: ANN401 - what ``Session`` takes
    """Begin so many connections, and return when each began."""
    async with Session(**settings) as session:

        async def begin() -> float:
            async with session.slot():
                await session.await_turn()
                return session.loop.time() - started

        started = session.loop.time()
        return await asyncio.gather(*(begin() for _ in range(number)))


async def test_connections_begin_at_a_steady_rate_after_a_first_burst() -> None:
    """A small plan is asked at once, and a large one at no more than the rate."""
    began = await _begin_all(40, concurrency=10, rate_per_second=100, jitter=0)
    assert sum(moment < 0.005 for moment in began) <= 11
    # The first ten are the burst; the thirty others are a hundredth of a second apart.
    assert began[-1] >= 0.29
    assert [moment for number, moment in enumerate(began) if moment < (number - 10) * 0.01 - 0.001] == []


async def test_without_a_rate_nothing_waits() -> None:
    """Without a rate limit no connection waits for its turn; with one, the second does."""
    async with Session(concurrency=1, rate_per_second=None) as session:
        for _ in range(200):
            with pytest.raises(StopIteration):  # done without giving the loop back
                session.await_turn().send(None)
    async with Session(concurrency=1, rate_per_second=1) as session:
        await session.await_turn()
        waiting = asyncio.ensure_future(session.await_turn())
        await asyncio.sleep(0)
        assert not waiting.done()
        waiting.cancel()


async def test_pauses_vary_at_random() -> None:
    """Workers that began together do not go on in step."""
    async with Session(jitter=0.5, randomness=random.Random(1)) as session:  # noqa: S311 - repeatable
        pauses = [session.vary(2.0) for _ in range(200)]
    assert min(pauses) < 1.2
    assert max(pauses) > 2.8
    assert all(1.0 <= pause <= 3.0 for pause in pauses)
    async with Session(jitter=0) as session:
        assert session.vary(2.0) == 2.0


async def test_one_tls_context_serves_all() -> None:
    """The system's authorities are read once, however many observers there are."""
    async with Session() as session:
        assert session.tls_context is session.tls_context


def test_few_files_mean_few_connections_and_no_error() -> None:
    """A process that may open few files asks fewer observers at a time, and all of them."""
    program = (
        "import asyncio, resource\n"
        "from airflow_masq.probes import Session, probe\n"
        "from tests.probes.servers import echo, serving\n"
        "async def main():\n"
        "    async with serving(echo) as server:\n"
        "        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]\n"
        "        resource.setrlimit(resource.RLIMIT_NOFILE, (60, hard))\n"
        "        async with Session(concurrency=500, rate_per_second=None) as session:\n"
        "            asks = (probe(server.url(), timeout_seconds=9, session=session) for _ in range(100))\n"
        "            seen = await asyncio.gather(*asks)\n"
        "        print(session.concurrency, {str(each.observed) for (each,) in seen})\n"
        "asyncio.run(main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, check=True, text=True, timeout=60
    )
    concurrency, addresses = done.stdout.split(maxsplit=1)
    assert 1 <= int(concurrency) < 28
    assert addresses.strip() == "{'127.0.0.1'}"


def test_without_a_limit_of_files_the_concurrency_is_as_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that sets no limit, or does not tell what is open, changes nothing."""
    monkeypatch.setattr("airflow_masq.probes.session._OPEN_FILES", "/nowhere")
    assert Session(concurrency=20).concurrency == 20
    monkeypatch.setattr(resource, "getrlimit", lambda _kind: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert Session(concurrency=5000).concurrency == 5000


async def test_a_stall_is_measured_also_before_it_has_ended() -> None:
    """What the loop lost counts as soon as it is asked about, and once."""
    watch = LoopWatch()
    await asyncio.sleep(0.05)
    before = watch.stalled_seconds
    time.sleep(0.2)  # noqa: ASYNC251 - the stall
    during = watch.stalled_seconds
    await asyncio.sleep(0.05)
    after = watch.stalled_seconds
    watch.stop()
    assert during - before >= 0.15
    assert 0 <= after - during < 0.15


async def test_many_https_observers_are_asked_without_an_invented_time_out(tmp_path: Path) -> None:
    """Where the machine is too slow for so many at once, it is told as ours, and never as an observer's silence."""
    authority, context = certificates(tmp_path)
    trusting = make_tls_context(ca_file=authority)
    async with (
        serving(echo, tls=context) as server,
        Session(concurrency=100, rate_per_second=None, resolve=resolving("127.0.0.1")) as session,
    ):
        url = server.url(scheme="https", host="localhost")
        asks = (probe(url, timeout_seconds=5, canary=False, tls_context=trusting, session=session) for _ in range(300))
        seen = [each for (each,) in await asyncio.gather(*asks)]
    assert {each.failure for each in seen} <= {None, Failure.STARVED}
    assert {each.observed for each in seen if each.failure is None} == {IPAddress("127.0.0.1")}
