"""The HTTP probe against real servers, honest and hostile, on loopback."""

from __future__ import annotations

import asyncio
import http.server
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from netaddr import IPAddress

from airflow_masq.observation.observation import Failure
from tests.probes.asking import MORNING, ask, ask_once
from tests.probes.servers import (
    Behaviour,
    echo,
    flooding,
    replying,
    serving,
    trickling,
)
from tests.probes.servers import (
    http as http_reply,
)

LOOPBACK = IPAddress("127.0.0.1")


async def test_an_honest_observer_is_believed() -> None:
    """The observation holds what the observer saw, and the socket's own addresses beside it."""
    async with serving(echo) as server:
        seen = await ask(server.url(path="/client-ip?a=b"))
    assert (seen.observed, seen.failure, seen.detail) == (LOOPBACK, None, "")
    assert (seen.destination, seen.destination_port) == (LOOPBACK, server.port)
    assert (str(seen.local_address), seen.local_port) == server.peers[0]
    assert seen.started_at == MORNING
    assert 0 < seen.duration_seconds < 5
    assert seen.url == server.url(path="/client-ip?a=b")


async def test_the_request_asks_for_an_address_and_for_the_end_of_the_connection() -> None:
    """Nothing keeps the connection alive, and nothing in the request names an address."""
    async with serving(echo) as server:
        await ask(server.url(path="/client-ip?a=b"))
    head = server.requests[0].decode("ascii")
    assert head.startswith("GET /client-ip?a=b HTTP/1.1\r\n")
    assert f"\r\nHost: 127.0.0.1:{server.port}\r\n" in head
    assert "\r\nConnection: close\r\n" in head
    assert "\r\nAccept: text/plain, application/json;q=0.9\r\n" in head
    assert "forwarded" not in head.lower()


async def test_every_attempt_has_a_socket_of_its_own() -> None:
    """Two attempts come from two ports, even where the observer would keep the connection."""
    kept = replying(http_reply(b"10.0.0.1", further=b"Connection: keep-alive\r\n"), ends=False)
    async with serving(kept) as server:
        seen = [await ask(server.url()) for _ in range(3)]
    assert [each.observed for each in seen] == [IPAddress("10.0.0.1")] * 3
    assert len({each.local_port for each in seen}) == 3
    assert {port for _, port in server.peers} == {each.local_port for each in seen}


async def test_the_standard_librarys_server_is_understood() -> None:
    """The server of another author is read as well."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(f"{self.client_address[0]}:{self.client_address[1]}".encode())

        def log_message(self, *_: object) -> None:
            """Keep the tests' output clean."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            seen = await ask(f"http://127.0.0.1:{server.server_address[1]}/")
        finally:
            server.shutdown()
            thread.join()
    assert seen.observed == LOOPBACK


async def test_proxies_in_the_environment_are_never_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """An http_proxy variable would put the proxy's address there, so it is not even contacted."""
    async with serving(echo) as observer, serving(replying(http_reply(b"6.6.6.6"))) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url())
        monkeypatch.delenv("no_proxy", raising=False)
        seen = await ask(observer.url())
    assert seen.observed == LOOPBACK
    assert not proxy.peers


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("reply", "address"),
    [
        pytest.param(CHUNKED + b"3\r\n10.\r\n5\r\n0.0.1\r\n0\r\n\r\n", "10.0.0.1", id="chunked"),
        pytest.param(b"HTTP/1.0 200 OK\r\n\r\n10.0.0.1\n", "10.0.0.1", id="a line, ends with the connection"),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\n10.0.0.1:5", "10.0.0.1", id="with port, ends with the connection"),
        pytest.param(b'HTTP/1.1 200 OK\r\n\r\n{"ip":"10.0.0.1"}', "10.0.0.1", id="JSON, ends with the connection"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n" + http_reply(b"10.0.0.1"), "10.0.0.1", id="interim reply first"),
        pytest.param(http_reply(b'{"origin": "::ffff:10.0.0.1"}'), "10.0.0.1", id="mapped, in JSON"),
        pytest.param(http_reply(b"10.0.0.1", head=b"203 Copied"), "10.0.0.1", id="a proxy's copy"),
        pytest.param(http_reply(b"10.0.0.1", further=b"Content-Encoding: Identity\r\n"), "10.0.0.1", id="identity"),
    ],
)
async def test_every_way_to_end_a_reply_is_understood(reply: bytes, address: str) -> None:
    """HTTP has several ways to say where a body ends."""
    assert (await ask_once(replying(reply))).observed == IPAddress(address)


