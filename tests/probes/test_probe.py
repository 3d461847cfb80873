"""One call asks every address of a name, repeats what may pass, and finds the probe for the URL's scheme."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import sys
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from netaddr import IPAddress

from airflow_masq.observation.observation import Failure
from airflow_masq.probes import MOST_ADDRESSES, Session, probe
from tests.probes.asking import ask, ask_all, resolving
from tests.probes.servers import Behaviour, Server, echo, replying, resetting, serving
from tests.probes.servers import http as http_reply

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from airflow_masq.probes import Resolved

LOOPBACK = IPAddress("127.0.0.1")
REPOSITORY = Path(__file__).parents[2]
MOST_MODULES = 27


async def test_a_scheme_without_a_probe_is_named() -> None:
    """A target of a kind that cannot be asked is an error of its own, without its credentials."""
    (seen,) = await probe("gopher://user:hunter2@example/", timeout_seconds=1)
    assert seen.failure is Failure.UNUSABLE_TARGET
    assert seen.detail == "expected http or https, saw gopher"
    assert seen.url == "gopher://***@example/"
    assert seen.started_at.tzinfo is UTC


async def test_the_table_of_probes_finds_the_one_for_http() -> None:
    """One call serves every scheme."""
    async with serving(echo) as server:
        (seen,) = await probe(server.url().replace("http", "HTTP"), timeout_seconds=5)
    assert seen.observed == LOOPBACK


@contextlib.asynccontextmanager
async def serving_at(behaviours: dict[str, Behaviour]) -> AsyncIterator[tuple[int, dict[str, Server]]]:
    """Serve at several addresses and one port."""
    async with contextlib.AsyncExitStack() as stack:
        servers: dict[str, Server] = {}
        port = 0
        for host, behaviour in behaviours.items():
            servers[host] = await stack.enter_async_context(serving(behaviour, host=host, port=port))
            port = servers[host].port
        yield port, servers


async def test_every_address_of_a_name_is_asked() -> None:
    """Where one of a name's addresses sees a leak, it is told, whichever the resolver names first."""
    masqueraded, leaking = replying(http_reply(b"10.128.0.2")), replying(http_reply(b"192.168.0.5"))
    async with serving_at({"127.0.0.1": masqueraded, "127.0.0.2": leaking, "::1": leaking}) as (port, _):
        url = f"http://observer.example:{port}/"
        seen = await ask_all(url, resolve=resolving("127.0.0.1", "127.0.0.2", "::1"))
    assert [(str(each.destination), str(each.observed)) for each in seen] == [
        ("127.0.0.1", "10.128.0.2"),
        ("127.0.0.2", "192.168.0.5"),
        ("::1", "192.168.0.5"),
    ]


async def test_a_dead_address_is_told_and_hides_no_other() -> None:
    """An address that refuses and one that resets stand beside the one that answers."""
    async with serving_at({"127.0.0.1": resetting, "127.0.0.2": echo}) as (port, _):
        url = f"http://observer.example:{port}/"
        seen = await ask_all(url, resolve=resolving("127.0.0.1", "127.0.0.3", "127.0.0.2"))
    assert [each.failure for each in seen] == [Failure.RESET, Failure.REFUSED, None]
    assert seen[2].observed is not None


async def test_another_attempt_asks_the_same_address() -> None:
    """A retry cannot hide what one address says behind the answer of another."""
    async with serving_at({"127.0.0.1": resetting, "127.0.0.2": echo}) as (port, servers):
        url = f"http://observer.example:{port}/"
        seen = await ask_all(url, resolve=resolving("127.0.0.1", "127.0.0.2"), attempts=3, wait_seconds=0, canary=False)
    assert [str(each.destination) for each in seen] == ["127.0.0.1"] * 3 + ["127.0.0.2"]
    assert [each.failure for each in seen] == [Failure.RESET] * 3 + [None]
    assert len(servers["127.0.0.2"].requests) == 1


async def test_what_another_attempt_cannot_change_is_not_tried_again() -> None:
    """An error page is an answer."""
    async with serving(replying(http_reply(b"", head=b"500 Broken"))) as server:
        seen = await ask_all(server.url(), attempts=5, wait_seconds=0)
    assert [each.failure for each in seen] == [Failure.HTTP_STATUS]
    assert len(server.requests) == 1


async def test_an_address_that_is_named_twice_is_asked_once() -> None:
    """An address and its IPv4-mapped form are the same destination."""
    async with serving(echo) as server:
        url = server.url(host="observer.example")
        resolve = resolving("127.0.0.1", "::ffff:127.0.0.1", "127.0.0.1")
        (seen,) = await ask_all(url, resolve=resolve, canary=False)
    assert (seen.observed, seen.destination) == (LOOPBACK, LOOPBACK)
    assert len(server.requests) == 1
    assert f"Host: observer.example:{server.port}".encode() in server.requests[0]


