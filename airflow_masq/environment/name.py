"""The full name of an environment, ``projects/P/locations/L/environments/E``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Self

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.text import quote

# The form of an environment's name [source: composer-environment-name]. Projects are ids, numbers or, in older
# organisations, "domain:id"; only the service knows which exist.
ENVIRONMENT_ID: Final = re.compile(r"[a-z](?:[-0-9a-z]{0,62}[0-9a-z])?")
_EXPECTED_ID: Final = (
    "an environment ID of up to 64 lowercase letters, digits and hyphens, which begins with a letter and ends with a "
    "letter or digit"
)
_PROJECT: Final = re.compile(r"(?:[a-z0-9.-]{1,253}:)?[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")
_LOCATION: Final = re.compile(r"[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?")
_NAME: Final = re.compile(r"projects/([^/]+)/locations/([^/]+)/environments/([^/]+)")


@dataclass(frozen=True, kw_only=True)
class EnvironmentName:
    """An environment's full name in its three parts; ``str()`` puts them together.

    :param project: the project's id or number.
    :param location: the region.
    """

    project: str
    location: str
    environment_id: str

    @classmethod
    def parse(cls, text: str, *, where: str = "environment name") -> Self:
        """Read a full name.

        :param text: ``projects/P/locations/L/environments/E``.
        :param where: the place to name in an error.
        :raises InvalidInputError: the form, or one of the three parts, is not Google's. Whether the project and the
            location exist is not checked.
        """
        matched = _NAME.fullmatch(text)
        if matched is None:
            expected = "projects/PROJECT/locations/LOCATION/environments/ENVIRONMENT"
            raise InvalidInputError(where=where, expected=expected, seen=quote(text))
        project, location, environment_id = matched.groups()
        for pattern, part, expected in (
            (_PROJECT, project, "a project ID or number"),
            (_LOCATION, location, "a location such as us-central1"),
            (ENVIRONMENT_ID, environment_id, _EXPECTED_ID),
        ):
            if pattern.fullmatch(part) is None:
                raise InvalidInputError(where=where, expected=expected, seen=quote(part))
        return cls(project=project, location=location, environment_id=environment_id)

    @property
    def parent(self) -> str:
        """The location that holds the environment, as the API's ``parent``."""
        return f"projects/{self.project}/locations/{self.location}"

    def __str__(self) -> str:
        return f"{self.parent}/environments/{self.environment_id}"
