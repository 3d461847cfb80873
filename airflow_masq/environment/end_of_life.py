"""Which Composer versions Google has ended: one dated table.

It must not look at a calendar: every row's day had passed when it was written, and a version that will end later gets
its row then.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from airflow_masq.environment.image import ImageVersion


@dataclass(frozen=True, kw_only=True)
class EndOfLife:
    """The end of a group of Composer versions.

    :param name: what ended, as a person says it.
    :param generation: Composer's generation.
    :param minor: the minor version within it; ``None`` for all.
    :param ended_on: the day.
    :param source: where Google says so.
    """

    name: str
    generation: int
    minor: int | None
    ended_on: date
    source: str


_SOURCE: Final = "https://cloud.google.com/composer/docs/composer-versioning-overview (read 2026-11-22)"

END_OF_LIFE: Final = (
    EndOfLife(name="Composer 1", generation=1, minor=None, ended_on=date(2026, 9, 15), source=_SOURCE),
    EndOfLife(name="Composer 2.0", generation=2, minor=0, ended_on=date(2026, 9, 15), source=_SOURCE),
)


def end_of_life(image: ImageVersion) -> EndOfLife | None:
    """Look an image version up in the table.

    :param image: the version; of an alias only the generation is known.
    :return: its row; ``None`` where the version has not ended as far as this release knows.
    """
    for row in END_OF_LIFE:
        is_minor = row.minor is None or (image.composer is not None and image.composer.minor == row.minor)
        if image.generation == row.generation and is_minor:
            return row
    return None
