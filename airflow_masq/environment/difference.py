"""What an existing environment has otherwise than somebody planned it.

It must not judge: whether a difference matters is for whoever reads it. What the service itself resolves (an alias of
an image version, the bare size of a range) is no difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from airflow_masq.environment.image import ImageVersion
from airflow_masq.environment.resource import normalise, value_at
from airflow_masq.exceptions import InvalidInputError

# The name is how the environment was found; the others are the service's to set (read 2026-11-22):
# https://cloud.google.com/composer/docs/reference/rest/v1/projects.locations.environments#Environment
_NOT_COMPARED: Final = frozenset({"name", "uuid", "state", "createTime", "updateTime"})


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One field that stands otherwise in the environment than in the plan.

    :param where: the field's dotted path in Google's REST spelling.
    :param planned: what the plan asks for.
    :param found: what the environment has; ``None`` where it has nothing.
    """

    where: str
    planned: object
    found: object | None

    def __str__(self) -> str:
        return f"{self.where}: planned {self.planned!r}, found {self.found!r}"


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
