"""Names in Markdown and CSV are read as they were written, and act on nothing."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_masq.renderings.escaping import escape_cell, escape_markdown, write_code_span
from airflow_masq.text import escape

markdown_it = pytest.importorskip("markdown_it", reason="markdown-it-py is not installed")

READER = markdown_it.MarkdownIt("commonmark").enable("table")
NAMES = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from("`|\\[]()<>*_#~&@:/. "), min_size=1, max_size=20
)
LINKS = ("https://evil.example/a", "HTTP://evil.example", "www.evil.example", "a@evil.example", "ftp://evil.example")


def shown(markdown: str) -> list[tuple[str, str]]:
    """Give kind and text of what a reader of Markdown makes of it."""
    return [
        (token.type, token.content)
        for block in READER.parse(markdown)
        for token in block.children or ()
        if token.type != "text" or token.content
    ]


@settings(max_examples=300, deadline=None)
@given(NAMES.filter(str.strip))
def test_a_name_is_read_as_it_was(name: str) -> None:
    """A reader of Markdown shows a name in code, letter by letter, in prose and in a table."""
    assert shown(f"see {write_code_span(name)}.") == [("text", "see "), ("code_inline", escape(name)), ("text", ".")]
    table = f"| a | b |\n|---|---|\n| {write_code_span(name, is_cell=True)} | c |\n"
    assert shown(table) == [("text", "a"), ("text", "b"), ("code_inline", escape(name)), ("text", "c")]


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize(
    "sentence", ["{}", "Let in {}, port 1.", "see ({}): it", "a {} b {}", "[x]({})", "<{}>", "\\{}"]
)
def test_nothing_outside_code_could_be_a_link(link: str, sentence: str) -> None:
    """Words that Markdown readers turn into links are code spans, and the sentence around them stays the same."""
    text = sentence.replace("{}", link)
    seen = shown(escape_markdown(text))
    assert {kind for kind, _ in seen} <= {"text", "code_inline", "text_special"}
    assert not any("evil" in content for kind, content in seen if kind != "code_inline")
    assert "".join(content for _, content in seen) == escape(text)


# Each shows something else, or another text, where its first character is not escaped.
MARKUP = (
    "`code`", "*emphasis*", "_emphasis_", "[word][1]\n\n[1]: /x", "]", "<b>", ">quote", "|", "# heading",
    "~~deleted~~", "&amp; &lt; &#35; &copy;",
)  # fmt: skip


@pytest.mark.parametrize("character", "`*_[]<>|#~&")
def test_each_character_of_markup_is_escaped(character: str) -> None:
    """Every character with which markup begins or ends has a backslash, and letters and other signs have none."""
    assert escape_markdown(f"a {character} b") == f"a \\{character} b"


@pytest.mark.parametrize("character", ".,;:!?()+-=/'\"{}$%^")
def test_other_characters_stand_for_themselves(character: str) -> None:
    """What is no markup within a line is left as it is, so that the text stays readable."""
    assert escape_markdown(f"a {character} b") == f"a {character} b"


@pytest.mark.parametrize("text", MARKUP)
def test_markup_is_read_as_text(text: str) -> None:
    """A reader shows the characters of the plan: no code, emphasis, link, tag, heading or named character."""
    line = escape(text)
    for place in ("{}", "a {} b"):
        tokens = [
            token for block in READER.parse(place.format(escape_markdown(text))) for token in block.children or ()
        ]
        assert "".join(token.content for token in tokens) == place.format(line)
        assert {token.type for token in tokens} <= {"text", "text_special"}


@pytest.mark.parametrize("text", ["10.128.0.0/20, fd00::/64 to 172.20.0.10.", "Nothing; yes.", "policy composer (a_b)"])
def test_addresses_and_words_are_no_links(text: str) -> None:
    """An address of a network, or the end of a sentence, needs no code."""
    assert "`" not in escape_markdown(text)
    assert re.sub(r"\\(.)", r"\1", escape_markdown(text)) == text


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1"])
def test_no_cell_is_a_formula(cell: str) -> None:
    """A cell that a spreadsheet would calculate begins with an apostrophe, also where semicolons part cells."""
    assert escape_cell(cell).startswith("'")
    assert escape_cell(f"a;{cell}").startswith("a;'")
    assert escape_cell(f"a; {cell.lstrip()}").startswith("a; '")
    assert escape_cell(f"a{cell.lstrip()}") == f"a{cell.lstrip()}"
