"""YAML text read into a document with the line of every value.

It composes YAML's node graph itself instead of loading values, for the lines, for duplicate keys, and so that no tag
can construct anything. It must not expand aliases without bound, nor accept what JSON has no word for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import yaml

from airflow_masq.exceptions import PlanError
from airflow_masq.plan.document import DEEPEST, Document, DocumentBuilder, child, describe
from airflow_masq.wire.foreign_text import printable

if TYPE_CHECKING:
    from collections.abc import Callable

LARGEST_TEXT_CHARACTERS: Final = 256 * 1024

# What PyYAML raises besides its own errors when a scalar is not what its tag says (tried with 6.0.3): int("") and the
# like, an escape beyond Unicode, a bool that is none.
_SCALAR_ERRORS: Final = (yaml.YAMLError, ValueError, LookupError, OverflowError, TypeError, AttributeError)


class _BoundedLoader(yaml.SafeLoader):
    """PyYAML's safe loader with a bound on nesting, since its composer recurses."""

    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self._depth += 1
        if self._depth > DEEPEST + 1:
            raise yaml.composer.ComposerError(None, None, f"more than {DEEPEST} levels", self.get_mark())
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


def document_from_yaml(text: str, *, source: str) -> Document:
    """Read one YAML document.

    :param text: the text, at most 256 Ki characters.
    :param source: the file's name, for errors.
    :return: the document; of an empty text an empty mapping.
    :raises PlanError: when it is no YAML, too large or too deep, has a key twice, or holds what JSON has no word for.
    """
    if len(text) > LARGEST_TEXT_CHARACTERS:
        expected = f"at most {LARGEST_TEXT_CHARACTERS} characters"
        raise PlanError(source=source, line=None, where="", expected=expected, seen=str(len(text)))
    try:
        loader = _BoundedLoader(text)
        node = loader.get_single_node()
    except _SCALAR_ERRORS as error:
        raise _unreadable(error, text, source=source) from None
    builder = DocumentBuilder(source=source)
    reader = _NodeReader(loader=loader, builder=builder)
    return builder.document({} if node is None else reader.value(node, where="", depth=0))


def _unreadable(error: Exception, text: str, *, source: str) -> PlanError:
    line = None
    problem = str(error)
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        line, problem = error.problem_mark.line + 1, str(error.problem)
    elif isinstance(error, yaml.reader.ReaderError):
        line, problem = text.count("\n", 0, error.position) + 1, f"{error.reason}"
    return PlanError(source=source, line=line, where="", expected="YAML", seen=printable(problem))


_COLLECTIONS: Final[dict[type[yaml.Node], str]] = {yaml.MappingNode: "a mapping", yaml.SequenceNode: "a list"}


class _NodeReader:
    """Turns YAML's nodes into plain values."""

    def __init__(self, *, loader: yaml.SafeLoader, builder: DocumentBuilder) -> None:
        self._builder = builder
        self._construct: dict[str, Callable[[yaml.ScalarNode], object]] = {
            "tag:yaml.org,2002:null": loader.construct_yaml_null,
            "tag:yaml.org,2002:bool": loader.construct_yaml_bool,
            "tag:yaml.org,2002:int": loader.construct_yaml_int,
            "tag:yaml.org,2002:float": loader.construct_yaml_float,
            "tag:yaml.org,2002:str": loader.construct_yaml_str,
            # JSON has no dates, and "=" is a text to everybody but YAML 1.1.
            "tag:yaml.org,2002:timestamp": loader.construct_yaml_str,
            "tag:yaml.org,2002:value": loader.construct_yaml_str,
        }

    def value(self, node: yaml.Node, *, where: str, depth: int, line: int | None = None) -> object:
        """Read a node and all below it."""
        self._builder.count(where=where, depth=depth, line=line or node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode) and node.tag == "tag:yaml.org,2002:map":
            return self._mapping(node, where=where, depth=depth)
        if isinstance(node, yaml.SequenceNode) and node.tag == "tag:yaml.org,2002:seq":
            return [
                self.value(item, where=child(where, index), depth=depth + 1) for index, item in enumerate(node.value)
            ]
        return self._scalar(node, where=where)

    def _mapping(self, node: yaml.MappingNode, *, where: str, depth: int) -> dict[str, object]:
        values: dict[str, object] = {}
        for key_node, value_node in node.value:
            key = self._builder.key(self._scalar(key_node, where=where), where=where)
            place = child(where, key)
            line = key_node.start_mark.line + 1
            if key in values:
                raise self._builder.error(where=place, expected="the key once", seen="it twice", line=line)
            values[key] = self.value(value_node, where=place, depth=depth + 1, line=line)
        return values

    def _scalar(self, node: yaml.Node, *, where: str) -> object:
        construct = self._construct.get(node.tag)
        if construct is None or not isinstance(node, yaml.ScalarNode):
            raise self._not_plain(node, where=where)
        try:
            value = construct(node)
        except _SCALAR_ERRORS:
            raise self._not_plain(node, where=where) from None
        return self._builder.scalar(value, where=where)

    def _not_plain(self, node: yaml.Node, *, where: str) -> PlanError:
        content = _COLLECTIONS.get(type(node)) or describe(node.value)
        seen = f"{content} tagged {printable(node.tag)}"
        return self._builder.error(where=where, expected="a plain value", seen=seen, line=node.start_mark.line + 1)
