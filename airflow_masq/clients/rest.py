"""What the clients of REST APIs share: one session, one request with one time limit, errors as Google's clients raise.

They speak through google-auth's own session. Google's client libraries of these APIs cost seconds of import for a few
requests, or do not come with every version of the google provider [source: observed-compute-import].
"""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import requests
from google.api_core.exceptions import from_http_status
from google.auth.credentials import with_scopes_if_required
from google.auth.exceptions import TransportError

from airflow_masq import __version__
from airflow_masq.clients.client import DEFAULT_API_TIMEOUT_SECONDS
from airflow_masq.clients.credentials import SCOPES, load_credentials
from airflow_masq.clients.endpoint import parse_endpoint
from airflow_masq.clients.google_errors import translate_google_errors
from airflow_masq.clients.reply import open_session, read_reply
from airflow_masq.facts.rest import find_items, find_text
from airflow_masq.text import escape

if TYPE_CHECKING:
    from google.auth.credentials import Credentials
    from google.auth.transport.requests import AuthorizedSession

# Colons stay as they are: Google's own verbs stand behind one, as in projects/P:testIamPermissions.
_SAFE_IN_PATHS: Final = "/:@"
_LONGEST_ACTION: Final = 300


class RestClient:
    """A session with one endpoint; it can be used by several threads. Close it.

    :param credentials: Google credentials. A plaintext endpoint does not get them. ``None`` means Google's application
        default credentials.
    :param googles: Google's public endpoint.
    :param endpoint: a URL that ``parse_endpoint`` accepts. ``None`` means Google's public endpoint.
    :param where: the setting's name, for an error about the endpoint.
    :param api_timeout_seconds: the time limit of one request (default 60).
    :ivar endpoint: the URL that paths are put behind.
    :raises InvalidInputError: the endpoint is not usable.
    :raises CloudRefusedError: there are no application default credentials.
    """

    def __init__(
        self,
        credentials: Credentials | None,
        *,
        googles: str,
        endpoint: str | None,
        where: str,
        api_timeout_seconds: float = DEFAULT_API_TIMEOUT_SECONDS,
    ) -> None:
        self._api_timeout_seconds = api_timeout_seconds
        self._is_closed = False
        parsed = None if endpoint is None else parse_endpoint(endpoint, where=where)
        if parsed is not None and parsed.plaintext:
            self.endpoint = f"http://{parsed.target}"
            self._session = requests.Session()
            self._session.trust_env = False  # no proxy and no credentials from the environment
        else:
            self.endpoint = googles if parsed is None else f"https://{parsed.target}"
            with translate_google_errors(f"preparing a client of {self.endpoint}"):
                self._session = _authorize(credentials)
        self._session.headers["User-Agent"] = f"airflow-masq/{__version__}"

    def get(self, path: str, *, action: str, **query: str) -> dict[str, Any]:
        """Read a resource.

        :param path: behind the endpoint, as Google's reference names it.
        :param action: what the call does, as the beginning of an error's message.
        :param query: the parameters; empty ones are left out.
        :raises CloudRefusedError: the API refused the call.
        :raises CloudUnavailableError: no answer.
        """
        parameters = {name: value for name, value in query.items() if value}
        return self._send("GET", path, action=action, params=parameters)

    def post(self, path: str, *, action: str, body: dict[str, Any]) -> dict[str, Any]:
        """Ask with a body; as ``get``."""
        return self._send("POST", path, action=action, json=body)

    def close(self) -> None:
        """Close the connections, also those of calls that end later in other threads."""
        self._is_closed = True
        self._session.close()

    def _send(self, verb: str, path: str, *, action: str, **content: Any) -> dict[str, Any]:  # noqa: ANN401 - requests' own
        action = escape(action, limit=_LONGEST_ACTION)  # names in it are a plan's or Google's
        url = f"{self.endpoint}/{quote(path, safe=_SAFE_IN_PATHS)}"
        with translate_google_errors(action, names_environment=False):
            try:
                request = partial(self._session.request, verb, url, **content)
                reply = read_reply(request, action=action, timeout_seconds=self._api_timeout_seconds)
            except requests.RequestException as error:
                raise TransportError(error) from error  # type: ignore[no-untyped-call] # google-auth is partly untyped
            finally:
                if self._is_closed:  # a call that began late has put a connection into the closed session's pool
                    self._session.close()
            body = reply.read_object()
            if body is None:
                raise TransportError(f"no JSON object came back (HTTP {reply.status})")  # type: ignore[no-untyped-call] # as above
            if not HTTPStatus.OK <= reply.status < HTTPStatus.MULTIPLE_CHOICES:
                raise _read_error(reply.status, body)
            return body


def _read_error(code: int, body: dict[str, Any]) -> Exception:
    """Read an error's answer into the exception that Google's own clients raise for it."""
    error = body.get("error")
    details = [each for each in find_items(error, "details") if isinstance(each, dict)]
    info = next((each for each in details if find_text(each, "@type").endswith("google.rpc.ErrorInfo")), None)
    message = find_text(error, "message") or f"no reason given (HTTP {code})"
    made: Exception = from_http_status(code, message, details=details, error_info=info)  # type: ignore[no-untyped-call] # partly untyped
    return made


def _authorize(credentials: Credentials | None) -> AuthorizedSession:
    found = load_credentials()[0] if credentials is None else credentials
    scoped = with_scopes_if_required(found, SCOPES)  # type: ignore[no-untyped-call] # google-auth is partly untyped
    return open_session(scoped)
