"""YAML becomes the JSON that the agent's libraries make of it."""

from __future__ import annotations

import pytest
import yaml

from airflow_masq.agent.go_json import DEEPEST, JsonList, JsonNumber, JsonObject, JsonText, JsonValue
from airflow_masq.agent.go_yaml import json_from_yaml
from airflow_masq.exceptions import InvalidInputError

TRUE_A = JsonObject((("a", True),))


def _text(value: str) -> JsonText:
    return JsonText(value=value, raw=value)


def _read(text: str) -> tuple[JsonValue, list[str]]:
    notes: list[str] = []
    return json_from_yaml(text, note=notes.append), notes


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(("", None), ("# c", None), ("---", None), ("~", None), ("hello", _text("hello")), ("[]", JsonList(()))),
        ("- 1\n- a\n- ~", JsonList((JsonNumber("1"), _text("a"), None))),
        ("b: 2\nA: 1", JsonObject((("A", JsonNumber("1")), ("b", JsonNumber("2"))))),
        ("a: false\na: true", TRUE_A),
        ("a: true\n---\na: false", TRUE_A),
        ("a: true\n...\n[", TRUE_A),
        ("x: &x {a: true}\n<<: *x", JsonObject((("a", True), ("x", TRUE_A)))),
        ("a: false\n<<: {a: true}", TRUE_A),
        ("<<: [{a: true}, {a: false}]", TRUE_A),
        ("x: &x {a: true}\n<<: [*x]", JsonObject((("a", True), ("x", TRUE_A)))),
        ("'<<': true", JsonObject((("<<", True),))),
        ("!!merge <<: {a: true}", TRUE_A),
        ("1: true", JsonObject((("1", True),))),
        ("[1e2, 1.5, -0.0, 1e21]", JsonList(tuple(map(JsonNumber, ("100", "1.5", "-0", "1e+21"))))),
        ("&k a: &v true\nb: *v\nc: *k", JsonObject((("a", True), ("b", True), ("c", _text("a"))))),
        ("&a [*a1]".replace("*a1", "&a1 1, *a1"), JsonList((JsonNumber("1"), JsonNumber("1")))),
        ("! true", _text("true")),
    ],
)
def test_documents_become_json(text: str, value: JsonValue) -> None:
    """Names are sorted, the later of two keys wins, aliases and merges are resolved, and one document is read."""
    assert _read(text)[0] == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: *x", "an alias of an anchor above it, saw '\\*x'"),
        ("a: &x [*x]", "one that contains itself"),
        ("a: &x {<<: *x}", "one that contains itself"),
        ("[a]: 1", "a scalar for a key"),
        ("{a: b}: 1", "a scalar for a key"),
        ("~: 1", "a text for a key, saw None"),
        ("18446744073709551615: 1", "a text for a key"),
        ("a: .inf", "a number that JSON can write, saw inf"),
        ("a: !!int b", "a scalar that fits !!int"),
        ("<<: a", "a mapping behind <<"),
        ("<<: [a]", "a mapping behind <<"),
        ("x: &x [a]\n<<: *x", "a mapping behind <<"),
    ],
)
def test_what_cannot_become_json_is_refused(text: str, message: str) -> None:
    """Aliases without anchor, keys that are no texts, numbers without a word in JSON and wrong merges are errors."""
    with pytest.raises(InvalidInputError, match=message):
        _read(text)


@pytest.mark.parametrize("text", ["a: [", "a: b: c", "%YAML 1.2\n---\n"])
def test_what_is_no_yaml_is_refused(text: str) -> None:
    """The reader's own error comes through."""
    with pytest.raises(yaml.YAMLError):
        _read(text)


def test_differing_readings_are_noted_with_their_line() -> None:
    """What Python's readers take for something else is noted, what both agree on and what is quoted is not."""
    _, notes = _read("a: y\nb: 'y'\nc: true\nd: 1e2\ne: 2001-01-01\nf: 08")
    assert notes == [
        "line 1: 'y' is a boolean to the agent and text to YAML readers in Python",
        "line 4: '1e2' is a number to the agent and text to YAML readers in Python",
        "line 5: '2001-01-01' is text to the agent and a date to YAML readers in Python",
        "line 6: '08' is a number to the agent and text to YAML readers in Python",
    ]


def test_repeated_keys_are_noted() -> None:
    """A key that comes twice is noted, one that a merge repeats too, and two that only look alike are not."""
    assert _read("a: 1\na: 2")[1] == ["the key 'a' is there twice, and the later one counts"]
    assert _read("a: 1\n'1': 2\n1: 3")[1] == []


def _nested(levels: int) -> str:
    return "[" * levels + "]" * levels


def test_nesting_has_a_limit() -> None:
    """What is within the limit is read; one level more, in brackets, in blocks or through aliases, is not."""
    assert _read(_nested(DEEPEST))[0] is not None
    for text in (
        _nested(DEEPEST + 1),
        "- " * (DEEPEST + 1) + "a",
        f"- &x {_nested(DEEPEST - 1)}\n- [[[[*x]]]]",
    ):
        with pytest.raises(RecursionError, match="64 levels"):
            _read(text)


def test_excessive_aliasing_is_refused_as_in_go() -> None:
    """Aliases of aliases that grow a thousandfold are refused; as many plain values are not."""
    laughs = "\n".join(f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]" for level in range(1, 5))
    with pytest.raises(InvalidInputError, match="excessive aliasing"):
        _read(f"a0: &a0 ha\n{laughs}")
    assert _read("[" + "ha, " * 2000 + "]")[0]


def test_expansion_has_a_limit() -> None:
    """A document whose aliases stay within Go's ratio is given up once they expand to too much."""
    many = ", ".join(["1"] * 5000)
    with pytest.raises(RecursionError, match="expand to more than 400000 values"):
        _read(f"a: &a [{many}]\nb: [{', '.join(['*a'] * 90)}]")
