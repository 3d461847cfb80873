"""What the HTTP probe asks with: a number that no cache knows, and an invented client that none should believe."""

from __future__ import annotations

import json
import random
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from netaddr import IPAddress, IPNetwork

from airflow_masq.observation.observation import Canary, Failure
from airflow_masq.probes.http_request import CANARY_BLOCKS, choose_canary, write_canary
from tests.probes.asking import ask_all
from tests.probes.servers import Behaviour, Server, echo, replying, resetting, serving
from tests.probes.servers import http as http_reply

if TYPE_CHECKING:
    import asyncio

    from airflow_masq.observation.observation import Observation

LOOPBACK = IPAddress("127.0.0.1")


def read_headers(request: bytes) -> dict[str, str]:
    """Read the header of a request."""
    lines = request.decode("latin-1").split("\r\n")[1:]
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines) if name}


def answering(write: object) -> tuple[Behaviour, Server]:
    """Make an observer that writes its answer from the request's headers and the peer's address."""
    seen = Server()

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        seen.requests.append(request)
        body = write(read_headers(request), str(writer.get_extra_info("peername")[0]))  # type: ignore[operator] # tests
        await replying(http_reply(body.encode()))(reader, writer)

    return behave, seen


async def ask_through(write: object, *, host: str = "127.0.0.1") -> tuple[tuple[Observation, ...], list[bytes]]:
    """Ask such an observer."""
    behaviour, seen = answering(write)
    async with serving(behaviour, reads_request=False, host=host) as server:
        return await ask_all(server.url(host="[::1]" if ":" in host else host)), seen.requests


async def test_every_request_is_a_fresh_one() -> None:
    """Each has its own number in the query, forbids caches to keep it, and has a connection of its own."""
    async with serving(echo) as server:
        (seen,) = await ask_all(server.url(path="/client-ip?a=b"))
        (bare,) = await ask_all(server.url())
    lines = [request.split(b"\r\n")[0] for request in server.requests]
    numbers = [re.search(rb"[?&]airflow-masq-nonce=([0-9a-f]{16}) HTTP/1.1$", line) for line in lines]
    assert [line.split(b"airflow")[0] for line in lines] == [b"GET /client-ip?a=b&"] * 2 + [b"GET /?"] * 2
    assert len({number[1] for number in numbers if number}) == 4
    assert all(b"\r\nCache-Control: no-store\r\n" in request for request in server.requests)
    assert len({port for _, port in server.peers}) == 4
    assert (seen.nonce_sent, bare.nonce_sent) == (True, True)
    assert "nonce" not in seen.url


async def test_a_target_may_switch_both_off() -> None:
    """An observer that refuses unknown parameters, or a second request, is asked plainly."""
    async with serving(echo) as server:
        (seen,) = await ask_all(server.url(path="/client-ip"), nonce=False, canary=False)
    (request,) = server.requests
    assert request.startswith(b"GET /client-ip HTTP/1.1\r\n")
    assert b"forwarded" not in request.lower()
    assert (seen.nonce_sent, seen.canary) == (False, Canary.NOT_ASKED)


async def test_only_the_second_request_names_a_canary() -> None:
    """The answer comes from a request that names no address; the second names the canary in each header."""
    async with serving(echo) as server:
        (seen,) = await ask_all(server.url())
    first, second = map(read_headers, server.requests)
    assert "forwarded" not in repr(first)
    canary = IPAddress(second["x-forwarded-for"])
    assert any(canary in block for block in CANARY_BLOCKS)
    assert (second["x-real-ip"], second["forwarded"]) == (str(canary), f"for={canary}")
    assert (seen.observed, seen.canary, seen.intermediaries) == (LOOPBACK, Canary.IGNORED, ())


HIDDEN = "its last part hidden"
REPEATING = {
    "X-Forwarded-For": lambda headers, peer: headers.get("x-forwarded-for", peer),
    "X-Real-IP": lambda headers, peer: headers.get("x-real-ip", peer),
    "X-Client-IP": lambda headers, peer: headers.get("x-client-ip", peer),
    "X-Cluster-Client-IP": lambda headers, peer: headers.get("x-cluster-client-ip", peer),
    "True-Client-IP": lambda headers, peer: headers.get("true-client-ip", peer),
    "Forwarded": lambda headers, peer: headers.get("forwarded", f"for={peer}").removeprefix("for=").strip('"[]'),
    "Forwarded as it is": lambda headers, peer: headers.get("forwarded", peer),
    "a list": lambda headers, peer: ", ".join(filter(None, (headers.get("x-forwarded-for"), peer))),
    "httpbin": lambda headers, peer: json.dumps({"origin": headers.get("x-forwarded-for", peer)}),
    HIDDEN: lambda headers, peer: re.sub(r"\d+$", "0", headers.get("x-forwarded-for", peer)),
}


@pytest.mark.parametrize(
    ("name", "host"),
    [(name, host) for name in REPEATING for host in ("127.0.0.1", "::1") if (name, host) != (HIDDEN, "::1")],
)
async def test_an_observer_that_repeats_what_it_is_told_is_unmasked(name: str, host: str) -> None:
    """An observer that names the client that a header names shows nothing of the packet's source."""
    (seen,), _ = await ask_through(REPEATING[name], host=host)
    assert seen.canary is Canary.REPEATED
    assert seen.observed is not None


