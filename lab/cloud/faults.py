"""Faults on request: the next call of a method fails or stalls or loses its reply, a creation fails or loses its agent.

Each of these is used up by the call or the creation that it affects. A project or a region can be closed, too, which
lasts until it is opened again. No fault is random. An observer sees every call before it is handled and after it took
effect, and may kill the caller there, or raise an error to answer.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict, deque
from typing import TYPE_CHECKING, Literal, TypeAlias

from lab.cloud.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    import grpc

Moment: TypeAlias = Literal["before", "after"]
"""Before a call is handled, or after it took effect and before it is answered."""


class Faults:
    """The faults that are still to come, and the calls that came.

    :param sleep: how stalled calls wait.
    :ivar observe: called with the moment and the method of every call; does nothing by default.
    """

    def __init__(self, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._sleep = sleep
        self._methods: frozenset[str] = frozenset()
        self._calls: defaultdict[str, deque[ApiError | float]] = defaultdict(deque)
        self._creations: dict[str, ApiError] = {}
        self._agentless: set[str] = set()
        self._lost_replies: defaultdict[str, deque[ApiError]] = defaultdict(deque)
        self._closed: dict[str, ApiError | float] = {}
        self._count: Counter[str] = Counter()
        self.observe: Callable[[Moment, str], None] = lambda _moment, _method: None

    def add_methods(self, names: Iterable[str]) -> None:
        """Register the emulated methods, so that a fault for a misspelt method is refused."""
        self._methods |= frozenset(names)

    def fail_next(
        self, method: str, status: grpc.StatusCode, message: str, *, times: int = 1, reason: str = ""
    ) -> None:
        """Answer the next calls of a method with an error.

        :param method: the method's short name, for example ``GetEnvironment``.
        :param reason: the reason in ``google.rpc.ErrorInfo``; default none.
        :raises ValueError: if no such method is emulated.
        """
        self._require_method(method)
        self._calls[method].extend([ApiError(status, message, reason=reason)] * times)

    def stall_next(self, method: str, seconds: float) -> None:
        """Delay the next call of a method before it is handled.

        :param method: the method's short name.
        :raises ValueError: if no such method is emulated.
        """
        self._require_method(method)
        self._calls[method].append(seconds)

    def lose_reply(self, method: str, status: grpc.StatusCode, message: str, *, times: int = 1) -> None:
        """Handle the next calls of a method, then answer with an error, so that the caller knows nothing.

        :raises ValueError: if no such method is emulated.
        """
        self._require_method(method)
        self._lost_replies[method].extend([ApiError(status, message)] * times)

    def close(self, place: str, status: grpc.StatusCode, message: str) -> None:
        """Answer every call for a project or a region with an error, until it is opened again.

        :param place: ``projects/P``, ``projects/P/locations/L``, or ``locations/L`` for the region of every project.
        """
        self._closed[place] = ApiError(status, message)

    def silence(self, place: str, seconds: float) -> None:
        """Delay every call for a project or a region, until it is opened again; ``place`` as in ``close``."""
        self._closed[place] = seconds

    def open(self, place: str) -> None:
        """Open a project or a region again."""
        del self._closed[place]

    def count_calls(self, method: str | None = None) -> int:
        """Count the calls that came, of one method or of all."""
        return self._count.total() if method is None else self._count[method]

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

    async def apply_to_call(self, method: str, *, resource: str = "") -> None:
        """Apply the faults of a call's place, and the next one of its method: raise an error, or wait.

        :param resource: the name or the parent that the request has.
        """
        self._count[method] += 1
        self.observe("before", method)
        faults = [fault for place, fault in self._closed.items() if f"/{place}/" in f"/{resource}/"]
        if self._calls[method]:
            faults.append(self._calls[method].popleft())
        for fault in faults:
            if isinstance(fault, ApiError):
                raise fault
            await self._sleep(fault)

    def apply_to_reply(self, method: str) -> None:
        """Raise the error that replaces the reply of this call, if there is one."""
        self.observe("after", method)
        if self._lost_replies[method]:
            raise self._lost_replies[method].popleft()

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
