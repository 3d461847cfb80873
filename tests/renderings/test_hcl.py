"""HCL texts say what was meant, and are formatted as ``terraform fmt`` formats them."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from airflow_masq.renderings import hcl
from tests.renderings.hcl_reading import plain, unquoted

hcl2 = pytest.importorskip("hcl2", reason="python-hcl2 is not installed")


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ("", '""'),
        ("plain", '"plain"'),
        ('say "hi"', r'"say \"hi\""'),
        ("back\\slash", r'"back\\slash"'),
        ("two\nlines\r\tend", r'"two\nlines\r\tend"'),
        ("${var.secret}", r'"$\u007bvar.secret}"'),
        ("%{ if true }", r'"%\u007b if true }"'),
        ("$${a} %%{b}", r'"$$\u007ba} %%\u007bb}"'),
        ("{a} $", '"{a} $"'),
        ("cost: 5$ or 5%", '"cost: 5$ or 5%"'),
        ("$ {a} %", '"$ {a} %"'),
        ("\x1b[2J", r'"\u001b[2J"'),
        ("\u202e", r'"\u202e"'),
        ("\U000e0001", r'"\U000e0001"'),
        ("schön", r'"sch\u00f6n"'),
    ],
)
def test_quoted(text: str, literal: str) -> None:
    """Quotes, line breaks, templates and what is not ASCII are escaped; all else stays as it is."""
    assert hcl.quote(text) == literal


@given(st.text())
def test_every_text_comes_back(text: str) -> None:
    """A literal is one line, opens no template, and means the text it was made from."""
    literal = hcl.quote(text)
    assert literal.isascii()
    assert literal.isprintable()
    assert unquoted(literal) == text


PIECES = st.sampled_from(["${", "%{", "$${", "}", '"', "\\", "\n", "=", " "]) | st.characters(exclude_categories=["Cs"])
TEXTS = st.lists(PIECES, max_size=5).map("".join)


@settings(max_examples=60, deadline=None)
@example(first="cost ${", second="}")
@example(first="%{ if a }", second="$${b}")
@given(first=TEXTS, second=TEXTS)
def test_another_reader_reads_the_same(first: str, second: str) -> None:
    """python-hcl2 finds both attributes of a block, each with its own text."""
    attributes = {"a": hcl.write_expression(first), "b": hcl.write_expression({second: first})}
    lines = hcl.Block(attributes=attributes).write("block")
    (block,) = plain(hcl2.loads("\n".join(lines) + "\n"))["block"]
    assert block == {"a": first, "b": {second: first}}


@pytest.mark.parametrize(("text", "is_kept"), [("e\u0301", False), ("\u00e9", True), ("\u212b", False), ("", True)])
def test_what_terraform_composes(text: str, *, is_kept: bool) -> None:
    """A letter with an accent after it does not come back as it was."""
    assert hcl.is_kept(text) is is_kept


@pytest.mark.parametrize(
    ("value", "lines"),
    [
        (True, ["true"]),
        (False, ["false"]),
        (3, ["3"]),
        (1.875, ["1.875"]),
        ("a", ['"a"']),
        ([], ["[]"]),
        (["a", "b"], ['["a", "b"]']),
        ({}, ["{}"]),
        ({"a": "b", "longer": "c"}, ["{", '  "a"      = "b"', '  "longer" = "c"', "}"]),
    ],
)
def test_expression(value: bool | float | str | list[str] | dict[str, str], lines: list[str]) -> None:  # noqa: FBT001 - any value
    """Every kind of value has its notation."""
    assert hcl.write_expression(value) == lines


def test_block() -> None:
    """Short attributes come first and aligned, then longer ones, repeated blocks and others, an empty line between."""
    attributes = {"a": ["1"], "map": ["{", '  "k" = "v"', "}"], "longer": ["2"]}
    block = hcl.Block(
        attributes=attributes, repeated=[("entry", hcl.Block(attributes={"b": ["3"]})), ("entry", hcl.Block())]
    )
    assert block.enter("inner") is block.enter("inner")
    assert block.write("outer") == [
        "outer {",
        "  a      = 1",
        "  longer = 2",
        "",
        "  map = {",
        '    "k" = "v"',
        "  }",
        "",
        "  entry {",
        "    b = 3",
        "  }",
        "",
        "  entry {",
        "  }",
        "",
        "  inner {",
        "  }",
        "}",
    ]
    assert hcl.Block().write("empty") == ["empty {", "}"]
