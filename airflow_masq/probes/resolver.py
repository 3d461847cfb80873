"""Names to addresses, by the system's resolver, on a few threads of our own.

Only the system's resolver knows the Pod's search domains, its hosts file and its options, but it blocks, and nothing
can interrupt it. ``loop.getaddrinfo`` would use the event loop's executor, whose threads ``asyncio.run`` waits for: a
resolver that stalls for a minute would stall a probe that was given five seconds. So these threads are daemons. Their
number is bounded, they serve all names of a session, and they end with it, a stalled one as soon as it is answered.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import socket
import threading
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

SocketAddress: TypeAlias = tuple[str | int | bytes, ...]
Resolved: TypeAlias = tuple[socket.AddressFamily, SocketAddress]
Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[Resolved]]]
"""Gives all addresses of a host and port, or raises ``OSError``."""

RESOLVER_THREAD_NAME: Final = "airflow-masq-resolve"
MOST_RESOLVER_THREADS: Final = 32
"""Twice the default concurrency, so that stalled names leave threads for the others."""


@dataclass(frozen=True, kw_only=True)
class _Question:
    host: str
    port: int
    answer: asyncio.Future[Sequence[Resolved]]


class SystemResolver:
    """Asks the system's resolver on bounded threads; all of its state belongs to the event loop's thread."""

    def __init__(self) -> None:
        self._questions: queue.SimpleQueue[_Question | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._busy = 0

    @property
    def has_room(self) -> bool:
        """Whether a thread is free for another name."""
        return self._busy < MOST_RESOLVER_THREADS

    async def resolve(self, host: str, port: int) -> Sequence[Resolved]:
        """Give all addresses of a name, or of an address in its usual notation, in the system's order.

        :raises OSError: when the name has no address, or the resolver does not answer.
        """
        question = _Question(host=host, port=port, answer=asyncio.get_running_loop().create_future())
        self._busy += 1
        if len(self._threads) < min(self._busy, MOST_RESOLVER_THREADS):
            thread = threading.Thread(target=self._work, name=RESOLVER_THREAD_NAME, daemon=True)
            self._threads.append(thread)
            thread.start()
        self._questions.put(question)
        return await question.answer

    def close(self) -> None:
        """End the threads; one that still waits for an answer ends with it."""
        for _ in self._threads:
            self._questions.put(None)
        if self._busy == 0:
            for thread in self._threads:
                thread.join()

    def _work(self) -> None:
        while (question := self._questions.get()) is not None:
            is_given_up = question.answer.cancelled()
            found = () if is_given_up else _ask(question.host, question.port)
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                question.answer.get_loop().call_soon_threadsafe(self._settle, question, found)

    def _settle(self, question: _Question, found: Sequence[Resolved] | OSError) -> None:
        self._busy -= 1
        if question.answer.done():  # the deadline was first
            return
        if isinstance(found, OSError):
            question.answer.set_exception(found)
        else:
            question.answer.set_result(found)


def _ask(host: str, port: int) -> Sequence[Resolved] | OSError:
    try:
        entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        return error
    except UnicodeError as error:  # a label of more than 63 characters
        return OSError(str(error))
    return [(family, address) for family, _, _, _, address in entries]
