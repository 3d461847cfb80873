"""The resource names that Composer's API takes, parsed and joined; nothing here knows what exists."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from lab.cloud.errors import invalid

# "EnvironmentId must start with a lowercase letter followed by up to 63 lowercase letters, numbers, or hyphens, and
# cannot end with a hyphen": Environment.name in google-cloud-orchestration-airflow 1.23.0 (read 2026-11-22).
ENVIRONMENT_ID: Final = re.compile(r"[a-z](?:[-0-9a-z]{0,62}[0-9a-z])?")
_PARENT: Final = re.compile(r"projects/(?P<project>[^/]+)/locations/(?P<location>[^/]+)")
_ENVIRONMENT: Final = re.compile(_PARENT.pattern + r"/environments/(?P<environment_id>[^/]+)")


@dataclass(frozen=True, kw_only=True)
class Parent:
    """A project's location, under which environments and operations live."""

    project: str
    location: str

    def __str__(self) -> str:
        return f"projects/{self.project}/locations/{self.location}"


@dataclass(frozen=True, kw_only=True)
class EnvironmentName:
    """The full name of an environment."""

    parent: Parent
    environment_id: str

    def __str__(self) -> str:
        return f"{self.parent}/environments/{self.environment_id}"


def parse_parent(text: str) -> Parent:
    """Read ``projects/P/locations/L``.

    :raises ApiError: INVALID_ARGUMENT for any other shape.
    """
    match = _PARENT.fullmatch(text)
    if match is None:
        raise invalid(f"Invalid parent '{text}': must be of the form projects/{{projectId}}/locations/{{locationId}}.")
    return Parent(**match.groupdict())


def parse_environment_name(text: str) -> EnvironmentName:
    """Read ``projects/P/locations/L/environments/E``, whatever E looks like.

    :raises ApiError: INVALID_ARGUMENT for any other shape.
    """
    match = _ENVIRONMENT.fullmatch(text)
    if match is None:
        raise invalid(
            f"Invalid environment name '{text}': must be of the form "
            "projects/{projectId}/locations/{locationId}/environments/{environmentId}."
        )
    parent = Parent(project=match["project"], location=match["location"])
    return EnvironmentName(parent=parent, environment_id=match["environment_id"])
