"""The calls of the API: get, list, create, replace, patch and delete, as an API server handles them.

    request ──▶ path ──▶ user ──▶ may the user? ──▶ the call ──▶ store
                                                     │
                         schema: unknown fields, pruning, validation; managed fields; dry run

Watches are in ``http_server.py``, since they never end.
"""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import yaml

from lab.kubernetes.access import Access
from lab.kubernetes.managed_fields import apply_manifest, note_update, write_entries
from lab.kubernetes.resources import APPLY, JSON_MERGE, READ_VERBS, STRATEGIC_MERGE, Resource
from lab.kubernetes.status import (
    PageNotFoundError,
    StatusError,
    make_already_exists,
    make_bad_request,
    make_conflict,
    make_invalid,
    make_method_not_allowed,
    make_not_found,
    make_schema_error,
    make_unsupported_media_type,
)
from lab.kubernetes.store import Key, Store, complete
from lab.kubernetes.structural_schema import find_apply_problems, find_problems, find_unknown_fields, prune

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: What Go's ``ParseBool`` takes for true; clients send ``True`` as well.
_TRUE: Final = frozenset({"1", "t", "T", "true", "TRUE", "True"})
_VERBS: Final = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_STRICT, _WARN, _IGNORE = "Strict", "Warn", "Ignore"


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request, as it came.

    :param query: the parameters by name, each with its last value.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, kw_only=True)