@pytest.mark.parametrize(
    ("reply", "failure", "detail"),
    [
        pytest.param(
            http_reply(b"", head=b"302 Found", further=b"Location: http://169.254.169.254/\r\n"),
            Failure.REDIRECT,
            'HTTP 302 to "http://169.254.169.254/"',
            id="redirect",
        ),
        pytest.param(http_reply(b"", head=b"304 Not Modified"), Failure.REDIRECT, "HTTP 304", id="not modified"),
        pytest.param(
            http_reply(b"10.0.0.1", head=b"500 \x1b[31mOops"),
            Failure.HTTP_STATUS,
            r'HTTP 500 "\x1b[31mOops"',
            id="escape codes in the status line",
        ),
        pytest.param(
            http_reply(b"10.0.0.1", head=b"500 Broken"), Failure.HTTP_STATUS, 'HTTP 500 "Broken"', id="server error"
        ),
        pytest.param(http_reply(b"x", head=b"407 "), Failure.HTTP_STATUS, "HTTP 407", id="proxy wants a login"),
        pytest.param(
            http_reply(b"\x1b[2J\xe2\x80\xae10.0.0.1"),
            Failure.NO_ADDRESS,
            r'expected one IP address, saw other text: "\x1b[2J\u202e10.0.0.1"',
            id="escape codes in the body",
        ),
        pytest.param(http_reply(b""), Failure.NO_ADDRESS, "expected one IP address, saw an empty reply", id="empty"),
        pytest.param(
            b"HTTP/1.1 204 No Content\r\n\r\n",
            Failure.NO_ADDRESS,
            "expected one IP address, saw an empty reply",
            id="no content",
        ),
        pytest.param(
            http_reply(b"10.0.0.1", head=b"206 Partial Content", further=b"Content-Range: bytes 0-7/9\r\n"),
            Failure.HTTP_STATUS,
            'HTTP 206 "Partial Content"',
            id="a part of the reply",
        ),
        pytest.param(
            http_reply(b"10.0.0.1", head=b"201 Created"), Failure.HTTP_STATUS, 'HTTP 201 "Created"', id="created"
        ),
        pytest.param(
            http_reply(b"10.0.0.1", further="Content-Encoding: identity, gz\u009bip\r\n".encode("latin-1")),
            Failure.NO_ADDRESS,
            r'expected a body without a content coding, saw one: "gz\x9bip"',
            id="control characters in a header",
        ),
        pytest.param(
            http_reply(b"10.0.0.1", further=b"Content-Encoding: gzip\x1b\r\n"),
            Failure.NOT_HTTP,
            "the answer is not a complete HTTP/1.1 reply",
            id="escape codes in a header",
        ),
        pytest.param(
            http_reply(b"10.0.0.1", further=b"Content-Encoding: identity\r\nContent-Encoding: gzip\r\n"),
            Failure.NO_ADDRESS,
            'expected a body without a content coding, saw one: "gzip"',
            id="coded",
        ),
        pytest.param(
            http_reply(b"10.0.0.1, 10.0.0.2"),
            Failure.SEVERAL_ADDRESSES,
            ('expected one IP address, saw several addresses (an X-Forwarded-For chain?): "10.0.0.1, 10.0.0.2"'),
            id="chain",
        ),
        pytest.param(
            b"SSH-2.0-OpenSSH_9.6\r\n",
            Failure.NOT_HTTP,
            "the answer is not a complete HTTP/1.1 reply",
            id="another protocol",
        ),
        pytest.param(b"\x00" * 100, Failure.NOT_HTTP, "the answer is not a complete HTTP/1.1 reply", id="garbage"),
        pytest.param(b"", Failure.NOT_HTTP, "the server ended the connection without a reply", id="closes at once"),
        pytest.param(
            b"HTTP/1.1 20", Failure.NOT_HTTP, "the answer is not a complete HTTP/1.1 reply", id="half a header"
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n10.0.0.1",
            Failure.NOT_HTTP,
            "the answer is not a complete HTTP/1.1 reply",
            id="content length too large",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\nContent-Length: 9\r\n\r\n10.0.0.12",
            Failure.NOT_HTTP,
            "the answer is not a complete HTTP/1.1 reply",
            id="two content lengths",
        ),
        pytest.param(
            CHUNKED + b"8\r\n10.0.0.1\r\n",
            Failure.NOT_HTTP,
            "the answer is not a complete HTTP/1.1 reply",
            id="chunks without an end",
        ),
        pytest.param(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
            Failure.NOT_HTTP,
            "the answer is not a complete HTTP/1.1 reply",
            id="another protocol by upgrade",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nX: " + b"y" * 40_000 + b"\r\n\r\n10.0.0.1",
            Failure.TOO_LARGE,
            "the reply's header has more than 16384 bytes",
            id="gigantic header",
        ),
        pytest.param(
            http_reply(b"1" * 65_537), Failure.TOO_LARGE, "the reply has more than 65536 bytes", id="large body"
        ),
    ],
)
async def test_a_reply_without_an_address_has_the_name_of_its_failure(
    reply: bytes, failure: Failure, detail: str
) -> None:
    """Redirects, errors, other protocols and broken replies are told apart, and what they sent is harmless."""
    seen = await ask_once(replying(reply))
    assert (seen.failure, seen.detail) == (failure, detail)
    assert seen.local_address == LOOPBACK


