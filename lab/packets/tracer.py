"""Connects, and where no answer comes tells where the packet was last seen, instead of waiting until it surely is lost.

    Pod ── node ── vpc ──────────────────────▶ ◉ destination's firewall ── socket
                    └──▶ ◉ cloud-nat ────────▶ ◉ destination's firewall ── socket

    ◉  a witness: a packet socket that sees what comes in before any rule does (packet(7))

A firewall that drops says nothing, and neither does Cloud NAT, so one could only wait for an answer that never comes. A
witness turns that silence into evidence: the first packet was seen to arrive, and the connection is not open a moment
later, though the kernel answers within microseconds. The moment begins when the packet is seen, not when it is sent, so
a slow start cannot pass for a firewall.
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

from lab.packets.prober import ask
from lab.packets.topology import GATEWAY, Address

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from lab.packets.lab import PacketLab

#: How long a connection may stay unanswered once its first packet was seen; an answer takes a tenth of a millisecond.
GRACE_SECONDS = 0.05

#: How long to wait where there is no evidence.
PATIENCE_SECONDS = 10.0

_INTERFACE = "eth0"  # of the gateway and of every destination
_EVERY_PROTOCOL = 0x0003  # ETH_P_ALL; include/uapi/linux/if_ether.h
#: Connection tracking keeps the translation of an unanswered attempt for two minutes; a later one from the same port
#: to the same place would get it (``nf_conntrack_tcp_timeout_syn_sent``). So no port comes again before all were used;
#: they begin above those on which observers listen.
_PORTS = range(10_000, 65_536)
_PACKET_BYTES = 256
_BUFFER_BYTES = 1 << 22
_TCP = 6
_SYN, _ACK = 0x02, 0x10


class Outcome(StrEnum):
    """What became of an attempt."""

    ANSWERED = "answered"
    STOPPED = "stopped by the destination's firewall"
    LOST = "lost at Cloud NAT"
    VANISHED = "vanished"


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """A connection to be opened.

    :param part: the Pod or node from which.
    :param address: whereto.
    :param port: whereto.
    :param endpoint: the address to which nodes translate that one; ``None`` where they do not.
    """

    part: str
    address: Address
    port: int
    endpoint: Address | None = None

    @property
    def arrives_for(self) -> Address:
        """The destination that its packets have once they left the node."""
        return self.endpoint or self.address


@dataclass(frozen=True, kw_only=True)
class Fate:
    """What became of one attempt.

    :param outcome: see :class:`Outcome`.
    :param source: the source that the destination's socket saw, or its firewall; ``None`` where none arrived.
    :param at_gateway: the source that came to the gateway, before any translation there; ``None`` where none came.
    :param detail: the name of the error where the kernel gave one.
    """

    outcome: Outcome
    source: Address | None = None
    at_gateway: Address | None = None
    detail: str = ""

    @property
    def left_node_as(self) -> Address | None:
        """The source with which the packet left its node: nothing but the gateway and what is behind it changes it."""
        return self.at_gateway or self.source

    def __str__(self) -> str:
        places = {"from": self.source, "at the gateway from": self.at_gateway}
        seen = (f"{place} {source}" for place, source in places.items() if source)
        return " ".join(filter(None, (self.outcome, *seen, self.detail)))


class Tracer:
    """Follows attempts through a lab whose observers serve; a context manager, for one event loop.

    :param lab: the lab.
    :param destinations: the names of those whose firewalls may drop.
    :param patience_seconds: how long an attempt may take that nobody sees, and an answer on an open connection.
    """

    def __init__(
        self, lab: PacketLab, *, destinations: Iterable[str], patience_seconds: float = PATIENCE_SECONDS
    ) -> None:
        self._lab = lab
        self._patience_seconds = patience_seconds
        self._arrivals = _Sightings()
        self._at_gateway = _Sightings()
        self._places = {GATEWAY: self._at_gateway, **dict.fromkeys(destinations, self._arrivals)}
        self._ports = cycle(_PORTS)
        self._closing = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            for name, sightings in self._places.items():
                witness = stack.enter_context(self._lab.open_socket(name, socket.AF_PACKET, socket.SOCK_DGRAM))
                witness.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
                witness.bind((_INTERFACE, _EVERY_PROTOCOL))
                loop = asyncio.get_running_loop()
                loop.add_reader(witness, sightings.read, witness)
                stack.callback(loop.remove_reader, witness)
            self._closing = stack.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self._closing.close()

    async def follow(self, attempts: Sequence[Attempt], *, grace_seconds: float = GRACE_SECONDS) -> list[Fate]:
        """Open connections, all at once, each from a fresh port.

        :param attempts: no two for the same destination, by which the witnesses tell them apart.
        :param grace_seconds: how long a connection may stay unanswered once its first packet was seen.
        :return: what became of each, in their order.
        :raises ValueError: if two are for the same destination.
        """
        if len({attempt.arrives_for for attempt in attempts}) < len(attempts):
            raise ValueError("expected attempts for different destinations, saw one destination twice")
        for sightings in (self._arrivals, self._at_gateway):
            sightings.begin(grace_seconds)
        return await asyncio.gather(*map(self._follow, attempts))

    async def _follow(self, attempt: Attempt) -> Fate:
        family = socket.AF_INET if isinstance(attempt.address, IPv4Address) else socket.AF_INET6
        with self._lab.open_socket(attempt.part, family, socket.SOCK_STREAM) as connection:
            connection.bind(("", next(self._ports)))
            try:
                if not await self._connect(connection, attempt):
                    return self._last_seen(attempt.arrives_for)
                async with asyncio.timeout(self._patience_seconds):
                    source = await ask(connection, nonce=self._lab.nonce)
                at_gateway = self._at_gateway.sources.get(attempt.arrives_for)
                return Fate(outcome=Outcome.ANSWERED, source=source, at_gateway=at_gateway)
            except OSError as error:  # a TimeoutError is one, too
                detail = errno.errorcode.get(error.errno or 0, repr(error))
                return Fate(outcome=Outcome.VANISHED, detail=detail)

    async def _connect(self, connection: socket.socket, attempt: Attempt) -> bool:
        """Wait until the connection is open, or witnesses' evidence says that it never will be."""
        address, key = (str(attempt.address), attempt.port), attempt.arrives_for
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._patience_seconds) as limit:
                with self._arrivals.limiting(key, limit), self._at_gateway.limiting(key, limit):
                    await asyncio.get_running_loop().sock_connect(connection, address)
                    return True
        return False

    def _last_seen(self, destination: Address) -> Fate:
        source, at_gateway = (seen.sources.get(destination) for seen in (self._arrivals, self._at_gateway))
        if source is not None:
            return Fate(outcome=Outcome.STOPPED, source=source, at_gateway=at_gateway)
        return Fate(outcome=Outcome.VANISHED if at_gateway is None else Outcome.LOST, at_gateway=at_gateway)


