"""Opens connections, and tells where an unanswered packet was last seen, without waiting for a long timeout.

    Pod ── node ── vpc ──────────────────────▶ ◉ destination's firewall ── socket
                    └──▶ ◉ cloud-nat ────────▶ ◉ destination's firewall ── socket

    ◉  a witness: a packet socket that sees incoming packets before any rule does (packet(7))

Firewalls and Cloud NAT drop packets without an error, so a client can only wait for an answer that never comes. A
witness provides evidence instead: the first packet was seen, and the connection is not open a moment later, although
the kernel answers within microseconds. That moment begins when the packet is seen, and not when it is sent, so a slow
start is not mistaken for a firewall.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address
from itertools import cycle
from typing import TYPE_CHECKING, Self

from lab.packets.lab import PacketLab
from lab.packets.prober import ask
from lab.packets.topology import GATEWAY, Address

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

#: How long a connection may stay unanswered after its first packet was seen; an answer takes a tenth of a millisecond.
GRACE_SECONDS = 0.05

#: How long to wait without evidence.
DEFAULT_TIMEOUT_SECONDS = 10.0

_INTERFACE = "eth0"  # of the gateway and of every destination
_EVERY_PROTOCOL = 0x0003  # ETH_P_ALL; include/uapi/linux/if_ether.h
#: Connection tracking keeps the translation of an unanswered attempt for two minutes, and reuses it for a later attempt
#: from the same port to the same destination (``nf_conntrack_tcp_timeout_syn_sent``). So no port is used again before
#: all others were. They begin above those on which observers listen.
_PORTS = range(10_000, 65_536)
_PACKET_BYTES = 256
_BUFFER_BYTES = 1 << 22
_TCP = 6
_SYN, _ACK = 0x02, 0x10


class Outcome(StrEnum):
    """How an attempt ended; FAILED means that it has no answer and that no witness saw it."""

    ANSWERED = "answered"
    STOPPED = "stopped by the destination's firewall"
    LOST = "lost at Cloud NAT"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """A connection to be opened.

    :param part: the Pod or node that opens it.
    :param endpoint: the address to which nodes translate ``address``; ``None`` if they do not.
    """

    part: str
    address: Address
    port: int
    endpoint: Address | None = None

    @property
    def final_destination(self) -> Address:
        """The destination of its packets after they have left the node."""
        return self.endpoint or self.address


@dataclass(frozen=True, kw_only=True)
class TraceResult:
    """How one attempt ended.

    :param source: the source that the destination's socket or firewall saw; ``None`` if no packet arrived there.
    :param at_gateway: the source that arrived at the gateway, before translation; ``None`` if no packet arrived there.
    :param detail: the name of the kernel's error, if there was one.
    """

    outcome: Outcome
    source: Address | None = None
    at_gateway: Address | None = None
    detail: str = ""

    @property
    def left_node_as(self) -> Address | None:
        """The source with which the packet left its node: only the gateway and what is behind it change it later."""
        return self.at_gateway or self.source

    def __str__(self) -> str:
        places = {"from": self.source, "at the gateway from": self.at_gateway}
        seen = (f"{place} {source}" for place, source in places.items() if source)
        return " ".join(filter(None, (self.outcome, *seen, self.detail)))


class Tracer:
    """Follows attempts through a lab whose observers serve; a context manager, for one event loop.

    :param destinations: the names of the destinations whose firewalls may drop packets.
    :param timeout_seconds: how long to wait without evidence, and for the observer's answer on an open connection.
    """

    def __init__(
        self, lab: PacketLab, *, destinations: Iterable[str], timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    ) -> None:
        self._lab = lab
        self._timeout_seconds = timeout_seconds
        self._at_destinations = _Arrivals()
        self._at_gateway = _Arrivals()
        self._places = {GATEWAY: self._at_gateway, **dict.fromkeys(destinations, self._at_destinations)}
        self._ports = cycle(_PORTS)
        self._closing = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            for name, arrivals in self._places.items():
                witness = stack.enter_context(self._lab.open_socket(name, socket.AF_PACKET, socket.SOCK_DGRAM))
                witness.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
                witness.bind((_INTERFACE, _EVERY_PROTOCOL))
                loop = asyncio.get_running_loop()
                loop.add_reader(witness, arrivals.read, witness)
                stack.callback(loop.remove_reader, witness)
            self._closing = stack.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self._closing.close()

    async def follow(self, attempts: Sequence[Attempt], *, grace_seconds: float = GRACE_SECONDS) -> list[TraceResult]:
        """Open connections at once, each from a new port, and return how each ended, in order.

        :param attempts: each for another destination, by which the witnesses tell them apart.
        :param grace_seconds: how long a connection may stay unanswered after its first packet was seen.
        :raises ValueError: if two attempts are for the same destination.
        """
        if len({attempt.final_destination for attempt in attempts}) < len(attempts):
            raise ValueError("expected attempts for different destinations, saw one destination twice")
        for arrivals in (self._at_destinations, self._at_gateway):
            arrivals.reset(grace_seconds)
        return await asyncio.gather(*map(self._follow, attempts))

    async def _follow(self, attempt: Attempt) -> TraceResult:
        family = socket.AF_INET if isinstance(attempt.address, IPv4Address) else socket.AF_INET6
        destination = attempt.final_destination
        with self._lab.open_socket(attempt.part, family, socket.SOCK_STREAM) as connection:
            connection.bind(("", next(self._ports)))
            try:
                if await self._connect(connection, attempt):
                    async with asyncio.timeout(self._timeout_seconds):
                        answer = await ask(connection, nonce=self._lab.nonce)
                    at_gateway = self._at_gateway.sources.get(destination)
                    return TraceResult(outcome=Outcome.ANSWERED, source=answer, at_gateway=at_gateway)
            except OSError as error:  # this includes TimeoutError
                detail = errno.errorcode.get(error.errno or 0, repr(error))
                return TraceResult(outcome=Outcome.FAILED, detail=detail)
        source, at_gateway = (place.sources.get(destination) for place in (self._at_destinations, self._at_gateway))
        if source is not None:
            return TraceResult(outcome=Outcome.STOPPED, source=source, at_gateway=at_gateway)
        return TraceResult(outcome=Outcome.FAILED if at_gateway is None else Outcome.LOST, at_gateway=at_gateway)

    async def _connect(self, connection: socket.socket, attempt: Attempt) -> bool:
        """Wait until the connection is open, or until the evidence says that it never will be."""
        key = attempt.final_destination
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._timeout_seconds) as limit:
                with self._at_destinations.shorten(limit, key=key), self._at_gateway.shorten(limit, key=key):
                    address = (str(attempt.address), attempt.port)
                    await asyncio.get_running_loop().sock_connect(connection, address)
                    return True
        # On a busy machine the time may be up before the event loop notices that the kernel has opened the connection.
        try:
            connection.getpeername()
        except OSError:
            return False
        return True


class _Arrivals:
    """What the witnesses in one kind of place have seen of the present attempts."""

    def __init__(self) -> None:
        self.sources: dict[Address, Address] = {}
        self._limits: dict[Address, asyncio.Timeout] = {}
        self._grace_seconds = GRACE_SECONDS

    def reset(self, grace_seconds: float) -> None:
        """Forget what was seen of earlier attempts."""
        self.sources.clear()
        self._grace_seconds = grace_seconds

    @contextlib.contextmanager
    def shorten(self, limit: asyncio.Timeout, *, key: Address) -> Iterator[None]:
        """Reschedule a time limit to end soon after a packet for that destination is seen."""
        self._limits[key] = limit
        try:
            yield
        finally:
            del self._limits[key]

    def read(self, witness: socket.socket) -> None:
        """Note the opening packets that a witness has seen."""
        with contextlib.suppress(BlockingIOError):
            while True:
                packet, (_, _, direction, *_) = witness.recvfrom(_PACKET_BYTES)
                ends = None if direction == socket.PACKET_OUTGOING else parse_opening_packet(packet)
                if ends is None:
                    continue
                source, destination = ends
                self.sources[destination] = source
                limit = self._limits.get(destination)
                if limit is not None and not limit.expired():
                    limit.reschedule(asyncio.get_running_loop().time() + self._grace_seconds)


def parse_opening_packet(packet: bytes) -> tuple[Address, Address] | None:
    """Read source and destination of a packet that opens a TCP connection; return ``None`` for any other packet.

    [source: rfc-791-header, rfc-8200-header, rfc-9293-header]

    :param packet: an IP packet from its first byte on; it may be cut off.
    """
    version = packet[0] >> 4 if packet else 0
    try:
        if version == IPv4Address(0).version:
            protocol, header = packet[9], (packet[0] & 0x0F) * 4
            ends: tuple[Address, Address] = IPv4Address(packet[12:16]), IPv4Address(packet[16:20])
        else:
            protocol, header = packet[6], 40
            ends = IPv6Address(packet[8:24]), IPv6Address(packet[24:40])
        flags = packet[header + 13]
    except (IndexError, ValueError):
        return None
    return ends if protocol == _TCP and flags & (_SYN | _ACK) == _SYN else None
