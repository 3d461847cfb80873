"""The YAML scanner takes what Go's takes."""

from __future__ import annotations

import pytest
import yaml

from airflow_masq.agent.go_json import DEEPEST
from airflow_masq.agent.go_yaml_events import GoYamlError, events_of_first_document


def _scalars(text: str) -> list[str]:
    return [event.value for event in events_of_first_document(text) if isinstance(event, yaml.ScalarEvent)]


@pytest.mark.parametrize(
    ("text", "scalars"),
    [
        ("a:\tb", ["a", "b"]),
        ("a: b\t", ["a", "b"]),
        ("a: b\tc", ["a", "b\tc"]),
        ("a: b\t# c", ["a", "b"]),
        ("a: |\t\n b", ["a", "b"]),
        ("a: !!str\tb", ["a", "b"]),
        ("a: !'!b c", ["a", "c"]),
        ("a:\n  b\n  \tc", ["a", "b c"]),
        ("a: [b:, c]", ["a", "b:", "c"]),
        ("a: [b\n]", ["a", "b"]),
        ('a: "\\\'"', ["a", "'"]),
        ("a: |#c\n b", ["a", "b"]),
        ("a: b\n...\ntext", ["a", "b"]),
        ("a: b\n---\n[", ["a", "b"]),
        ("\ufeffa: b", ["a", "b"]),
    ],
)
def test_go_takes_more_than_pyyaml(text: str, scalars: list[str]) -> None:
    """Tabs, an escaped apostrophe, a colon before a comma and whatever follows the first document are no errors."""
    assert _scalars(text) == scalars


@pytest.mark.parametrize(
    ("text", "scalars"),
    [
        *(("", []), ("a", ["a"]), ("a: b c", ["a", "b c"]), ("a: b\n  c\n\n  d", ["a", "b c\nd"]), ("a:b", ["a:b"])),
        *(("a: b #c", ["a", "b"]), ("a: b#c", ["a", "b#c"]), ("- -a\n- ?b\n- :c", ["-a", "?b", ":c"])),
        *(("a: b\u2028 c", ["a", "b\u2028c"]), ("a: b\u2028\n c", ["a", "b\u2028\nc"]), ("a\n---\nb", ["a"])),
        *(("a: |+2\n   b\n\nc: d", ["a", " b\n\n", "c", "d"]), ("a: >-\n b\n c", ["a", "b c"])),
        *(("a: !!str b", ["a", "b"]), ("a: !<tag:x> b", ["a", "b"]), ("%TAG !h! x:\n--- !h!a b", ["b"])),
        *(("[a, {b: c}]", ["a", "b", "c"]), ("{a: b, c}", ["a", "b", "c", ""]), ("! a", ["a"]), ("a: &x", ["a", ""])),
        *(
            ('"\\x41\\u00e9"', ["A\u00e9"]),
            ("'it''s'", ["it's"]),
            ("%YAML 1.1\n---\na", ["a"]),
            ("a: |\n\n b", ["a", "\nb"]),
        ),
    ],
)
def test_the_rest_is_read_as_pyyaml_reads_it(text: str, scalars: list[str]) -> None:
    """Where the two do not differ, PyYAML itself is the oracle."""
    assert _scalars(text) == scalars
    first = [event for event in yaml.parse(text) if isinstance(event, yaml.ScalarEvent)]
    assert [event.value for event in first][: len(scalars)] == scalars


@pytest.mark.parametrize(
    "text",
    [
        *("%YAML 1.2\n---\na", "%FOO\n---\na", '"\\/"', '"\\ud800"', '"\\U00110000"', '"\\Uffffffff"'),
        *("a: |\n \tb", "a: |\n  b\n\tc", "a: b\n\tc", "a: !<x b", "a: !x{}", "\ta: b"),
    ],
)
def test_go_refuses_what_it_does_not_know(text: str) -> None:
    """Other versions and directives, escapes, and tabs that would indent are errors."""
    with pytest.raises(yaml.YAMLError):
        _scalars(text)


@pytest.mark.parametrize("text", ["%YAML 1.2\n---\na", "%FOO\n---\na", '"\\ud800"', "a: |\n \tb"])
def test_what_pyyaml_takes_and_go_does_not_is_an_error_of_its_own(text: str) -> None:
    """The error tells that Go surely refuses it, and where."""
    list(yaml.parse(text))
    with pytest.raises(GoYamlError) as raised:
        _scalars(text)
    assert raised.value.problem_mark is not None


def test_brackets_have_a_limit() -> None:
    """As many levels as can be decoded are read, one more is not."""
    assert _scalars("[" * DEEPEST + "a" + "]" * DEEPEST) == ["a"]
    with pytest.raises(RecursionError, match="64 levels"):
        _scalars("[" * (DEEPEST + 1))
