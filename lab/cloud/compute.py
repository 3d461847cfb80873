"""The emulated Compute API over REST: subnetworks, routers, addresses, networks and regions, to read only.

Methods have the names of Google's reference, such as ``subnetworks.get``, also for faults
[source: compute-rest-reference]. All other paths answer 404, and no method changes anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import grpc
from aiohttp import web

from lab.cloud.access import COMPUTE, Access
from lab.cloud.errors import ApiError, InvalidArgumentError
from lab.cloud.regions import REGIONS
from lab.cloud.store import cut_page
from lab.cloud.vpc import Vpc

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from lab.cloud.faults import Faults
    from lab.cloud.vpc import Resource

    Query = Mapping[str, str]

_PROJECT: Final = "/compute/v1/projects/{project}"
_REGION: Final = f"{_PROJECT}/regions/{{region}}"
_LARGEST_PAGE: Final = 500

# google.rpc.Code and HTTP [source: google-rpc-codes].
HTTP_STATUSES: Final = {
    grpc.StatusCode.INVALID_ARGUMENT: HTTPStatus.BAD_REQUEST,
    grpc.StatusCode.FAILED_PRECONDITION: HTTPStatus.BAD_REQUEST,
    grpc.StatusCode.UNAUTHENTICATED: HTTPStatus.UNAUTHORIZED,
    grpc.StatusCode.PERMISSION_DENIED: HTTPStatus.FORBIDDEN,
    grpc.StatusCode.NOT_FOUND: HTTPStatus.NOT_FOUND,
    grpc.StatusCode.RESOURCE_EXHAUSTED: HTTPStatus.TOO_MANY_REQUESTS,
    grpc.StatusCode.UNIMPLEMENTED: HTTPStatus.NOT_IMPLEMENTED,
    grpc.StatusCode.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED: HTTPStatus.GATEWAY_TIMEOUT,
}
_REASONS: Final = {400: "invalid", 401: "authError", 403: "forbidden", 404: "notFound", 429: "rateLimitExceeded"}


@dataclass(frozen=True, kw_only=True)
class _Method:
    """One method, a row in the table.

    :param name: as in Google's reference.
    :param permission: what the caller needs [source: compute-permissions].
    :param path: of its requests.
    :param answer: from the path's parts and the query to the answer; raises ApiError to refuse.
    """

    name: str
    permission: str
    path: str
    answer: Callable[[Mapping[str, str], Query], Resource]


class Compute:
    """The handlers of the API."""

    def __init__(self, *, vpc: Vpc, access: Access, faults: Faults) -> None:
        self._vpc = vpc
        self._access = access
        self._faults = faults
        self._methods = self._make_methods()
        faults.add_methods(method.name for method in self._methods)

    def make_application(self) -> web.Application:
        """Return the application that serves the methods."""
        application = web.Application()
        for method in self._methods:
            application.router.add_get(method.path, self._make_handler(method))
        return application

    def _make_methods(self) -> tuple[_Method, ...]:
        methods = [
            _Method(
                name="networks.get",
                permission="compute.networks.get",
                path=f"{_PROJECT}/global/networks/{{id}}",
                answer=self._get_network,
            ),
            _Method(name="regions.get", permission="compute.regions.get", path=_REGION, answer=self._get_region),
            _Method(
                name="subnetworks.getIamPolicy",
                permission="compute.subnetworks.getIamPolicy",
                path=f"{_REGION}/subnetworks/{{id}}/getIamPolicy",
                answer=self._get_subnetwork_policy,
            ),
            _Method(
                name="routers.getRouterStatus",
                permission="compute.routers.get",
                path=f"{_REGION}/routers/{{id}}/getRouterStatus",
                answer=self._get_router_status,
            ),
        ]
        for kind in ("subnetworks", "routers", "addresses"):
            methods += [
                _Method(
                    name=f"{kind}.get",
                    permission=f"compute.{kind}.get",
                    path=f"{_REGION}/{kind}/{{id}}",
                    answer=lambda parts, query, kind=kind: self._get(parts, query, kind=kind),  # type: ignore[misc]
                ),
                _Method(
                    name=f"{kind}.list",
                    permission=f"compute.{kind}.list",
                    path=f"{_REGION}/{kind}",
                    answer=lambda parts, query, kind=kind: self._list(parts, query, kind=kind),  # type: ignore[misc]
                ),
            ]
        return tuple(methods)

    def _make_handler(self, method: _Method) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            parts, query = dict(request.match_info), dict(request.query)
            resource = request.path.removeprefix("/compute/v1/")
            resource = resource.removesuffix("/getRouterStatus").removesuffix("/getIamPolicy")
            try:
                await self._faults.apply_to_call(method.name)
                self._require(method, project=parts["project"], resource=resource)
                answer = method.answer(parts, query)
                self._faults.apply_to_reply(method.name)
            except ApiError as error:
                status = HTTP_STATUSES.get(error.status, HTTPStatus.INTERNAL_SERVER_ERROR)
                return web.json_response(_write_error(error, status=status), status=status)
            return web.json_response(answer)

        return handle

    def _require(self, method: _Method, *, project: str, resource: str) -> None:
        """Refuse what the caller may not do; for the words see [source: compute-permission-denied].

        A list names the project, which is inferred from the same kind of message.
        """
        self._access.require_enabled(COMPUTE, project=project)
        if self._access.is_denied(project, method.permission):
            what = f"projects/{project}" if method.name.endswith(".list") else resource
            words = f"Required '{method.permission}' permission for '{what}'"
            raise ApiError(grpc.StatusCode.PERMISSION_DENIED, words)

    def _get(self, parts: Mapping[str, str], query: Query, *, kind: str) -> Resource:
        name = f"projects/{parts['project']}/regions/{_read_region(parts)}/{kind}/{parts['id']}"
        found = self._vpc.get(name) or _refuse_missing(name)
        if kind == "subnetworks" and query.get("views") == "WITH_UTILIZATION":
            found["utilizationDetails"] = self._vpc.measure_subnetwork(name)
        resource: Resource = found
        return resource

    def _get_subnetwork_policy(self, parts: Mapping[str, str], _query: Query) -> Resource:
        name = f"projects/{parts['project']}/regions/{_read_region(parts)}/subnetworks/{parts['id']}"
        if self._vpc.get(name) is None:
            _refuse_missing(name)
        return self._vpc.get_policy(name)

    def _list(self, parts: Mapping[str, str], query: Query, *, kind: str) -> Resource:
        project, region = parts["project"], _read_region(parts)
        for name in ("filter", "orderBy"):
            if name in query:
                raise ApiError(grpc.StatusCode.UNIMPLEMENTED, f"The emulator does not know the parameter '{name}'.")
        found = self._vpc.list(project, region=region, kind=kind)
        size = query.get("maxResults", str(_LARGEST_PAGE))
        if not size.isdecimal() or int(size) > _LARGEST_PAGE:  # not verified
            raise InvalidArgumentError(f"Invalid value for field 'maxResults': '{size}'.")
        page, token = cut_page(found, page_size=int(size), page_token=query.get("pageToken", ""))
        name = f"projects/{project}/regions/{region}/{kind}"
        singular = {"addresses": "address"}.get(kind, kind.removesuffix("s"))
        listed: Resource = {"kind": f"compute#{singular}List", "id": name}
        if page:  # Google leaves an empty list out
            listed["items"] = page
        if token:
            listed["nextPageToken"] = token
        return listed

    def _get_router_status(self, parts: Mapping[str, str], _query: Query) -> Resource:
        name = f"projects/{parts['project']}/regions/{_read_region(parts)}/routers/{parts['id']}"
        status = self._vpc.get_router_status(name) or _refuse_missing(name)
        return {"kind": "compute#routerStatusResponse", "result": status}

    def _get_region(self, parts: Mapping[str, str], _query: Query) -> Resource:
        """Write a region; that an unknown one is answered like another missing resource is not verified."""
        if parts["region"] not in REGIONS:
            _refuse_missing(f"projects/{parts['project']}/regions/{parts['region']}")
        return self._vpc.make_region(parts["project"], region=parts["region"])

    def _get_network(self, parts: Mapping[str, str], _query: Query) -> Resource:
        """Every network exists; whether a name is that of a network is not checked."""
        name = f"projects/{parts['project']}/global/networks/{parts['id']}"
        return {
            "kind": "compute#network",
            "id": "1000",
            "name": parts["id"],
            "selfLink": f"https://www.googleapis.com/compute/v1/{name}",
            "autoCreateSubnetworks": parts["id"] == "default",
            "routingConfig": {"routingMode": "REGIONAL"},
        }


def _read_region(parts: Mapping[str, str]) -> str:
    """Return the region of a path; for the words see [source: compute-unknown-region]."""
    if parts["region"] not in REGIONS:
        raise InvalidArgumentError(f"Invalid value for field 'region': '{parts['region']}'. Unknown region.")
    return parts["region"]


def _refuse_missing(name: str) -> Any:  # noqa: ANN401 - it never returns
    """Refuse what does not exist, in Google's words [source: compute-not-found]."""
    raise ApiError(grpc.StatusCode.NOT_FOUND, f"The resource '{name}' was not found")


def _write_error(error: ApiError, *, status: int) -> Resource:
    """Write an error as Compute does: with ``errors``, and with ``status`` and ``details`` only where an API is off."""
    entry = {"message": error.message, "domain": "global", "reason": _REASONS.get(status, "backendError")}
    if error.reason == "SERVICE_DISABLED":
        entry |= {"domain": "usageLimits", "reason": "accessNotConfigured"}
    written: Resource = {"code": int(status), "message": error.message, "errors": [entry]}
    if error.reason:
        info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": error.reason, "domain": "googleapis.com"}
        written |= {"status": error.status.name, "details": [{**info, "metadata": error.metadata}]}
    return {"error": written}
