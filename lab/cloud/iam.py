"""The emulated Resource Manager (v3) and IAM (v1) APIs over REST: projects, service accounts, who may do what.

Only reading methods exist, with the names of Google's reference, such as ``projects.testIamPermissions``, also for
faults [source: resource-manager-rest, iam-rest]. All other paths answer 404. What the caller may do is told by
:class:`lab.cloud.access.Access`; the policies tell of other accounts, and have no effect here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import grpc
from aiohttp import web

from lab.cloud.access import IAM, RESOURCE_MANAGER, Access, Api
from lab.cloud.compute import HTTP_STATUSES
from lab.cloud.errors import ApiError, InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from lab.cloud.faults import Faults

    Answer = Mapping[str, Any]

_PROJECT: Final = "/v3/projects/{project}"
_ACCOUNT: Final = "/v1/projects/{project}/serviceAccounts/{email}"
_WITH_CONDITIONS: Final = 3
# The most permissions of one request [source: resource-manager-rest].
_MOST_PERMISSIONS: Final = 100
# Numbers of projects begin here; the lab's choice.
_FIRST_NUMBER: Final = 100_000_000_001


@dataclass(kw_only=True)
class Identities:
    """Projects, service accounts and policies. Every project exists; a service account exists if it was added.

    :ivar policies: the allow policies: ``projects/P``, or ``projects/P/serviceAccounts/EMAIL``, to bindings as REST has
        them.
    """

    policies: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    _numbers: dict[str, int] = field(default_factory=dict)
    _accounts: dict[str, dict[str, Any]] = field(default_factory=dict)

    def find_number(self, project: str) -> int:
        """Look up a project's number; it is given at the first look."""
        return self._numbers.setdefault(project, _FIRST_NUMBER + len(self._numbers))

    def add_account(self, email: str, *, project: str, is_disabled: bool = False) -> None:
        """Add a service account, or replace it."""
        name = f"projects/{project}/serviceAccounts/{email}"
        account: dict[str, Any] = {"name": name, "projectId": project, "email": email, "uniqueId": "1" * 21}
        self._accounts[name] = account | ({"disabled": True} if is_disabled else {})

    def get_account(self, name: str) -> dict[str, Any]:
        """Look up a service account.

        :raises ApiError: NOT_FOUND in words that were seen [source: iam-unknown-service-account].
        """
        if name not in self._accounts:
            raise ApiError(grpc.StatusCode.NOT_FOUND, "Unknown service account")
        return dict(self._accounts[name])

    def grant(self, name: str, *, role: str, email: str, condition: Mapping[str, str] | None = None) -> None:
        """Give a service account a role in a project or on a service account."""
        binding: dict[str, Any] = {"role": role, "members": [f"serviceAccount:{email}"]}
        self.policies.setdefault(name, []).append(binding | ({"condition": dict(condition)} if condition else {}))

    def revoke(self, name: str, *, role: str, email: str) -> None:
        """Take a role away again."""
        self.policies[name] = [
            binding
            for binding in self.policies.get(name, [])
            if binding["role"] != role or f"serviceAccount:{email}" not in binding["members"]
        ]

    def read_policy(self, name: str, *, version: int) -> dict[str, Any]:
        """Write a policy as its API does.

        Conditional bindings need version 3. With an older version Google's answer has no conditions and other names of
        roles; here it is refused, so that a client that forgets the version is noticed.
        """
        bindings = self.policies.get(name, [])
        is_conditional = any("condition" in binding for binding in bindings)
        if is_conditional and version != _WITH_CONDITIONS:
            raise InvalidArgumentError(f"The policy has conditions, and the request is of version {version}.")
        policy: dict[str, Any] = {"version": _WITH_CONDITIONS if is_conditional else 1, "etag": "BwXhqDVYhPM="}
        return policy | ({"bindings": bindings} if bindings else {})


@dataclass(frozen=True, kw_only=True)
class _Method:
    """One method, a row in the table.

    :param permission: what the caller needs; empty where it needs none.
    """

    name: str
    api: Api
    verb: str
    path: str
    permission: str
    answer: Callable[[Mapping[str, str], Mapping[str, Any]], Answer]


