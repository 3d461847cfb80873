"""The one place where errors of Google's libraries become this project's errors.

Which canonical statuses are temporary follows AIP-193 and the list in ``google/rpc/code.proto`` [source: aip-193,
google-rpc-codes]. ``RESOURCE_EXHAUSTED`` means a rate limit or a used-up quota, and proxies turn an unexpected HTTP
reply into ``UNKNOWN``. Both count as transient, since every caller limits its retries. gRPC uses
``RESOURCE_EXHAUSTED`` for a message above its limit, too, which no repetition makes smaller
[source: observed-grpc-message-limit].
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from google.api_core.exceptions import GoogleAPICallError, RetryError
from google.auth.exceptions import GoogleAuthError, TransportError

from airflow_masq.exceptions import (
    AirflowMasqError,
    CloudRefusedError,
    CloudUnavailableError,
    EnvironmentAlreadyExistsError,
    EnvironmentNotFoundError,
)
from airflow_masq.facts.silence import API_IS_OFF
from airflow_masq.text import escape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MESSAGE_LIMIT = 1000
"""How many characters of Google's message are kept: a refused image version lists the accepted ones."""

TRANSIENT_STATUSES = frozenset(
    {"ABORTED", "CANCELLED", "DEADLINE_EXCEEDED", "INTERNAL", "RESOURCE_EXHAUSTED", "UNAVAILABLE", "UNKNOWN"}
)

_TOO_LARGE: Final = re.compile(r"(?:Received|Sent) message larger than max")

REFUSALS: dict[str, type[CloudRefusedError]] = {
    "ALREADY_EXISTS": EnvironmentAlreadyExistsError,
    "NOT_FOUND": EnvironmentNotFoundError,
}

NEXT_STEPS = {
    "INVALID_ARGUMENT": "correct what the message names",
    "NOT_FOUND": "check the project, the region and the name",
    "PERMISSION_DENIED": "grant the caller the missing permission, or check the project",
    "UNAUTHENTICATED": "check the caller's credentials",
}


# HTTP's statuses as canonical ones; a proxy's 502 passes like the API's own 503 [source: google-rpc-codes].
_STATUSES_OF_HTTP: Final = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


@contextmanager
def translate_google_errors(action: str, *, names_environment: bool = True) -> Iterator[None]:
    """Translate what Google's client raises inside the block.

    :param action: what the block does, as the beginning of the message (``creating projects/…``).
    :param names_environment: whether the call names an environment, so that NOT_FOUND and ALREADY_EXISTS are about it.
    :raises CloudUnavailableError: the API was unreachable, overloaded or too slow.
    :raises EnvironmentNotFoundError: the API answered NOT_FOUND.
    :raises EnvironmentAlreadyExistsError: the API answered ALREADY_EXISTS.
    :raises CloudRefusedError: the API refused for another reason, or rejected the credentials.
    """
    try:
        yield
    except GoogleAPICallError as error:
        kinds = REFUSALS if names_environment else {}
        reason, message = str(error.reason or ""), str(error.message)
        raise _translate(action, status=read_status(error), message=message, reason=reason, kinds=kinds) from error
    except (RetryError, TransportError) as error:
        raise _translate(action, status="UNAVAILABLE", message=str(error)) from error
    except GoogleAuthError as error:
        status = "UNAVAILABLE" if error.retryable else "UNAUTHENTICATED"
        raise _translate(action, status=status, message=str(error)) from error


def read_status(error: GoogleAPICallError) -> str:
    """Read an API error's canonical status (``INVALID_ARGUMENT``), from gRPC's status or HTTP's."""
    if error.grpc_status_code is not None:
        return str(error.grpc_status_code.name)
    return _STATUSES_OF_HTTP.get(error.code or 0, "UNKNOWN")


def _translate(
    action: str,
    *,
    status: str,
    message: str,
    reason: str = "",
    kinds: Mapping[str, type[CloudRefusedError]] = REFUSALS,
) -> AirflowMasqError:
    words = escape(message, limit=MESSAGE_LIMIT)
    text = f"{action}: {status}: {words}"
    if status == "RESOURCE_EXHAUSTED" and _TOO_LARGE.search(message):
        text = f"{text}; make the environment's description smaller"
        return CloudRefusedError(text, status=status, words=words)
    if status in TRANSIENT_STATUSES:
        return CloudUnavailableError(f"{text}; trying again may help", status=status, words=words)
    if reason == API_IS_OFF:
        text = f"{text}; enable the API in that project, or ask who administers it"
    elif status in NEXT_STEPS:
        text = f"{text}; {NEXT_STEPS[status]}"
    return kinds.get(status, CloudRefusedError)(text, status=status, reason=reason, words=words)
