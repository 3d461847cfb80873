"""Composer's image versions, read once, so that nothing else compares them as text.

It must not know what a version can or cannot do: ends of life stand in their own table, the rest in rules.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Self

from packaging.version import Version

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.text import excerpt

# https://cloud.google.com/composer/docs/reference/rest/v1/projects.locations.environments#SoftwareConfig gives the
# expression without "-build.N"; https://cloud.google.com/composer/docs/composer-versioning-overview has that for
# Composer 3; both read 2026-11-22. The widths are ours: no version has more digits.
_IMAGE_VERSION: Final = re.compile(
    r"""
    composer-
    (?: (?P<composer> (?P<generation>[0-9]{1,4}) (?:\.[0-9]{1,6}\.[0-9]{1,6})? )
        (?: -preview\.(?P<preview>[0-9]{1,6}) )?
      | latest
    )
    -airflow- (?P<airflow> [0-9]{1,4} (?:\.[0-9]{1,6}){0,2} )
    (?: -build\.(?P<build>[0-9]{1,6}) )?
    """,
    re.VERBOSE,
)
_FULL_VERSION_PARTS: Final = 3


@dataclass(frozen=True, kw_only=True)
class ImageVersion:
    """One image version, or an alias for one.

    :param text: as written.
    :param generation: 1, 2 or 3 (or one to come); ``None`` for ``composer-latest``.
    :param composer: Composer's full version; ``None`` for aliases and for Composer 3, which has builds instead.
    :param airflow: Airflow's full version; ``None`` for aliases such as ``airflow-2``.
    :param preview: the number of a preview; ``None`` for releases.
    :param build: Composer 3's build number; ``None`` elsewhere.
    """

    text: str
    generation: int | None
    composer: Version | None
    airflow: Version | None
    preview: int | None = None
    build: int | None = None

    @classmethod
    def parse(cls, text: str, *, where: str = "image version") -> Self:
        """Read an image version or alias.

        :param text: for example ``composer-2.14.1-airflow-2.10.5`` or ``composer-3-airflow-2``.
        :param where: the place to name in an error, default ``image version``.
        :return: the version.
        :raises InvalidInputError: when it is no image version.
        """
        matched = _IMAGE_VERSION.fullmatch(text)
        if matched is None:
            expected = "an image version such as composer-2.14.1-airflow-2.10.5"
            raise InvalidInputError(where=where, expected=expected, seen=excerpt(text))
        return cls(
            text=text,
            generation=_number(matched["generation"]),
            composer=_full_version(matched["composer"]),
            airflow=_full_version(matched["airflow"]),
            preview=_number(matched["preview"]),
            build=_number(matched["build"]),
        )

    def __str__(self) -> str:
        return self.text


def _number(text: str | None) -> int | None:
    return None if text is None else int(text)


def _full_version(text: str | None) -> Version | None:
    if text is None:
        return None
    version = Version(text)
    return version if len(version.release) == _FULL_VERSION_PARTS else None
