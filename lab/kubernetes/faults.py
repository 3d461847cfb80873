"""Faults on request, each used up by the call that it affects; an observer sees every call."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict, deque
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from lab.kubernetes.status import StatusError

if TYPE_CHECKING:
    from collections.abc import Callable

Moment: TypeAlias = Literal["before", "after"]
"""Before a call is handled, or after it took effect and before it is answered."""

#: Answers that an overloaded or restarting control plane gives [source: k8s-api-status].
OVERLOADED: Final = StatusError(429, "TooManyRequests", "too many requests, please try again later")
UNAVAILABLE: Final = StatusError(503, "ServiceUnavailable", "apiserver is shutting down")


class ReplyLostError(Exception):
    """The connection is closed without an answer."""


class Faults:
    """The faults that are still to come, and the calls that came, each named ``VERB PLURAL``: ``patch nodes``.

    :ivar observe: called with the moment and the name of every call; does nothing by default.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._before: defaultdict[str, deque[StatusError | ReplyLostError]] = defaultdict(deque)
        self._after: defaultdict[str, deque[StatusError | ReplyLostError]] = defaultdict(deque)
        self._count: Counter[str] = Counter()
        self.observe: Callable[[Moment, str], None] = lambda _moment, _call: None

    def fail_next(self, call: str, error: StatusError = UNAVAILABLE, *, times: int = 1) -> None:
        """Let the next calls fail without an effect."""
        with self._lock:
            self._before[call].extend([error] * times)

    def cut_next(self, call: str) -> None:
        """Close the connection of the next call before it has an effect."""
        with self._lock:
            self._before[call].append(ReplyLostError())

    def lose_next_reply(self, call: str) -> None:
        """Close the connection of the next call after it took effect."""
        with self._lock:
            self._after[call].append(ReplyLostError())

    def count(self, call: str) -> int:
        """Return how many calls of that name came, failed ones too."""
        with self._lock:
            return self._count[call]

    def pass_moment(self, moment: Moment, call: str) -> None:
        """Let a call pass a moment, or raise what was ordered for it there."""
        self.observe(moment, call)
        with self._lock:
            self._count[call] += moment == "before"
            waiting = (self._before if moment == "before" else self._after)[call]
            fault = waiting.popleft() if waiting else None
        if fault is not None:
            raise fault
