"""The emulated ``google.cloud.orchestration.airflow.service.v1.ImageVersions``: the list of image versions.

The list has every image that can be created, newest first, and past ones on request. Google's list holds full versions
and no aliases; that is inferred from the form of its IDs [source: composer-image-versions].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import grpc
from google.cloud.orchestration.airflow.service_v1.types import (
    ImageVersion,
    ListImageVersionsRequest,
    ListImageVersionsResponse,
)
from google.type.date_pb2 import Date  # type: ignore[import-untyped] # ships stubs without a py.typed marker

from lab.cloud.access import COMPOSER, Access
from lab.cloud.dispatch import Method, Service
from lab.cloud.errors import ApiError
from lab.cloud.images import RELEASE_DATES
from lab.cloud.names import Parent
from lab.cloud.store import cut_page

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

_SERVICE: Final = "google.cloud.orchestration.airflow.service.v1.ImageVersions"


@dataclass(frozen=True, kw_only=True)
class PastImage:
    """An image that is listed only with past releases.

    :param text: its full version.
    :param is_creatable: whether an environment can still be created from it. The emulated creation does not look here:
        it takes the emulator's creatable images alone.
    """

    text: str
    is_creatable: bool = False


class ImageVersions:
    """The handler of the ImageVersions service.

    :param creatable: full image versions, newest first; the first is the default.
    :ivar past: images that are listed with past releases only.
    :ivar release_dates: when images were released; an image without a date is listed without one.
    """

    def __init__(self, *, creatable: Sequence[str], access: Access) -> None:
        self._creatable = creatable
        self._access = access
        self.past: Sequence[PastImage] = ()
        self.release_dates: Mapping[str, date] = RELEASE_DATES

    def make_service(self) -> Service:
        """Return the table of methods."""
        read, write = ListImageVersionsRequest.deserialize, ListImageVersionsResponse.serialize
        return Service(name=_SERVICE, methods=(Method("ListImageVersions", read, self._list, write),))

    def _list(self, request: ListImageVersionsRequest) -> ListImageVersionsResponse:
        project = Parent.parse(request.parent).project
        self._access.require_enabled(COMPOSER, project=project)
        if self._access.is_denied(project, "composer.imageversions.list"):
            # The words were seen with a creation [source: composer-not-permitted].
            raise ApiError(grpc.StatusCode.PERMISSION_DENIED, "The caller does not have permission")
        images = [self._make(text, is_creatable=True) for text in self._creatable]
        if request.include_past_releases:
            images += [self._make(image.text, is_creatable=image.is_creatable) for image in self.past]
        # Keys with leading zeros keep the list's own order on its pages.
        found = {f"{index:06}": image for index, image in enumerate(images)}
        page, token = cut_page(found, page_size=request.page_size, page_token=request.page_token)
        return ListImageVersionsResponse(image_versions=page, next_page_token=token)

    def _make(self, text: str, *, is_creatable: bool) -> ImageVersion:
        released = self.release_dates.get(text)
        return ImageVersion(
            image_version_id=text,
            is_default=text == self._creatable[0],
            supported_python_versions=["3"],
            release_date=released and Date(year=released.year, month=released.month, day=released.day),
            creation_disabled=not is_creatable,
        )