async def test_an_observer_that_prints_the_request_is_honest() -> None:
    """An echo server shows our own canary among the headers. That is no proxy's trace, and not the address either."""

    def write(headers: dict[str, str], peer: str) -> str:
        return json.dumps({"ip": peer, "headers": headers})

    (seen,), _ = await ask_through(write)
    assert (seen.observed, seen.canary, seen.intermediaries) == (LOOPBACK, Canary.IGNORED, ())


async def test_a_proxy_that_appends_to_the_canary_is_told() -> None:
    """What a proxy adds behind the invented client is a trace of it."""

    def write(headers: dict[str, str], peer: str) -> str:
        if "x-forwarded-for" in headers:
            headers["x-forwarded-for"] += ", 10.9.9.9"
        return json.dumps({"ip": peer, "headers": headers})

    (seen,), requests = await ask_through(write)
    canary = read_headers(requests[1])["x-forwarded-for"]
    assert (seen.canary, seen.intermediaries) == (Canary.IGNORED, (f"x-forwarded-for {canary}, 10.9.9.9",))


@pytest.mark.parametrize(
    "second",
    [
        pytest.param(replying(http_reply(b"no", head=b"403 Forbidden")), id="refused"),
        pytest.param(resetting, id="reset"),
        pytest.param(replying(http_reply(b"10.0.0.1, 10.0.0.2")), id="other addresses"),
    ],
)
async def test_an_answer_without_its_proof_is_told(second: Behaviour) -> None:
    """Where the request with the canary fails, the first answer stands, and nothing is claimed of it."""
    requests = 0

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal requests
        requests += 1
        await (echo if requests == 1 else second)(reader, writer)

    async with serving(behave) as server:
        (seen,) = await ask_all(server.url())
    assert (seen.observed, seen.failure, seen.canary) == (LOOPBACK, None, Canary.UNANSWERED)


async def test_an_address_that_changes_between_the_two_is_told_twice() -> None:
    """Where the second request shows another address, the way there is not always the same: both are evidence."""
    addresses = iter(["10.128.0.2", "192.168.0.5"])
    (first, second), _ = await ask_through(lambda _headers, _peer: next(addresses))
    assert [str(first.observed), str(second.observed)] == ["10.128.0.2", "192.168.0.5"]
    assert {first.canary, second.canary} == {Canary.OTHER_ADDRESS}
    assert first.local_port != second.local_port


async def test_a_failed_answer_is_not_tested() -> None:
    """There is nothing to prove of an error."""
    async with serving(replying(http_reply(b"", head=b"500 Broken"))) as server:
        (seen,) = await ask_all(server.url())
    assert (seen.failure, seen.canary) == (Failure.HTTP_STATUS, Canary.NOT_ASKED)
    assert len(server.requests) == 1


async def test_the_canary_takes_the_place_of_a_connections_own_header() -> None:
    """A connection that sends X-Forwarded-For itself sends it once."""
    async with serving(echo) as server:
        await ask_all(server.url(), headers=[("x-forwarded-for", "10.1.1.1"), ("X-Team", "data")])
    first, second = server.requests
    assert b"x-forwarded-for: 10.1.1.1\r\n" in first
    assert second.lower().count(b"x-forwarded-for") == 1
    assert b"10.1.1.1" not in second
    assert b"X-Team: data\r\n" in second


@given(st.ip_addresses().map(str).map(IPAddress), st.integers())
def test_a_canary_is_an_unused_address_and_not_the_observed_one(observed: IPAddress, seed: int) -> None:
    """An invented address is of a block for documentation, of the same kind, and another."""
    canary = choose_canary(observed, randomness=random.Random(seed))  # noqa: S311 - repeatable
    assert canary.version == observed.version
    assert canary != observed
    assert any(canary in block and int(canary) not in {block.first, block.last} for block in CANARY_BLOCKS)


def test_the_observed_address_is_never_chosen() -> None:
    """Where an observer's answer is the first choice, there is another."""
    block = IPNetwork("198.51.100.0/24")

    class Repeating(random.Random):
        """Chooses the observed address first."""

        numbers = iter([block.first + 1, block.first + 7])

        def choice(self, blocks: Any) -> Any:  # noqa: ANN401 - as the library has it
            return blocks[1]

        def randint(self, _least: int, _most: int) -> int:
            return int(next(self.numbers))

    assert choose_canary(block[1], randomness=Repeating()) == block[7]


def test_a_canary_is_written_as_the_headers_want_it() -> None:
    """Forwarded has IPv6 in brackets and quotes, the others have it plain."""
    *plain, forwarded = write_canary(IPAddress("192.0.2.1"))
    assert forwarded == ("Forwarded", "for=192.0.2.1")
    assert {value for _, value in plain} == {"192.0.2.1"}
    assert write_canary(IPAddress("2001:db8::1"))[-1] == ("Forwarded", 'for="[2001:db8::1]"')
