"""What the caller may not do, and which APIs a project has not enabled; by default nothing is missing.

The emulator knows one caller. The APIs ask here before they look at anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import grpc

from lab.cloud.errors import ApiError

_DENIED: Final = grpc.StatusCode.PERMISSION_DENIED


@dataclass(frozen=True, kw_only=True)
class Api:
    """One of Google's APIs.

    :param service: the name of its service, for example ``compute.googleapis.com``.
    :param title: the name that messages use.
    """

    service: str
    title: str


COMPOSER: Final = Api(service="composer.googleapis.com", title="Cloud Composer API")
GKE: Final = Api(service="container.googleapis.com", title="Kubernetes Engine API")
COMPUTE: Final = Api(service="compute.googleapis.com", title="Compute Engine API")
RESOURCE_MANAGER: Final = Api(service="cloudresourcemanager.googleapis.com", title="Cloud Resource Manager API")
IAM: Final = Api(service="iam.googleapis.com", title="Identity and Access Management (IAM) API")


class Access:
    """The denied permissions and the APIs that are not enabled, by project."""

    def __init__(self) -> None:
        self._denied: set[tuple[str, str]] = set()
        self._disabled: set[tuple[str, str]] = set()

    def deny(self, project: str, *permissions: str) -> None:
        """Take permissions of the caller away in a project, for example ``container.clusters.get``."""
        self._denied |= {(project, permission) for permission in permissions}

    def disable(self, project: str, api: Api) -> None:
        """Disable an API in a project."""
        self._disabled.add((project, api.service))

    def is_denied(self, project: str, permission: str) -> bool:
        """Tell whether the caller lacks a permission in a project."""
        return (project, permission) in self._denied

    def require_enabled(self, api: Api, *, project: str) -> None:
        """Refuse a call of an API that the project has not enabled.

        The words and the reason are Google's [source: google-service-disabled]. Google names the project by its number
        there; the emulator has only its ID.

        :raises ApiError: PERMISSION_DENIED with the reason SERVICE_DISABLED.
        """
        if (project, api.service) not in self._disabled:
            return
        link = f"https://console.developers.google.com/apis/api/{api.service}/overview?project={project}"
        raise ApiError(
            _DENIED,
            f"{api.title} has not been used in project {project} before or it is disabled. Enable it by visiting "
            f"{link} then retry. If you enabled this API recently, wait a few minutes for the action to propagate to "
            "our systems and retry.",
            reason="SERVICE_DISABLED",
            metadata={"service": api.service, "consumer": f"projects/{project}"},
        )
