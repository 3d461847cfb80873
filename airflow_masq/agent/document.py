"""The text of a config becomes the document that the agent decodes.

To the agent a text that starts with "{" is JSON, and any other is YAML [source: apimachinery-to-json,
sigs-yaml-to-json, go-yaml-decode]. Here PyYAML reads the YAML. The two YAML libraries disagree about rare constructs.
Each one that is found is a doubt, and the document is then the most probable one.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

import yaml

from airflow_masq.agent.fields import KNOWN_KEYS, RESYNC_KEY, Members, Value, find_known_key
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.text import quote
from airflow_masq.yaml_problems import describe_yaml_problem

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGEST_TEXT_CHARACTERS: Final = 256 * 1024

# What the two YAML libraries may read differently, found by reading both and by giving both the same random texts
# [source: go-yaml-scanner, observed-agent-yaml-gaps]. A comment behind a value is doubted as well, which is simpler
# than finding out where a value ends.
_DOUBTFUL: Final = tuple(
    (re.compile(pattern, re.MULTILINE), what)
    for pattern, what in (
        (r"\t", "tabs"),
        (
            r"[^\t\n\r -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]|\r(?!\n)",
            "control characters, byte order marks and rare line breaks",
        ),
        (r"^%", "directives"),
        (r"(?<![^\s\[{,:])!", "tags"),
        (r'\\[^nrt"\\]', "rare escapes"),
        (r":[,\[\]{}]", "a colon without a blank after it"),
        (r"[}\]] *[^\s,:}\]#]", "text after a closing bracket"),
        (r"[|>][-+0-9]*#", "a comment without a blank before it"),
    )
)
_COMMENT_LINE: Final = re.compile(r"^ *#.*", re.MULTILINE)
_HARMLESS_IN_COMMENT_LINES: Final = re.compile(r"[!\t:|>}\]]")
_DOCUMENT_START: Final = re.compile(r"(?:(?:[ ]*(?:#.*)?|%.*)\r?\n)*---(?=\s|\Z)")
_DOCUMENT_MARKER: Final = re.compile(r"^(?:---|\.\.\.)(?=\s|\Z)", re.MULTILINE)
_BLANKS_WITHIN_LINE: Final = re.compile(r"(?<=\S)[ \t]+")
_ESCAPE: Final = re.compile(r"\\")

# Go's YAML refuses a document of which more than 99 of 100 values come from aliases, once those are more than 100
# ("excessive aliasing"), and an anchor that contains itself [source: go-yaml-decode].
_MOST_VALUES_FROM_ALIASES: Final = 100

# PyYAML's sentence about a key after the items of a list. Go's YAML refuses the same text
# [source: observed-go-yaml-refusals].
_KEY_IN_LIST: Final = "expected <block end>, but found '?'"

_TAG: Final = "tag:yaml.org,2002:"
_BOOLEANS_OF_GO: Final = {"y": True, "Y": True, "n": False, "N": False}
# What Go's YAML takes for a number once the underscores are taken out, and what all libraries read alike
# [source: go-yaml-resolve].
_NUMBER: Final = re.compile(
    r"[-+]?(?:0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][-+]?[01]+|(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)"
)
_PLAIN_NUMBER: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17}|[0-9]{1,15}\.[0-9]{1,15})")
_MOST_DIGITS: Final = 40
_SETTING: Final = re.compile(rf"\b(?:{'|'.join(KNOWN_KEYS)})\b", re.IGNORECASE)


class ConfigText:
    """A config's text, to be read once.

    ``doubts`` and ``repeated_keys`` hold what was found on the way, also after an error. ``is_too_much`` says that the
    text was not read at all.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self.is_too_much = False
        self.doubts: list[str] = []
        self.repeated_keys: list[str] = []

    def read(self) -> Value:
        """Read the document.

        :return: an object's members are in the order in which the agent decodes them. Of collections that are deeper
            than the agent looks, nothing is kept but the agent's keys in a mapping of YAML, each without a value.
        :raises InvalidInputError: when it is neither YAML nor JSON, or too much to be read here.
        """
        if len(self._text) > LARGEST_TEXT_CHARACTERS:
            raise self._make_size_error(f"more than {LARGEST_TEXT_CHARACTERS} characters")
        try:
            return self._read_json() if self._text.lstrip().startswith("{") else self._read_yaml()
        except RecursionError:
            raise self._make_size_error("too many levels") from None

    def _make_size_error(self, seen: str) -> InvalidInputError:
        self.is_too_much = True
        self.doubts.append(f"it has {seen}, too much to be read here, but the agent may read it")
        return InvalidInputError(where="config", expected="a text that can be read here", seen=seen)

    def _doubt(self, line: int, what: str, *, who: str = "YAML libraries") -> None:
        self.doubts.append(f"line {line}: {who} disagree about {what}")

    def _read_json(self) -> Value:
        try:
            document: Value = json.loads(
                self._text, object_pairs_hook=Members, parse_int=_read_integer, parse_constant=_refuse_constant
            )
        except json.JSONDecodeError as error:
            rest = self._text[error.pos :]
            seen = f"{quote(rest) if rest else 'the end of the text'} ({error.msg})"
            raise InvalidInputError(where=f"config, line {error.lineno}", expected="JSON", seen=seen) from None
        line = _find_line(_ESCAPE, self._text)
        if line and isinstance(document, Members) and any(find_known_key(name) == RESYNC_KEY for name, _ in document):
            # Before v2.12.2 the agent parses the text between the quotes without resolving escapes
            # [source: ip-masq-agent-interval-escapes].
            self._doubt(line, f"escapes in {RESYNC_KEY}", who="versions of the agent")
        return document

    def _read_yaml(self) -> Value:
        self._doubt_text()
        root = self._compose()
        if root is None:
            return None
        self._check_nodes(root)
        if not isinstance(root, yaml.MappingNode):
            return _read_flat(root)
        members: dict[str, Value] = {}
        for key, value in _merge(root):
            if key.value in members:
                self.repeated_keys.append(key.value)
            is_list = isinstance(value, yaml.SequenceNode)
            members[key.value] = [_read_flat(item) for item in value.value] if is_list else _read_flat(value)
            if isinstance(value, yaml.MappingNode):
                members[key.value] = _find_settings(value)
        return Members(sorted(members.items()))  # the agent turns YAML into JSON, with its keys sorted

    def _doubt_text(self) -> None:
        text = _COMMENT_LINE.sub(lambda comment: _HARMLESS_IN_COMMENT_LINES.sub(" ", comment[0]), self._text)
        for pattern, what in _DOUBTFUL:
            if line := _find_line(pattern, text):
                self._doubt(line, what)
        start = _DOCUMENT_START.match(text)
        if line := _find_line(_DOCUMENT_MARKER, text, after=start.end() if start else 0):
            self._doubt(line, "the end of a document, where the agent stops reading")

    def _compose(self) -> yaml.Node | None:
        """Compose the first document, without constructing values; ``None`` if there is none."""
        # To Go's YAML a tab between two words is a blank; PyYAML refuses it.
        text = _BLANKS_WITHIN_LINE.sub(lambda blanks: " " * len(blanks[0]), self._text)
        try:
            loader = yaml.SafeLoader(text)
            return loader.get_node() if loader.check_node() else None
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            if error.problem == "second occurrence":
                self._doubt(line, "an anchor that is there twice")
            where = f"config, line {line}"
            if error.problem == _KEY_IN_LIST and "collection" in str(error.context):
                expected = "YAML, here an entry of the list, which begins with -"
                raise InvalidInputError(where=where, expected=expected, seen="a key") from None
            expected, seen = describe_yaml_problem(str(error.problem))
        except (yaml.YAMLError, ValueError, OverflowError):  # the last two from escapes beyond Unicode
            where, expected, seen = "config", "YAML", "a character that YAML does not allow"
        raise InvalidInputError(where=where, expected=expected, seen=seen)

    def _check_nodes(self, root: yaml.Node) -> None:
        """Doubt values that are not the same in both libraries, also under keys that the agent ignores.

        :raises InvalidInputError: when a key cannot be one in JSON.
        """
        seen: set[int] = set()
        around: set[int] = set()
        values_from_aliases = 0
        waiting: list[tuple[yaml.Node, bool]] = [(root, False)]  # the node, and whether all in it was visited
        while waiting:
            node, is_left = waiting.pop()
            if is_left:
                around.discard(id(node))
                continue
            line = node.start_mark.line + 1
            if id(node) in around:  # the agent refuses it [source: observed-go-yaml-refusals]
                expected = "an alias outside its own anchor"
                raise InvalidInputError(where=f"config, line {line}", expected=expected, seen="one inside")
            values_from_aliases += id(node) in seen
            seen.add(id(node))
            if values_from_aliases > _MOST_VALUES_FROM_ALIASES:
                self._doubt(line, f"a config with more than {_MOST_VALUES_FROM_ALIASES} values from aliases")
                return
            if isinstance(node, yaml.ScalarNode):
                value, is_agreed = _read_scalar(node)
                if not is_agreed:
                    self._doubt(line, quote(node.value))
                continue
            around.add(id(node))
            waiting.append((node, True))
            if isinstance(node, yaml.SequenceNode):
                waiting.extend((item, False) for item in reversed(node.value))
                continue
            for key, value in reversed(node.value):
                waiting.extend(((value, False), (key, False)))
                self._check_key(key)

    def _check_key(self, key: yaml.Node) -> None:
        """Refuse a key that JSON cannot have, as the agent does [source: observed-go-yaml-refusals].

        :raises InvalidInputError: the key is a list, a mapping or null.
        """
        if isinstance(key, yaml.ScalarNode) and _read_flat(key) is not None:
            return
        line = key.start_mark.line + 1
        seen = "null"
        if not isinstance(key, yaml.ScalarNode):
            seen = "a list" if isinstance(key, yaml.SequenceNode) else "a mapping"
        # Go's YAML drops null with a value that a later key replaces, and ends the document behind [] or {}.
        if not key.value or isinstance(key, yaml.ScalarNode):
            self._doubt(line, f"{seen} as a key")
        raise InvalidInputError(where=f"config, line {line}", expected="text as a key", seen=seen)


