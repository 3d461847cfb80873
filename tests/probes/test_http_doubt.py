"""Replies that leave doubt whose they are, or whether they are whole: each is refused, and its honest twin is not."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from typing import TYPE_CHECKING

import pytest
from netaddr import IPAddress

from airflow_masq.observation.observation import Failure
from tests.probes.asking import ask, ask_all, ask_once
from tests.probes.servers import Behaviour, replying, serving
from tests.probes.servers import http as http_reply

if TYPE_CHECKING:
    from airflow_masq.observation.observation import Observation

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
CLOSE = b"Connection: close\r\n"
SURPLUS = "more bytes came after the end of the reply"
TWO_ENDS = "the reply has both a Content-Length and a Transfer-Encoding, so its end is in doubt"
OTHER_CODING = "the reply has a Transfer-Encoding other than chunked, so its end is in doubt"
INCOMPLETE = "the answer is not a complete HTTP/1.1 reply"
CUT_OFF = "expected one IP address, and a Content-Length or a line's end behind it, saw text that may have been cut off"
TOLD_ERROR = "expected one IP address, saw an error of the observer"


@pytest.mark.parametrize(
    ("reply", "failure", "detail"),
    [
        pytest.param(http_reply(b"10.0.0.1") + b"2", Failure.NOT_HTTP, SURPLUS, id="one byte beyond the length"),
        pytest.param(http_reply(b"10.0.0.1") + b"\r\n", Failure.NOT_HTTP, SURPLUS, id="a line's end beyond the length"),
        pytest.param(
            http_reply(b"10.0.0.1", further=CLOSE) + b"2", Failure.NOT_HTTP, SURPLUS, id="beyond, and then it closes"
        ),
        pytest.param(http_reply(b"10.0.0.1") + http_reply(b"10.0.0.2"), Failure.NOT_HTTP, SURPLUS, id="a second reply"),
        pytest.param(
            http_reply(b"10.0.0.1", further=CLOSE) + http_reply(b"10.0.0.1", further=CLOSE),
            Failure.NOT_HTTP,
            SURPLUS,
            id="a second reply that says the same",
        ),
        pytest.param(
            http_reply(b"", further=CLOSE) + http_reply(b"10.0.0.1"), Failure.NOT_HTTP, SURPLUS, id="an empty one first"
        ),
        pytest.param(
            b"HTTP/1.1 100 Continue\r\n\r\n" + http_reply(b"10.0.0.1") + b"2",
            Failure.NOT_HTTP,
            SURPLUS,
            id="beyond the length behind an interim reply",
        ),
        pytest.param(CHUNKED + b"8\r\n10.0.0.1\r\n0\r\n\r\n2", Failure.NOT_HTTP, SURPLUS, id="beyond the last chunk"),
        pytest.param(
            CHUNKED + b"8\r\n10.0.0.1\r\n0\r\n\r\n" + OK + b"\r\n",
            Failure.NOT_HTTP,
            SURPLUS,
            id="a second header behind the last chunk",
        ),
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n10.0.0.1", Failure.NOT_HTTP, SURPLUS, id="no content, and some"),
        pytest.param(
            OK + b"Content-Length: 8\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n10.0.0.1\r\n0\r\n\r\n",
            Failure.NOT_HTTP,
            TWO_ENDS,
            id="length beside chunked",
        ),
        pytest.param(
            OK + b"Transfer-Encoding: chunked\r\nContent-Length: 8\r\n\r\n8\r\n10.0.0.1\r\n0\r\n\r\n",
            Failure.NOT_HTTP,
            TWO_ENDS,
            id="chunked beside length",
        ),
        pytest.param(
            OK + b"Transfer-Encoding: gzip\r\n\r\n10.0.0.1\n", Failure.NOT_HTTP, OTHER_CODING, id="another coding"
        ),
        pytest.param(
            b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n10.0.0.1\r\n0\r\n\r\n",
            Failure.NOT_HTTP,
            OTHER_CODING,
            id="chunked before there were chunks",
        ),
        pytest.param(b"HTTP/2.0 200 OK\r\n\r\n10.0.0.1\n", Failure.NOT_HTTP, INCOMPLETE, id="another version"),
        pytest.param(b"HTTP/0.9 200 OK\r\n\r\n10.0.0.1\n", Failure.NOT_HTTP, INCOMPLETE, id="an old version"),
        pytest.param(
            http_reply(b"10.0.0.1").replace(b"HTTP/1.1", b"RTSP/1.0"), Failure.NOT_HTTP, INCOMPLETE, id="RTSP"
        ),
        pytest.param(
            b"HTTP/1.1 103 Hints\r\n\r\n" + http_reply(b"10.0.0.1").replace(b"HTTP/1.1", b"RTSP/1.0"),
            Failure.NOT_HTTP,
            INCOMPLETE,
            id="RTSP behind an interim reply",
        ),
        pytest.param(
            http_reply(b"10.0.0.1", further=b"X: " + b"y" * 16_384 + b"\r\n"),
            Failure.TOO_LARGE,
            "the reply's header has more than 16384 bytes",
            id="a header too large",
        ),
        pytest.param(
            CHUNKED + b"8\r\n10.0.0.1\r\n0\r\n" + b"X: y\r\n" * 501 + b"\r\n",
            Failure.TOO_LARGE,
            "more than 500 headers came beside the reply's own",
            id="a trailer too large",
        ),
        pytest.param(
            OK + b"Content-Length: 8, 8\r\n\r\n10.0.0.1", Failure.NOT_HTTP, INCOMPLETE, id="a list of lengths"
        ),
        pytest.param(OK + b"Content-Length: +8\r\n\r\n10.0.0.1", Failure.NOT_HTTP, INCOMPLETE, id="a signed length"),
        pytest.param(OK + b"Content-Length : 8\r\n\r\n10.0.0.1", Failure.NOT_HTTP, INCOMPLETE, id="blank before colon"),
        pytest.param(OK + b"X: a\r\n b\r\n\r\n10.0.0.1\n", Failure.NOT_HTTP, INCOMPLETE, id="a folded header"),
        pytest.param(b"HTTP/1.1 200 OK\n\n10.0.0.1\n", Failure.NOT_HTTP, INCOMPLETE, id="line ends without return"),
        pytest.param(OK + b"\r\n10.0.0.1", Failure.NO_ADDRESS, CUT_OFF + ': "10.0.0.1"', id="cut off without a length"),
        pytest.param(
            OK + b"\r\nh=x\nip=10.0.0.1", Failure.NO_ADDRESS, CUT_OFF + r': "h=x\nip=10.0.0.1"', id="cut off in a line"
        ),
        pytest.param(
            OK + b"\r\n2001:db8::1", Failure.NO_ADDRESS, CUT_OFF + ': "2001:db8::1"', id="IPv6 that was cut off"
        ),
        pytest.param(
            http_reply(b'{"error": "quota", "ip": "10.0.0.1"}'),
            Failure.NO_ADDRESS,
            TOLD_ERROR + ': "{"error": "quota", "ip": "10.0.0.1"}"',
            id="an error beside an address",
        ),
    ],
)
async def test_a_reply_that_leaves_doubt_is_refused(reply: bytes, failure: Failure, detail: str) -> None:
    """Bytes too many, two ends, a second reply, a text without its end or an error: none of them is an address."""
    seen = await ask_once(replying(reply))
    assert (seen.observed, seen.failure, seen.detail) == (None, failure, detail)


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(http_reply(b"10.0.0.1"), id="a length"),
        pytest.param(http_reply(b"10.0.0.1", further=CLOSE), id="a length, and closes"),
        pytest.param(CHUNKED + b"8\r\n10.0.0.1\r\n0\r\n\r\n", id="chunks"),
        pytest.param(CHUNKED + b"8;x=y\r\n10.0.0.1\r\n0\r\nX: y\r\n\r\n", id="chunks with extension and trailer"),
        pytest.param(OK + b"\r\n10.0.0.1\n", id="a line"),
        pytest.param(OK + b"\r\n10.0.0.1\r\n", id="a line of Windows"),
        pytest.param(OK + b"\r\n10.0.0.1:4711", id="a port"),
        pytest.param(OK + b'\r\n{"ip": "10.0.0.1"}', id="JSON"),
        pytest.param(OK + b'\r\n{"ip": "10.0.0.1"}\n', id="JSON and a line's end"),
    ],
)
@pytest.mark.parametrize("is_split", [False, True])
async def test_the_honest_twin_of_each_is_believed(reply: bytes, *, is_split: bool) -> None:
    """Whatever tells its own end is an answer, also where every byte comes alone."""

    async def split(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for byte in reply:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0)
        writer.close()
        await writer.wait_closed()

    seen = await ask_once(split if is_split else replying(reply))
    assert (seen.observed, seen.detail) == (IPAddress("10.0.0.1"), "")


@pytest.mark.parametrize("further", [b"", CLOSE])
async def test_a_second_reply_that_comes_later_is_noticed(further: bytes) -> None:
    """What is queued behind the answer is waited for, for a moment."""

    async def reply_twice(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(http_reply(b"10.0.0.1", further=further))
        await writer.drain()
        await asyncio.sleep(0.03)
        writer.write(http_reply(b"10.0.0.2", further=further))
        await writer.drain()

    seen = await ask_once(reply_twice)
    assert (seen.failure, seen.detail) == (Failure.NOT_HTTP, SURPLUS)


async def test_an_observer_that_keeps_the_connection_open_costs_a_moment() -> None:
    """An observer that does not close as it was asked to is believed, and not waited for until the deadline."""
    seen = await ask_once(replying(http_reply(b"10.0.0.1"), ends=False))
    assert seen.observed == IPAddress("10.0.0.1")
    assert 0.09 < seen.duration_seconds < 1


async def _ask_with_canary(behaviour: Behaviour) -> tuple[Observation, ...]:
    async with serving(behaviour, reads_request=False) as server:
        return await ask_all(server.url())


@pytest.mark.parametrize("pause_seconds", [0, 0.01])
async def test_a_reply_before_the_request_is_refused(pause_seconds: float) -> None:
    """What an observer says before it was asked is not about this connection."""

    async def reply_unasked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(pause_seconds)
        writer.write(http_reply(b"10.0.0.1"))
        await writer.drain()
        await reader.read()

    (seen,) = await _ask_with_canary(reply_unasked)
    assert (seen.observed, seen.failure) == (None, Failure.NOT_HTTP)
    assert seen.detail == "the observer answered before it had the whole request"


async def test_a_reply_that_waits_already_is_refused_without_a_canary_too() -> None:
    """A reply that is there before the request is sent is noticed at no cost."""

    def reply_unasked(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(ConnectionResetError):
            connection.sendall(http_reply(b"10.0.0.1"))
            connection.recv(1)

    def open_slowly(family: socket.AddressFamily, kind: socket.SocketKind) -> socket.socket:
        asyncio.get_running_loop().call_soon(time.sleep, 0.2)  # the observer is first
        return socket.socket(family, kind)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        answering = asyncio.create_task(asyncio.to_thread(reply_unasked, listener))
        seen = await ask(f"http://127.0.0.1:{listener.getsockname()[1]}/", open_socket=open_slowly)
        await answering
    assert (seen.failure, seen.detail) == (
        Failure.NOT_HTTP,
        "the observer answered before it had the whole request",
    )
