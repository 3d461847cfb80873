"""PyYAML's complaints in plain words, for all who read YAML: what was expected, and what is there instead."""

from __future__ import annotations

import re
from typing import Final

from airflow_masq.text import escape

# PyYAML's sentences about the most frequent mistakes [source: observed-pyyaml-errors].
_SENTENCES: Final = tuple(
    (re.compile(sentence, re.DOTALL), expected, seen)
    for sentence, expected, seen in (
        ("but found another document", "one YAML document", "another one"),
        (r"found character '\\t' that cannot start any token", "spaces", "a tab, which YAML does not allow there"),
        (r"found character '(.)' that cannot start any token", "YAML", "text that begins with {0} (quote it)"),
        (
            "mapping values are not allowed here",
            "YAML",
            "a colon where no key is allowed (correct the indentation, or quote the text)",
        ),
        ("sequence entries are not allowed here", "YAML", "a list item where none is allowed (begin it on a new line)"),
        ("expected <block end>, .*", "YAML", "a line that does not fit the lines above it (correct the indentation)"),
        ("could not find expected ':'", "a colon after the key", "none"),
        (
            r"expected ',' or '([\]}])', but got '<stream end>'",
            "a comma or the closing bracket {0}",
            "the end of the text",
        ),
        (
            r"expected ',' or '([\]}])', but got '([^<].*)'",
            "a comma or the closing bracket {0} (quote a text that contains any of ? {{ }} [ ])",
            "{1}",
        ),
        (r"expected ',' or '([\]}])', .*", "a comma or the closing bracket {0}", "neither"),
        ("found unexpected end of stream", "a closing quotation mark", "the end of the text"),
        # Its name is not shown: in a file that is no plan, a password may begin with *.
        ("found undefined alias '.*'", "an alias of an anchor above it (quote a text that begins with *)", "another"),
        ("special characters are not allowed", "characters that can be printed", "a control character"),
        ("second occurrence", "each anchor once", "one twice"),
        (".*", "YAML", "text that is not YAML"),
    )
)


def describe_yaml_problem(problem: str) -> tuple[str, str]:
    """Say in plain words what was expected and what was seen."""
    matches = ((sentence.fullmatch(problem), expected, seen) for sentence, expected, seen in _SENTENCES)
    match, expected, seen = next((match, expected, seen) for match, expected, seen in matches if match is not None)
    words = [escape(group) for group in match.groups()]
    return expected.format(*words), seen.format(*words)
