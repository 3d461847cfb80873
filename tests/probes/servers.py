"""Real servers on loopback, each misbehaving in one way, for the tests of probes."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from pathlib import Path

Behaviour: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

_BROKEN = (ConnectionError, ssl.SSLError, asyncio.IncompleteReadError)


@dataclass
class Server:
    """A server on loopback, and what it has seen."""

    port: int = 0
    requests: list[bytes] = field(default_factory=list)
    peers: list[tuple[str, int]] = field(default_factory=list)

    def url(self, *, scheme: str = "http", host: str = "127.0.0.1", path: str = "/") -> str:
        """Give a URL of it."""
        return f"{scheme}://{host}:{self.port}{path}"


@contextlib.asynccontextmanager
async def serving(
    behaviour: Behaviour,
    *,
    tls: ssl.SSLContext | None = None,
    reads_request: bool = True,
    host: str = "127.0.0.1",
    port: int = 0,
) -> AsyncIterator[Server]:
    """Serve until the block ends; every connection still open is then dropped."""
    seen = Server()
    open_tasks: set[asyncio.Task[None]] = set()

    async def on_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            open_tasks.add(task)
        seen.peers.append(writer.get_extra_info("peername")[:2])
        with contextlib.suppress(*_BROKEN, asyncio.CancelledError):
            if reads_request:
                seen.requests.append(await reader.readuntil(b"\r\n\r\n"))
            await behaviour(reader, writer)
        writer.transport.abort()

    server = await asyncio.start_server(on_connection, host, port, ssl=tls)
    seen.port = server.sockets[0].getsockname()[1]
    try:
        yield seen
    finally:
        server.close()
        for task in open_tasks:
            task.cancel()
        await asyncio.gather(*open_tasks)
        await server.wait_closed()


def replying(reply: bytes, *, ends: bool = True) -> Behaviour:
    """Send bytes, then end the connection or keep it open."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(reply)
        await writer.drain()
        if ends:
            writer.close()
            await writer.wait_closed()
        else:
            await reader.read()

    return behave


def http(body: bytes, *, head: bytes = b"200 OK", further: bytes = b"") -> bytes:
    """Write a complete HTTP reply."""
    length = b"Content-Length: %d\r\n" % len(body)
    return b"HTTP/1.1 " + head + b"\r\n" + length + further + b"\r\n" + body


async def echo(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer with the peer's address, as an honest observer does."""
    writer.write(http(str(writer.get_extra_info("peername")[0]).encode()))
    await writer.drain()
    writer.close()
    await writer.wait_closed()


def trickling(reply: bytes, *, pause_seconds: float) -> Behaviour:
    """Send bytes one at a time, for ever."""

    async def behave(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for byte in reply + b" " * 1000:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(pause_seconds)

    return behave


def flooding(head: bytes, chunk: bytes) -> Behaviour:
    """Send a head, then the same chunk without end."""

    async def behave(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while not writer.is_closing():
            writer.write(chunk)
            await writer.drain()
            await asyncio.sleep(0)  # the other connections of this process have their turn

    return behave


async def resetting(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Drop the connection with unread bytes and a zero linger, which sends a reset."""
    connection = writer.get_extra_info("socket")
    # struct linger {1, 0}: socket(7), SO_LINGER.
    connection.setsockopt(1, 13, b"\x01\0\0\0\0\0\0\0")


def certificates(folder: Path, *, name: str = "localhost", is_root: bool = True) -> tuple[Path, ssl.SSLContext]:
    """Make an authority, and a server's context with a certificate of it for a name.

    :param is_root: whether the authority signs itself; else one does of which there is no file.
    :return: the authority's file, and the context.
    """
    authority_key, server_key, root_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    signer, issuer = (authority_key, "authority") if is_root else (root_key, "root")
    authority = _certificate("authority", key=authority_key, signer=signer, issuer=issuer, is_authority=True)
    certificate = _certificate(name, key=server_key, signer=authority_key, issuer="authority", is_authority=False)
    pem = serialization.Encoding.PEM
    (folder / "authority.pem").write_bytes(authority.public_bytes(pem))
    (folder / "server.pem").write_bytes(
        server_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(pem)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return folder / "authority.pem", context


def _certificate(
    name: str,
    *,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    issuer: str,
    is_authority: bool,
) -> x509.Certificate:
    """Make a certificate as private authorities do, without a key identifier [source: python-x509-strict]."""
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    )
    if not is_authority:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    return builder.sign(signer, hashes.SHA256())
