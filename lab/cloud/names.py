"""The resource names of Composer's API."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Self

from lab.cloud.errors import InvalidArgumentError

# The form of an environment's name and ID [source: composer-environment-name].
ENVIRONMENT_ID: Final = re.compile(r"[a-z](?:[-0-9a-z]{0,62}[0-9a-z])?")
_PARENT: Final = re.compile(r"projects/(?P<project>[^/]+)/locations/(?P<location>[^/]+)")
_ENVIRONMENT: Final = re.compile(_PARENT.pattern + r"/environments/(?P<environment_id>[^/]+)")


@dataclass(frozen=True, kw_only=True)
class Parent:
    """A location of a project, the parent of environments and operations."""

    project: str
    location: str

    def __str__(self) -> str:
        return f"projects/{self.project}/locations/{self.location}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``projects/P/locations/L``; raise INVALID_ARGUMENT for any other form."""
        match = _PARENT.fullmatch(text)
        if match is None:
            expected = "projects/{projectId}/locations/{locationId}"
            raise InvalidArgumentError(f"Invalid parent '{text}': must be of the form {expected}.")
        return cls(**match.groupdict())


@dataclass(frozen=True, kw_only=True)
class EnvironmentName:
    """The full name of an environment."""

    parent: Parent
    environment_id: str

    def __str__(self) -> str:
        return f"{self.parent}/environments/{self.environment_id}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``projects/P/locations/L/environments/E`` with any E; raise INVALID_ARGUMENT for any other form."""
        match = _ENVIRONMENT.fullmatch(text)
        if match is None:
            expected = "projects/{projectId}/locations/{locationId}/environments/{environmentId}"
            raise InvalidArgumentError(f"Invalid environment name '{text}': must be of the form {expected}.")
        parent = Parent(project=match["project"], location=match["location"])
        return cls(parent=parent, environment_id=match["environment_id"])
