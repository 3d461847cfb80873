"""The versions of Composer and of GKE, read once, so that nothing else compares them as text.

Dated tables say what follows from a version: which Composer versions have ended, which image is the newest, and from
which GKE version on a cluster can have the IP masquerade agent. The tables never ask for the current day: a row is
added when its day has passed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Final, Self

from packaging.version import Version

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.text import quote

COMPOSER_1: Final = 1
COMPOSER_2: Final = 2
COMPOSER_3: Final = 3
"""Composer's generations so far."""

# Google's expression lacks the "-build.N" that Composer 3 has [source: composer-image-version, composer-image-build].
# The widths are ours: no version has more digits.
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

# Kubernetes' version, then GKE's build of it [source: gke-version-scheme], which is no version in the sense of PEP 440.
# The widths are ours.
_GKE_VERSION: Final = re.compile(r"([0-9]{1,3})\.([0-9]{1,3})(?:\.([0-9]{1,4})(?:-gke\.([0-9]{1,10}))?)?")


@dataclass(frozen=True, kw_only=True)
class EndOfLife:
    """The end of a group of Composer versions.

    :param name: the group's name in messages.
    :param minor: the minor version within the generation; ``None`` for all.
    :param source: the key of the fact in ``docs/sources.md``.
    """

    name: str
    generation: int
    minor: int | None
    ended_on: date
    source: str


_SOURCE: Final = "composer-end-of-life"

END_OF_LIFE: Final = (
    EndOfLife(name="Composer 1", generation=COMPOSER_1, minor=None, ended_on=date(2026, 9, 15), source=_SOURCE),
    EndOfLife(name="Composer 2.0", generation=COMPOSER_2, minor=0, ended_on=date(2026, 9, 15), source=_SOURCE),
)

NEWEST_IMAGE: Final = "composer-2.17.9-airflow-2.11.1"
"""The newest image of Composer 2 that is known [source: composer-newest-image]."""

# Google's release notes end the support of one version of Composer 2 after the other, about twelve months after its
# release, with any version of Airflow; this is the last one [source: composer-image-support].
LAST_ENDED: Final = Version("2.13.9")
LAST_ENDED_ON: Final = date(2026, 8, 5)

# The service was seen to refuse images that were three to five minor versions behind the newest one
# [source: composer-current-images, composer-unsupported-image]. Whether it takes the last few before the newest is not
# verified; from two minor versions behind on there is a warning.
LAST_MINOR_FAR_BEHIND: Final = 15

# Composer 2's newest images hold these versions of Airflow, and none with Airflow 3 is known
# [source: composer-newest-image, composer-3-images].
AIRFLOW_OF_COMPOSER_2: Final = ((2, 11, 1), (2, 10, 5))

# The first patch and build of each minor version of Kubernetes 1 that has the agent
# [source: composer-agent-gke-version, egress-nat-policy-versions]. So 1.23.0 to 1.23.4-gke.1599 have none, although
# they sort above 1.22.7.
FIRST_BUILDS: Final = MappingProxyType({22: (7, 1500), 23: (4, 1600)})


