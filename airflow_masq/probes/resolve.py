"""Names to addresses within a deadline; it must not let a silent DNS server hold up the probe, or its process.

``loop.getaddrinfo`` uses the event loop's executor, whose threads ``asyncio.run`` waits for when it ends: a resolver
that stalls for a minute then stalls a probe that was given five seconds. A daemon thread of its own does not.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Awaitable, Callable
from typing import TypeAlias

SocketAddress: TypeAlias = tuple[str | int | bytes, ...]
Resolved: TypeAlias = tuple[socket.AddressFamily, SocketAddress]
Resolve: TypeAlias = Callable[[str, int], Awaitable[Resolved]]
"""Gives the first address of a host and port, or raises ``OSError``."""


async def resolve_by_system(host: str, port: int) -> Resolved:
    """Ask the system's resolver for the first address of a name.

    :param host: a name, or an address in its usual notation.
    :param port: the port to put beside it.
    :return: the address family, and what ``connect`` takes.
    :raises OSError: when the name has no address, or the resolver does not answer.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Resolved] = loop.create_future()

    def settle(found: Resolved | OSError) -> None:
        if answer.done():  # the deadline was first
            return
        if isinstance(found, OSError):
            answer.set_exception(found)
        else:
            answer.set_result(found)

    def ask() -> None:
        found = _first(host, port)
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(settle, found)

    threading.Thread(target=ask, name="airflow-masq-resolve", daemon=True).start()
    return await answer


def _first(host: str, port: int) -> Resolved | OSError:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        return error
    except UnicodeError as error:  # a label of more than 63 characters
        return OSError(str(error))
    return family, address
