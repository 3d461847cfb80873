"""A GKE cluster's own API: list and apply ``EgressNATPolicy`` objects, and list nodes.

It is spoken over REST, with Google's credentials and the ``requests`` that google-auth needs anyway. The ``kubernetes``
package comes only with another provider, and three calls do not need it.

One method is one call with one time limit. An error keeps the API server's words, which are those of its ``Status``
objects [source: k8s-api-status].
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit

from requests.exceptions import RequestException, SSLError

from airflow_masq import __version__
from airflow_masq.clients.client import DEFAULT_API_TIMEOUT_SECONDS, Client
from airflow_masq.clients.endpoint import is_loopback, parse_endpoint
from airflow_masq.clients.google_errors import MESSAGE_LIMIT, translate_google_errors
from airflow_masq.clients.pages import read_pages
from airflow_masq.clients.reply import Reply, open_session, read_reply
from airflow_masq.exceptions import (
    AirflowMasqError,
    CloudRefusedError,
    CloudUnavailableError,
    FieldConflictError,
    InvalidInputError,
)
from airflow_masq.facts.rest import find_text
from airflow_masq.network.live_policy import (
    LiveNode,
    LiveObject,
    LivePolicy,
    read_live_node,
    read_live_object,
    read_live_policy,
)
from airflow_masq.text import escape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from google.auth.credentials import Credentials

    from airflow_masq.facts.control_plane import ControlPlane, EndpointChoice

_ENDPOINT: Final = "cluster endpoint"
POLICIES_PATH: Final = "/apis/networking.gke.io/v1/egressnatpolicies"
_NODES_PATH: Final = "/api/v1/nodes"
_NODES_OF_A_PAGE: Final = 500

# [source: k8s-server-side-apply]. JSON is YAML, too.
_APPLY: Final = "application/apply-patch+yaml"
_CONFLICT: Final = "FieldManagerConflict"

_TEMPORARY: Final = frozenset({408, 429, 500, 502, 503, 504})
# A manifest that does not fit the schema is answered with the status 500 and no reason
# [source: k8s-apply-schema-error]. No repetition mends it.
_SCHEMA_ERROR: Final = "failed to create typed patch object"

# So it answers for a group or resource that it does not have, without a Status object.
_NO_SUCH_PATH: Final = "404 page not found"

_STATUSES: Final = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    422: "INVALID_ARGUMENT",
}
"""HTTP's statuses as canonical ones, as errors of Google's other APIs have them."""

_NEXT_STEPS: Final = {
    400: "correct the manifest",
    401: "check the caller's credentials, and that the endpoint is this cluster's",
    403: "grant the connection's account what the message names, in IAM (roles/container.developer) or in the "
    "cluster's RBAC",
    404: "the cluster knows no EgressNATPolicy: it must be an Autopilot cluster with GKE Dataplane V2",
    422: "correct the manifest",
}


@dataclass(frozen=True, kw_only=True)
class ClusterEndpoint:
    """Where a cluster's API server is, and how its certificate is checked.

    :param url: ``https://HOST[:PORT]``: a control plane's public, private or DNS-based endpoint.
    :param authority: the cluster's certificate authority as PEM. ``None`` means the public ones, which vouch for
        DNS-based endpoints [source: gke-dns-endpoint].
    """

    url: str
    authority: str | None = None


class KubernetesClient(Client):
    """A client of one cluster. Close it, or use it in a ``with`` block.

    :param credentials: Google credentials, whose access token the API server takes.
    :param api_timeout_seconds: the time limit of one call (default 60).
    :raises InvalidInputError: the endpoint is not usable.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        endpoint: ClusterEndpoint,
        api_timeout_seconds: float = DEFAULT_API_TIMEOUT_SECONDS,
    ) -> None:
        parsed = parse_endpoint(endpoint.url, where=_ENDPOINT)
        if parsed.plaintext:  # an access token is sent with every call
            raise InvalidInputError(where=_ENDPOINT, expected="https://HOST[:PORT]", seen=escape(endpoint.url))
        self._url = f"https://{parsed.target}"
        self._timeout = api_timeout_seconds
        self._folder = TemporaryDirectory(prefix="airflow-masq-")
        self._verify: bool | str = True
        if endpoint.authority is not None:
            file = Path(self._folder.name, "authority.pem")
            file.write_text(endpoint.authority)
            self._verify = str(file)
        self._session = open_session(credentials)
        self._session.headers["User-Agent"] = f"airflow-masq/{__version__}"

    def list_policies(self) -> LivePolicy:
        """Read all ``EgressNATPolicy`` objects.

        :raises CloudRefusedError: the API refused the call, or the cluster has no such objects.
        :raises CloudUnavailableError: no answer.
        """
        action = "listing the cluster's EgressNATPolicy objects"
        return read_live_policy(_read_items(self._ask("GET", POLICIES_PATH, action=action), action=action))

    def apply_policy(
        self, manifest: Mapping[str, Any], *, field_manager: str, force: bool = False, dry_run: bool = False
    ) -> LiveObject:
        """Apply an object server-side: create it, or change it to what the manifest says.

        :param manifest: with ``metadata.name``. Fields that it does not have are left to their other managers.
        :param field_manager: who owns the fields afterwards.
        :param force: take fields that another manager owns.
        :param dry_run: let the API server check everything, and store nothing.
        :return: the object as it is now, or would be.
        :raises FieldConflictError: another manager owns the list, and ``force`` is not set.
        :raises CloudRefusedError: the API refused the call.
        :raises CloudUnavailableError: no answer; the object may have been changed nevertheless.
        """
        name = str(manifest["metadata"]["name"])
        # Unknown fields are refused, not dropped in silence [source: k8s-field-validation].
        query = {"fieldManager": field_manager, "force": str(force).lower(), "fieldValidation": "Strict"}
        if dry_run:
            query["dryRun"] = "All"
        action = f"{'checking' if dry_run else 'applying'} EgressNATPolicy {escape(name)}"
        path = f"{POLICIES_PATH}/{quote(name, safe='')}"
        answer = self._ask("PATCH", path, action=action, query=query, body=manifest)
        applied = read_live_object(answer)
        if applied is None:
            raise CloudUnavailableError(f"{action}: the API server's answer is no object; trying again may help")
        return applied

    def list_nodes(self) -> tuple[LiveNode, ...]:
        """Read all nodes, page by page.

        :raises CloudRefusedError: the API refused the call.
        :raises CloudUnavailableError: no answer.
        """
        action = "listing the cluster's nodes"

        def ask(token: str) -> tuple[list[Mapping[str, Any]], str]:
            query = {"limit": str(_NODES_OF_A_PAGE)} | ({"continue": token} if token else {})
            answer = self._ask("GET", _NODES_PATH, action=action, query=query)
            return _read_items(answer, action=action), find_text(answer, "metadata", "continue")

        return tuple(read_live_node(item) for items in read_pages(ask, action=action) for item in items)

    def close(self) -> None:
        """Close the connections; the client cannot be used any more."""
        self._session.close()  # type: ignore[no-untyped-call] # google-auth is partly untyped
        self._folder.cleanup()

    def _ask(
        self,
        method: str,
        path: str,
        *,
        action: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        request = partial(
            self._session.request,
            method,
            f"{self._url}{path}",
            params=query,
            data=None if body is None else json.dumps(body),
            max_allowed_time=self._timeout,
            verify=self._verify,
        )
        more = {} if body is None else {"Content-Type": _APPLY}
        with _translate_errors(action):
            reply = read_reply(request, action=action, timeout_seconds=self._timeout, headers=more)
        return _read_answer(reply, action=action)


def open_cluster(
    control_plane: ControlPlane,
    *,
    choice: EndpointChoice,
    credentials: Credentials,
    is_emulated: bool,
    api_timeout_seconds: float,
) -> KubernetesClient:
    """Make a client of the API server that GKE's API names; the caller closes it.

    :param choice: which of its endpoints to use.
    :param is_emulated: GKE's API is an emulator, beside which nothing is sent to another machine.
    :raises InvalidInputError: the cluster does not have that endpoint, or an emulator names one on another machine.
    """
    where = "cluster_endpoint"
    url, authority = control_plane.choose(choice, where=where)
    host = urlsplit(url).hostname or ""
    if is_emulated and not is_loopback(host):
        expected = "an API server on this machine, as the emulated Composer API is"
        raise InvalidInputError(where=where, expected=expected, seen=escape(host))
    endpoint = ClusterEndpoint(url=url, authority=authority)
    return KubernetesClient(credentials, endpoint=endpoint, api_timeout_seconds=api_timeout_seconds)


@contextmanager
def _translate_errors(action: str) -> Iterator[None]:
    """Translate what ``requests`` and google-auth raise: where there was no answer, or none that is to be believed."""
    try:
        with translate_google_errors(action, names_environment=False):
            yield
    except SSLError as error:
        if "CERTIFICATE_VERIFY_FAILED" not in str(error):
            raise CloudUnavailableError(f"{action}: {_shorten(error)}; trying again may help") from error
        text = (
            f"{action}: the certificate of the API server is not the cluster's: {_shorten(error)}; check the endpoint"
        )
        raise CloudRefusedError(text, status="UNAUTHENTICATED") from error
    except RequestException as error:
        text = f"{action}: the API server did not answer: {_shorten(error)}; trying again may help"
        raise CloudUnavailableError(text) from error


def _read_answer(reply: Reply, *, action: str) -> dict[str, Any]:
    """Read an answer's object.

    :raises AirflowMasqError: the status is not one of success, or the answer is no object.
    """
    answer = reply.read_object()
    if answer is not None and HTTPStatus.OK <= reply.status < HTTPStatus.MULTIPLE_CHOICES:
        return answer
    raise _make_error(reply.status, answer or {}, text=reply.text, action=action)


def _make_error(status: int, answer: Mapping[str, Any], *, text: str, action: str) -> AirflowMasqError:
    message = answer.get("message") if answer.get("kind") == "Status" else None
    if status == HTTPStatus.NOT_FOUND and text.startswith(_NO_SUCH_PATH):
        return CloudRefusedError(f"{action}: {_NEXT_STEPS[status]}", status="NOT_FOUND")
    if not isinstance(message, str):
        # A proxy, or a server of another kind.
        shown = f"{action}: status {status} without a Status object: {escape(text)}"
        if status in _TEMPORARY:
            return CloudUnavailableError(f"{shown}; trying again may help")
        step = "check that the endpoint is the cluster's API server"
        return CloudRefusedError(f"{shown}; {step}", status=_STATUSES.get(status, "UNKNOWN"))
    reason = str(answer.get("reason") or status)
    shown = f"{action}: {escape(reason, limit=60)}: {escape(message, limit=MESSAGE_LIMIT)}"
    managers = tuple(_list_conflicts(answer))
    if managers:
        return FieldConflictError(shown, managers=managers)
    if status in _TEMPORARY and _SCHEMA_ERROR not in message:
        exhausted = status == HTTPStatus.TOO_MANY_REQUESTS
        return CloudUnavailableError(
            f"{shown}; trying again may help", status="RESOURCE_EXHAUSTED" if exhausted else "UNAVAILABLE"
        )
    # A schema error's own status says that the server is at fault.
    meant = HTTPStatus.BAD_REQUEST if _SCHEMA_ERROR in message else status
    remedy = f"; {_NEXT_STEPS[meant]}" if meant in _NEXT_STEPS else ""
    return CloudRefusedError(f"{shown}{remedy}", status=_STATUSES.get(meant, "UNKNOWN"))


def _list_conflicts(answer: Mapping[str, Any]) -> Iterator[str]:
    """List the managers that a conflict of server-side apply names."""
    details = answer.get("details")
    causes = details.get("causes") if isinstance(details, dict) else None
    for cause in causes if isinstance(causes, list) else ():
        if isinstance(cause, dict) and cause.get("reason") == _CONFLICT:
            yield escape(str(cause.get("message") or "another manager").removeprefix("conflict with "))


def _read_items(answer: Mapping[str, Any], *, action: str) -> list[Mapping[str, Any]]:
    """Read a list's items; an answer without any is no empty list, from which much would follow."""
    items = answer.get("items")
    if not isinstance(items, list):
        raise CloudUnavailableError(f"{action}: the answer is no list; trying again may help")
    return [each for each in items if isinstance(each, dict)]


def _shorten(error: RequestException) -> str:
    """Give the cause that urllib3 names, without the pool and the URL around it."""
    cause = error.args[0] if error.args else error
    return escape(str(getattr(cause, "reason", None) or cause), limit=300)
