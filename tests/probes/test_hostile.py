"""One hostile observer costs the others nothing, and ends with its own deadline, whatever it sends."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from netaddr import IPAddress

from airflow_masq.observation.observation import Failure
from airflow_masq.probes import Session, make_tls_context, probe
from tests.probes.asking import resolving
from tests.probes.hostile_servers import PLAIN, RAW_TLS, TLS

if TYPE_CHECKING:
    from collections.abc import Iterator

LOOPBACK = IPAddress("127.0.0.1")
REPOSITORY = Path(__file__).parents[2]
TIMEOUT_SECONDS = 1.0
GOOD_ONES = 20
MOST_CPU_SECONDS = 0.6
MOST_MEGABYTES = 30


@contextlib.contextmanager
def running(folder: Path) -> Iterator[dict[str, str]]:
    """Run the servers of ``hostile_servers``."""
    folder.mkdir()
    command = [sys.executable, "-m", "tests.probes.hostile_servers", str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=REPOSITORY, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.kill()


@pytest.fixture(scope="module")
def urls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Run the hostile servers in one process, and the honest ones in another, which they cannot slow down."""
    folder = tmp_path_factory.mktemp("servers")
    with running(folder / "hostile") as hostile, running(folder / "honest") as honest:
        yield hostile | {f"honest {key}": value for key, value in honest.items()}


OUTCOMES = {
    "silent": Failure.REPLY_TIMEOUT,
    "half a header": Failure.REPLY_TIMEOUT,
    "half a body": Failure.REPLY_TIMEOUT,
    "trickles": Failure.REPLY_TIMEOUT,
    "floods the body": Failure.TOO_LARGE,
    "floods the header": Failure.TOO_LARGE,
    "floods one header": Failure.TOO_LARGE,
    "floods interim replies": Failure.TOO_LARGE,
    "floods chunk extensions": Failure.TOO_LARGE,
    "floods tiny chunks": Failure.TOO_LARGE,
    "floods the trailer": Failure.TOO_LARGE,
    "floods behind the answer": Failure.NOT_HTTP,
    "deep JSON": Failure.NO_ADDRESS,
    "JSON with many keys": Failure.NO_ADDRESS,
    "long numbers": Failure.SEVERAL_ADDRESSES,
    "many lines": Failure.NO_ADDRESS,
    "resets": Failure.RESET,
    "small TLS records": Failure.TOO_LARGE,
    "small TLS records of a header": Failure.TOO_LARGE,
    "many session tickets": Failure.TOO_LARGE,
    "silent behind TLS": Failure.REPLY_TIMEOUT,
    "floods under TLS": Failure.TOO_LARGE,
    "no handshake": Failure.REPLY_TIMEOUT,
    "floods a handshake message": Failure.TLS,
    "floods warnings": Failure.TLS,
    "trickles a handshake": Failure.REPLY_TIMEOUT,
    "floods noise": Failure.TLS,
    "floods HTTP": Failure.TLS,
    "does not accept": Failure.CONNECT_TIMEOUT,
}


@pytest.mark.parametrize(("name", "failure"), OUTCOMES.items())
async def test_a_hostile_observer_costs_the_others_nothing(urls: dict[str, str], name: str, failure: Failure) -> None:
    """Twenty good neighbours all keep their answers, and the hostile one ends at its deadline at the latest."""
    good = urls["honest TLS" if urls[name].startswith("https") else "honest plain"]
    trusting = make_tls_context(ca_file=urls["authority"])
    trusting_honest = make_tls_context(ca_file=urls["honest authority"])
    started_cpu, started = time.process_time(), time.monotonic()
    async with Session(concurrency=GOOD_ONES + 1, rate_per_second=None, resolve=resolving("127.0.0.1")) as session:
        asks = (
            probe(url, timeout_seconds=TIMEOUT_SECONDS, canary=False, tls_context=context, session=session)
            for url, context in [(urls[name], trusting)] + [(good, trusting_honest)] * GOOD_ONES
        )
        (hostile,), *others = await asyncio.gather(*asks)
        late_seconds = session.watch.stalled_seconds
    elapsed = time.monotonic() - started
    assert [seen.observed for (seen,) in others] == [LOOPBACK] * GOOD_ONES
    # What the machine itself took of the time is not the observer's.
    is_starved = failure is Failure.REPLY_TIMEOUT and late_seconds >= TIMEOUT_SECONDS / 4
    assert hostile.observed is None
    assert hostile.failure is failure or (is_starved and hostile.failure is Failure.STARVED)
    assert hostile.duration_seconds <= TIMEOUT_SECONDS + 0.1 + late_seconds
    assert elapsed <= TIMEOUT_SECONDS + 0.3 + late_seconds
    assert time.process_time() - started_cpu < MOST_CPU_SECONDS


def test_every_hostile_server_is_tried() -> None:
    """A server that is added gets a row."""
    assert OUTCOMES.keys() == {*PLAIN, *TLS, *RAW_TLS, "does not accept"}


async def test_hostile_observers_take_little_memory(urls: dict[str, str]) -> None:
    """All of them together, several times over, stay within bounds."""
    trusting = make_tls_context(ca_file=urls["authority"])
    names = [*PLAIN, *TLS, *RAW_TLS]

    async def ask_everyone() -> None:
        async with Session(concurrency=200, rate_per_second=None, resolve=resolving("127.0.0.1")) as session:
            asks = (
                probe(urls[name], timeout_seconds=TIMEOUT_SECONDS, canary=False, tls_context=trusting, session=session)
                for name in names * 3
            )
            seen = await asyncio.gather(*asks)
        assert [each.observed for (each,) in seen] == [None] * len(seen)

    await ask_everyone()  # so that what is made once does not count
    forget_peak()
    before = read_peak_megabytes()
    await ask_everyone()
    assert read_peak_megabytes() - before < MOST_MEGABYTES


def forget_peak() -> None:
    """Have the kernel forget the most memory so far (proc_pid_clear_refs(5))."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def read_peak_megabytes() -> float:
    """Read the most memory that this process has had."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM:")).split()[1]) / 1024
