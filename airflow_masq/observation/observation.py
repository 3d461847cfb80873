"""One answer of one observer to one vantage, and where that vantage was.

These are the facts that a verdict rests on. They must stay as they were seen: no expectation enters here, no address is
guessed, and nothing that an observer or a network did is an exception.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from netaddr import IPAddress


class Component(StrEnum):
    """The part of an Airflow environment that a probe ran in."""

    WORKER = "worker"
    TRIGGERER = "triggerer"
    SCHEDULER = "scheduler"
    DAG_PROCESSOR = "dag-processor"
    WEB_SERVER = "web-server"
    UNKNOWN = "unknown"


# How Composer 2 names its Pods: the workload's name, a dash, and what Kubernetes adds
# (https://cloud.google.com/composer/docs/composer-2/environment-architecture, read 2026-11-22; that the name of the
# Pod starts with the workload's is inferred, not verified in a live environment).
_COMPONENT_OF_PREFIX: Final = {
    "airflow-worker-": Component.WORKER,
    "airflow-triggerer-": Component.TRIGGERER,
    "airflow-scheduler-": Component.SCHEDULER,
    "airflow-dag-processor-": Component.DAG_PROCESSOR,
    "airflow-webserver-": Component.WEB_SERVER,
}


def component_of(hostname: str) -> Component:
    """Name the component that a Pod of this hostname runs.

    :param hostname: the Pod's hostname, for example ``airflow-worker-7k2xq``.
    :return: the component; ``UNKNOWN`` where the name says nothing.
    """
    for prefix, component in _COMPONENT_OF_PREFIX.items():
        if hostname.startswith(prefix):
            return component
    return Component.UNKNOWN


@dataclass(frozen=True, kw_only=True)
class Vantage:
    """Where a probe ran.

    :param hostname: the Pod's hostname.
    :param pod_ip: the Pod's own address, as its sockets have it; ``None`` where no socket got that far.
    :param component: what the Pod runs.
    :param environment: the environment's name.
    """

    hostname: str
    pod_ip: IPAddress | None
    component: Component
    environment: str


class Failure(StrEnum):
    """Why an observation holds no address."""

    # Nothing was seen: what a dropped packet looks like.
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
    CRASHED = "crashed"


TRANSIENT_FAILURES: Final = frozenset(
    {
        Failure.CONNECT_TIMEOUT,
        Failure.REPLY_TIMEOUT,
        Failure.NO_ROUTE,
        Failure.RESET,
        Failure.REFUSED,
        Failure.NAME_UNRESOLVED,
    }
)
"""Failures that another attempt, moments later, may not meet."""


@dataclass(frozen=True, kw_only=True)
class Observation:
    """What one attempt saw: an address, or the reason why there is none.

    :param url: what was asked, without credentials.
    :param destination: the address that was connected to; ``None`` where it did not come to that.
    :param destination_port: its port.
    :param local_address: the probing socket's own address: the Pod's, before any translation.
    :param local_port: its port; every attempt uses a fresh one.
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

    def __post_init__(self) -> None:
        if (self.observed is None) == (self.failure is None):
            raise ValueError("an observation holds either an address or a failure")
        if self.started_at.tzinfo is None:
            raise ValueError("an observation's time needs its time zone")


def deciding(observations: Sequence[Observation]) -> Observation | None:
    """Choose the observation that a verdict rests on.

    :param observations: all attempts in order.
    :return: the last that holds an address, else the last; ``None`` of none.
    """
    with_address = [observation for observation in observations if observation.observed is not None]
    return next(reversed(with_address or observations), None)
