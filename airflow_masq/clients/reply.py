"""One request of ``requests``, and its whole reply within one time limit and one size, for all clients of REST APIs.

``requests`` itself limits only how long the next byte takes, and neither the time of a reply nor its size. Headers that
come byte by byte are not cut off here; a body is.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from google.auth.transport.requests import AuthorizedSession
from requests.exceptions import ConnectionError as NoConnectionError
from requests.exceptions import ReadTimeout
from urllib3.exceptions import HTTPError

from airflow_masq.exceptions import CloudRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from google.auth.credentials import Credentials
    from requests import Response

MOST_BYTES: Final = 32 * 1024 * 1024
"""The largest body that is read; a page of 500 nodes has a few megabytes."""

_BYTES_OF_A_READ: Final = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A reply, read to its end."""

    status: int
    body: bytes

    @property
    def text(self) -> str:
        """The body as text; what is not UTF-8 is replaced."""
        return self.body.decode("utf-8", errors="replace")

    def read_object(self) -> dict[str, Any] | None:
        """Read the body's JSON object; ``None`` where it is anything else, or deeper or longer than Python reads."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, dict) else None


def open_session(credentials: Credentials) -> AuthorizedSession:
    """Open a session whose requests carry an access token of these credentials, and no other."""
    session = AuthorizedSession(credentials)  # type: ignore[no-untyped-call] # google-auth is partly untyped
    # Without an ``auth`` of its own, requests replaces the token by what ~/.netrc has for the host, or by default.
    session.auth = lambda request: request
    return session


def read_reply(
    request: Callable[..., Response], *, action: str, timeout_seconds: float, headers: Mapping[str, str] | None = None
) -> Reply:
    """Make one request, and read its whole reply. Redirects are not followed: a token is for one server alone.

    :param request: makes the request with the arguments of ``requests`` that it is called with.
    :param action: what the call does, as the beginning of an error's message.
    :param timeout_seconds: the time limit of the request and its reply together.
    :param headers: further headers.
    :raises CloudRefusedError: the body is too large, which no repetition makes smaller.
    :raises RequestException: no answer, or none in time.
    """
    ends = time.monotonic() + timeout_seconds
    replies: list[Reply] = []

    def read(response: Response, **_options: object) -> None:
        """Read a reply as it comes; google-auth asks again after a 401, and drops the first one unread."""
        with response:
            body = bytearray()
            for part in _read_parts(response):
                body += part
                if len(body) > MOST_BYTES:
                    size = f"more than {MOST_BYTES // 2**20} MB"
                    text = f"{action}: the answer has {size}; check that the endpoint is the API's"
                    raise CloudRefusedError(text, status="RESOURCE_EXHAUSTED", reason="ANSWER_TOO_LARGE")
                if time.monotonic() > ends:
                    raise ReadTimeout(f"the answer did not end within {timeout_seconds:g} s")
            replies.append(Reply(status=response.status_code, body=bytes(body)))

    # A body that is packed could be small on the way and endless here.
    sent = {"Accept": "application/json", "Accept-Encoding": "identity", **(headers or {})}
    request(headers=sent, timeout=timeout_seconds, stream=True, allow_redirects=False, hooks={"response": read})
    return replies[-1]


def _read_parts(response: Response) -> Iterator[bytes]:
    """Read a body part by part, each as soon as it comes; the next one has the socket's own time limit."""
    read = getattr(response.raw, "read1", response.raw.read)  # urllib3 has it since 2.1; without it, parts are whole
    try:
        while part := read(_BYTES_OF_A_READ, decode_content=False):
            yield part
    except HTTPError as error:
        raise NoConnectionError(error) from error
