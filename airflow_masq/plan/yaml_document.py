"""YAML text read into a document with the line of every value.

It composes YAML's node graph itself instead of loading values, for the lines, for duplicate keys, and so that no tag
can construct anything. Aliases are expanded within bounds, and values that JSON does not have are refused.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import yaml

from airflow_masq.exceptions import PlanError
from airflow_masq.plan.document import DEEPEST, Document, DocumentBuilder
from airflow_masq.plan.schema import PLAN_KEYS
from airflow_masq.reading import name_child
from airflow_masq.text import describe, describe_type, escape
from airflow_masq.yaml_problems import describe_yaml_problem

if TYPE_CHECKING:
    from collections.abc import Callable

LARGEST_TEXT_CHARACTERS: Final = 256 * 1024

# What PyYAML raises besides its own errors when a scalar is not what its tag says [source: observed-pyyaml-errors]:
# int("") and the like, an escape beyond Unicode, a bool that is none.
_SCALAR_ERRORS: Final = (yaml.YAMLError, ValueError, LookupError, OverflowError, TypeError, AttributeError)

# As JSON writes them. YAML 1.1 takes 010 for eight and 1:30 for ninety, which is rarely meant
# [source: yaml-1-1-int].
_WHOLE_NUMBER: Final = re.compile(r"[-+]?(0|[1-9][0-9]*)")

_COLLECTIONS: Final[dict[type[yaml.Node], str]] = {yaml.MappingNode: "a mapping", yaml.SequenceNode: "a list"}
_TOO_DEEP: Final = "too deep"
_YAML_TAGS: Final = "tag:yaml.org,2002:"


class _BoundedLoader(yaml.SafeLoader):
    """PyYAML's safe loader with a bound on nesting, since its composer recurses."""

    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self._depth += 1
        if self._depth > DEEPEST + 1:
            raise yaml.composer.ComposerError(None, None, _TOO_DEEP, self.get_mark())
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


def load_document_from_yaml(text: str, *, source: str) -> Document:
    """Read one YAML document.

    :param text: the text, at most 256 Ki characters.
    :param source: the file's name, for errors.
    :return: the document; of an empty text an empty mapping.
    :raises PlanError: it is no YAML, too large or too deep, has a key twice, or holds a value that JSON does not have.
    """
    if len(text) > LARGEST_TEXT_CHARACTERS:
        expected = f"at most {LARGEST_TEXT_CHARACTERS} characters"
        raise PlanError(source=source, line=None, where="", expected=expected, seen=str(len(text)))
    try:
        loader = _BoundedLoader(text)
        node = loader.get_single_node()
    except _SCALAR_ERRORS as error:
        raise _explain(error, text, source=source) from None
    builder = DocumentBuilder(source=source)
    reader = _NodeReader(loader=loader, builder=builder)
    return builder.make_document({} if node is None else reader.read(node, where="", depth=0))


def _explain(error: Exception, text: str, *, source: str) -> PlanError:
    line = None
    problem = str(error)
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        line, problem = error.problem_mark.line + 1, str(error.problem)
    elif isinstance(error, yaml.reader.ReaderError):
        line, problem = text.count("\n", 0, error.position) + 1, f"{error.reason}"
    if problem == _TOO_DEEP:
        expected, seen = f"at most {DEEPEST} levels", "more"
    else:
        expected, seen = describe_yaml_problem(problem)
    return PlanError(source=source, line=line, where="", expected=expected, seen=seen)


def _join_surrogates(text: str) -> str:
    """Join the two escapes with which JSON writes one character; PyYAML leaves them apart [source: rfc-8259-json]."""
    if text.isascii():
        return text
    try:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError:
        return text


def _construct_int(node: yaml.ScalarNode) -> int:
    if not _WHOLE_NUMBER.fullmatch(node.value):
        raise ValueError(node.value)
    return int(node.value)


class _NodeReader:
    """Turns YAML's nodes into plain values."""

    def __init__(self, *, loader: yaml.SafeLoader, builder: DocumentBuilder) -> None:
        self._builder = builder
        self._around: list[yaml.Node] = []
        self._construct: dict[str, Callable[[yaml.ScalarNode], object]] = {
            "tag:yaml.org,2002:null": loader.construct_yaml_null,
            "tag:yaml.org,2002:bool": loader.construct_yaml_bool,
            "tag:yaml.org,2002:int": _construct_int,
            "tag:yaml.org,2002:float": loader.construct_yaml_float,
            "tag:yaml.org,2002:str": loader.construct_yaml_str,
            # JSON has no dates, and "=" is a text except in YAML 1.1.
            "tag:yaml.org,2002:timestamp": loader.construct_yaml_str,
            "tag:yaml.org,2002:value": loader.construct_yaml_str,
        }

    def read(self, node: yaml.Node, *, where: str, depth: int, line: int | None = None) -> object:
        """Read a node and all below it.

        :param line: default the line where the node begins.
        """
        self._builder.count(where=where, depth=depth, line=line or node.start_mark.line + 1)
        if any(node is outer for outer in self._around):
            raise self._builder.make_error(where=where, expected="an alias outside its own anchor", seen="one inside")
        self._around.append(node)
        if isinstance(node, yaml.MappingNode) and node.tag == "tag:yaml.org,2002:map":
            value: object = self._read_mapping(node, where=where, depth=depth)
        elif isinstance(node, yaml.SequenceNode) and node.tag == "tag:yaml.org,2002:seq":
            value = [
                self.read(item, where=name_child(where, key=index), depth=depth + 1)
                for index, item in enumerate(node.value)
            ]
        else:
            value = self._read_scalar(node, where=where)
        self._around.pop()
        return value

    def _read_mapping(self, node: yaml.MappingNode, *, where: str, depth: int) -> dict[str, object]:
        values: dict[str, object] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                line = key_node.start_mark.line + 1
                seen = _COLLECTIONS[type(key_node)]
                raise self._builder.make_error(where=where, expected="text as key (quote it)", seen=seen, line=line)
            key = self._builder.check_key(self._read_scalar(key_node, where=where), where=where)
            place = name_child(where, key=key)
            line = key_node.start_mark.line + 1
            if key in values:
                raise self._builder.make_error(where=place, expected="the key once", seen="a duplicate key", line=line)
            values[key] = self.read(value_node, where=place, depth=depth + 1, line=line)
        return values

    def _read_scalar(self, node: yaml.Node, *, where: str) -> object:
        construct = self._construct.get(node.tag)
        if construct is None or not isinstance(node, yaml.ScalarNode):
            raise self._refuse(node, where=where)
        try:
            value = construct(node)
        except _SCALAR_ERRORS:
            raise self._refuse(node, where=where) from None
        return self._builder.check_scalar(_join_surrogates(value) if isinstance(value, str) else value, where=where)

    def _refuse(self, node: yaml.Node, *, where: str) -> PlanError:
        if node.tag == "tag:yaml.org,2002:merge":
            line = node.start_mark.line + 1
            raise self._builder.make_error(where=where, expected="the keys themselves", seen="a merge key", line=line)
        # What stands under a key that no plan has may be of any file, a password that begins with ! for example.
        is_known = where.replace("[", ".").partition(".")[0] in PLAN_KEYS
        content = _COLLECTIONS.get(type(node)) or (describe(node.value) if is_known else describe_type(node.value))
        is_shown = is_known or node.tag.startswith(_YAML_TAGS)
        seen = f"{content} tagged {escape(node.tag)}" if is_shown else f"{content} with a tag of its own"
        return self._builder.make_error(where=where, expected="a plain value", seen=seen, line=node.start_mark.line + 1)
