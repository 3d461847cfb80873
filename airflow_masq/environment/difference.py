"""Where an existing environment differs from the planned one.

What the service itself resolves (an alias of an image version, the bare size of a range) is no difference. Differences
go into logs and XComs, so a value that may be a secret is not shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from airflow_masq.environment.fields import FIELD_NAMES, FREE_FORM_MAPS
from airflow_masq.environment.resource import EnvironmentResource
from airflow_masq.environment.versions import ImageVersion
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.text import printable, shorten

# The environment was found by its name; the others are the service's to set [source: composer-environment-output-only].
_NOT_COMPARED: Final = frozenset({"name", "uuid", "state", "createTime", "updateTime"})

_LONGEST_PLACE: Final = 200
_LONGEST_VALUE: Final = 120


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One field whose planned and found values differ.

    :param path: the field's names on the way down, in Google's REST spelling.
    :param planned: the plan's value.
    :param found: the environment's value; ``None`` where it has none.
    """

    path: tuple[str, ...]
    planned: object = field(repr=False)
    found: object | None = field(repr=False)

    def __str__(self) -> str:
        where = printable(".".join(self.path), limit=_LONGEST_PLACE)
        # Environment variables and configuration overrides often hold secrets, and so may a field that is not known.
        names = (*self.path, *_list_names(self.planned), *_list_names(self.found))
        if any(name not in FIELD_NAMES or name in FREE_FORM_MAPS for name in names):
            return f"{where}: differs"
        planned, found = (shorten(ascii(value), limit=_LONGEST_VALUE) for value in (self.planned, self.found))
        return f"{where}: planned {planned}, found {found}"


def find_differences(planned: EnvironmentResource, *, found: EnvironmentResource) -> tuple[Difference, ...]:
    """List the planned fields that the environment has otherwise, in the plan's order.

    What the plan leaves open is not compared.
    """
    asked = {name: value for name, value in planned.fields.items() if name not in _NOT_COMPARED}
    return tuple(
        Difference(path=path, planned=value, found=found.value(*path))
        for path, value in _walk_leaves(asked)
        if not _is_same(path[-1], value, found.value(*path))
    )


def _walk_leaves(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _walk_leaves(inner, (*path, name))
    else:
        yield path, value


def _is_same(name: str, planned: object, found: object) -> bool:
    # The API leaves out fields with their default value, so a missing field and the default are the same.
    if planned == found or (not planned and not found):
        return True
    if not isinstance(planned, str) or not isinstance(found, str):
        return False
    if name != "imageVersion":
        return planned.startswith("/") and found.endswith(planned)
    try:
        return ImageVersion.parse(planned).may_stand_for(ImageVersion.parse(found))
    except InvalidInputError:
        return False


def _list_names(value: object) -> Iterator[str]:
    """List the names of all fields inside a value."""
    if isinstance(value, Mapping):
        yield from value
    inside = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    for item in inside:
        yield from _list_names(item)
