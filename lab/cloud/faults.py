"""Faults on request: the next call of a method fails or stalls, a creation fails or loses its agent.

Each fault is used up by the call or the creation that it affects. No fault is random.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from typing import TYPE_CHECKING

from lab.cloud.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    import grpc


class Faults:
    """The faults that are still to come.

    :param sleep: how stalled calls wait.
    """

    def __init__(self, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._sleep = sleep
        self._methods: frozenset[str] = frozenset()
        self._calls: defaultdict[str, deque[ApiError | float]] = defaultdict(deque)
        self._creations: dict[str, ApiError] = {}
        self._agentless: set[str] = set()

    def add_methods(self, names: Iterable[str]) -> None:
        """Register the emulated methods, so that a fault for a misspelt method is refused."""
        self._methods |= frozenset(names)

    def fail_next(self, method: str, status: grpc.StatusCode, message: str, *, times: int = 1) -> None:
        """Answer the next calls of a method with an error.

        :param method: the method's short name, for example ``GetEnvironment``.
        :raises ValueError: if no such method is emulated.
        """
        self._require_method(method)
        self._calls[method].extend([ApiError(status, message)] * times)

    def stall_next(self, method: str, seconds: float) -> None:
        """Delay the next call of a method before it is handled.

        :param method: the method's short name.
        :raises ValueError: if no such method is emulated.
        """
        self._require_method(method)
        self._calls[method].append(seconds)

    def fail_creation(self, environment_id: str, status: grpc.StatusCode, message: str) -> None:
        """Accept the next creation of an environment, then end it in an error and leave it in state ERROR.

        :param message: may be empty, which misleads clients that look only at the message.
        """
        self._creations[environment_id] = ApiError(status, message)

    def lose_agent(self, environment_id: str) -> None:
        """Let the next creation of an environment finish without the agent, even if the agent was requested.

        No source says that the service ever does this; a careful client still notices it.
        """
        self._agentless.add(environment_id)

    async def apply_to_call(self, method: str) -> None:
        """Apply the next fault of a method to this call: raise its error or wait; do nothing without a fault."""
        if not self._calls[method]:
            return
        fault = self._calls[method].popleft()
        if isinstance(fault, ApiError):
            raise fault
        await self._sleep(fault)

    def take_creation_failure(self, environment_id: str) -> ApiError | None:
        """Return and remove the error for this creation, if there is one."""
        return self._creations.pop(environment_id, None)

    def take_agent_loss(self, environment_id: str) -> bool:
        """Tell whether this creation loses its agent, and remove that fault."""
        lost = environment_id in self._agentless
        self._agentless.discard(environment_id)
        return lost

    def _require_method(self, method: str) -> None:
        if method not in self._methods:
            raise ValueError(f"no method {method!r} is emulated; expected one of {', '.join(sorted(self._methods))}")
