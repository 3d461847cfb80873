"""The image versions that the emulator creates, and what their aliases stand for.

The list is the lab's own. Google's list changes every few weeks; the real service answers
``ImageVersions.ListImageVersions`` with it. Nothing here judges whether an image is a good choice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from packaging.version import Version

if TYPE_CHECKING:
    from collections.abc import Sequence

# Newest first; the first is the default. These are the images of Google's page about the agent, and two more
# [source: composer-agent-page-images]. Whether Google still creates them is not verified.
CREATABLE_IMAGES: Final = (
    "composer-2.14.1-airflow-2.10.5",
    "composer-2.14.1-airflow-2.9.3",
    "composer-2.13.9-airflow-2.10.5",
    "composer-3-airflow-2.10.5-build.13",
)

# The form of an image version, with Composer 3's build [source: composer-image-version, composer-image-build].
_IMAGE: Final = re.compile(
    r"composer-(?P<composer>[0-9]+(?:\.[0-9]+\.[0-9]+(?:-preview\.[0-9]+)?)?|latest)"
    r"-airflow-(?P<airflow>[0-9]+(?:\.[0-9]+(?:\.[0-9]+)?)?)(?:-build\.(?P<build>[0-9]+))?"
)
_COMPOSER_3: Final = 3


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
    def is_composer_3(self) -> bool:
        """Whether it is an image of Composer 3, which has no cluster in the customer's project."""
        return self.composer is not None and self.composer.major == _COMPOSER_3

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
