"""A YAML text turned into JSON as ``sigs.k8s.io/yaml`` does it for the agent.

Sources, read 2026-11-22: ``ToJSON`` in https://pkg.go.dev/k8s.io/apimachinery/pkg/util/yaml, ``YAMLToJSON`` in
https://github.com/kubernetes-sigs/yaml (v1.3), and ``decode.go`` in https://github.com/go-yaml/yaml (v2). The module
must not expand aliases without bound.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

import yaml

from airflow_masq.agent.go_json import DEEPEST, TOO_DEEP, JsonList, JsonNumber, JsonObject, JsonText, JsonValue
from airflow_masq.agent.go_scalar import GoScalar, resolve_scalar
from airflow_masq.agent.go_yaml_events import events_of_first_document
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.text import excerpt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# yaml.v2 refuses a document once more than 99 of 100 values come from aliases (decode.go, "excessive aliasing"); where
# it begins to refuse more, at 400,000 values, reading stops here.
_ALIASES_THAT_COUNT: Final = 100
_VALUES_THAT_COUNT: Final = 1000
_ALLOWED_ALIAS_RATIO: Final = 0.99
_MOST_VALUES: Final = 400_000

_MERGE: Final = "<<"
_MERGE_TAG: Final = "tag:yaml.org,2002:merge"
_INTEGRAL_FLOATS_END: Final = 1e21  # from here on Go's JSON writes floats with an exponent
_LARGEST_INT: Final = 2**63 - 1


_PYTHON_RESOLVER: Final = yaml.resolver.Resolver()
_PYTHON_KINDS: Final = {
    "tag:yaml.org,2002:null": "null",
    "tag:yaml.org,2002:bool": "a boolean",
    "tag:yaml.org,2002:int": "a number",
    "tag:yaml.org,2002:float": "a number",
    "tag:yaml.org,2002:timestamp": "a date",
}
_GO_KINDS: Final[dict[type, str]] = {
    type(None): "null",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    str: "text",
}


@dataclass(eq=False)
class _Scalar:
    value: GoScalar
    merges: bool


@dataclass(eq=False)
class _Alias:
    target: _Node


@dataclass(eq=False)
class _Sequence:
    children: list[_Node] = field(default_factory=list)


@dataclass(eq=False)
class _Mapping:
    children: list[_Node] = field(default_factory=list)  # key, value, key, value


_Node: TypeAlias = _Scalar | _Alias | _Sequence | _Mapping

# A key's type belongs to it: Python takes 1, 1.0 and true for one key, Go does not.
_GoMap: TypeAlias = "dict[tuple[type, GoScalar], _GoValue]"
_GoValue: TypeAlias = "GoScalar | list[_GoValue] | _GoMap"


def json_from_yaml(text: str, *, note: Callable[[str], None]) -> JsonValue:
    """Turn the first document of a YAML text into JSON.

    :param text: the text.
    :param note: told, in words for people, what is read but may not be meant: keys that come twice, and scalars that
        mean something else to YAML readers in Python.
    :return: the JSON value, objects with their names sorted; null where there is no document.
    :raises yaml.YAMLError: when Go refuses the text.
    :raises InvalidInputError: when Go refuses a value, or JSON has no word for it.
    :raises RecursionError: when the document is nested more deeply, or its aliases expand to more, than is read here.
    """
    root = _compose(events_of_first_document(text), note=note)
    return None if root is None else _as_json(_Decoder(note).value(root, depth=0))


def _compose(events: Iterator[yaml.Event], *, note: Callable[[str], None]) -> _Node | None:
    anchors: dict[str, _Node] = {}
    document: list[_Node] = []
    open_children = [document]
    for event in events:
        if isinstance(event, yaml.CollectionEndEvent):
            open_children.pop()
            continue
        node = _node(event, anchors=anchors, note=note)
        if isinstance(event, yaml.NodeEvent) and event.anchor and not isinstance(event, yaml.AliasEvent):
            anchors[event.anchor] = node
        open_children[-1].append(node)
        if isinstance(node, _Sequence | _Mapping):
            open_children.append(node.children)
        if len(open_children) > DEEPEST + 1:
            raise RecursionError(TOO_DEEP)
    return document[0] if document else None


def _node(event: yaml.Event, *, anchors: dict[str, _Node], note: Callable[[str], None]) -> _Node:
    if isinstance(event, yaml.AliasEvent):
        if event.anchor not in anchors:
            known = "an alias of an anchor above it"
            raise InvalidInputError(where="config", expected=known, seen=excerpt(f"*{event.anchor}"))
        return _Alias(anchors[event.anchor])
    if isinstance(event, yaml.ScalarEvent):
        return _scalar(event, note=note)
    return _Mapping() if isinstance(event, yaml.MappingStartEvent) else _Sequence()


def _scalar(event: yaml.ScalarEvent, *, note: Callable[[str], None]) -> _Scalar:
    plain = event.implicit[0]
    value = resolve_scalar(event.value, tag=event.tag, plain=plain)
    if plain and event.tag is None:
        _note_other_reading(event, value, note=note)
    merges = event.value == _MERGE and (plain or event.tag == _MERGE_TAG)
    return _Scalar(value=value, merges=merges)


def _note_other_reading(event: yaml.ScalarEvent, value: GoScalar, *, note: Callable[[str], None]) -> None:
    tag = _PYTHON_RESOLVER.resolve(  # type: ignore[no-untyped-call]  # the stubs leave it untyped
        yaml.ScalarNode, event.value, (True, False)
    )
    python_kind = _PYTHON_KINDS.get(tag, "text")
    go_kind = _GO_KINDS[type(value)]
    if python_kind != go_kind:
        line = 1 if event.start_mark is None else event.start_mark.line + 1
        place = f"line {line}: {excerpt(event.value)}"
        note(f"{place} is {go_kind} to the agent and {python_kind} to YAML readers in Python")


class _Decoder:
    """Turns nodes into values, each alias anew, and counts them as Go does."""

    def __init__(self, note: Callable[[str], None]) -> None:
        self._note = note
        self._values = 1  # the document counts
        self._values_from_aliases = 0
        self._inside: list[_Alias] = []

    def value(self, node: _Node, *, depth: int) -> _GoValue:
        """Decode a node and all below it."""
        self._count(depth)
        if isinstance(node, _Scalar):
            return node.value
        if isinstance(node, _Alias):
            return self._aliased(node, depth=depth)
        if isinstance(node, _Sequence):
            return [self.value(child, depth=depth + 1) for child in node.children]
        values: _GoMap = {}
        self._fill(values, node, depth=depth)
        return values

    def _count(self, depth: int) -> None:
        self._values += 1
        self._values_from_aliases += bool(self._inside)
        if depth > DEEPEST:
            raise RecursionError(TOO_DEEP)
        if self._values > _MOST_VALUES:
            raise RecursionError(f"its aliases expand to more than {_MOST_VALUES} values")
        counts = self._values > _VALUES_THAT_COUNT and self._values_from_aliases > _ALIASES_THAT_COUNT
        if counts and self._values_from_aliases / self._values > _ALLOWED_ALIAS_RATIO:
            raise InvalidInputError(where="config", expected="fewer aliases", seen="excessive aliasing")

    def _aliased(self, alias: _Alias, *, depth: int) -> _GoValue:
        with _Entered(self._inside, alias):
            return self.value(alias.target, depth=depth + 1)

    def _fill(self, values: _GoMap, node: _Mapping, *, depth: int) -> None:
        for key, value in zip(node.children[::2], node.children[1::2], strict=True):
            if isinstance(key, _Scalar) and key.merges:
                self._merge(values, value, depth=depth + 1)
                continue
            name = self.value(key, depth=depth + 1)
            if isinstance(name, list | dict):
                raise InvalidInputError(where="config", expected="a scalar for a key", seen="a list or a mapping")
            if isinstance(name, str) and (str, name) in values:
                self._note(f"the key {excerpt(name)} is there twice, and the later one counts")
            values[type(name), name] = self.value(value, depth=depth + 1)

    def _merge(self, values: _GoMap, node: _Node, *, depth: int) -> None:
        """Merge mappings, over what is there already; of several, the first wins."""
        for source in reversed(node.children) if isinstance(node, _Sequence) else (node,):
            self._count(depth)
            mapping = source.target if isinstance(source, _Alias) else source
            if not isinstance(mapping, _Mapping):
                raise InvalidInputError(where="config", expected="a mapping behind <<", seen="something else")
            if isinstance(source, _Alias):
                with _Entered(self._inside, source):
                    self._count(depth)
                    self._fill(values, mapping, depth=depth)
            else:
                self._fill(values, mapping, depth=depth)


class _Entered:
    """The time during which an alias is being decoded; it cannot be entered again meanwhile."""

    def __init__(self, inside: list[_Alias], alias: _Alias) -> None:
        self._inside = inside
        self._alias = alias

    def __enter__(self) -> None:
        if self._alias in self._inside:
            raise InvalidInputError(where="config", expected="an anchor that ends", seen="one that contains itself")
        self._inside.append(self._alias)

    def __exit__(self, *_: object) -> None:
        self._inside.pop()


def _as_json(value: _GoValue) -> JsonValue:
    if isinstance(value, list):
        return JsonList(tuple(_as_json(item) for item in value))
    if isinstance(value, dict):
        members = {_name(key): _as_json(member) for (_, key), member in value.items()}
        return JsonObject(tuple(sorted(members.items(), key=lambda member: member[0])))
    if isinstance(value, str):
        return JsonText(value=value, raw=value)
    if isinstance(value, float):
        return JsonNumber(_float_literal(value))
    return value if value is None or isinstance(value, bool) else JsonNumber(str(value))


def _name(key: GoScalar) -> str:
    """Turn a key into JSON's; only texts can be names that the agent knows."""
    if key is None or (type(key) is int and key > _LARGEST_INT):
        raise InvalidInputError(where="config", expected="a text for a key", seen=str(key))
    return key if isinstance(key, str) else str(key)


def _float_literal(value: float) -> str:
    if not math.isfinite(value):
        raise InvalidInputError(where="config", expected="a number that JSON can write", seen=str(value))
    integral = value.is_integer() and abs(value) < _INTEGRAL_FLOATS_END
    return f"{value:.0f}" if integral else repr(value)