@dataclass(frozen=True, kw_only=True)
class ImageVersion:
    """One image version, or an alias for one.

    :param text: as written.
    :param generation: 1, 2 or 3 (or a later one); ``None`` for ``composer-latest``.
    :param composer: Composer's full version; ``None`` for aliases and for Composer 3, which has builds instead.
    :param airflow: Airflow's full version; ``None`` for aliases such as ``airflow-2``.
    :param airflow_parts: the numbers of Airflow's version as far as it is stated.
    :param preview: the number of a preview; ``None`` for releases.
    :param build: Composer 3's build number; ``None`` elsewhere.
    """

    text: str
    generation: int | None
    composer: Version | None
    airflow: Version | None
    airflow_parts: tuple[int, ...] = field(default=(), compare=False)
    preview: int | None = None
    build: int | None = None

    @classmethod
    def parse(cls, text: str, *, where: str = "image version") -> Self:
        """Read an image version or alias.

        :param text: for example ``composer-2.17.9-airflow-2.11.1`` or ``composer-3-airflow-2``.
        :param where: the place to name in an error.
        :raises InvalidInputError: it is no image version.
        """
        matched = _IMAGE_VERSION.fullmatch(text)
        if matched is None:
            expected = "an image version such as composer-2.17.9-airflow-2.11.1"
            raise InvalidInputError(where=where, expected=expected, seen=quote(text))
        return cls(
            text=text,
            generation=_read_number(matched["generation"]),
            composer=_read_full_version(matched["composer"]),
            airflow=_read_full_version(matched["airflow"]),
            airflow_parts=tuple(map(int, matched["airflow"].split("."))),
            preview=_read_number(matched["preview"]),
            build=_read_number(matched["build"]),
        )

    @property
    def end_of_life(self) -> EndOfLife | None:
        """The row that says when this version ended; ``None`` if this release knows of none.

        Of an alias only the generation is known.
        """
        for row in END_OF_LIFE:
            is_minor = row.minor is None or (self.composer is not None and self.composer.minor == row.minor)
            if self.generation == row.generation and is_minor:
                return row
        return None

    @property
    def is_no_longer_offered(self) -> bool:
        """Whether the support of this version of Composer 2 has ended, so that no environment is created from it."""
        return self._is_of_composer_2 and self.composer is not None and self.composer <= LAST_ENDED

    @property
    def is_far_behind(self) -> bool:
        """Whether the newest image is so much newer that the service may refuse this one."""
        return self._is_of_composer_2 and self.composer is not None and self.composer.minor <= LAST_MINOR_FAR_BEHIND

    @property
    def has_unknown_airflow(self) -> bool:
        """Whether no known image of Composer 2 holds this version of Airflow; nothing is known of newer images."""
        if not self._is_of_composer_2 or self._is_newer_than_known:
            return False
        return not any(known[: len(self.airflow_parts)] == self.airflow_parts for known in AIRFLOW_OF_COMPOSER_2)

    @property
    def _is_newer_than_known(self) -> bool:
        newest = type(self).parse(NEWEST_IMAGE).composer
        return self.composer is not None and newest is not None and self.composer > newest

    @property
    def _is_of_composer_2(self) -> bool:
        return self.generation == COMPOSER_2 and self.end_of_life is None

    def may_stand_for(self, image: ImageVersion) -> bool:
        """Say whether this version, where it is an alias, leaves room for another one, or is the same."""
        parts = (
            (self.generation, image.generation),
            (self.composer, image.composer),
            (self.airflow_parts, image.airflow_parts[: len(self.airflow_parts)]),
            (self.preview, image.preview),
            (self.build, image.build),
        )
        return all(own is None or own == other for own, other in parts)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, kw_only=True)
class GkeVersion:
    """A version of GKE, as far as it is stated.

    :param text: as written.
    :param major: Kubernetes' major version.
    :param minor: Kubernetes' minor version.
    :param patch: Kubernetes' patch; ``None`` if it is not stated.
    :param build: GKE's build of it; ``None`` if it is not stated.
    """

    text: str
    major: int
    minor: int
    patch: int | None
    build: int | None

    @classmethod
    def parse(cls, text: str, *, where: str = "GKE version") -> Self:
        """Read a version.

        :param text: for example ``1.30.5-gke.1014001``; ``1.30.5`` and ``1.30`` say less.
        :param where: the place to name in an error.
        :raises InvalidInputError: it is no version of GKE.
        """
        matched = _GKE_VERSION.fullmatch(text)
        if matched is None:
            expected = "a GKE version such as 1.30.5-gke.1014001"
            raise InvalidInputError(where=where, expected=expected, seen=quote(text))
        major, minor, patch, build = matched.groups()
        return cls(text=text, major=int(major), minor=int(minor), patch=_read_number(patch), build=_read_number(build))

    @property
    def supports_agent(self) -> bool | None:
        """Whether a cluster created with this version can have the agent; ``None`` if it says too little."""
        if self.major != 1 or self.minor not in FIRST_BUILDS:
            return (self.major, self.minor) > (1, max(FIRST_BUILDS))
        first_patch, first_build = FIRST_BUILDS[self.minor]
        if self.patch is None:
            return None
        if self.patch != first_patch:
            return self.patch > first_patch
        return None if self.build is None else self.build >= first_build

    def __str__(self) -> str:
        return self.text


def _read_number(text: str | None) -> int | None:
    return None if text is None else int(text)


def _read_full_version(text: str | None) -> Version | None:
    if text is None:
        return None
    version = Version(text)
    return version if len(version.release) == _FULL_VERSION_PARTS else None
