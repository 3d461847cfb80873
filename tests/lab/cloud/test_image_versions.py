"""The ImageVersions service, called by Google's own client."""

from __future__ import annotations

from datetime import date

import grpc
import pytest
from google.api_core import exceptions as google_errors
from google.cloud.orchestration.airflow.service_v1 import ImageVersionsAsyncClient
from google.cloud.orchestration.airflow.service_v1.services.image_versions.transports import (
    ImageVersionsGrpcAsyncIOTransport,
)
from google.cloud.orchestration.airflow.service_v1.types import ListImageVersionsRequest

from lab.cloud import ComposerEmulator
from lab.cloud.image_versions import PastImage

_IMAGES = ("composer-2.17.9-airflow-2.11.1", "composer-2.17.8-airflow-2.11.1")
_PAST = (
    PastImage(text="composer-2.16.0-airflow-2.10.5", is_creatable=True),
    PastImage(text="composer-2.1.3-airflow-2.3.4"),
)


async def _list(parent: str, **request: object) -> list[tuple[str, bool, bool, date | None]]:
    async with (
        ComposerEmulator(creatable_images=_IMAGES) as emulator,
        grpc.aio.insecure_channel(emulator.address) as channel,
    ):
        emulator.images.past, emulator.images.release_dates = _PAST, {_IMAGES[0]: date(2026, 8, 5)}
        client = ImageVersionsAsyncClient(transport=ImageVersionsGrpcAsyncIOTransport(channel=channel))
        pages = await client.list_image_versions(ListImageVersionsRequest(parent=parent, **request))
        return [
            (
                image.image_version_id,
                image.is_default,
                image.creation_disabled,
                date(image.release_date.year, image.release_date.month, image.release_date.day)
                if image.release_date.year
                else None,
            )
            async for image in pages
        ]


async def test_the_creatable_images_are_listed_newest_first(parent: str) -> None:
    """The list has what can be created, the default first, with the day of its release where that is known."""
    assert await _list(parent) == [
        ("composer-2.17.9-airflow-2.11.1", True, False, date(2026, 8, 5)),
        ("composer-2.17.8-airflow-2.11.1", False, False, None),
    ]


@pytest.mark.parametrize("page_size", [0, 1, 3])
async def test_past_releases_are_listed_on_request(parent: str, page_size: int) -> None:
    """With past releases the list goes on, over pages of any size, and says which images cannot be created."""
    listed = await _list(parent, include_past_releases=True, page_size=page_size)
    assert [(text, is_disabled) for text, _, is_disabled, _ in listed] == [
        ("composer-2.17.9-airflow-2.11.1", False),
        ("composer-2.17.8-airflow-2.11.1", False),
        ("composer-2.16.0-airflow-2.10.5", False),
        ("composer-2.1.3-airflow-2.3.4", True),
    ]


async def test_a_parent_that_is_no_location_is_refused() -> None:
    """The list belongs to a location of a project."""
    with pytest.raises(google_errors.InvalidArgument):
        await _list("projects/example-project")
