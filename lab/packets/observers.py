"""The services outside: each answers with the address that its kernel says the request came from.

    GET /NONCE/ip          192.0.2.1                        text
    GET /NONCE/client-ip   192.0.2.1:40000                  as Kubernetes' agnhost has it ([v6]:port)
    GET /NONCE/json        {"origin": "192.0.2.1"}          as httpbin has it

Only requests that know the run's nonce are answered, and answers carry it too (``X-Lab-Nonce``), so neither a
stranger's service nor a stranger's request can be taken for the lab's. No header of a request is ever believed.
Connections are kept alive (RFC 9112 section 9.3), since some tests need one that outlives a change of rules.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import socket
import threading
from collections import deque
from concurrent.futures import Future
from contextlib import AsyncExitStack
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from lab.packets.lab import PacketLab
    from lab.packets.topology import Address, Destination

NONCE_HEADER = "X-Lab-Nonce"

_BACKLOG = 4096  # many Pods ask at once, and a full queue loses connections
_REMEMBERED = 10_000
_HEAD_BYTES = 16_384
_SEGMENTS = 2


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """Who asked whom, as the destination's kernel told it.

    :param destination: the service's name.
    :param address: the source address that it saw.
    :param port: the source port.
    """

    destination: str
    address: Address
    port: int


def _as_text(sighting: Sighting) -> tuple[str, str]:
    return "text/plain", str(sighting.address)


def _as_client_ip(sighting: Sighting) -> tuple[str, str]:
    host = f"[{sighting.address}]" if isinstance(sighting.address, IPv6Address) else str(sighting.address)
    return "text/plain", f"{host}:{sighting.port}"


def _as_json(sighting: Sighting) -> tuple[str, str]:
    return "application/json", json.dumps({"origin": str(sighting.address)})


_FORMATS: dict[str, Callable[[Sighting], tuple[str, str]]] = {
    "ip": _as_text,
    "client-ip": _as_client_ip,
    "json": _as_json,
}


class Observers:
    """The services of a lab, one for each destination and family; an asynchronous context manager.

    :param lab: a lab that is built.
    :param beside: services in Pods, nodes or routers, each named for the part where it listens.
    :ivar seen: the last 10000 requests that knew the nonce.
    """

    def __init__(self, lab: PacketLab, *, beside: Iterable[Destination] = ()) -> None:
        self._lab = lab
        self._beside = tuple(beside)
        self._servers = AsyncExitStack()
        self._clients: set[asyncio.StreamWriter] = set()
        self.seen: deque[Sighting] = deque(maxlen=_REMEMBERED)

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
        for client in self._clients:  # from Python 3.12 on, a server's end waits for them
            client.transport.abort()
        await self._servers.aclose()

    async def _serve(self, destination: Destination, address: Address) -> None:
        """Listen; the socket belongs to the destination's namespace, whichever thread or loop then serves it."""
        family = socket.AF_INET if isinstance(address, IPv4Address) else socket.AF_INET6
        listener = self._lab.open_socket(destination.name, family, socket.SOCK_STREAM)
        answer = functools.partial(self._converse, destination.name)
        try:
            listener.bind((str(address), destination.port))
            server = await asyncio.start_server(answer, sock=listener, backlog=_BACKLOG, limit=_HEAD_BYTES)
        except BaseException:
            listener.close()
            raise
        await self._servers.enter_async_context(server)

    async def _converse(self, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer request after request, until the other side has had enough."""
        host, port, *_ = writer.get_extra_info("peername")
        sighting = Sighting(destination=name, address=ip_address(host), port=port)
        self._clients.add(writer)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                while True:
                    head = await reader.readuntil(b"\r\n\r\n")
                    writer.write(self._reply(head, sighting=sighting))
                    await writer.drain()
                    if _is_last(head):
                        break
        finally:
            self._clients.discard(writer)
            writer.close()

    def _reply(self, head: bytes, *, sighting: Sighting) -> bytes:
        _, _, rest = head.partition(b" ")
        path = rest.partition(b" ")[0].decode(errors="replace").partition("?")[0]
        _, nonce, name = path.split("/") if path.count("/") == _SEGMENTS else ("", "", "")
        write = _FORMATS.get(name)
        if nonce != self._lab.nonce or write is None:
            return _message("404 Not Found", kind="text/plain", body="no such page\n", headers="")
        self.seen.append(sighting)
        kind, body = write(sighting)
        return _message("200 OK", kind=kind, body=body, headers=f"{NONCE_HEADER}: {nonce}\r\n")


def _message(status: str, *, kind: str, body: str, headers: str) -> bytes:
    lines = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    return (lines + body).encode()


def _is_last(head: bytes) -> bool:
    request_line, _, headers = head.lower().partition(b"\r\n")
    return b"connection: close" in headers or request_line.endswith(b"http/1.0")


def url(lab: PacketLab, destination: Destination, *, reply: str = "client-ip", ipv6: bool = False) -> str:
    """Tell where an observer answers.

    :param lab: the lab whose nonce it wants.
    :param destination: the service.
    :param reply: the format: ``ip``, ``client-ip`` or ``json``.
    :param ipv6: whether by its IPv6 address.
    :return: the URL.
    """
    host = f"[{destination.ipv6_address}]" if ipv6 else str(destination.address)
    return f"http://{host}:{destination.port}/{lab.nonce}/{reply}"


@contextlib.contextmanager
def observers_in_thread(lab: PacketLab) -> Iterator[Observers]:
    """Run a lab's observers beside code that is not asynchronous.

    :param lab: a lab that is built.
    :return: the observers, listening.
    """
    observers = Observers(lab)
    started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def serve() -> None:
        async with observers:
            stop = asyncio.Event()
            started.set_result((asyncio.get_running_loop(), stop))
            await stop.wait()

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:  # noqa: BLE001 - it is raised in the thread that waits
            if not started.done():
                started.set_exception(error)

    thread = threading.Thread(target=run, name="observers", daemon=True)
    thread.start()
    loop, stop = started.result()
    try:
        yield observers
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
