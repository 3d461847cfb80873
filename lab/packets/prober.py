"""Asks the lab's observers, from a Pod: one attempt, one fresh socket and port.

It is the lab's own, for tests and benchmarks: it knows nothing of airflow-masq's probes, which the lab helps to test.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, ip_address
from typing import TYPE_CHECKING

from lab.packets.observers import NONCE_HEADER

if TYPE_CHECKING:
    from lab.packets.lab import PacketLab
    from lab.packets.topology import Address, Destination

TIMED_OUT = "timeout"

#: Within one process's lab an answer takes a millisecond; a lost first packet is sent again after a second (RFC 6298
#: section 2.1), so whatever takes longer than this has been dropped.
DEFAULT_TIMEOUT_SECONDS = 0.8

_REPLY_BYTES = 4096


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What became of an attempt.

    :param observed: the source address that the destination saw; ``None`` if no answer came.
    :param failure: ``timeout``, or the name of the error (``ENETUNREACH``), if no answer came.
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
    """Ask a destination whom it sees when a Pod connects.

    :param lab: the lab; its observers must be serving.
    :param pod: the Pod's name.
    :param destination: whom to ask.
    :param ipv6: whether over IPv6.
    :param timeout_seconds: how long to wait in all.
    :return: the address, or why there is none.
    """
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


async def connect(lab: PacketLab, pod: str, *, address: Address, port: int) -> socket.socket:
    """Connect from a Pod.

    :param lab: the lab.
    :param pod: the Pod's name.
    :param address: whereto.
    :param port: whereto.
    :return: the connected socket, which does not block.
    :raises OSError: where the network refuses.
    """
    family = socket.AF_INET if isinstance(address, IPv4Address) else socket.AF_INET6
    connection = lab.open_socket(pod, family, socket.SOCK_STREAM)
    try:
        await asyncio.get_running_loop().sock_connect(connection, (str(address), port))
    except BaseException:
        connection.close()
        raise
    return connection


async def ask(connection: socket.socket, *, nonce: str) -> Address:
    """Ask over a connection, which stays open.

    :param connection: to an observer.
    :param nonce: the lab's.
    :return: the address that the observer saw.
    :raises ConnectionError: if what answers is not the lab's observer.
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
        raise ConnectionError(errno.EBADMSG, "answered by something that does not know this run's nonce")
    return ip_address(body)


async def matrix(
    lab: PacketLab, *, ipv6: bool = False, timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
) -> dict[str, dict[str, Answer]]:
    """Ask every destination from every Pod, all at once.

    :param lab: the lab; its observers must be serving.
    :param ipv6: whether over IPv6.
    :param timeout_seconds: how long each attempt may take.
    :return: the answers, by Pod and destination.
    """
    pods = [pod.name for cluster in lab.clusters for pod in cluster.pods]

    async def row(pod: str) -> dict[str, Answer]:
        answers = await asyncio.gather(
            *(
                observe(lab, pod, destination=destination, ipv6=ipv6, timeout_seconds=timeout_seconds)
                for destination in lab.destinations
            )
        )
        return {destination.name: answer for destination, answer in zip(lab.destinations, answers, strict=True)}

    return dict(zip(pods, await asyncio.gather(*map(row, pods)), strict=True))
