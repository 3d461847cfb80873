"""What an existing environment has otherwise than somebody planned it.

It must not judge: whether a difference matters is for whoever reads it. What the service itself resolves (an alias of
an image version, the bare size of a range) is no difference. Differences go into logs and XComs, so what may be a
secret must not show: environment variables and configuration overrides often are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from airflow_masq.environment.fields import FIELD_NAMES, FREE_FORM_MAPS
from airflow_masq.environment.image import ImageVersion
from airflow_masq.environment.resource import normalise, value_at
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.text import printable, shorten

# The name is how the environment was found; the others are the service's to set (read 2026-11-22):
# https://cloud.google.com/composer/docs/reference/rest/v1/projects.locations.environments#Environment
_NOT_COMPARED: Final = frozenset({"name", "uuid", "state", "createTime", "updateTime"})

_LONGEST_PLACE: Final = 200
_LONGEST_VALUE: Final = 120


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One field that stands otherwise in the environment than in the plan.

    :param where: the field's dotted path in Google's REST spelling.
    :param planned: what the plan asks for.
    :param found: what the environment has; ``None`` where it has nothing.
    """

    where: str
    planned: object = field(repr=False)
    found: object | None = field(repr=False)

    def __str__(self) -> str:
        """Say it in one line; values show only where every field on the way is known to be Google's own."""
        where = printable(self.where, limit=_LONGEST_PLACE)
        if any(name not in FIELD_NAMES or name in FREE_FORM_MAPS for name in self.where.split(".")):
            return f"{where}: differs"
        planned, found = (shorten(ascii(value), limit=_LONGEST_VALUE) for value in (self.planned, self.found))
        return f"{where}: planned {planned}, found {found}"


def differences(planned: Mapping[str, object], *, found: Mapping[str, object]) -> tuple[Difference, ...]:
    """List the planned fields that an environment has otherwise.

    :param planned: the planned resource, in either spelling; what it leaves open is not compared.
    :param found: the environment's resource, in either spelling.
    :return: the differences, in the plan's order.
    :raises InvalidInputError: as ``normalise``.
    """
    existing = normalise(found)
    asked = {name: value for name, value in normalise(planned).items() if name not in _NOT_COMPARED}
    return tuple(
        Difference(where=".".join(path), planned=value, found=value_at(existing, *path))
        for path, value in _leaves(asked)
        if not _is_same(path[-1], value, value_at(existing, *path))
    )


def _leaves(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(inner, (*path, name))
    else:
        yield path, value


def _is_same(name: str, planned: object, found: object) -> bool:
    """Compare one field; the API leaves out what stands at its default, so nothing and the default are the same."""
    if planned == found or (not planned and not found):
        return True
    return isinstance(planned, str) and isinstance(found, str) and _is_resolved(name, planned, found)


def _is_resolved(name: str, planned: str, found: str) -> bool:
    if name == "imageVersion":
        return _is_alias_of(planned, found)
    return planned.startswith("/") and found.endswith(planned)


def _is_alias_of(planned: str, found: str) -> bool:
    try:
        alias, image = ImageVersion.parse(planned), ImageVersion.parse(found)
    except InvalidInputError:
        return False
    return (
        alias.build in {None, image.build}
        and alias.composer in {None, image.composer}
        and alias.airflow in {None, image.airflow}
        and alias.generation in {None, image.generation}
        and alias.preview in {None, image.preview}
    )
