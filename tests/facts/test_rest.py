"""Fields of Google's answers are found where they are, and nothing is found where another type is."""

from __future__ import annotations

import pytest
from netaddr import IPNetwork

from airflow_masq.facts import rest

RESOURCE = {"a": {"text": "x", "flag": True, "texts": ["x", 1], "number": 3, "long": "4"}, "list": [1]}


def test_fields_are_found_by_their_path() -> None:
    """A path leads to a value of the expected type."""
    assert rest.find_value(RESOURCE, "a", "text") == "x"
    assert rest.find_text(RESOURCE, "a", "text") == "x"
    assert rest.find_flag(RESOURCE, "a", "flag")
    assert rest.find_texts(RESOURCE, "a", "texts") == ("x",)
    assert rest.find_items(RESOURCE, "list") == (1,)


@pytest.mark.parametrize(
    ("path", "expected"), [(("a", "number"), 3), (("a", "long"), 4), (("a", "flag"), None), (("a", "text"), None)]
)
def test_numbers_may_be_texts(path: tuple[str, ...], expected: int | None) -> None:
    """JSON has 64-bit numbers as texts; a boolean and other texts are no numbers."""
    assert rest.find_number(RESOURCE, *path) == expected


def test_a_text_with_more_digits_than_a_number_has_is_none() -> None:
    """A number of more than 64 bits is no answer of Google's, and Python refuses to read a very long one."""
    assert rest.find_number({"free": "9" * 5000}, "free") is None
    assert rest.find_number({"free": "9223372036854775807"}, "free") == 2**63 - 1
    assert rest.find_number({"free": "٣"}, "free") is None


def test_another_type_is_nothing() -> None:
    """A field of another type, and a path through something that is no mapping, give nothing."""
    assert rest.find_value(RESOURCE, "list", "x") is None
    assert rest.find_value(None, "x") is None
    assert rest.find_text(RESOURCE, "a") == ""
    assert not rest.find_flag(RESOURCE, "a", "text")
    assert rest.find_items(RESOURCE, "a") == ()
    assert rest.find_texts(RESOURCE, "a", "text") == ()


def test_ranges_that_cannot_be_read_are_left_out() -> None:
    """Ranges are read in their order, each once; what is no CIDR is left out."""
    assert rest.read_ranges(["10.0.0.0/8", "", "10.0.0.1/8", "192.168.0.0/16", "10.0.0.0/8"]) == (
        IPNetwork("10.0.0.0/8"),
        IPNetwork("192.168.0.0/16"),
    )