class IdentityApis:
    """The handlers of both APIs."""

    def __init__(self, identities: Identities, *, access: Access, faults: Faults) -> None:
        self._identities = identities
        self._access = access
        self._faults = faults
        self._methods = self._make_methods()
        faults.add_methods(method.name for method in self._methods)

    def make_application(self) -> web.Application:
        """Return the application that serves the methods."""
        application = web.Application()
        for method in self._methods:
            application.router.add_route(method.verb, method.path, self._make_handler(method))
        return application

    def _make_methods(self) -> tuple[_Method, ...]:
        methods = []
        for kind, api, path, get in (
            ("projects", RESOURCE_MANAGER, _PROJECT, self._get_project),
            ("serviceAccounts", IAM, _ACCOUNT, self._get_account),
        ):
            prefix = "resourcemanager.projects" if api is RESOURCE_MANAGER else "iam.serviceAccounts"
            for name, verb, permission, answer in (
                ("get", "GET", f"{prefix}.get", get),
                ("getIamPolicy", "POST", f"{prefix}.getIamPolicy", self._get_policy),
                ("testIamPermissions", "POST", "", self._test_permissions),
            ):
                suffix = "" if name == "get" else f":{name}"
                methods.append(
                    _Method(
                        name=f"{kind}.{name}",
                        api=api,
                        verb=verb,
                        path=f"{path}{suffix}",
                        permission=permission,
                        answer=answer,
                    )
                )
        # A plain path would match those with a verb behind the colon, too.
        return tuple(sorted(methods, key=lambda method: ":" not in method.path))

    def _make_handler(self, method: _Method) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            parts, text = dict(request.match_info), await request.text()
            try:
                await self._faults.apply_to_call(method.name)
                self._access.require_enabled(method.api, project=parts["project"])
                if method.permission and self._access.is_denied(parts["project"], method.permission):
                    _refuse(method, parts)
                answer = method.answer(parts, json.loads(text) if text else {})
                self._faults.apply_to_reply(method.name)
            except ApiError as error:
                return _write_error(error)
            return web.json_response(answer)

        return handle

    def _get_project(self, parts: Mapping[str, str], _body: Mapping[str, Any]) -> Answer:
        project = parts["project"]
        number = self._identities.find_number(project)
        return {"name": f"projects/{number}", "projectId": project, "displayName": project, "state": "ACTIVE"}

    def _get_account(self, parts: Mapping[str, str], _body: Mapping[str, Any]) -> Answer:
        return self._identities.get_account(_name_resource(parts))

    def _get_policy(self, parts: Mapping[str, str], body: Mapping[str, Any]) -> Answer:
        name = _name_resource(parts)
        if "email" in parts:
            self._identities.get_account(name)
        version = body.get("options", {}).get("requestedPolicyVersion", 1)
        return self._identities.read_policy(name, version=version)

    def _test_permissions(self, parts: Mapping[str, str], body: Mapping[str, Any]) -> Answer:
        """Answer the permissions of the list that the caller has; an empty answer has no field."""
        if "email" in parts:
            self._identities.get_account(_name_resource(parts))
        asked = body.get("permissions", [])
        if not asked or len(asked) > _MOST_PERMISSIONS:  # not verified
            raise InvalidArgumentError("Request contains an invalid argument.")
        # A permission on a service account may be held in its project.
        granted = [each for each in asked if not self._access.is_denied(parts["project"], each)]
        return {"permissions": granted} if granted else {}


def _name_resource(parts: Mapping[str, str]) -> str:
    account = f"/serviceAccounts/{parts['email']}" if "email" in parts else ""
    return f"projects/{parts['project']}{account}"


def _refuse(method: _Method, parts: Mapping[str, str]) -> None:
    """Refuse a call in Resource Manager's words [source: resource-manager-denied]; IAM's are not verified."""
    words = "The caller does not have permission"
    if method.api is IAM:
        words = f"Permission '{method.permission}' denied on resource (or it may not exist)."
    metadata = {"permission": method.permission, "resource": _name_resource(parts)}
    raise ApiError(grpc.StatusCode.PERMISSION_DENIED, words, reason="IAM_PERMISSION_DENIED", metadata=metadata)


def _write_error(error: ApiError) -> web.Response:
    status = HTTP_STATUSES.get(error.status, HTTPStatus.INTERNAL_SERVER_ERROR)
    written: dict[str, Any] = {"code": int(status), "message": error.message, "status": error.status.name}
    if error.reason:
        kind = "type.googleapis.com/google.rpc.ErrorInfo"
        detail = {"@type": kind, "reason": error.reason, "domain": "googleapis.com", "metadata": error.metadata}
        written["details"] = [detail]
    return web.json_response({"error": written}, status=status)
