"""One conversation over one socket: long requests, late ends, and what is sure of them."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

from netaddr import IPAddress

from airflow_masq.observation.observation import Failure
from airflow_masq.probes import make_tls_context
from tests.probes.asking import ask, resolving
from tests.probes.servers import certificates, resetting, serving
from tests.probes.servers import http as http_reply

if TYPE_CHECKING:
    from pathlib import Path

ADDRESS = IPAddress("10.0.0.1")
LONG = "a" * 300_000


def open_narrow(family: socket.AddressFamily, kind: socket.SocketKind) -> socket.socket:
    """Open a socket that takes little at a time."""
    opened = socket.socket(family, kind)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    return opened


async def test_a_request_that_the_socket_takes_in_parts_arrives_whole() -> None:
    """A long header of a connection is sent to its end, however slowly the observer reads."""
    received = bytearray()

    async def read_slowly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not received.endswith(b"\r\n\r\n"):
            received.extend(await reader.read(50_000))
            await asyncio.sleep(0.002)
        writer.write(http_reply(b"10.0.0.1"))
        await writer.drain()

    async with serving(read_slowly, reads_request=False) as server:
        seen = await ask(server.url(), headers=[("X-Long", LONG)], open_socket=open_narrow)
    assert (seen.observed, seen.detail) == (ADDRESS, "")
    assert f"X-Long: {LONG}\r\n".encode() in received


async def test_an_observer_that_does_not_read_ends_with_the_deadline() -> None:
    """A request that cannot be sent is given up in time."""

    async def read_nothing(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with serving(read_nothing, reads_request=False) as server:
        headers = [("X-Long", LONG * 20)]
        seen = await ask(server.url(), headers=headers, open_socket=open_narrow, timeout_seconds=1)
    assert seen.failure is Failure.REPLY_TIMEOUT


async def test_a_reset_behind_a_whole_answer_takes_nothing_of_it_back() -> None:
    """An observer that tears the connection down once it has answered has answered."""

    async def answer_and_reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(http_reply(b"10.0.0.1"))
        await writer.drain()
        await asyncio.sleep(0.02)
        await resetting(reader, writer)

    async with serving(answer_and_reset) as server:
        seen = await ask(server.url())
    assert (seen.observed, seen.detail) == (ADDRESS, "")
    assert seen.duration_seconds < 1


async def test_a_whole_encrypted_answer_needs_no_ending_of_tls(tmp_path: Path) -> None:
    """Where a length says that the answer is whole, the connection may end as it likes."""

    async def answer_and_end(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(http_reply(b"10.0.0.1"))
        await writer.drain()
        writer.get_extra_info("socket").shutdown(socket.SHUT_WR)

    authority, context = certificates(tmp_path)
    async with serving(answer_and_end, tls=context) as server:
        seen = await ask(
            server.url(scheme="https", host="localhost"),
            tls_context=make_tls_context(ca_file=authority),
            resolve=resolving("127.0.0.1"),
        )
    assert (seen.observed, seen.detail) == (ADDRESS, "")
