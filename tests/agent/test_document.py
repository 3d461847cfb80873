"""The text of a config becomes the document that the agent decodes, or a doubt says why it may not be that one."""

from __future__ import annotations

import pytest

from airflow_masq.agent.document import LARGEST_TEXT_CHARACTERS, ConfigText
from airflow_masq.agent.fields import Members, Value
from airflow_masq.exceptions import InvalidInputError


def _read(text: str) -> tuple[Value, list[str]]:
    source = ConfigText(text)
    return source.read(), source.doubts


def _refuse(text: str) -> tuple[str, list[str]]:
    source = ConfigText(text)
    with pytest.raises(InvalidInputError) as raised:
        source.read()
    return str(raised.value), source.doubts


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(("", None), ("# c", None), ("---", None), ("~", None), ("hello", "hello"), ("[]", [])),
        ("b: 2\nA: 1", Members([("A", 1), ("b", 2)])),
        ("a: false\na: true", Members([("a", True)])),
        ("# c\n--- # c\na: true", Members([("a", True)])),
        ("a: [1, ~, [b], {c: d}]\ne: {f: g}", Members([("a", [1, None, [], Members()]), ("e", Members())])),
        ("a:\r\n- b # c\r\n- 'd'\r\n", Members([("a", ["b", "d"])])),
        ("a: |\n  b\n  c\nd: >-\n  e\n  f", Members([("a", "b\nc\n"), ("d", "e f")])),
        ("&k a: &v [b]\nc: *v\nd: *k", Members([("a", ["b"]), ("c", ["b"]), ("d", "a")])),
        ('"a": "\\"\\n\\t\\r\\\\"', Members([("a", '"\n\t\r\\')])),
        ("a: [yes, No, ON, Null, +5, -0, 64.0, 64.5, _5x, 10.0.0.0]", Members([
            ("a", [True, False, True, None, 5, 0, 64, 64.5, "_5x", "10.0.0.0"]),
        ])),
        ("# tabs\tand !tags and :] do no harm here\n'<<': b", Members([("<<", "b")])),
        ("1: true", Members([("1", True)])),
        (' \n{"a": [1, 2.5, "b"], "a": null}', Members([("a", [1, 2.5, "b"]), ("a", None)])),
        ('{"a": {"b": []}}', Members([("a", Members([("b", [])]))])),
        ('{"a": "\\u0041\\/"}', Members([("a", "A/")])),
    ],
)  # fmt: skip
def test_usual_texts_are_certain(text: str, value: Value) -> None:
    """YAML's names are sorted and the later of two keys wins; JSON keeps both; what is deeper is left out."""
    assert _read(text) == (value, [])