class _Sightings:
    """What the witnesses of one kind of place saw of the attempts that are under way."""

    def __init__(self) -> None:
        self.sources: dict[Address, Address] = {}
        self._limits: dict[Address, asyncio.Timeout] = {}
        self._grace_seconds = GRACE_SECONDS

    def begin(self, grace_seconds: float) -> None:
        """Forget what was seen of earlier attempts."""
        self.sources.clear()
        self._grace_seconds = grace_seconds

    @contextlib.contextmanager
    def limiting(self, destination: Address, limit: asyncio.Timeout) -> Iterator[None]:
        """Have a time limit end soon after a packet for a destination was seen."""
        self._limits[destination] = limit
        try:
            yield
        finally:
            del self._limits[destination]

    def read(self, witness: socket.socket) -> None:
        """Take what a witness has seen."""
        with contextlib.suppress(BlockingIOError):
            while True:
                packet, (_, _, direction, *_) = witness.recvfrom(_PACKET_BYTES)
                if direction != socket.PACKET_OUTGOING:
                    self._note(packet)

    def _note(self, packet: bytes) -> None:
        ends = opening_ends(packet)
        if ends is None:
            return
        source, destination = ends
        self.sources[destination] = source
        limit = self._limits.get(destination)
        if limit is not None and not limit.expired():
            limit.reschedule(asyncio.get_running_loop().time() + self._grace_seconds)


def opening_ends(packet: bytes) -> tuple[Address, Address] | None:
    """Tell between which addresses a packet opens a TCP connection.

    :param packet: an IP packet from its first byte on; the end may be missing.
    :return: source and destination; ``None`` for any other packet (RFC 791 section 3.1, RFC 8200 section 3, RFC 9293
        section 3.1).
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
