"""One answer of one observer to one vantage.

A verdict rests on these facts, so they stay as they were seen: no expectation enters here, no address is guessed, and
nothing that an observer or a network did is an exception.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from netaddr import IPAddress


class Failure(StrEnum):
    """Why an observation holds no address."""

    # Nothing was seen, as when a packet is dropped.
    CONNECT_TIMEOUT = "connect-timeout"  # no answer to the connection attempt
    REPLY_TIMEOUT = "reply-timeout"  # connected, and no complete reply in time
    NO_ROUTE = "no-route"  # the network, or a rule on the way, says unreachable
    RESET = "reset"  # connected, then reset
    # The probe was not carried out as asked.
    REFUSED = "refused"
    NAME_UNRESOLVED = "name-unresolved"
    TLS = "tls"
    REDIRECT = "redirect"
    HTTP_STATUS = "http-status"
    NOT_HTTP = "not-http"  # something else answered, or the reply broke off
    NO_ADDRESS = "no-address"
    SEVERAL_ADDRESSES = "several-addresses"
    TOO_LARGE = "too-large"
    UNUSABLE_TARGET = "unusable-target"  # the URL or the connection it names cannot be probed
    STARVED = "starved"  # the probing process itself was late, so the observer's silence proves nothing
    CRASHED = "crashed"


TRANSIENT_FAILURES: Final = frozenset(
    {
        Failure.CONNECT_TIMEOUT,
        Failure.REPLY_TIMEOUT,
        Failure.NO_ROUTE,
        Failure.RESET,
        Failure.REFUSED,
        Failure.NAME_UNRESOLVED,
        Failure.STARVED,
    }
)
"""Failures that another attempt, moments later, may not meet."""


LONGEST_URL_CHARACTERS: Final = 2048
"""How long an observer's URL may be: what a plan may name, a probe takes."""


class Canary(StrEnum):
    """What an observer did with an invented address in the request's forwarding headers."""

    NOT_ASKED = "not-asked"
    IGNORED = "ignored"  # it named the same address as without
    REPEATED = "repeated"  # it named the invented address, so it repeats what clients tell it
    OTHER_ADDRESS = "other-address"  # the request with the canary was answered with another address of its own
    UNANSWERED = "unanswered"  # the request with the canary got no usable reply


@dataclass(frozen=True, kw_only=True)
class Observation:
    """What one attempt at one address saw: a source address, or the reason why there is none.

    :param url: what was asked, without credentials.
    :param destination: the address that was connected to; ``None`` if the attempt ended before.
    :param destination_port: its port.
    :param local_address: the probing socket's own address: the Pod's, before any translation.
    :param local_port: its port; every attempt uses a fresh one.
    :param intermediaries: what in the reply shows a proxy or a cache in between, such as ``via 1.1 squid``.
    :param nonce_sent: whether the request's query had a nonce, which no cache can know.
    :param canary: what the observer did with an invented forwarding header.
    :param observed: the source address that the observer named.
    :param failure: why there is none.
    :param detail: the failure in one line, foreign text in it escaped; empty where an address was observed.
    :param started_at: when the attempt began, with its time zone.
    :param duration_seconds: how long it took.
    :raises ValueError: unless exactly one of ``observed`` and ``failure`` is given, and ``started_at`` has a zone.
    """

    url: str
    destination: IPAddress | None
    destination_port: int | None
    local_address: IPAddress | None
    observed: IPAddress | None
    failure: Failure | None
    detail: str
    started_at: datetime
    duration_seconds: float
    local_port: int | None = None
    intermediaries: tuple[str, ...] = ()
    nonce_sent: bool = False
    canary: Canary = Canary.NOT_ASKED

    def __post_init__(self) -> None:
        if (self.observed is None) == (self.failure is None):
            raise ValueError("an observation holds either an address or a failure")
        if self.started_at.tzinfo is None:
            raise ValueError("an observation's time needs its time zone")

    @classmethod
    def from_unusable_target(cls, url: str, *, detail: str, started_at: datetime) -> Self:
        """Observe that a target could not be asked at all."""
        return cls(
            url=url,
            destination=None,
            destination_port=None,
            local_address=None,
            observed=None,
            failure=Failure.UNUSABLE_TARGET,
            detail=detail,
            started_at=started_at,
            duration_seconds=0.0,
        )


def choose_deciding(observations: Sequence[Observation]) -> Observation | None:
    """Choose the attempt that a verdict rests on: the last with an address, else the last; ``None`` of none."""
    with_address = [observation for observation in observations if observation.observed is not None]
    return next(reversed(with_address or observations), None)
