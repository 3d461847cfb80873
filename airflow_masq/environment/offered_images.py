"""The image versions that the service offers, and which of them an environment gets.

The service replaces an alias with the version that is current [source: composer-image-version].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.version import Version

from airflow_masq.environment.versions import ImageVersion
from airflow_masq.exceptions import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date


@dataclass(frozen=True, kw_only=True)
class OfferedImage:
    """One image version of the service's list [source: composer-image-versions].

    :param text: its identifier, ``composer-2.17.9-airflow-2.11.1`` for example.
    :param is_default: an environment that names no image gets this one.
    :param is_creatable: an environment can be created from it.
    :param released_on: the day of its release; ``None`` where the service does not say.
    """

    text: str
    is_default: bool = False
    is_creatable: bool = True
    released_on: date | None = None


def resolve_image(wanted: ImageVersion | None, *, offered: Iterable[OfferedImage]) -> OfferedImage | None:
    """Find the image that an environment gets: the newest of those that can be created and that the text stands for.

    Whether the service chooses the newest of several is inferred from "the current one".

    :param wanted: an image version or an alias; ``None`` for the service's default.
    :return: ``None`` where the service offers none.
    """
    if wanted is None:
        return next((image for image in offered if image.is_default and image.is_creatable), None)
    # An alias does not stand for a preview.
    fitting = (
        image
        for image, version in _list_creatable(offered)
        if wanted.may_stand_for(version) and version.preview == wanted.preview
    )
    return next(fitting, None)


def list_newest(offered: Iterable[OfferedImage], *, generation: int | None) -> tuple[OfferedImage, ...]:
    """List the images of a generation that can be created, the newest first, without previews."""
    return tuple(
        image
        for image, version in _list_creatable(offered)
        if version.generation == generation and version.preview is None
    )


def _list_creatable(offered: Iterable[OfferedImage]) -> list[tuple[OfferedImage, ImageVersion]]:
    """List the images that can be created and whose version can be read, the newest first."""
    read = [(image, _parse(image.text)) for image in offered if image.is_creatable]
    images = [(image, version) for image, version in read if version is not None]
    return sorted(images, key=lambda pair: _make_sort_key(pair[1]), reverse=True)


def _parse(text: str) -> ImageVersion | None:
    try:
        return ImageVersion.parse(text)
    except InvalidInputError:
        return None


def _make_sort_key(version: ImageVersion) -> tuple[int, Version, int, tuple[int, ...], int]:
    """Sort by Composer's version, then by Airflow's version and the build."""
    composer = version.composer or Version("0")
    return version.generation or 0, composer, version.preview or 0, version.airflow_parts, version.build or 0
