"""YAML is read with its lines and within bounds; nothing in it can construct or exhaust anything."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from airflow_masq.exceptions import PlanError
from airflow_masq.plan import load_plan
from airflow_masq.plan.yaml_document import load_document_from_yaml


def _error(text: str) -> PlanError:
    with pytest.raises(PlanError) as caught:
        load_document_from_yaml(text, source="plan.yaml")
    assert "\n" not in str(caught.value)
    return caught.value


def test_values_are_jsons() -> None:
    """Texts, numbers, truth values and nothing are read; what JSON has no word for stays text."""
    text = "a: x\nb: 5\nc: 1.5\nd: yes\ne:\nf: 2026-11-22\ng: =\nh: [1, {i: '5'}]\n"
    assert load_document_from_yaml(text, source="plan.yaml").value == {
        "a": "x",
        "b": 5,
        "c": 1.5,
        "d": True,
        "e": None,
        "f": "2026-11-22",
        "g": "=",
        "h": [1, {"i": "5"}],
    }


def test_aliases_are_values_like_others() -> None:
    """An anchor used twice is two values."""
    document = load_document_from_yaml("a: &x [1]\nb: *x\n", source="plan.yaml")
    assert document.value == {"a": [1], "b": [1]}


def test_every_value_has_its_line() -> None:
    """Values are found on the line of their key, items on their own."""
    document = load_document_from_yaml("a:\n  b:\n    - c\n    - d: 1\n", source="plan.yaml")
    assert document.lines == {"": 1, "a": 1, "a.b": 2, "a.b[0]": 3, "a.b[1]": 4, "a.b[1].d": 4}


@pytest.mark.parametrize(
    ("text", "line", "part"),
    [
        ("a: 1\na: 2\n", 2, "a: expected the key once, saw a duplicate key"),
        ("a: {b: 1, b: 1}\n", 1, "a.b: expected the key once, saw a duplicate key"),
        (
            "a: [1\nb: 2\n",
            2,
            "expected a comma or the closing bracket ] (quote a text that contains any of ? { } [ ]), saw :",
        ),
        ("a: [b\n", 2, "expected a comma or the closing bracket ], saw the end of the text"),
        (
            "a: [b?c]\n",
            1,
            "expected a comma or the closing bracket ] (quote a text that contains any of ? { } [ ]), saw ?",
        ),
        ("a: 1\n b: 2\n", 2, "expected YAML, saw a colon where no key is allowed"),
        ("a: b\n- c\n", 2, "expected YAML, saw a line that does not fit the lines above it"),
        ("a: - b\n", 1, "expected YAML, saw a list item where none is allowed"),
        ("a: 1\nb\nc: 2\n", 3, "expected a colon after the key, saw none"),
        ("a: *missing\n", 1, "expected an alias of an anchor above it (quote a text that begins with *), saw another"),
        ("a: 1\n---\nb: 2\n", 2, "expected one YAML document, saw another one"),
        ("a: 1\nb: \x00\n", 2, "expected characters that can be printed, saw a control character"),
        ("1: a\n", 1, "expected text as key (quote it), saw 1"),
        ("a:\n  yes: b\n", 1, "a: expected text as key (quote it), saw true"),
        ("[1]: a\n", 1, "expected text as key (quote it), saw a list"),
        ("{a: b}: c\n", 1, "expected text as key (quote it), saw a mapping"),
        ("<<: {a: b}\n", 1, "expected the keys themselves, saw a merge key"),
        (
            "policy: !!python/object/apply:os.system [ls]\n",
            1,
            "policy: expected a plain value, saw a list tagged tag:yaml.org,2002:python",
        ),
        ("policy: !!python/name:os.system ''\n", 1, "policy: expected a plain value, saw '' tagged"),
        ("policy: !!set {b}\n", 1, "policy: expected a plain value, saw a mapping tagged tag:yaml.org,2002:set"),
        ("policy: !foo b\n", 1, "policy: expected a plain value, saw 'b' tagged !foo"),
        ("a: !foo b\n", 1, "a: expected a plain value, saw text with a tag of its own"),
        ("a: !!int b\n", 1, "a: expected a plain value, saw text tagged tag:yaml.org,2002:int"),
        ("policy: !!int x\n", 1, "policy: expected a plain value, saw 'x' tagged tag:yaml.org,2002:int"),
        ("policy: !!int ''\n", 1, "policy: expected a plain value, saw '' tagged"),
        ("policy: !!bool maybe\n", 1, "policy: expected a plain value, saw 'maybe' tagged"),
        ("policy: !!float x\n", 1, "policy: expected a plain value, saw 'x' tagged"),
        (f"policy: {'9' * 5000}\n", 1, "policy: expected a plain value, saw '999"),
        (f"policy: 0x{'f' * 5000}\n", 1, "policy: expected a plain value, saw '0xffff"),
        ("a: .nan\n", 1, "a: expected a JSON value, saw nan"),
        ('a: "\\UFFFFFFFF"\n', None, "expected YAML"),
        (f"a: {'[' * 200}{']' * 200}\n", 1, "expected at most 64 levels, saw more"),
        ("a: &x [*x]\n", 1, "plan.yaml:1: a[0]: expected an alias outside its own anchor, saw one inside"),
        ("a:\n  b: &x {c: *x}\n", 2, "a.b.c: expected an alias outside its own anchor, saw one inside"),
        ("a:\n\tb: 1\n", 2, "expected spaces, saw a tab, which YAML does not allow there"),
        ("a: b: c\n", 1, "expected YAML, saw a colon where no key is allowed"),
        ("a: @b\n", 1, "expected YAML, saw text that begins with @ (quote it)"),
        ("a: &x 1\nb: &x 2\n", 2, "expected each anchor once, saw one twice"),
        ("a: 'x\n", 2, "expected a closing quotation mark, saw the end of the text"),
    ],
)
def test_what_is_no_plain_yaml_is_refused(text: str, line: int | None, part: str) -> None:
    """Syntax errors, duplicate keys, tags, merges, odd keys, huge numbers and depth are refused with their line."""
    error = _error(text)
    assert part in str(error)
    assert error.line == line


def test_an_alias_bomb_is_refused() -> None:
    """A short text that stands for billions of values is refused before they exist."""
    levels = "\n".join(f"{name}: &{name} [{', '.join([f'*{inner}'] * 9)}]" for inner, name in pairwise("abcdefghi"))
    assert "expected at most 50000 values, saw more" in str(_error(f"a: &a [x]\n{levels}\n"))


def test_a_text_beyond_any_plan_is_refused() -> None:
    """A text of more than 256 Ki characters is refused without being read."""
    assert "expected at most 262144 characters, saw 262145" in str(_error("#" * 262145))
    assert load_document_from_yaml("#" * 1000, source="plan.yaml").value == {}


SNIPPETS = st.sampled_from(
    [
        "network:",
        "node_ranges",
        "[10.0.0.0/8]",
        "targets:",
        "- name: a",
        "observe: http://a",
        "policy: ",
        "environment:",
        "config",
        "nodeConfig",
        "*a",
        "&a",
        "!!int",
        "!!binary",
        "%YAML 1.",
        "---",
        "...",
        "<<: ",
        "? ",
        "| ",
        "> ",
        "\t",
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "-",
        "\n",
        "\n  ",
        "'",
        '"',
        "\\",
        "#",
        "0x",
        "1e9",
        ".inf",
        "2026-99-99",
        "1:30",
    ]
)


@settings(max_examples=400)
@given(st.lists(SNIPPETS | st.text(max_size=4), max_size=25).map("".join))
@example("a: !!timestamp 2026-99-99")
@example("%YAML 1.\n---\na: 1")
@example('a: "\\xZZ"')
@example("a: !<tag:yaml.org,2002:int> 0b")
def test_any_text_is_a_plan_or_a_plan_error(text: str) -> None:
    """For every file, the answer is a plan or one line that says what is wrong."""
    try:
        load_plan(text, source="plan.yaml")
    except PlanError as error:
        assert str(error).isprintable()  # noqa: PT017 - either outcome is right, this one has a form


@pytest.mark.parametrize("text", ["010", "1:30", "0x10", "0b1", "1_000"])
def test_numbers_that_mean_something_else_to_others_are_refused(text: str) -> None:
    """YAML 1.1 reads 010 as eight and 1:30 as ninety, so both are refused; in quotes they are text."""
    with pytest.raises(PlanError, match=f"policy: expected a plain value, saw '{text}' tagged"):
        load_document_from_yaml(f"policy: {text}\n", source="plan.yaml")
    assert load_document_from_yaml(f"a: '{text}'\n", source="plan.yaml").value == {"a": text}
    assert load_document_from_yaml("a: [10, -3, +4, 0]\n", source="plan.yaml").value == {"a": [10, -3, 4, 0]}
