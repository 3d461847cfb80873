"""The table of generations names fields that Google has, and tells generations apart."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING

import proto  # type: ignore[import-untyped] # the library has no types
import pytest
from google.cloud.orchestration.airflow.service_v1.types import environments

from airflow_masq.environment.field_generations import FIELD_GENERATIONS, FieldGenerations
from airflow_masq.environment.fields import FIELD_NAMES, REST_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_every_field_is_one_of_googles() -> None:
    """Each name on the way to a field is a field name of the environment resource."""
    assert all(FIELD_NAMES.issuperset(field.path) for field in FIELD_GENERATIONS)
    assert len({field.path for field in FIELD_GENERATIONS}) == len(FIELD_GENERATIONS)


@pytest.mark.parametrize(
    ("first", "last", "having", "words"),
    [
        (1, 1, {1}, "Composer 1 only"),
        (2, None, {2, 3, 4}, "Composer 2 and later"),
        (3, None, {3, 4}, "Composer 3 and later"),
    ],
)
def test_a_field_belongs_to_its_generations(first: int, last: int | None, having: set[int], words: str) -> None:
    """A generation has the field from the first on, up to the last where there is one."""
    field = FieldGenerations(path=("config",), first=first, last=last)
    assert {generation for generation in range(1, 5) if field.has(generation)} == having
    assert str(field) == words


# What the client library's types say of a field: the generation, and whether later or earlier ones have it as well.
_SUPPORTED = re.compile(
    r"This field is (?:only )?supported for Cloud Composer environments in versions "
    r"composer-(\d)(?:[-.*a-z0-9 ]* and (newer|older)\b)?"
)
_DESCRIBED = re.compile(r"\n {4}(\w+) \(")


def _words_of_google(message: type[proto.Message], *around: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Give every field that can be set, by its path in REST spelling, and what its type's docstring says of it."""
    parts = _DESCRIBED.split(inspect.cleandoc(message.__doc__ or ""))  # from Python 3.13 on it is clean
    for name, text in zip(parts[1::2], parts[2::2], strict=True):
        path = (*around, REST_NAMES.get(name, name))
        words = " ".join(text.replace("\\", "").split())
        yield path, words
        inner = message.meta.fields[name].message if name in message.meta.fields else None
        if isinstance(inner, type) and issubclass(inner, proto.Message) and inner is not message:
            yield from _words_of_google(inner, *path)


def test_the_table_says_what_googles_own_types_say() -> None:
    """Where the client's documentation names the generations of a field, the table does, and names the same."""
    told = {
        path: match.groups()
        for path, words in _words_of_google(environments.EnvironmentConfig, "config")
        if (match := _SUPPORTED.search(words)) and "Output only" not in words and path[-1] != "useIpAliases"
    }
    table = {field.path: field for field in FIELD_GENERATIONS}
    assert len(told) > 12
    for path, (generation, direction) in told.items():
        field = table[path]
        first = 1 if direction == "older" else int(generation)
        last = None if direction == "newer" else int(generation)
        assert (field.path, field.first, field.last) == (path, first, last)
