"""Names in Markdown and CSV stay what they are to whoever reads them, and act on nothing."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_masq.renderings.harmless import csv_cell, markdown_code, markdown_text
from airflow_masq.text import printable

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
    assert shown(f"see {markdown_code(name)}.") == [("text", "see "), ("code_inline", printable(name)), ("text", ".")]
    table = f"| a | b |\n|---|---|\n| {markdown_code(name, is_cell=True)} | c |\n"
    assert shown(table) == [("text", "a"), ("text", "b"), ("code_inline", printable(name)), ("text", "c")]


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize(
    "sentence", ["{}", "Let in {}, port 1.", "see ({}): it", "a {} b {}", "[x]({})", "<{}>", "\\{}"]
)
def test_nothing_outside_code_could_be_a_link(link: str, sentence: str) -> None:
    """What readers link by themselves stands in code, and the sentence around it reads the same."""
    text = sentence.replace("{}", link)
    seen = shown(markdown_text(text))
    assert {kind for kind, _ in seen} <= {"text", "code_inline", "text_special"}
    assert not any("evil" in content for kind, content in seen if kind != "code_inline")
    assert "".join(content for _, content in seen) == printable(text)


@pytest.mark.parametrize("text", ["10.128.0.0/20, fd00::/64 to 172.20.0.10.", "Nothing; yes.", "policy composer (a_b)"])
def test_addresses_and_words_are_no_links(text: str) -> None:
    """An address of a network, or the end of a sentence, needs no code."""
    assert "`" not in markdown_text(text)
    assert re.sub(r"\\(.)", r"\1", markdown_text(text)) == text


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1"])
def test_no_cell_is_a_formula(cell: str) -> None:
    """A cell that a spreadsheet would calculate begins with an apostrophe, also where semicolons part cells."""
    assert csv_cell(cell).startswith("'")
    assert csv_cell(f"a;{cell}").startswith("a;'")
    assert csv_cell(f"a; {cell.lstrip()}").startswith("a; '")
    assert csv_cell(f"a{cell.lstrip()}") == f"a{cell.lstrip()}"
