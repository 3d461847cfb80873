"""Where Go's YAML and PyYAML part, as far as ``go_yaml_events`` does not close the gap.

The module must not decide anything: it finds words for people.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import yaml

from airflow_masq.agent.go_yaml_events import BYTE_ORDER_MARK, GoYamlError

if TYPE_CHECKING:
    from collections.abc import Iterator

# PyYAML lets through whatever its constructors run into, such as a KeyError for "!!bool x".
_OTHER_ERRORS: Final = (
    yaml.YAMLError,
    ValueError,
    OverflowError,
    LookupError,
    AttributeError,
    TypeError,
    RecursionError,
)
_SEVERAL_DOCUMENTS: Final = "expected a single document in the stream"
_MOST_ALIASES: Final = 10  # each merge copies what it names, so that many would grow without bound
_DOCUMENT_MARKER: Final = re.compile(r"^(?:---|\.\.\.)", re.MULTILINE)


def other_reading_of_text(text: str) -> Iterator[str]:
    """Say how YAML readers in Python disagree with the agent about a text that the agent accepts.

    :param text: the text.
    :return: at most one sentence.
    """
    try:
        _read_in_python(text)
    except yaml.MarkedYAMLError as error:
        if error.context == _SEVERAL_DOCUMENTS:
            yield "there are several YAML documents, and only the first counts"
        else:
            yield f"YAML readers in Python refuse this text, the agent's takes it: {error.problem}"
    except _OTHER_ERRORS:
        yield "YAML readers in Python refuse this text, the agent's takes it"


def other_reading_of_refusal(text: str) -> Iterator[str]:
    """Say that YAML readers in Python take a text whose YAML the agent refuses.

    :param text: the text.
    :return: at most one sentence.
    """
    try:
        _read_in_python(text)
    except _OTHER_ERRORS:
        return
    yield "YAML readers in Python take this text, the agent refuses it"


def doubt_about_text(text: str) -> Iterator[str]:
    """Say why the agent may read a text otherwise, whatever becomes of it here.

    :param text: the text.
    :return: at most one sentence.
    """
    if BYTE_ORDER_MARK in text[1:]:
        yield "it has a byte order mark inside, which Go's YAML counts as a column and PyYAML does not"


def doubt_about_refusal(error: yaml.YAMLError, *, text: str) -> Iterator[str]:
    """Say why the agent may accept a text that was refused here.

    :param error: why it was refused.
    :param text: the text.
    :return: at most one sentence; none where the agent surely refuses it too.
    """
    if isinstance(error, GoYamlError):
        return
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark
        if mark is not None and "\t" in _directive(text, mark.line):
            yield "Go's YAML allows tabs in directives"
    elif isinstance(error, yaml.reader.ReaderError) and _DOCUMENT_MARKER.search(text, 1, error.position):
        yield "Go may not look as far as that character, behind the first YAML document"


def _read_in_python(text: str) -> None:
    """Read a text as ``yaml.safe_load`` does, without the values where aliases may make too many of them."""
    loader = yaml.SafeLoader(text)
    if text.count("*") > _MOST_ALIASES:
        loader.get_single_node()
    else:
        loader.get_single_data()


def _directive(text: str, line: int) -> str:
    """Give a line of a text if it is a directive."""
    lines = text.splitlines()
    return lines[line] if line < len(lines) and lines[line].startswith("%") else ""
