"""Hostile observers and an honest one, in a process of their own, so that their work is not the prober's.

    python -m tests.probes.hostile_servers FOLDER

``FOLDER`` is where the certificates are made. The first line of the output is a JSON object, from each name to a URL.
The process ends with its input.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import socket
import ssl
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.probes.servers import Behaviour, certificates, echo, flooding, http, replying, resetting, trickling

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

OK: Final = b"HTTP/1.1 200 OK\r\n"
CHUNKED: Final = OK + b"Transfer-Encoding: chunked\r\n\r\n"
MANY_TICKETS: Final = 5_000
_BROKEN: Final = (ConnectionError, ssl.SSLError, asyncio.IncompleteReadError)

# A record of TLS 1.2's handshake protocol with a ServerHello that claims to be long, and the parts of it that follow.
_LONG_HELLO: Final = b"\x16\x03\x03\x00\x04\x02\x00\x40\x00"
_HELLO_PART: Final = b"\x16\x03\x03\x00\x01\x00"
_WARNING: Final = b"\x15\x03\x03\x00\x02\x01\x5a"


async def send_small_records(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send one byte in each TLS record, as fast as can be."""
    writer.write(OK + b"\r\n")
    while not writer.is_closing():
        for _number in range(100):
            writer.write(b"1")  # each write is a record
        await writer.drain()
        await asyncio.sleep(0)  # the other connections of this process have their turn


async def send_small_header_records(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send a valid answer one byte to a record, between many empty header lines."""
    for byte in OK + b"X: y\r\n" * 3000:
        writer.write(bytes([byte]))
    await writer.drain()
    await asyncio.Event().wait()


PLAIN: Final[dict[str, Behaviour]] = {
    "silent": replying(b"", ends=False),
    "half a header": replying(OK, ends=False),
    "half a body": replying(http(b"10.0.0.1")[:-1], ends=False),
    "trickles": trickling(http(b"1" * 4000), pause_seconds=0.001),
    "floods the body": flooding(OK + b"\r\n", b"1" * 16_384),
    "floods the header": flooding(OK, b"X: y\r\n" * 1000),
    "floods one header": flooding(OK + b"X: ", b"y" * 16_384),
    "floods interim replies": flooding(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 500),
    "floods chunk extensions": flooding(CHUNKED, b"1;" + b"x" * 1000 + b"\r\n1\r\n"),
    "floods tiny chunks": flooding(CHUNKED, b"1\r\n1\r\n" * 2000),
    "floods the trailer": flooding(CHUNKED + b"8\r\n10.0.0.1\r\n0\r\n", b"X: y\r\n" * 1000),
    "floods behind the answer": flooding(http(b"10.0.0.1"), b"x" * 16_384),
    "deep JSON": replying(http(b'{"a":' * 12_000)),
    "JSON with many keys": replying(
        http(b'{"ip":"x",' + b",".join(b'"x-forwarded-%d":"x"' % n for n in range(2500)) + b"}")
    ),
    "long numbers": replying(http(b"[" + b",".join([b"9" * 4000] * 15) + b"]")),
    "many lines": replying(http(b"a=b\n" * 16_000)),
    "resets": resetting,
}

TLS: Final[dict[str, Behaviour]] = {
    "small TLS records": send_small_records,
    "small TLS records of a header": send_small_header_records,
    "many session tickets": replying(b"", ends=False),
    "silent behind TLS": replying(b"", ends=False),
    "floods under TLS": flooding(OK + b"\r\n", b"1" * 16_384),
}

RAW_TLS: Final[dict[str, Behaviour]] = {
    "no handshake": replying(b"", ends=False),
    "floods a handshake message": flooding(_LONG_HELLO, _HELLO_PART * 2000),
    "floods warnings": flooding(b"", _WARNING * 2000),
    "trickles a handshake": trickling(_LONG_HELLO + _HELLO_PART * 600, pause_seconds=0.001),
    "floods noise": flooding(b"", b"\x00" * 16_384),
    "floods HTTP": flooding(b"HTTP/1.1 400 Bad Request\r\n", b"X: y\r\n" * 1000),
}


def serving(behaviour: Behaviour, *, reads_request: bool) -> Callable[..., Awaitable[None]]:
    """Make what asyncio's server calls for each connection."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(*_BROKEN):
            if reads_request:
                await reader.readuntil(b"\r\n\r\n")
            await behaviour(reader, writer)
        writer.transport.abort()

    return serve


async def main(folder: Path) -> None:
    """Serve until the input ends."""
    logging.disable()  # asyncio tells of each write to a connection that has ended
    authority, context = certificates(folder)
    with_tickets = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with_tickets.load_cert_chain(folder / "server.pem")
    with_tickets.num_tickets = MANY_TICKETS
    urls: dict[str, str] = {"authority": str(authority)}

    async def start(
        name: str, behaviour: Behaviour, *, tls: ssl.SSLContext | None, scheme: str, reads_request: bool
    ) -> None:
        server = await asyncio.start_server(
            serving(behaviour, reads_request=reads_request), "127.0.0.1", 0, ssl=tls, backlog=500
        )
        host = "127.0.0.1" if scheme == "http" else "localhost"
        urls[name] = f"{scheme}://{host}:{server.sockets[0].getsockname()[1]}/"

    await start("plain", echo, tls=None, scheme="http", reads_request=True)
    await start("TLS", echo, tls=context, scheme="https", reads_request=True)
    for name, behaviour in PLAIN.items():
        await start(name, behaviour, tls=None, scheme="http", reads_request=True)
    for name, behaviour in TLS.items():
        tls = with_tickets if name == "many session tickets" else context
        await start(name, behaviour, tls=tls, scheme="https", reads_request=True)
    for name, behaviour in RAW_TLS.items():
        await start(name, behaviour, tls=None, scheme="https", reads_request=False)
    full = socket.create_server(("127.0.0.1", 0), backlog=0)
    port = full.getsockname()[1]
    waiting = socket.create_connection(("127.0.0.1", port))  # the queue is full, and further packets are dropped
    urls["does not accept"] = f"http://127.0.0.1:{port}/"
    print(json.dumps(urls), flush=True)  # noqa: T201 - what the tests read
    await asyncio.to_thread(sys.stdin.read)
    waiting.close()
    full.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
