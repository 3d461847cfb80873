"""Asks the lab's observers from a Pod: one attempt, with a new socket and port.

It serves tests and benchmarks, and is separate from airflow-masq's probes, which the lab helps to test.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, ip_address

from lab.packets.lab import PacketLab
from lab.packets.observers import NONCE_HEADER
from lab.packets.topology import Address, Destination

TIMED_OUT = "timeout"

#: In a lab of one process an answer takes a millisecond. A lost first packet is sent again after a second
#: [source: rfc-6298-first-timeout], so a packet without an answer after this time was dropped.
DEFAULT_TIMEOUT_SECONDS = 0.8

_REPLY_BYTES = 4096


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The result of an attempt.

    :param observed: the source address that the destination saw; ``None`` without an answer.
    :param failure: without an answer, ``timeout`` or the name of the error (``ENETUNREACH``).
    """

    observed: Address | None = None
    failure: str | None = None

    def __str__(self) -> str:
        return str(self.observed) if self.failure is None else self.failure


async def observe(
    lab: PacketLab,
    pod: str,
    *,
    destination: Destination,
    ipv6: bool = False,
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
) -> Answer:
    """Connect from a Pod and ask a destination which source address it sees; the lab's observers must be serving."""
    address = destination.ipv6_address if ipv6 else destination.address
    if address is None:
        raise ValueError(f"destination {destination.name!r} has no IPv6 address")
    try:
        async with asyncio.timeout(timeout_seconds):
            with await connect(lab, pod, address=address, port=destination.port) as connection:
                return Answer(observed=await ask(connection, nonce=lab.nonce))
    except TimeoutError:
        return Answer(failure=TIMED_OUT)
    except OSError as error:
        return Answer(failure=errno.errorcode.get(error.errno or 0, str(error)))


async def observe_all(
    lab: PacketLab, *, ipv6: bool = False, timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
) -> dict[str, dict[str, Answer]]:
    """Ask every destination from every Pod at once; return the answers by Pod and destination."""
    pods = [pod.name for cluster in lab.clusters for pod in cluster.pods]

    async def observe_from(pod: str) -> dict[str, Answer]:
        attempts = {
            each.name: observe(lab, pod, destination=each, ipv6=ipv6, timeout_seconds=timeout_seconds)
            for each in lab.destinations
        }
        return dict(zip(attempts, await asyncio.gather(*attempts.values()), strict=True))

    return dict(zip(pods, await asyncio.gather(*map(observe_from, pods)), strict=True))


async def connect(lab: PacketLab, pod: str, *, address: Address, port: int) -> socket.socket:
    """Return a non-blocking socket, connected from a Pod; raise OSError if the network refuses."""
    family = socket.AF_INET if isinstance(address, IPv4Address) else socket.AF_INET6
    connection = lab.open_socket(pod, family, socket.SOCK_STREAM)
    try:
        await asyncio.get_running_loop().sock_connect(connection, (str(address), port))
    except BaseException:
        connection.close()
        raise
    return connection


async def ask(connection: socket.socket, *, nonce: str) -> Address:
    """Ask an observer over a connection, which stays open, for the address that it sees.

    :raises ConnectionError: if the answer is not from the lab's observer.
    """
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(connection, f"GET /{nonce}/ip HTTP/1.1\r\nHost: lab\r\n\r\n".encode())
    reply = b""
    while b"\r\n\r\n" not in reply:  # a short body comes with the head, in one segment
        received = await loop.sock_recv(connection, _REPLY_BYTES)
        if not received:
            raise ConnectionResetError(errno.ECONNRESET, "closed before an answer")
        reply += received
    head, _, body = reply.decode().partition("\r\n\r\n")
    if f"{NONCE_HEADER}: {nonce}" not in head.splitlines():
        raise ConnectionError(errno.EBADMSG, "expected an answer with this run's nonce, saw one without it")
    return ip_address(body)
