"""The table of generations names fields that Google has, and tells generations apart."""

from __future__ import annotations

import pytest

from airflow_masq.environment.field_generations import FIELD_GENERATIONS, FieldGenerations
from airflow_masq.environment.fields import FIELD_NAMES


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
