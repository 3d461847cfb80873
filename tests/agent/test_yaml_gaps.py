"""A person is told where YAML readers part."""

from __future__ import annotations

import pytest
import yaml

from airflow_masq.agent.go_yaml_events import GoYamlError
from airflow_masq.agent.yaml_gaps import (
    doubt_about_refusal,
    doubt_about_text,
    other_reading_of_refusal,
    other_reading_of_text,
)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: b\n---\nc: d", "there are several YAML documents, and only the first counts"),
        ("a:\tb", "YAML readers in Python refuse this text, the agent's takes it: found character '\\t'"),
        ("a: b\n---\n\x07", "YAML readers in Python refuse this text, the agent's takes it"),
        (
            "a: !foo x",
            "YAML readers in Python refuse this text, the agent's takes it: could not determine a constructor",
        ),
        ("a: <<", "YAML readers in Python refuse this text, the agent's takes it: could not determine a constructor"),
        ("a: 2001-99-99", "YAML readers in Python refuse this text, the agent's takes it"),
        ('a: b\n...\n"\\U99999999"', "YAML readers in Python refuse this text, the agent's takes it"),
    ],
)
def test_what_other_readers_make_of_a_text_is_told(text: str, told: str) -> None:
    """Several documents and texts that PyYAML refuses are told."""
    (sentence,) = other_reading_of_text(text)
    assert sentence.startswith(told)


@pytest.mark.parametrize("text", ["", "a: b", "--- a", "a: y", "=: a", "<<: {a: b}"])
def test_nothing_is_told_where_all_take_the_text(text: str) -> None:
    """A text that PyYAML takes, whatever it makes of its values, is not mentioned."""
    assert list(other_reading_of_text(text)) == []


@pytest.mark.parametrize(
    ("text", "doubts"), [("%YAML\t1.1\n---\na", 1), ("a: b\n---\n\x07", 1), ("\x07", 0), ("a: [", 0), ("a: \t'", 0)]
)
def test_refusals_are_doubted_where_go_may_accept(text: str, doubts: int) -> None:
    """A tab in a directive, or a character that Go may not reach, makes a refusal uncertain; nothing else does."""
    with pytest.raises(yaml.YAMLError) as raised:
        list(yaml.parse(text))
    assert len(list(doubt_about_refusal(raised.value, text=text))) == doubts


def test_gos_own_refusals_are_never_doubted() -> None:
    """What is known to be refused is sure, whatever stands in the line, and so is an error without a place."""
    assert list(doubt_about_refusal(GoYamlError(problem="unknown directive"), text="%FOO\tbar")) == []
    assert list(doubt_about_refusal(yaml.MarkedYAMLError(problem="somewhere"), text="%FOO\tbar")) == []
    assert list(doubt_about_refusal(yaml.YAMLError("somehow"), text="%FOO\tbar")) == []


def test_a_byte_order_mark_inside_is_doubtful() -> None:
    """At the beginning it is usual, later it is not."""
    assert list(doubt_about_text("\ufeffa: b")) == []
    (doubt,) = doubt_about_text("a: b\n\ufeffc: d")
    assert "byte order mark" in doubt


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("%YAML 1.2\n---\na: b", True),
        ("a: .inf", True),
        ("a: [", False),
        ("a: !!bool x", False),
        ("a: !!int ''", False),
        ("a: !!timestamp x", False),
        ("[" * 3_000, False),
    ],
)
def test_what_only_the_agent_refuses_is_told(text: str, *, taken: bool) -> None:
    """A refused text that PyYAML takes is told; one that it cannot read either, in whatever way, is not."""
    told = ["YAML readers in Python take this text, the agent refuses it"] if taken else []
    assert list(other_reading_of_refusal(text)) == told


def test_many_aliases_do_not_make_reading_grow() -> None:
    """Merges that would make 10 ** 12 keys are only looked at."""
    lines = ["a0: &a0 {k: v}"]
    lines += [f"a{level}: &a{level} {{<<: [{', '.join([f'*a{level - 1}'] * 10)}]}}" for level in range(1, 13)]
    text = "\n".join(lines)
    assert list(other_reading_of_text(text)) == []
    assert len(list(other_reading_of_refusal(text))) == 1