@pytest.mark.parametrize(
    ("text", "value", "doubt"),
    [
        *(("a: y", True, "line 1: YAML libraries disagree about 'y'"), ("a:\n  N", False, "line 2: YAML libraries")),
        *(("a: 010", 8, "'010'"), ("a: 0o100", 64, "'0o100'"), ("a: 0X1F", 31, "'0X1F'"), ("a: 1_0", 10, "'1_0'")),
        *(("a: 08", 8, "'08'"), ("a: 1e2", 100, "'1e2'"), ("a: .5", 0.5, "'.5'"), ("a: 5.", 5, "'5.'")),
        *(("a: 1:30", "1:30", "'1:30'"), ("a: 2001-01-01", "2001-01-01", "'2001-01-01'"), ("a: =", "=", "'='")),
        *(("a: .inf", ".inf", "'.inf'"), ("a: 0b-11", "0b-11", "'0b-11'"), ("a: <<", "<<", "'<<'")),
        ("a: " + "9" * 5000, "9" * 5000, "'999"),
        *(("a: !foo b", "b", "tags"), ("a: ! true", True, "tags"), ("a: !!str true", "true", "tags")),
        *(("a: !!bool x", "x", "tags"), ("a: !!map {}", Members(), "tags"), ("a: !!int 8", 8, "tags")),
        *(("a:\ttrue", True, "line 1: YAML libraries disagree about tabs"), ("a: b\t# c", "b", "tabs")),
        *(("a: b\x85", "b", "control characters"), ("\ufeffa: b", "b", "byte order marks")),
        *(("a: b\r", "b", "rare line breaks"), ('a: "\\x41"', "A", "rare escapes")),
        *(("%YAML 1.1\n---\na: b", "b", "line 1: YAML libraries disagree about directives"),),
        ("a: [b:, c]", [Members(), "c"], "a colon without a blank after it"),
        *(("a: b\n---\n[", "b", "line 2: YAML libraries disagree about the end of a document"),),
        *(("---\na: b\n...\ntext", "b", "line 3: YAML"), ("a: b\n--- c", "b", "line 2: YAML")),
        *(("<<: {a: b}", "b", "'<<'"), ("a: c\n<<: {a: b}", "b", "'<<'"), ("x: &x {a: b}\n<<: *x", "b", "'<<'")),
        *(("<<: [{a: b}, {a: c}]", "b", "'<<'"), ("<<: {a: c}\na: b", "b", "'<<'")),
        (f"a: &x [{'1, ' * 30}]\nb: [*x, *x, *x, *x]", [1] * 30, "disagree about a config with more than 100 values"),
    ],
)
def test_what_yaml_libraries_read_differently_is_doubted(text: str, value: Value, doubt: str) -> None:
    """The line and the construct are named, and the most probable value is given."""
    document, doubts = _read(text)
    assert isinstance(document, Members)
    read = dict(document)["a"]
    assert (read, type(read)) == (value, type(value))
    assert any(doubt in told for told in doubts)


@pytest.mark.parametrize("text", ["x: {b: [y]}", "x: {<<: {b: c}}", "x: !t {}", "x: [.nan]"])
def test_keys_that_the_agent_ignores_are_doubted_too(text: str) -> None:
    """A construct at any place may decide whether the agent reads the config at all."""
    assert _read(text)[1]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("a: [b\nc: d", "config, line 2: expected a comma or the closing bracket ] (quote a text"),
        (
            "a:\n  - b\n  c: d",
            "config, line 3: expected YAML, here an entry of the list, which begins with -, saw a key",
        ),
        ("a: b\n c: d: e", "config, line 2: expected YAML, saw a colon where no key is allowed"),
        ("a: [10.0.0.0/8, a?b]", "config, line 1: expected a comma or the closing bracket ] (quote a text"),
        ("x: {a: b?c}", "config, line 1: expected a comma or the closing bracket } (quote a text"),
        ("a:\n  [b]: c", "config, line 2: expected text as a key, saw a list"),
        ("a: b\n{c: d}: e", "config, line 2: expected text as a key, saw a mapping"),
        ("? - b\n: c", "config, line 1: expected text as a key, saw a list"),
        ("a: b\nc: &x [*x]", "config, line 2: expected an alias outside its own anchor, saw one inside"),
        ("x: &x {b: [*x]}", "config, line 1: expected an alias outside its own anchor, saw one inside"),
        ("a: [b", "config, line 1: expected a comma or the closing bracket ], saw the end of the text"),
        ('{"a": 1', "config, line 1: expected JSON, saw the end of the text (Expecting"),
        (
            "a: *x",
            "config, line 1: expected an alias of an anchor above it (quote a text that begins with *), saw another",
        ),
        ("a: b: c", "config, line 1: expected YAML, saw a colon where no key is allowed"),
        ('{"a": 1}}', "config, line 1: expected JSON, saw '}'"),
        ("{'a': 1}", "config, line 1: expected JSON, saw"),
        ('{\n"a": 1\n"b": 2}', "config, line 3: expected JSON, saw '"),
        ('{"a": NaN}', "config: expected JSON, saw NaN"),
        ('\xa0{"a": 1}', "config, line 1: expected JSON, saw"),
        ('{"a": "\t"}', "config, line 1: expected JSON, saw"),
    ],
)
def test_what_neither_library_reads_is_certainly_refused(text: str, error: str) -> None:
    """The error names the line, and nothing is doubted."""
    message, doubts = _refuse(text)
    assert (message.startswith(error), doubts) == (True, []), message