def _find_line(pattern: re.Pattern[str], text: str, *, after: int = 0) -> int | None:
    found = pattern.search(text, after)
    return None if found is None else text.count("\n", 0, found.start()) + 1


def _merge(root: yaml.MappingNode) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
    """Put what merge keys bring in their place, as Go's YAML does; merges within that are left out."""
    for key, value in root.value:
        if key.tag != f"{_TAG}merge":
            yield key, value
            continue
        for source in reversed(value.value) if isinstance(value, yaml.SequenceNode) else (value,):
            if not isinstance(source, yaml.MappingNode):
                where = f"config, line {key.start_mark.line + 1}"
                raise InvalidInputError(where=where, expected="a mapping after <<", seen="another value")
            yield from source.value


def _find_settings(node: yaml.MappingNode) -> Members:
    """Find the agent's keys anywhere in a mapping, by its text, since it may have any number of levels."""
    text = (node.start_mark.buffer or "")[node.start_mark.index : node.end_mark.index]
    return Members((name, None) for name in dict.fromkeys(_SETTING.findall(text)))


def _read_flat(node: yaml.Node) -> Value:
    """Read a scalar; leave out what is in a collection."""
    if isinstance(node, yaml.ScalarNode):
        return _read_scalar(node)[0]
    return Members() if isinstance(node, yaml.MappingNode) else []