class Target:
    """What a path names: a resource, or one object of it."""

    resource: Resource
    namespace: str
    name: str

    @property
    def key(self) -> Key:
        """The object's key in the store."""
        return (self.resource.plural, self.namespace, self.name)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The answer to a call.

    :param warnings: for ``Warning`` headers.
    """

    body: Mapping[str, Any]
    code: int = 200
    warnings: tuple[str, ...] = field(default=())


class Calls:
    """The calls of one cluster.

    :param now: the time as RFC 3339 has it, in whole seconds.
    """

    def __init__(
        self, *, resources: tuple[Resource, ...], store: Store, access: Access, now: Callable[[], str]
    ) -> None:
        self._resources = resources
        self._store = store
        self._access = access
        self._now = now

    def find_target(self, path: str) -> Target:
        """Read a path: ``/apis/GROUP/VERSION[/namespaces/NS]/PLURAL[/NAME]``, or ``/api/v1/…``.

        :raises PageNotFoundError: no resource has it.
        """
        parts = path.strip("/").split("/")
        group, version, rest = ("", parts[1:2], parts[2:]) if parts[0] == "api" else (parts[1:2], parts[2:3], parts[3:])
        place = ("".join(group), "".join(version))
        namespace = ""
        if rest[:1] == ["namespaces"] and len(rest) > 2:  # noqa: PLR2004 - the namespace and a plural follow
            namespace, rest = rest[1], rest[2:]
        for resource in self._resources:
            if (resource.group, resource.version) == place and rest[:1] == [resource.plural] and len(rest) <= 2:  # noqa: PLR2004 - plural and name
                if namespace and not resource.namespaced:
                    break
                return Target(resource=resource, namespace=namespace, name="".join(rest[1:]))
        raise PageNotFoundError

    def authorize(self, request: Request, target: Target, *, verb: str) -> None:
        """Let a call pass.

        :raises StatusError: the user is unknown, or may not make it, or the resource has no such verb.
        """
        user = self._access.authenticate(request.headers.get("authorization", ""))
        if verb not in target.resource.verbs:
            raise make_method_not_allowed()
        self._access.authorize(user, verb=verb, resource=target.resource, namespace=target.namespace, name=target.name)

    def handle(self, request: Request, target: Target) -> Answer:
        """Handle a call that is authorized."""
        if request.method == "GET":
            return self._get(target) if target.name else self._list(request, target)
        with self._store.lock:
            if request.method == "POST":
                return self._create(request, target)
            stored = self._store.get(target.key)
            if request.method == "DELETE":
                return self._delete(request, target, stored)
            if request.method == "PUT":
                return self._replace(request, target, stored)
            return self._patch(request, target, stored)

    def _get(self, target: Target) -> Answer:
        stored = self._store.get(target.key)
        if stored is None:
            raise make_not_found(target.resource, name=target.name)
        return Answer(body=stored)

    def _list(self, request: Request, target: Target) -> Answer:
        """List objects; a page's token is the number of objects before it."""
        found = self._store.list(target.resource, target.namespace)
        name = request.query.get("fieldSelector", "").removeprefix("metadata.name=")
        if name:
            found = [each for each in found if each["metadata"]["name"] == name]
        metadata: dict[str, Any] = {"resourceVersion": str(self._store.version)}
        start, limit = int(request.query.get("continue") or 0), int(request.query.get("limit") or 0)
        page = found[start : start + limit] if limit else found[start:]
        if start + len(page) < len(found):
            metadata |= {"continue": str(start + len(page)), "remainingItemCount": len(found) - start - len(page)}
        kind, version = f"{target.resource.kind}List", target.resource.api_version
        return Answer(body={"apiVersion": version, "kind": kind, "metadata": metadata, "items": page})

    def _create(self, request: Request, target: Target) -> Answer:
        value = self._read_object(request, target)
        name = value["metadata"].get("name")
        if not isinstance(name, str) or not name:
            problem = {"reason": "FieldValueRequired", "field": "metadata.name"}
            problem["message"] = "Required value: name or generateName is required"
            raise make_invalid(target.resource, name="", problems=[problem])
        target = Target(resource=target.resource, namespace=target.namespace, name=name)
        if target.namespace:
            value["metadata"]["namespace"] = target.namespace
        return self._write(request, target, stored=None, value=value, code=201)

    def _replace(self, request: Request, target: Target, stored: dict[str, Any] | None) -> Answer:
        if stored is None:
            raise make_not_found(target.resource, name=target.name)
        value = self._read_object(request, target)
        version = value["metadata"].get("resourceVersion")
        if version and version != stored["metadata"]["resourceVersion"]:
            raise make_conflict(target.resource, name=target.name)
        return self._write(request, target, stored=stored, value=value)

    def _patch(self, request: Request, target: Target, stored: dict[str, Any] | None) -> Answer:
        media_type = request.headers.get("content-type", "").partition(";")[0].strip()
        if media_type not in target.resource.patch_types:
            raise make_unsupported_media_type(target.resource.patch_types)
        if media_type == APPLY:
            return self._apply(request, target, stored)
        if stored is None:
            raise make_not_found(target.resource, name=target.name)
        # Maps of texts are all that a strategic merge meets here, so it is the same as a merge.
        assert media_type in (JSON_MERGE, STRATEGIC_MERGE)  # noqa: S101 - what patch_types allows
        patch = _parse(request.body)
        value = _merge(stored, patch)
        version = (patch.get("metadata") or {}).get("resourceVersion")
        if version and version != stored["metadata"]["resourceVersion"]:
            raise make_conflict(target.resource, name=target.name)
        return self._write(request, target, stored=stored, value=value)

    def _apply(self, request: Request, target: Target, stored: dict[str, Any] | None) -> Answer:
        """Apply server-side; it refuses unknown fields always [source: k8s-apply-schema-error]."""
        resource = target.resource
        manager = request.query.get("fieldManager", "")
        if not manager:
            problem = {"reason": "FieldValueRequired", "field": "fieldManager"}
            problem["message"] = "Required value: is required for apply patch"
            raise StatusError(
                422,
                "Invalid",
                f'PatchOptions.meta.k8s.io "" is invalid: {problem["field"]}: {problem["message"]}',
                details={"group": "meta.k8s.io", "kind": "PatchOptions", "causes": [problem]},
            )
        manifest = _parse(request.body)
        _require_identity(manifest, target)
        if (manifest.get("metadata") or {}).get("managedFields") is not None:
            raise make_bad_request("metadata.managedFields must be nil")
        if resource.schema is not None:
            problems = list(find_apply_problems(manifest, resource.schema))
            if problems:
                listed = problems[0] if len(problems) == 1 else "errors:\n" + "\n".join(f"  {p}" for p in problems)
                place = f"{target.namespace}/{target.name}; {resource.group}/{resource.version}, Kind={resource.kind}"
                raise make_schema_error(f"failed to create typed patch object ({place}): {listed}")
        force = request.query.get("force", "") in _TRUE
        merged, entries = apply_manifest(stored, manifest, manager=manager, force=force, time=self._now())
        merged |= {"apiVersion": resource.api_version, "kind": resource.kind}
        merged["metadata"] |= {"name": target.name, "managedFields": write_entries(entries)}
        if target.namespace:
            merged["metadata"]["namespace"] = target.namespace
        self._validate(merged, target)
        return self._store_or_not(request, target, stored, merged, code=201 if stored is None else 200)

    def _delete(self, request: Request, target: Target, stored: dict[str, Any] | None) -> Answer:
        if stored is None:
            raise make_not_found(target.resource, name=target.name)
        if not _is_dry_run(request):
            self._store.remove(target.key)
        details = {"name": target.name, "group": target.resource.group, "kind": target.resource.plural}
        details["uid"] = stored["metadata"]["uid"]
        return Answer(
            body={"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
        )

    def _write(
        self, request: Request, target: Target, *, stored: dict[str, Any] | None, value: dict[str, Any], code: int = 200
    ) -> Answer:
        """Check and store an object that a create, a replacement or a patch has made."""
        resource, warnings = target.resource, []
        if resource.schema is not None:
            directive = request.query.get("fieldValidation") or _WARN
            unknown = [f'unknown field "{path}"' for path in find_unknown_fields(value, resource.schema)]
            if unknown and directive == _STRICT:
                raise self._refuse_unknown(unknown, request=request, target=target, value=value)
            warnings = [] if directive == _IGNORE else unknown
            value = prune(value, resource.schema)
            self._validate(value, target)
        if request.method == "POST" and self._store.get(target.key) is not None:  # a wrong object is refused first
            raise make_already_exists(resource, name=target.name)
        agent = request.headers.get("user-agent", "").partition("/")[0]
        entries = note_update(
            stored,
            value,
            manager=request.query.get("fieldManager") or agent or "unknown",
            api_version=resource.api_version,
            time=self._now(),
        )
        value["metadata"]["managedFields"] = write_entries(entries)
        return self._store_or_not(request, target, stored, value, code=code, warnings=tuple(warnings))

    def _store_or_not(
        self,
        request: Request,
        target: Target,
        stored: dict[str, Any] | None,
        value: dict[str, Any],
        *,
        code: int,
        warnings: tuple[str, ...] = (),
    ) -> Answer:
        if _is_dry_run(request):
            return Answer(body=complete(stored, value, time=self._now()), code=code, warnings=warnings)
        return Answer(body=self._store.put(target.key, value, time=self._now()), code=code, warnings=warnings)

    def _read_object(self, request: Request, target: Target) -> dict[str, Any]:
        value = _parse(request.body)
        value.setdefault("apiVersion", target.resource.api_version)
        value.setdefault("kind", target.resource.kind)
        _require_identity(value, target)
        value.setdefault("metadata", {})
        return value

    def _validate(self, value: Mapping[str, Any], target: Target) -> None:
        problems = list(find_problems(value, target.resource.schema)) if target.resource.schema is not None else []
        if problems:
            raise make_invalid(target.resource, name=target.name, problems=problems)

    @staticmethod
    def _refuse_unknown(
        unknown: list[str], *, request: Request, target: Target, value: Mapping[str, Any]
    ) -> StatusError:
        decoding = f"strict decoding error: {', '.join(unknown)}"
        if request.method == "PATCH":
            problem = {"reason": "FieldValueInvalid", "field": "patch"}
            problem["message"] = f"Invalid value: {json.dumps(json.dumps(value))}: {decoding}"
            return make_invalid(None, name="", problems=[problem])
        resource = target.resource
        return make_bad_request(
            f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}: {decoding}'
        )


