"""The one border where Google's errors become this project's; it must let none of them through.

Which canonical status may pass by itself follows AIP-193 and the list in ``google/rpc/code.proto``
(https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto, read 2026-11-22). ``RESOURCE_EXHAUSTED``
stands for rate limits as well as for used-up quotas, and ``UNKNOWN`` is what proxies make of an unexpected HTTP reply;
both are taken as passing, since whoever retries does so a bounded number of times.
"""

from __future__ import annotations

from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING

from google.api_core.exceptions import GoogleAPICallError, RetryError
from google.auth.exceptions import GoogleAuthError, TransportError

from airflow_masq.exceptions import (
    AirflowMasqError,
    CloudRefusedError,
    CloudUnavailableError,
    EnvironmentAlreadyExistsError,
    EnvironmentNotFoundError,
)
from airflow_masq.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

MESSAGE_LIMIT = 1000
"""Characters kept of Google's own words: a refused image version lists the ones that would do."""

PASSING_STATUSES = frozenset(
    {"ABORTED", "CANCELLED", "DEADLINE_EXCEEDED", "INTERNAL", "RESOURCE_EXHAUSTED", "UNAVAILABLE", "UNKNOWN"}
)

REFUSALS: dict[str, type[CloudRefusedError]] = {
    "ALREADY_EXISTS": EnvironmentAlreadyExistsError,
    "NOT_FOUND": EnvironmentNotFoundError,
}

NEXT_STEPS = {
    "INVALID_ARGUMENT": "correct the environment's description",
    "NOT_FOUND": "check the project, the region and the name",
    "PERMISSION_DENIED": "grant the connection's account the missing permission, or check the project",
    "UNAUTHENTICATED": "check the connection's credentials",
}


@contextmanager
def google_errors(asked: str) -> Iterator[None]:
    """Map what Google's client raises inside the block.

    :param asked: what was asked, as the message's beginning (``creating projects/…``).
    :raises CloudUnavailableError: the API was unreachable, overloaded or too slow.
    :raises EnvironmentNotFoundError: the API answered NOT_FOUND.
    :raises EnvironmentAlreadyExistsError: the API answered ALREADY_EXISTS.
    :raises CloudRefusedError: the API said no for another reason, or the credentials do not do.
    """
    try:
        yield
    except GoogleAPICallError as error:
        raise _mapped(asked, status_of(error), str(error.message)) from error
    except (RetryError, TransportError) as error:
        raise _mapped(asked, "UNAVAILABLE", str(error)) from error
    except GoogleAuthError as error:
        status = "UNAVAILABLE" if error.retryable else "UNAUTHENTICATED"
        raise _mapped(asked, status, str(error)) from error


def status_of(error: GoogleAPICallError) -> str:
    """Name the canonical status of an API error.

    :param error: what Google's client raised.
    :return: for example ``INVALID_ARGUMENT``; the HTTP status' name where the error carries no gRPC status.
    """
    if error.grpc_status_code is not None:
        return str(error.grpc_status_code.name)
    return HTTPStatus(error.code).name if error.code else "UNKNOWN"


def _mapped(asked: str, status: str, words: str) -> AirflowMasqError:
    message = f"{asked}: {status}: {printable(words, limit=MESSAGE_LIMIT)}"
    if status in PASSING_STATUSES:
        return CloudUnavailableError(f"{message}; trying again may help")
    if status in NEXT_STEPS:
        message = f"{message}; {NEXT_STEPS[status]}"
    return REFUSALS.get(status, CloudRefusedError)(message, status=status)
