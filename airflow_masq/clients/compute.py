"""The Compute API: subnetworks, routers with Cloud NAT, addresses and quotas, to read only.

It speaks REST through google-auth's own session, and not through google-cloud-compute: importing that takes 5 s and
110 MB, more than everything else that a worker or the command line loads for these few requests
[source: observed-compute-import, compute-rest-reference]. The tests hold the emulated API to that library.

One method is one request with one time limit, and one for each further page of a list. Waiting, retrying and deciding
belong to the caller; errors are translated in ``google_errors``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import quote

import requests
from google.api_core.exceptions import from_http_status
from google.auth.credentials import with_scopes_if_required
from google.auth.exceptions import TransportError
from google.auth.transport.requests import AuthorizedSession

from airflow_masq import __version__
from airflow_masq.clients.credentials import SCOPES, load_credentials
from airflow_masq.clients.endpoint import parse_endpoint
from airflow_masq.clients.google_errors import translate_google_errors
from airflow_masq.facts import NatStatus, Quota, RegionalName, ReservedAddress, Router, Subnetwork, read_quotas
from airflow_masq.facts.nat import read_nat_statuses
from airflow_masq.facts.rest import find_items, find_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from google.auth.credentials import Credentials

_GOOGLES: Final = "https://compute.googleapis.com"

_MOST_PAGES: Final = 1000


class ComputeClient:
    """A client of one Compute endpoint; it can be used by several threads. Close it, or use it in a ``with`` block.

    A caller needs ``roles/compute.networkViewer`` in the project that owns the network: for a Shared VPC the host
    project.

    :param credentials: Google credentials. A plaintext endpoint does not get them. ``None`` means Google's application
        default credentials.
    :param endpoint: a URL that ``parse_endpoint`` accepts. ``None`` means Google's public endpoint.
    :param api_timeout_seconds: the time limit of one request (default 60).
    :raises InvalidInputError: the endpoint is not usable.
    :raises CloudRefusedError: there are no application default credentials.
    """

    def __init__(
        self, credentials: Credentials | None, *, endpoint: str | None = None, api_timeout_seconds: float = 60.0
    ) -> None:
        self._api_timeout_seconds = api_timeout_seconds
        parsed = None if endpoint is None else parse_endpoint(endpoint, where="compute_endpoint")
        if parsed is not None and parsed.plaintext:
            self._base = f"http://{parsed.target}"
            self._session = requests.Session()
            self._session.trust_env = False  # no proxy and no credentials from the environment
        else:
            self._base = _GOOGLES if parsed is None else f"https://{parsed.target}"
            with translate_google_errors("preparing a client of the Compute API"):
                self._session = _authorize(credentials)
        self._session.headers["User-Agent"] = f"airflow-masq/{__version__}"

    def get_subnetwork(self, name: RegionalName) -> Subnetwork:
        """Read a subnetwork.

        :param name: of kind ``subnetworks``; for a Shared VPC in the host project.
        :raises CloudRefusedError: the API refused the call; its ``status`` is ``NOT_FOUND`` where there is none.
        :raises CloudUnavailableError: no answer.
        """
        return Subnetwork.read(self._get(str(name)), name=name)

    def list_routers(self, project: str, *, region: str) -> tuple[Router, ...]:
        """Read the routers of a region, with their Cloud NAT gateways.

        :raises CloudRefusedError: the API refused the call.
        :raises CloudUnavailableError: no answer.
        """
        return tuple(Router.read(item, name=name) for name, item in self._list(project, region=region, kind="routers"))

    def get_nat_statuses(self, router: RegionalName) -> tuple[NatStatus, ...]:
        """Read which addresses a router's gateways use now (``routers.getRouterStatus``).

        :raises CloudRefusedError: the API refused the call.
        :raises CloudUnavailableError: no answer.
        """
        return read_nat_statuses(self._get(f"{router}/getRouterStatus"))

    def list_addresses(self, project: str, *, region: str) -> tuple[ReservedAddress, ...]:
        """Read the reserved addresses of a region, internal and external ones.

        :raises CloudRefusedError: the API refused the call.
        :raises CloudUnavailableError: no answer.
        """
        listed = self._list(project, region=region, kind="addresses")
        read = (ReservedAddress.read(item, name=name) for name, item in listed)
        return tuple(each for each in read if each is not None)

    def get_quotas(self, project: str, *, region: str) -> dict[str, Quota]:
        """Read a region's quotas in a project, by metric, for example ``CPUS``.

        :raises CloudRefusedError: the API refused the call.
        :raises CloudUnavailableError: no answer.
        """
        return read_quotas(self._get(f"projects/{project}/regions/{region}"))

    def close(self) -> None:
        """Close the connections; the client cannot be used any more."""
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _list(self, project: str, *, region: str, kind: str) -> Iterator[tuple[RegionalName, object]]:
        """Read all pages of a list; a list that never ends is cut off, since each page is a request."""
        token = ""
        for _ in range(_MOST_PAGES):
            page = self._get(f"projects/{project}/regions/{region}/{kind}", pageToken=token)
            for item in find_items(page, "items"):
                name = RegionalName(project=project, region=region, kind=kind, resource_id=find_text(item, "name"))
                yield name, item
            token = find_text(page, "nextPageToken")
            if not token:
                return

    def _get(self, path: str, **query: str) -> dict[str, Any]:
        parameters = {name: value for name, value in query.items() if value}
        with translate_google_errors(f"reading {path}", names_environment=False):
            try:
                url = f"{self._base}/compute/v1/{quote(path)}"
                response = self._session.get(url, params=parameters, timeout=self._api_timeout_seconds)
                body = response.json()
            except requests.RequestException as error:  # no answer, or one that is not JSON
                raise TransportError(error) from error  # type: ignore[no-untyped-call] # google-auth is partly untyped
            if not isinstance(body, dict):
                raise TransportError("no JSON object came back")  # type: ignore[no-untyped-call] # as above
            if not response.ok:
                raise _read_error(response.status_code, body)
            return body


def _read_error(code: int, body: dict[str, Any]) -> Exception:
    """Read an error's answer into the exception that Google's own clients raise for it."""
    error = body.get("error")
    details = [each for each in find_items(error, "details") if isinstance(each, dict)]
    info = next((each for each in details if find_text(each, "@type").endswith("google.rpc.ErrorInfo")), None)
    message = find_text(error, "message") or "no reason given"
    made: Exception = from_http_status(code, message, details=details, error_info=info)  # type: ignore[no-untyped-call] # partly untyped
    return made


def _authorize(credentials: Credentials | None) -> AuthorizedSession:
    if credentials is None:
        credentials, _project = load_credentials()
    scoped = with_scopes_if_required(credentials, SCOPES)  # type: ignore[no-untyped-call] # google-auth is partly untyped
    return AuthorizedSession(scoped)  # type: ignore[no-untyped-call] # as above