def name_verb(request: Request, target: Target) -> str:
    """Name what a request does, as roles do."""
    if request.method == "GET":
        if request.query.get("watch") in _TRUE:
            return "watch"
        return READ_VERBS[0] if target.name else READ_VERBS[1]
    if request.method not in _VERBS:
        raise make_method_not_allowed()
    return _VERBS[request.method]


def _parse(body: bytes) -> dict[str, Any]:
    try:
        value = yaml.safe_load(body)
    except yaml.YAMLError as error:
        raise make_bad_request(f"error decoding YAML: {error}") from error
    if not isinstance(value, dict):
        raise make_bad_request("the object provided is unrecognized (must be of type map)")
    return value


def _require_identity(value: Mapping[str, Any], target: Target) -> None:
    """Refuse an object that is another one than the path names; the last wording is not verified."""
    resource = target.resource
    seen = (value.get("apiVersion"), value.get("kind"))
    if seen != (resource.api_version, resource.kind):
        raise make_bad_request(
            f"the API version in the data ({seen[0]}, {seen[1]}) does not match the expected API version "
            f"({resource.api_version}, {resource.kind})"
        )
    name = (value.get("metadata") or {}).get("name")
    if target.name and name not in (None, target.name):
        raise make_bad_request(f"the name of the object ({name}) does not match the name on the URL ({target.name})")


def _merge(value: Any, patch: Any) -> Any:  # noqa: ANN401 - JSON values
    """Merge a patch as RFC 7386 has it [source: rfc-7386-merge-patch]."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    merged = copy.deepcopy(value) if isinstance(value, dict) else {}
    for key, child in patch.items():
        if child is None:
            merged.pop(key, None)
        else:
            merged[key] = _merge(merged.get(key), child)
    return merged


def _is_dry_run(request: Request) -> bool:
    return request.query.get("dryRun") == "All"
