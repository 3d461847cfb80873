"""A call that changes something and is repeated where it fails: after a look at what it did, and not for ever."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from airflow_masq.exceptions import CloudRefusedError, CloudUnavailableError
from airflow_masq.provisioning.watch import ATTEMPTS_AFTER_REFUSALS

if TYPE_CHECKING:
    from airflow_masq.provisioning.steps import Pause
    from airflow_masq.provisioning.watch import CreationWatch

log = logging.getLogger(__name__)

MAY_PASS: Final = frozenset({"PERMISSION_DENIED", "UNAUTHENTICATED"})
"""Refusals that say nothing about the request itself and may pass, while a grant spreads for example."""

CLOCK_SKEW_SECONDS: Final = 60.0
"""How far this machine's clock may differ from Google's: a choice."""


@dataclass(kw_only=True)
class RepeatedChange:
    """The failures of one kind of call.

    The looks between the calls are answered, so the watch does not count these failures as ones in a row.

    :param may_pass: the refusals after which the call is made again, three times in all.
    :ivar failing_since: when the first call that failed was made, by the earliest clock; ``None`` before.
    """

    watch: CreationWatch
    may_pass: frozenset[str] = MAY_PASS
    failing_since: float | None = field(default=None, init=False)
    _failures: int = field(default=0, init=False)
    _refusals: int = field(default=0, init=False)

    def note_failure(self, error: CloudUnavailableError | CloudRefusedError, *, sent: float) -> None:
        """Tolerate a failure, unless it is worth nothing to repeat the call.

        :param sent: when the call was made.
        :raises CloudRefusedError: the request is wrong, or was refused ``ATTEMPTS_AFTER_REFUSALS`` times.
        :raises CloudUnavailableError: the calls have failed for ``failure_tolerance_seconds``.
        """
        is_refused = isinstance(error, CloudRefusedError)
        self._failures += 1
        self._refusals += is_refused
        self.watch.is_at_stake |= not is_refused  # a call without an answer may have taken effect
        self.failing_since = self.failing_since or sent - CLOCK_SKEW_SECONDS
        has_to_end = self._refusals == ATTEMPTS_AFTER_REFUSALS and not self.watch.is_at_stake
        if is_refused and (has_to_end or error.status not in self.may_pass):
            raise error
        tolerated = self.watch.failure_tolerance_seconds
        if self.watch.now() - self.failing_since >= tolerated + CLOCK_SKEW_SECONDS:
            raise error
        log.warning("%s (tolerated for %.0f s)", error, tolerated)

    def make_backoff(self) -> Pause:
        """Make the pause before the next call: it doubles with each failure."""
        return self.watch.make_backoff(failures=self._failures)
