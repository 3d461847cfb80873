"""Values from outside are read strictly; an error names the place, what was expected and what was seen."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeAlias

import pytest
from netaddr import IPAddress, IPNetwork

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.reading import LONGEST_LINE_CHARACTERS, Place, name_child

Read: TypeAlias = Callable[[Place], object]


class Colour(StrEnum):
    """Two words that something may be."""

    RED = "red"
    BLUE = "blue"


def place(value: object, *, where: str = "top", is_secret: bool = False) -> Place:
    """Give a place."""
    return Place(where=where, value=value, is_secret=is_secret)


@pytest.mark.parametrize(
    ("read", "value", "expected"),
    [
        (Place.read_text, "x", "x"),
        (lambda at: at.read_text(may_be_empty=True), "", ""),
        (Place.read_line, "", ""),
        (Place.read_line, "x" * LONGEST_LINE_CHARACTERS, "x" * LONGEST_LINE_CHARACTERS),
        (Place.read_boolean, False, False),
        (lambda at: at.read_whole_number(least=1, most=3), 1, 1),
        (lambda at: at.read_whole_number(least=1, most=3), 3, 3),
        (lambda at: at.read_number(least=0.5, most=3), 0.5, 0.5),
        (lambda at: at.read_number(least=0.5, most=3), 3, 3.0),
        (lambda at: at.read_choice(Colour), "blue", Colour.BLUE),
        (lambda at: at.read_choice(["v1"]), "v1", "v1"),
        (Place.read_address, "10.0.0.5", IPAddress("10.0.0.5")),
        (Place.read_cidr, "10.0.0.0/8", IPNetwork("10.0.0.0/8")),
        (Place.read_cidrs, ["10.0.0.0/8", "fd00::/8"], (IPNetwork("10.0.0.0/8"), IPNetwork("fd00::/8"))),
        (Place.read_cidrs, (), ()),
        (lambda at: at.read_optional(Place.read_address), None, None),
        (lambda at: at.read_optional(Place.read_address), "::1", IPAddress("::1")),
        (lambda at: [item.value for item in at.read_items(most=2)], ["a", 5], ["a", 5]),
        (lambda at: [item.value for item in at.read_some_items()], (None,), [None]),
        (lambda at: {key: entry.value for key, entry in at.read_entries().items()}, {"a": 1, "": 2}, {"a": 1, "": 2}),
        (lambda at: list(at.read_section(("a", "b"))), {"b": 1}, ["b"]),
        (lambda at: list(at.read_section(("a", "b"), complete=True)), {"b": 1, "a": 2}, ["b", "a"]),
        (lambda at: list(at.read_section(("a",), complete=True, optional=("c",))), {"a": 1}, ["a"]),
        (lambda at: list(at.read_section(("a",), complete=True, optional=("c",))), {"a": 1, "c": 2}, ["a", "c"]),
    ],
)
def test_what_belongs_there_is_read(read: Read, value: object, expected: object) -> None:
    """Each kind of value is read as it is; only an enumeration's word becomes its member."""
    seen = read(place(value))
    assert seen == expected
    assert type(seen) is type(expected)


def test_a_number_is_never_a_negative_zero() -> None:
    """A duration of -0.0 is written as 0.0 again."""
    assert str(place(-0.0).read_number(least=0, most=1)) == "0.0"