def _read_scalar(node: yaml.ScalarNode) -> tuple[Value, bool]:
    """Give what Go's YAML takes a scalar for, and whether PyYAML takes it for the same. Tags are not considered."""
    text = node.value
    if node.style is not None:  # in quotes, or a block
        return text, True
    if node.tag == f"{_TAG}null":
        return None, True
    if node.tag == f"{_TAG}bool":
        return yaml.SafeLoader.bool_values.get(text.lower(), text), True
    if _NUMBER.fullmatch(text.replace("_", "")):
        return _read_number(text.replace("_", "")), bool(_PLAIN_NUMBER.fullmatch(text))
    if text in _BOOLEANS_OF_GO:
        return _BOOLEANS_OF_GO[text], False
    return text, node.tag == f"{_TAG}str"


def _read_number(text: str) -> int | float | str:
    """Read a number with Go's prefixes, where 010 is octal; JSON writes a float without a fraction as an integer."""
    if len(text) > _MOST_DIGITS:
        return text
    for base in (0, 8):
        try:
            return int(text, base)
        except ValueError:
            continue
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if number.is_integer() else number


def _read_integer(literal: str) -> int | float:
    return int(literal) if len(literal) <= _MOST_DIGITS else float(literal)


def _refuse_constant(word: str) -> None:
    """Refuse NaN and the infinities, which only Python's reader takes for JSON."""
    raise InvalidInputError(where="config", expected="JSON", seen=word)