async def test_a_redirect_is_not_followed() -> None:
    """A redirect cannot send the probe elsewhere."""
    async with serving(echo) as elsewhere:
        location = f"Location: {elsewhere.url()}\r\n".encode()
        seen = await ask_once(replying(http_reply(b"10.0.0.1", head=b"301 Moved", further=location)))
    assert seen.failure is Failure.REDIRECT
    assert not elsewhere.peers


@pytest.mark.parametrize(
    ("behaviour", "reads_request"),
    [
        pytest.param(replying(b"", ends=False), True, id="stalls after the request"),
        pytest.param(replying(b"", ends=False), False, id="stalls without reading"),
        pytest.param(replying(b"HTTP/1.1 200 OK\r\n", ends=False), True, id="stalls in the header"),
        pytest.param(replying(http_reply(b"10.0.0.1")[:-1], ends=False), True, id="stalls before the last byte"),
        pytest.param(trickling(http_reply(b"10.0.0.1"), pause_seconds=0.05), True, id="trickles"),
    ],
)
async def test_a_slow_server_does_not_outlast_the_deadline(behaviour: Behaviour, *, reads_request: bool) -> None:
    """The time is for the whole attempt, however busily a server sends single bytes."""
    seen = await ask_once(behaviour, timeout_seconds=0.3, reads_request=reads_request)
    assert (seen.failure, seen.detail) == (Failure.REPLY_TIMEOUT, "connected, no reply within 0.3 s")
    assert 0.29 < seen.duration_seconds < 2
    assert seen.destination == LOOPBACK


@pytest.mark.parametrize(
    ("head", "chunk"),
    [
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\n", b"1" * 16_384, id="body"),
        pytest.param(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 1000, id="header lines"),
        pytest.param(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100, id="interim replies"),
        pytest.param(CHUNKED, b"1;" + b"x" * 1000 + b"\r\n1\r\n", id="chunk extensions"),
    ],
)
async def test_a_flood_ends_the_attempt_at_once(head: bytes, chunk: bytes) -> None:
    """A server that never stops sending neither fills the memory nor uses up the time."""
    seen = await ask_once(flooding(head, chunk))
    assert seen.failure is Failure.TOO_LARGE
    assert seen.duration_seconds < 4


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=80), st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\n\r\n", CHUNKED]))
def test_no_reply_makes_the_probe_raise(noise: bytes, beginning: bytes) -> None:
    """Any bytes from a server become an observation."""
    seen = asyncio.run(ask_once(replying(beginning + noise)))
    assert (seen.observed is None) == (seen.failure is not None)
    assert seen.failure is not Failure.CRASHED
    assert seen.detail.isprintable()