@pytest.mark.parametrize(
    ("read", "value", "message"),
    [
        (Place.read_text, "", "top: expected text, saw ''"),
        (Place.read_text, 1.3, "top: expected text, saw 1.3"),
        (lambda at: at.read_text("a name"), None, "top: expected a name, saw nothing"),
        (Place.read_line, "a\nb", r"top: expected one printable line of at most 20000 characters, saw 'a\nb'"),
        (
            Place.read_line,
            "x" * (LONGEST_LINE_CHARACTERS + 1),
            "top: expected one printable line of at most 20000 char",
        ),
        (
            Place.read_line,
            b"x",
            "top: expected one printable line of at most 20000 characters, saw a value of type bytes",
        ),
        (Place.read_boolean, 1, "top: expected true or false, saw 1"),
        (lambda at: at.read_whole_number(least=1, most=3), 0, "top: expected a whole number from 1 to 3, saw 0"),
        (lambda at: at.read_whole_number(least=1, most=3), 4, "top: expected a whole number from 1 to 3, saw 4"),
        (lambda at: at.read_whole_number(least=1, most=3), 2.0, "top: expected a whole number from 1 to 3, saw 2.0"),
        (lambda at: at.read_whole_number(least=1, most=3), True, "top: expected a whole number from 1 to 3, saw true"),
        (lambda at: at.read_whole_number(least=1, most=3), "2", "top: expected a whole number from 1 to 3, saw '2'"),
        (lambda at: at.read_number(least=0, most=3), 3.1, "top: expected a number from 0 to 3, saw 3.1"),
        (lambda at: at.read_number(least=0, most=3), -0.1, "top: expected a number from 0 to 3, saw -0.1"),
        (lambda at: at.read_number(least=0, most=3), float("nan"), "top: expected a number from 0 to 3, saw nan"),
        (lambda at: at.read_number(least=0, most=3), True, "top: expected a number from 0 to 3, saw true"),
        (lambda at: at.read_number(least=0, most=3), "1", "top: expected a number from 0 to 3, saw '1'"),
        (lambda at: at.read_choice(Colour), "green", "top: expected one of red, blue, saw 'green'"),
        (lambda at: at.read_choice(Colour), ["red"], "top: expected one of red, blue, saw a list"),
        (lambda at: at.read_choice(["v1"]), "v2", "top: expected v1, saw 'v2'"),
        (Place.read_address, "010.0.0.5", "top: expected an IP address such as 10.0.0.5, saw '010.0.0.5'"),
        (Place.read_address, 5, "top: expected an IP address such as 10.0.0.5, saw 5"),
        (
            Place.read_cidr,
            "10.0.0.1/8",
            "top: expected a CIDR aligned to its prefix, here 10.0.0.0/8, saw '10.0.0.1/8'",
        ),
        (Place.read_cidr, {}, "top: expected a CIDR such as 10.0.0.0/8, saw an empty mapping"),
        (Place.read_cidrs, ["10.0.0.0/8", "x"], "top[1]: expected a CIDR such as 10.0.0.0/8, saw 'x'"),
        (lambda at: at.read_cidrs(most=1), ["10.0.0.0/8"] * 2, "top: expected at most 1 items, saw 2"),
        (lambda at: at.read_optional(Place.read_boolean), "no", "top: expected true or false, saw 'no'"),
        (Place.read_items, "ab", "top: expected a list, saw 'ab'"),
        (Place.read_items, {"a"}, "top: expected a list, saw a value of type set"),
        (lambda at: at.read_items(most=0), [1], "top: expected at most 0 items, saw 1"),
        (Place.read_some_items, [], "top: expected a list with entries (remove the key if there are none), saw an em"),
        (Place.read_entries, [], "top: expected a mapping, saw an empty list"),
        (Place.read_entries, {1: 2}, "top: expected a text key, saw 1"),
        (Place.read_entries, {10**5000: 2}, "top: expected a text key, saw a number of more than 64 bits"),
        (
            lambda at: at.read_section(("name", "b")),
            {"nam": 1},
            "top.nam: expected one of name, b (did you mean name?), saw",
        ),
        (
            lambda at: at.read_section(("nam", "name")),
            {"nem": 1},
            "top.nem: expected one of nam, name (did you mean nam?), saw",
        ),
        (lambda at: at.read_section(("aa", "b")), {"zz": 1}, "top.zz: expected one of aa, b, saw 'zz'"),
        (lambda at: at.read_section(("a", "b"), complete=True), {"a": 1}, "top: expected the key b, saw none"),
        (lambda at: at.read_section(("aa",), optional=("b",)), {"zz": 1}, "top.zz: expected one of aa, b, saw 'zz'"),
    ],
)
def test_anything_else_is_refused_with_its_place(read: Read, value: object, message: str) -> None:
    """A wrong type, a wrong size, an unknown key or a missing one names its place, in one printable line."""
    with pytest.raises(InvalidInputError) as refused:
        read(place(value))
    assert str(refused.value).startswith(message)
    assert str(refused.value).isprintable()


def test_places_below_are_named_as_their_author_would() -> None:
    """Keys are joined by dots, indexes are in brackets, and unusual keys do no harm."""
    entry = place({"a": [{"b\n": True}]}, where="").read_section(("a",))["a"].read_items()[0].read_entries()["b\n"]
    assert (entry.where, entry.value) == (r"a[0].b\n", True)
    assert name_child("", key="k" * 99) == "k" * 59 + "…"
    assert name_child("top", key=0) == "top[0]"


def test_a_deep_place_is_cut_in_an_error() -> None:
    """A place of a thousand keys does not bury the message."""
    assert place(1, where="k" * 201).make_error("x").where == "k" * 199 + "…"
    assert place(1, where="k" * 200).make_error("x").where == "k" * 200


SECRET = "hunter2"


@pytest.mark.parametrize(
    "read",
    [
        Place.read_boolean,
        Place.read_address,
        Place.read_items,
        lambda at: at.read_choice(["a"]),
        lambda at: at.parse(_refuse, expected="a word"),
    ],
)
def test_what_may_be_a_secret_is_never_shown(read: Read) -> None:
    """Where values are secret, errors name their type alone, below a mapping or list as well."""
    whole = place({"key": [SECRET]}, is_secret=True)
    with pytest.raises(InvalidInputError) as refused:
        read(whole.read_section(("key",))["key"].read_items()[0])
    assert str(refused.value).startswith("top.key[0]: expected ")
    assert str(refused.value).endswith(", saw text")


def _refuse(text: str) -> Any:  # noqa: ANN401 - never gives any
    raise InvalidInputError(where="elsewhere", expected="another word", seen=text)


def test_a_parsers_error_becomes_one_of_the_place() -> None:
    """The error names the place, and keeps the parser's words."""
    with pytest.raises(InvalidInputError, match=r"^top: expected another word, saw odd$") as refused:
        place("odd").parse(_refuse, expected="a word")
    assert refused.value.__cause__ is None