async def test_the_number_of_addresses_is_bounded_and_the_rest_is_told() -> None:
    """A name with very many addresses is no way to make a check into a flood, and what was not asked is no secret."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nothing listens here
        url = f"http://many.example:{taken.getsockname()[1]}/"
        addresses = [f"127.0.1.{number}" for number in range(1, MOST_ADDRESSES + 4)]
        *asked, last = await ask_all(url, resolve=resolving(*addresses))
    assert [str(each.destination) for each in asked] == addresses[:MOST_ADDRESSES]
    assert last.failure is Failure.UNUSABLE_TARGET
    assert last.detail == (
        f"many.example has {len(addresses)} addresses, of which 16 were asked: name the others in targets of their own"
    )


async def test_a_name_without_an_address_is_named() -> None:
    """A misspelt name has a failure of its own, with the resolver's words, and is tried again."""

    async def resolve(_host: str, _port: int) -> Sequence[Resolved]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    seen = await ask_all("http://nowhere.example/", resolve=resolve, attempts=3, wait_seconds=0)
    assert [each.failure for each in seen] == [Failure.NAME_UNRESOLVED] * 3
    assert seen[0].detail == "nowhere.example was not resolved: Name or service not known"
    assert (seen[0].destination, seen[0].local_address) == (None, None)


async def test_no_address_at_all_is_an_observation_too() -> None:
    """A resolver that gives an empty list leaves no target without an observation, which would look like a success."""
    (seen,) = await ask_all("http://observer.example/", resolve=resolving())
    assert (seen.failure, seen.detail) == (Failure.NAME_UNRESOLVED, "observer.example has no address")


async def test_a_name_that_is_resolved_in_the_end_is_asked() -> None:
    """A DNS that comes up late costs an attempt, and no answer."""
    failures = iter([True])

    async with serving(echo) as server:

        async def resolve(_host: str, port: int) -> Sequence[Resolved]:
            if next(failures, False):
                raise OSError
            return [(socket.AF_INET, ("127.0.0.1", port))]

        url = server.url(host="late.example")
        seen = await ask_all(url, resolve=resolve, attempts=2, wait_seconds=0)
    assert [each.failure for each in seen] == [Failure.NAME_UNRESOLVED, None]
    assert seen[0].detail == "late.example was not resolved: OSError"


async def test_a_silent_dns_server_does_not_outlast_the_deadline() -> None:
    """Name resolution has the same time limit as an attempt."""

    async def resolve(host: str, port: int) -> Sequence[Resolved]:
        await asyncio.Event().wait()
        raise AssertionError(host, port)

    seen = await ask("http://slow.example/", timeout_seconds=0.2, resolve=resolve)
    assert (seen.failure, seen.detail) == (Failure.NAME_UNRESOLVED, "no answer from DNS within 0.2 s")
    assert 0.19 < seen.duration_seconds < 2


@pytest.mark.parametrize("concurrency", [1, 7])
async def test_no_more_are_open_at_once_than_was_said(concurrency: int) -> None:
    """A check of many targets opens few connections at a time."""
    open_now = most = 0

    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        await asyncio.sleep(0.01)
        open_now -= 1
        await echo(reader, writer)

    async with (
        serving(count) as server,
        Session(concurrency=concurrency, rate_per_second=None) as session,
    ):
        asks = (probe(server.url(), timeout_seconds=5, canary=False, session=session) for _ in range(30))
        seen = await asyncio.gather(*asks)
    assert [each.observed for (each,) in seen] == [LOOPBACK] * 30
    assert most == concurrency


async def test_the_time_of_an_attempt_begins_with_the_attempt() -> None:
    """A target that waits behind slow ones loses none of its own time."""

    async def answer_slowly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.15)
        await echo(reader, writer)

    async with serving(answer_slowly) as server, Session(concurrency=1) as session:
        asks = (probe(server.url(), timeout_seconds=1, canary=False, session=session) for _ in range(10))
        seen = await asyncio.gather(*asks)
    assert [each.observed for (each,) in seen] == [LOOPBACK] * 10
    assert max(each.duration_seconds for (each,) in seen) < 1


def test_importing_the_probes_loads_little(tmp_path: Path) -> None:
    """A probe starts at once: it needs neither the plan nor the judge, nor Airflow, nor Google."""
    program = "import sys; before = set(sys.modules); import airflow_masq.probes; print(*set(sys.modules) - before)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(REPOSITORY)},
        timeout=60,
    )
    modules = done.stdout.split()
    assert {name.split(".")[0] for name in modules} & {"airflow", "google", "grpc", "yaml"} == set()
    assert {name.split(".")[1] for name in modules if name.startswith("airflow_masq.")} <= {
        "network",
        "observation",
        "probes",
        "text",
        "exceptions",
    }
    assert 1 < len([name for name in modules if name.split(".")[0] == "airflow_masq"]) <= MOST_MODULES