@pytest.mark.parametrize(
    ("text", "error", "doubt"),
    [
        ("a: b\nc:\n\t- d", "config, line 3: expected spaces, saw a tab", "line 3: YAML libraries disagree about tabs"),
        ('a: "\\\'"', "config, line 1: expected YAML, saw text that is not YAML", "rare escapes"),
        ('a: "\\U99999999"', "a character that YAML does not allow", "rare escapes"),
        ("a: \x07", "a character that YAML does not allow", "line 1: YAML libraries disagree about control"),
        (
            "a: |#b\n c",
            "config, line 1: expected YAML, saw text that is not YAML",
            "a comment without a blank before it",
        ),
        (
            "---\n{}a: b",
            "config, line 2: expected YAML, saw a line that does not fit",
            "line 2: YAML libraries disagree about text after",
        ),
        ("a: !'!b c", "config, line 1: expected YAML, saw text that is not YAML", "tags"),
        (
            "a: &x 1\nb: &x 2",
            "config, line 2: expected each anchor once, saw one twice",
            "line 2: YAML libraries disagree about an anchor",
        ),
        ("a: b\n<<: [c]", "config, line 2: expected a mapping after <<", "line 2: YAML libraries disagree about '<<'"),
        ("a: b\n~: c", "config, line 2: expected text as a key, saw null", "disagree about null as a key"),
        ("---\n[]: c", "config, line 2: expected text as a key, saw a list", "disagree about a list as a key"),
        ("#" * (LARGEST_TEXT_CHARACTERS + 1), "saw more than 262144 characters", "the agent may read it"),
        ("[" * 3_000 + "]" * 3_000, "saw too many levels", "the agent may read it"),
        ('{"a": ' + "[" * 100_000, "saw too many levels", "the agent may read it"),
    ],
)
def test_what_the_agent_may_read_is_refused_with_a_doubt(text: str, error: str, doubt: str) -> None:
    """What PyYAML refuses and Go's YAML may take, and what is too much, is refused, and that is not certain."""
    message, doubts = _refuse(text)
    assert error in message
    assert any(doubt in told for told in doubts)


@pytest.mark.parametrize(
    ("text", "certain"),
    [
        ('{"resyncInterval": "6\\u0030s"}', False),
        ('{"a": "\\n", "RESYNCINTERVAL": "60s"}', False),
        ('{"a": "\\n"}', True),
        ('{"resyncInterval": "60s"}', True),
    ],
)
def test_old_agents_do_not_resolve_escapes_in_a_duration(text: str, *, certain: bool) -> None:
    """Before v2.12.2 the agent parses a duration's raw JSON, so an escape in a config that sets one is doubted."""
    doubts = [] if certain else ["line 1: versions of the agent disagree about escapes in resyncInterval"]
    assert _read(text)[1] == doubts


def test_a_long_number_is_read_as_json() -> None:
    """A number of JSON may have any length; it is then no integer that the agent takes."""
    assert _read('{"a": %s}' % ("9" * 5000)) == (Members([("a", float("inf"))]), [])


def test_repeated_keys_are_remembered() -> None:
    """A key of the document that YAML has twice is known afterwards; in JSON the agent decodes both."""
    for text, repeated in (("a: 1\nb: 2\na: 3", ["a"]), ("a: 1\nA: 2\nb: {c: 1, c: 2}", []), ('{"a": 1, "a": 2}', [])):
        source = ConfigText(text)
        source.read()
        assert source.repeated_keys == repeated


def test_aliases_of_aliases_do_not_grow() -> None:
    """Ten levels of ten aliases each, which would be ten thousand million values, are given up soon."""
    laughs = "\n".join(f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]" for level in range(1, 11))
    document, doubts = _read(f"a0: &a0 [ha]\n{laughs}")
    assert isinstance(document, Members)
    assert dict(document)["a10"] == [[]] * 10
    assert len(doubts) == 1
