"""The errors of an API server: ``Status`` objects in Kubernetes' own words [source: k8s-api-status]."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lab.kubernetes.resources import Resource


class StatusError(Exception):
    """A call is refused.

    :param code: the HTTP status.
    :param reason: Kubernetes' word; empty for errors that have none.
    :param details: what else the object says.
    """

    def __init__(self, code: int, reason: str, message: str, *, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details

    def make_body(self) -> dict[str, Any]:
        """Make the ``Status`` object."""
        body: dict[str, Any] = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
        body["message"] = self.message
        if self.reason:
            body["reason"] = self.reason
        if self.details:
            body["details"] = dict(self.details)
        return body | {"code": self.code}


class PageNotFoundError(Exception):
    """No resource has this path; the answer is a plain text."""


def make_unauthorized() -> StatusError:
    """Make the answer to a token that no user has."""
    return StatusError(401, "Unauthorized", "Unauthorized")


def make_forbidden(resource: Resource, *, name: str, text: str) -> StatusError:
    """Make the answer to a call that the user may not make."""
    subject = f'{resource.qualified_name} "{name}"' if name else resource.qualified_name
    return StatusError(403, "Forbidden", f"{subject} is forbidden: {text}", details=_describe(resource, name))


def make_not_found(resource: Resource, *, name: str) -> StatusError:
    """Make the answer where nothing has that name."""
    return StatusError(
        404, "NotFound", f'{resource.qualified_name} "{name}" not found', details=_describe(resource, name)
    )


def make_already_exists(resource: Resource, *, name: str) -> StatusError:
    """Make the answer where the name is taken."""
    message = f'{resource.qualified_name} "{name}" already exists'
    return StatusError(409, "AlreadyExists", message, details=_describe(resource, name))


def make_conflict(resource: Resource, *, name: str) -> StatusError:
    """Make the answer to a write that names an old resource version."""
    message = (
        f'Operation cannot be fulfilled on {resource.qualified_name} "{name}": the object has been modified; please '
        "apply your changes to the latest version and try again"
    )
    return StatusError(409, "Conflict", message, details=_describe(resource, name))


def make_apply_conflict(conflicts: Sequence[tuple[str, str]]) -> StatusError:
    """Make the answer to an apply that another manager's fields forbid [source: k8s-apply-conflict].

    :param conflicts: managers, as they are printed, and paths, in the order of managers.
    """
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {manager}", "field": path}
        for manager, path in conflicts
    ]
    if len(conflicts) == 1:
        ((manager, path),) = conflicts
        message = f"Apply failed with 1 conflict: conflict with {manager}: {path}"
    else:
        lines = []
        for manager in dict.fromkeys(each for each, _ in conflicts):
            lines.append(f"conflicts with {manager}:")
            lines.extend(f"- {path}" for each, path in conflicts if each == manager)
        message = f"Apply failed with {len(conflicts)} conflicts: " + "\n".join(lines)
    return StatusError(409, "Conflict", message, details={"causes": causes})


def make_invalid(resource: Resource | None, *, name: str, problems: Sequence[Mapping[str, str]]) -> StatusError:
    """Make the answer to an object that its schema does not allow.

    :param problems: the causes, each with ``reason``, ``message`` and ``field``.
    """
    texts = [f"{each['field']}: {each['message']}" for each in problems]
    listed = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    kind = "" if resource is None else f"{resource.kind}.{resource.group}".rstrip(".")
    details: dict[str, Any] = {} if resource is None else {**_describe(resource, name), "kind": resource.kind}
    details["causes"] = [dict(each) for each in problems]
    return StatusError(422, "Invalid", f'{kind} "{name}" is invalid: {listed}', details=details)


def make_bad_request(message: str) -> StatusError:
    """Make the answer to a request that is wrong in itself."""
    return StatusError(400, "BadRequest", message)


def make_schema_error(message: str) -> StatusError:
    """Make the answer to an apply that does not fit the schema: 500, no reason [source: k8s-apply-schema-error]."""
    return StatusError(500, "", message)


def make_method_not_allowed() -> StatusError:
    """Make the answer to a verb that the resource does not have."""
    message = "the server does not allow this method on the requested resource"
    return StatusError(405, "MethodNotAllowed", message, details={})


def make_unsupported_media_type(accepted: Sequence[str]) -> StatusError:
    """Make the answer to a body of an unknown kind."""
    message = f"the body of the request was in an unknown format - accepted media types include: {', '.join(accepted)}"
    return StatusError(415, "UnsupportedMediaType", message)


def _describe(resource: Resource, name: str) -> dict[str, str]:
    details = {"name": name, "group": resource.group, "kind": resource.plural}
    return {key: value for key, value in details.items() if value}
