"""What all clients share: the time limit of a call, and an end in a ``with`` block."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from types import TracebackType

DEFAULT_API_TIMEOUT_SECONDS: Final = 60.0
"""The time limit of one call, for clients, hooks, operators and commands alike.

Google's own tools disagree: GKE's client waits 20 s for a read, google-auth's session 120 s, gcloud 300 s, and
Composer's client for ever [source: google-call-time-limits].
"""

SHORTEST_SECONDS, LONGEST_SECONDS = 0.01, 86_400.0
"""The bounds of that time limit, and of the other settings in seconds: a day is far more than a creation takes."""


class Client:
    """A client of one endpoint. Close it, or use it in a ``with`` block."""

    def close(self) -> None:
        """Close the connections; the client cannot be used any more."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
