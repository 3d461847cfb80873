"""What a YAML scalar means to Go: null, a boolean, a number or a text.

The rules are those of ``gopkg.in/yaml.v2`` (https://github.com/go-yaml/yaml, v2, ``resolve.go``, read 2026-11-22): YAML
1.1's words, numbers as Go's ``strconv`` reads them, no sexagesimal ones. The module must not know where the scalar
stands.
"""

from __future__ import annotations

import base64
import math
import re
from typing import Final, TypeAlias

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.text import excerpt

GoScalar: TypeAlias = bool | int | float | str | None

_TAG: Final = "tag:yaml.org,2002:"
_CHECKED_TAGS: Final = {f"{_TAG}{kind}": kind for kind in ("null", "bool", "int", "float", "timestamp")}

_TRUE: Final = ("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON")
_FALSE: Final = ("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF")
_NULL: Final = ("", "~", "null", "Null", "NULL")
_INFINITE: Final = (".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF")
_MINUS_INFINITE: Final = ("-.inf", "-.Inf", "-.INF")
_NOT_A_NUMBER: Final = (".nan", ".NaN", ".NAN")
_WORDS: Final[dict[str, GoScalar]] = {
    **dict.fromkeys(_TRUE, True),
    **dict.fromkeys(_FALSE, False),
    **dict.fromkeys(_NULL),
    **dict.fromkeys(_INFINITE, math.inf),
    **dict.fromkeys(_MINUS_INFINITE, -math.inf),
    **dict.fromkeys(_NOT_A_NUMBER, math.nan),
}

_MAY_BE_NUMBER: Final = frozenset("+-0123456789.")
# Bases by prefix; a leading zero alone is octal. Alternatives in the order of Go's strconv.ParseInt with base 0.
_INTEGER: Final = re.compile(
    r"(?P<sign>[-+]?)(?:0[xX](?P<b16>[0-9a-fA-F]+)|0[oO](?P<b8o>[0-7]+)|0[bB](?P<b2>[01]+)|0(?P<b8>[0-7]+)|"
    r"(?P<b10>0|[1-9][0-9]*))"
)
_BASES: Final = {"b16": 16, "b8o": 8, "b2": 2, "b8": 8, "b10": 10}
_SIGNED_BINARY: Final = re.compile(r"0b([-+][01]+)")  # an oddity of yaml.v2: "0b-11" is -3
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_BASE64: Final = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_TIME: Final = r"[0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(?:\.[0-9]+)?"
_TIMESTAMP: Final = re.compile(
    rf"[0-9]{{4}}-[0-9]{{1,2}}-[0-9]{{1,2}}(?:[Tt]{_TIME}(?:Z|[-+][0-9]{{2}}:[0-9]{{2}})| {_TIME})?"
)
_SIGNED_RANGE: Final = range(-(2**63), 2**63)
_UNSIGNED_RANGE: Final = range(2**64)
_LONGEST_DIGITS: Final = 64  # of any integer that fits, in base 2


def resolve_scalar(text: str, *, tag: str | None = None, plain: bool = True) -> GoScalar:
    """Say what a scalar is.

    :param text: its content.
    :param tag: its full tag, ``tag:yaml.org,2002:int`` for ``!!int``; default none.
    :param plain: whether it has no quotes and is no block; default that it is plain.
    :return: its value; NaN and the infinities too, which JSON has no word for.
    :raises InvalidInputError: when it is not what its tag says.
    """
    if tag is None:
        return _untagged(text) if plain else text
    if tag == f"{_TAG}binary":
        return _binary(text)
    kind = _CHECKED_TAGS.get(tag)
    if kind is None:  # any other tag leaves a text
        return text
    value = _untagged(text)
    if kind == "timestamp" and _TIMESTAMP.fullmatch(text):
        return text  # yaml.v2 gives the text where nobody asks for a time
    if kind == "float" and type(value) is int and value in _SIGNED_RANGE:
        return float(value)
    if _kind(value) != kind:
        raise InvalidInputError(where="config", expected=f"a scalar that fits !!{kind}", seen=excerpt(text))
    return value


def _kind(value: GoScalar) -> str:
    return "null" if value is None else type(value).__name__


def _untagged(text: str) -> GoScalar:
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _MAY_BE_NUMBER:
        return text
    plain = text if text.startswith(".") else text.replace("_", "")
    integer = None if text.startswith(".") else _integer(plain)
    if integer is not None:
        return integer
    number = float(plain) if _FLOAT.fullmatch(plain) else math.inf
    return text if math.isinf(number) else number


def _integer(text: str) -> int | None:
    """Read an integer that fits 64 bits; ``None`` where it is none."""
    found = _INTEGER.fullmatch(text)
    if found is None:
        oddity = _SIGNED_BINARY.fullmatch(text)
        return None if oddity is None else _fitting(oddity.group(1)[1:], base=2, sign=oddity.group(1)[0])
    base = found.lastgroup or "b10"
    return _fitting(found[base], base=_BASES[base], sign=found["sign"])


def _fitting(digits: str, *, base: int, sign: str) -> int | None:
    digits = digits.lstrip("0") or "0"
    if len(digits) > _LONGEST_DIGITS:
        return None
    value = -int(digits, base) if sign == "-" else int(digits, base)
    fits = value in _SIGNED_RANGE or (not sign and value in _UNSIGNED_RANGE)
    return value if fits else None


def _binary(text: str) -> str:
    content = text.replace("\r", "").replace("\n", "")
    if not _BASE64.fullmatch(content):
        raise InvalidInputError(where="config", expected="base64 behind !!binary", seen=excerpt(text))
    return base64.b64decode(content).decode(errors="replace")  # as Go's JSON writes it
