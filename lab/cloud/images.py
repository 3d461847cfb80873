"""The image versions that the emulator creates, and what their aliases mean.

The list is the lab's own, and ``ImageVersions.ListImageVersions`` answers with it. Google's list changes every few
weeks. Nothing here judges whether an image is a good choice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Self

from packaging.version import Version

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Newest first; the first is the default, of Composer 3 [source: composer-default-image, composer-newest-image,
# composer-3-images]. That ``latest`` means Composer 3 as well is inferred. How many versions before the newest the
# service still creates is not verified [source: composer-current-images].
CREATABLE_IMAGES: Final = (
    "composer-3-airflow-2.11.1-build.14",
    "composer-3-airflow-3.2.2-build.1",
    "composer-3-airflow-3.1.8-build.3",
    "composer-3-airflow-2.10.5-build.47",
    "composer-2.17.9-airflow-2.11.1",
    "composer-2.17.9-airflow-2.10.5",
    "composer-2.17.8-airflow-2.11.1",
    "composer-2.17.8-airflow-2.10.5",
)

# When the images of Composer 2 were released; the days are the lab's own.
RELEASE_DATES: Final[Mapping[str, date]] = MappingProxyType(
    {
        "composer-2.17.9-airflow-2.11.1": date(2026, 8, 5),
        "composer-2.17.9-airflow-2.10.5": date(2026, 8, 5),
        "composer-2.17.8-airflow-2.11.1": date(2026, 7, 22),
        "composer-2.17.8-airflow-2.10.5": date(2026, 7, 22),
    }
)

COMPOSER_1: Final = 1
COMPOSER_2: Final = 2
COMPOSER_3: Final = 3

# The form of an image version, with Composer 3's build [source: composer-image-version, composer-image-build].
_IMAGE: Final = re.compile(
    r"composer-(?P<composer>[0-9]+(?:\.[0-9]+\.[0-9]+(?:-preview\.[0-9]+)?)?|latest)"
    r"-airflow-(?P<airflow>[0-9]+(?:\.[0-9]+(?:\.[0-9]+)?)?)(?:-build\.(?P<build>[0-9]+))?"
)


@dataclass(frozen=True, kw_only=True)
class Image:
    """An image version, or an alias of one.

    :param composer: Composer's version; ``None`` for ``latest``.
    :param airflow: Airflow's version, as far as it was given.
    :param build: Composer 3's build number, if given.
    """

    composer: Version | None
    airflow: Version
    build: int | None

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read an image version; return ``None`` if the text does not have the documented form."""
        match = _IMAGE.fullmatch(text)
        if match is None:
            return None
        composer = None if match["composer"] == "latest" else Version(match["composer"].replace("-preview.", "rc"))
        build = int(match["build"]) if match["build"] else None
        return cls(composer=composer, airflow=Version(match["airflow"]), build=build)

    @property
    def generation(self) -> int | None:
        """Composer's major version; ``None`` for ``latest``."""
        return None if self.composer is None else self.composer.major

    def stands_for(self, image: Image) -> bool:
        """Tell whether this alias may be replaced with that full image version."""
        return (
            _covers(self.composer, image.composer)
            and _covers(self.airflow, image.airflow)
            and self.build in (None, image.build)
        )


def _covers(alias: Version | None, version: Version | None) -> bool:
    """Tell whether every part that the alias gives is the version's; ``None`` gives no part."""
    if alias is None or version is None:
        return alias is None
    return alias == version or (
        not alias.is_prerelease and version.release[: len(alias.release)] == alias.release and not version.is_prerelease
    )


def resolve_image(text: str, *, creatable: Sequence[str]) -> str | None:
    """Replace an alias with the newest creatable image that satisfies it, as the server does (source above).

    The order of the list decides for an empty text and for ``latest``.

    :param text: an image version or an alias; empty for the default.
    :param creatable: full image versions, newest first.
    :return: a member of ``creatable``, or ``None`` if none satisfies the text.
    """
    if not text:
        return creatable[0]
    wanted = Image.parse(text)
    if wanted is None:
        return None
    candidates = ((name, Image.parse(name)) for name in creatable)
    return next((name for name, image in candidates if image is not None and wanted.stands_for(image)), None)
