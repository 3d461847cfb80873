"""What the probes of one run share: how many may be open at once and how fast, the resolver, TLS, and our own lateness.

A check must not cause what it diagnoses. Cloud NAT gives a VM 64 ports by default [source: cloud-nat-ports], and a port
serves the same destination again only minutes later, so connections are few at a time and come at a steady rate.
"""

from __future__ import annotations

import asyncio
import random
import resource
import socket
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self, TypeAlias

from airflow_masq.probes.loop_watch import LoopWatch
from airflow_masq.probes.resolver import Resolve, SystemResolver

if TYPE_CHECKING:
    import contextlib
    from types import TracebackType

OpenSocket: TypeAlias = Callable[[socket.AddressFamily, socket.SocketKind], socket.socket]
"""Opens a fresh, unconnected socket; a lab passes one that opens it inside a network namespace."""

DEFAULT_CONCURRENCY: Final = 16
DEFAULT_RATE_PER_SECOND: Final = 100.0
DEFAULT_JITTER: Final = 0.2

_SPARE_FILES: Final = 32  # for the rest of the process: logs, resolvers' sockets, what other threads open
_OPEN_FILES: Final = "/proc/self/fd"


def read_clock() -> datetime:
    """Tell the time, with its zone."""
    return datetime.now(UTC)


def make_tls_context(*, ca_file: str | Path | None = None) -> ssl.SSLContext:
    """Make what verifies observers' certificates: the chain, the name and the dates, alike on every Python.

    Python 3.13 and later refuse by default certificates as private authorities often make them, and trust an authority
    without the root above it [source: python-x509-strict]; the same observer would pass or be an error by the worker's
    Python.

    :param ca_file: a PEM file with the authority; default the system's authorities.
    :raises OSError: the file cannot be read, or holds no certificate.
    """
    context = ssl.create_default_context(cafile=ca_file)
    context.verify_flags = (context.verify_flags | ssl.VERIFY_X509_PARTIAL_CHAIN) & ~ssl.VERIFY_X509_STRICT
    return context


class Session:
    """Shares the limits and the means of probes; an asynchronous context manager, for one event loop.

    :param concurrency: how many connections, and name resolutions, there may be at once; default 16. There are fewer
        where the process may not open so many files.
    :param rate_per_second: how many connections may begin in a second, after a first burst of ``concurrency``; default
        100; ``None`` for no limit.
    :param jitter: by which part of itself a pause varies at random, 0 to 1; default 0.2. So many workers that began
        together do not go on in step.
    :param open_socket: opens the socket of each attempt; default ``socket.socket``.
    :param resolve: gives the addresses of a name; default the system's resolver, on bounded threads.
    :param now: the clock, with its time zone; default the system's, in UTC.
    :param randomness: for pauses, nonces and canaries; default the system's.
    :raises ValueError: when a limit is not in its range.
    """

    def __init__(
        self,
        *,
        concurrency: int = DEFAULT_CONCURRENCY,
        rate_per_second: float | None = DEFAULT_RATE_PER_SECOND,
        jitter: float = DEFAULT_JITTER,
        open_socket: OpenSocket = socket.socket,
        resolve: Resolve | None = None,
        now: Callable[[], datetime] = read_clock,
        randomness: random.Random | None = None,
    ) -> None:
        if concurrency < 1:
            raise ValueError(f"concurrency: expected a number above 0, saw {concurrency}")
        if rate_per_second is not None and not rate_per_second > 0:
            raise ValueError(f"rate_per_second: expected a number above 0, saw {rate_per_second}")
        if not 0 <= jitter <= 1:
            raise ValueError(f"jitter: expected a number from 0 to 1, saw {jitter}")
        self.concurrency = min(concurrency, _count_files_to_spare())
        self.open_socket = open_socket
        self.now = now
        self.randomness = randomness or random.SystemRandom()
        self._resolve = resolve
        self._jitter = jitter
        self._seconds_each = 0.0 if rate_per_second is None else 1 / rate_per_second
        self._full_at = 0.0  # when the burst will be available again

    async def __aenter__(self) -> Self:
        self.loop = asyncio.get_running_loop()
        self.watch = LoopWatch()
        self._slots = asyncio.Semaphore(self.concurrency)
        self._resolver = SystemResolver()
        self.resolve = self._resolve or self._resolver.resolve
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.watch.stop()
        self._resolver.close()

    @property
    def has_room_to_resolve(self) -> bool:
        """Whether a name would be resolved at once."""
        return self._resolve is not None or self._resolver.has_room

    @cached_property
    def tls_context(self) -> ssl.SSLContext:
        """What verifies observers' certificates by default, with the system's authorities.

        It is made once, since reading the authorities takes milliseconds and a megabyte.
        """
        return make_tls_context()

    def slot(self) -> contextlib.AbstractAsyncContextManager[None]:
        """Hold one of the places for what happens at once."""
        return self._slots

    async def await_turn(self) -> None:
        """Wait until another connection may begin."""
        if self._seconds_each == 0:
            return
        now = self.loop.time()
        earliest = now - self._seconds_each * self.concurrency
        self._full_at = max(self._full_at, earliest) + self.vary(self._seconds_each)
        if self._full_at > now:
            await asyncio.sleep(self._full_at - now)

    def vary(self, seconds: float) -> float:
        """Lengthen or shorten a pause at random."""
        return seconds * self.randomness.uniform(1 - self._jitter, 1 + self._jitter)


def _count_files_to_spare() -> int:
    """Count the files that this process may still open, less some to spare; at least 1."""
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most == resource.RLIM_INFINITY:
        return 2**31
    try:
        opened = sum(1 for _ in Path(_OPEN_FILES).iterdir())
    except OSError:  # no /proc
        opened = 64
    return max(1, most - opened - _SPARE_FILES)
