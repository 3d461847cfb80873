"""Trouble to order: the next call of a method fails or stalls, a creation ends in an error or loses its agent.

Each order is used up by the call or the creation that it strikes. Nothing here happens by chance.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.cloud.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    import grpc


@dataclass(frozen=True, kw_only=True)
class _Stall:
    """A call waits this long before it is looked at."""

    seconds: float


class Faults:
    """The orders that are still to strike.

    :param sleep: how to wait, for stalled calls.
    """

    def __init__(self, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._sleep = sleep
        self._methods: frozenset[str] = frozenset()
        self._calls: defaultdict[str, deque[ApiError | _Stall]] = defaultdict(deque)
        self._creations: dict[str, ApiError] = {}
        self._agentless: set[str] = set()

    def know_methods(self, names: Iterable[str]) -> None:
        """Learn the emulated methods, so that an order for a misspelt one is refused."""
        self._methods |= frozenset(names)

    def fail_next(self, method: str, status: grpc.StatusCode, message: str, *, times: int = 1) -> None:
        """Answer the next calls of a method with an error, whatever they ask.

        :param method: the method's short name, for example ``GetEnvironment``.
        :param status: the canonical status to answer with.
        :param message: what to tell the caller.
        :param times: for how many calls; 1 by default.
        :raises ValueError: when no such method is emulated.
        """
        self._check(method)
        self._calls[method].extend([ApiError(status, message)] * times)

    def stall_next(self, method: str, seconds: float) -> None:
        """Let the next call of a method wait before it is looked at.

        :param method: the method's short name.
        :param seconds: how long.
        :raises ValueError: when no such method is emulated.
        """
        self._check(method)
        self._calls[method].append(_Stall(seconds=seconds))

    def fail_creation(self, environment_id: str, status: grpc.StatusCode, message: str) -> None:
        """Let the next creation of an environment be accepted and then end in an error, leaving it in state ERROR.

        :param environment_id: the environment's ID.
        :param status: the operation error's code.
        :param message: the operation error's message; empty is allowed, and a trap for clients that look only at it.
        """
        self._creations[environment_id] = ApiError(status, message)

    def lose_agent(self, environment_id: str) -> None:
        """Let the next creation of an environment come up without the agent, whatever was asked.

        Nothing says that the service ever does this; a careful client notices all the same.

        :param environment_id: the environment's ID.
        """
        self._agentless.add(environment_id)

    async def strike(self, method: str) -> None:
        """Carry out the order for this call, if there is one.

        :raises ApiError: as ordered.
        """
        if not self._calls[method]:
            return
        order = self._calls[method].popleft()
        if isinstance(order, ApiError):
            raise order
        await self._sleep(order.seconds)

    def take_creation_failure(self, environment_id: str) -> ApiError | None:
        """Use up the order for this creation to end in an error, if there is one."""
        return self._creations.pop(environment_id, None)

    def take_agent_loss(self, environment_id: str) -> bool:
        """Use up the order for this creation to lose its agent; whether there was one."""
        lost = environment_id in self._agentless
        self._agentless.discard(environment_id)
        return lost

    def _check(self, method: str) -> None:
        if method not in self._methods:
            known = ", ".join(sorted(self._methods))
            raise ValueError(f"no method {method!r} is emulated; there are {known}")
