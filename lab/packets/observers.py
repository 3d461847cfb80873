"""The services in a lab: each answers with the address that its kernel says the request came from.

    GET /NONCE/ip          192.0.2.1                        text
    GET /NONCE/client-ip   192.0.2.1:40000                  as Kubernetes' agnhost has it ([v6]:port)
    GET /NONCE/json        {"origin": "192.0.2.1"}          as httpbin has it

They answer only requests that contain the run's nonce, and their answers contain it too (``X-Lab-Nonce``), so neither
another service nor another client can be mistaken for the lab's. They ignore all headers of a request. Connections are
kept alive [source: rfc-9112-persistence], since some tests need one that outlives a change of rules.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import socket
from collections import deque
from contextlib import AsyncExitStack
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, Self

from lab.packets.lab import PacketLab
from lab.packets.topology import Address, Destination

if TYPE_CHECKING:
    from collections.abc import Iterable

NONCE_HEADER = "X-Lab-Nonce"

_BACKLOG = 4096  # many Pods connect at once, and a full queue loses connections
_REMEMBERED = 10_000
_HEAD_BYTES = 16_384
_NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nno such page\n"


@dataclass(frozen=True, kw_only=True)
class ObservedRequest:
    """A request that a destination answered, and the source that its kernel named."""

    destination: str
    address: Address
    port: int


class Observers:
    """The services of a lab, one for each destination and family; an asynchronous context manager.

    :param lab: a lab that is built.
    :param beside: services in Pods, nodes or routers, each with the name of the part in which it listens.
    :ivar requests: the last 10000 requests that contained the nonce.
    """

    def __init__(self, lab: PacketLab, *, beside: Iterable[Destination] = ()) -> None:
        self._lab = lab
        self._beside = tuple(beside)
        self._servers = AsyncExitStack()
        self._clients: dict[asyncio.StreamWriter, asyncio.Task[None] | None] = {}
        self.requests: deque[ObservedRequest] = deque(maxlen=_REMEMBERED)

    async def __aenter__(self) -> Self:
        try:
            for destination in (*self._lab.destinations, *self._beside):
                await self._serve(destination, destination.address)
                if destination.ipv6_address is not None:
                    await self._serve(destination, destination.ipv6_address)
        except BaseException:
            await self._servers.aclose()
            raise
        return self

    async def __aexit__(self, *exception: object) -> None:
        for client in self._clients:  # from Python 3.12 on, closing a server waits for its clients
            client.transport.abort()
        await asyncio.gather(*filter(None, self._clients.values()), return_exceptions=True)
        await self._servers.aclose()

    async def _serve(self, destination: Destination, address: Address) -> None:
        """Listen; the socket stays in the destination's namespace, whatever thread serves it."""
        family = socket.AF_INET if isinstance(address, IPv4Address) else socket.AF_INET6
        listener = self._lab.open_socket(destination.name, family, socket.SOCK_STREAM)
        try:
            listener.bind((str(address), destination.port))
            answer = functools.partial(self._answer_client, destination.name)
            server = await asyncio.start_server(answer, sock=listener, backlog=_BACKLOG, limit=_HEAD_BYTES)
        except BaseException:
            listener.close()
            raise
        await self._servers.enter_async_context(server)

    async def _answer_client(self, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer requests until the client closes the connection or asks to close it."""
        host, port, *_ = writer.get_extra_info("peername")
        request = ObservedRequest(destination=name, address=ip_address(host), port=port)
        self._clients[writer] = asyncio.current_task()
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                is_last = False
                while not is_last:
                    head = await reader.readuntil(b"\r\n\r\n")
                    writer.write(self._reply(head, request=request))
                    await writer.drain()
                    request_line, _, headers = head.lower().partition(b"\r\n")
                    is_last = b"connection: close" in headers or request_line.endswith(b"http/1.0")
        finally:
            del self._clients[writer]
            writer.close()

    def _reply(self, head: bytes, *, request: ObservedRequest) -> bytes:
        host = f"[{request.address}]" if isinstance(request.address, IPv6Address) else str(request.address)
        nonce = self._lab.nonce
        pages = {
            f"/{nonce}/ip": ("text/plain", str(request.address)),
            f"/{nonce}/client-ip": ("text/plain", f"{host}:{request.port}"),
            f"/{nonce}/json": ("application/json", json.dumps({"origin": str(request.address)})),
        }
        target = head.partition(b" ")[2].partition(b" ")[0].decode(errors="replace")
        page = pages.get(target.partition("?")[0])
        if page is None:
            return _NOT_FOUND
        self.requests.append(request)
        kind, body = page
        headers = f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n{NONCE_HEADER}: {nonce}\r\n"
        return f"HTTP/1.1 200 OK\r\n{headers}\r\n{body}".encode()


def make_url(lab: PacketLab, destination: Destination, *, reply: str = "client-ip", ipv6: bool = False) -> str:
    """Make the URL of an observer.

    :param reply: the format: ``ip``, ``client-ip`` or ``json``.
    """
    host = f"[{destination.ipv6_address}]" if ipv6 else str(destination.address)
    return f"http://{host}:{destination.port}/{lab.nonce}/{reply}"
