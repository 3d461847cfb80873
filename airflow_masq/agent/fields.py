"""The agent's own config struct, filled as Go's ``encoding/json`` fills it.

The struct holds the defaults when decoding begins, so what a config does not set keeps them, down to the elements of
the list [source: ip-masq-agent-config-struct, go-json-unmarshal]. No CIDR is checked here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from airflow_masq.agent.literals import parse_duration
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.text import quote

if TYPE_CHECKING:
    from collections.abc import Iterable

CIDRS_KEY: Final = "nonMasqueradeCIDRs"
CIDR_LIMIT_KEY: Final = "cidrLimit"
LINK_LOCAL_KEY: Final = "masqLinkLocal"
LINK_LOCAL_IPV6_KEY: Final = "masqLinkLocalIPv6"
RESYNC_KEY: Final = "resyncInterval"
KNOWN_KEYS: Final = (CIDRS_KEY, CIDR_LIMIT_KEY, LINK_LOCAL_KEY, LINK_LOCAL_IPV6_KEY, RESYNC_KEY)

DEFAULT_CIDR_LIMIT: Final = 64

_INTEGERS: Final = range(-(2**63), 2**63)


class Members(list["tuple[str, Value]"]):
    """A JSON object's members in their order; a name may come several times."""


Value: TypeAlias = "bool | int | float | str | list[Value] | Members | None"


class AgentFields:
    """What the agent's struct holds while it is filled."""

    def __init__(self, default_cidrs: Iterable[str]) -> None:
        self.cidr_limit = DEFAULT_CIDR_LIMIT
        self.masq_link_local = False
        self.masq_link_local_ipv6 = False
        self.resync_interval_seconds = 60.0
        self.lists_defaults = True
        # Go shortens a list without clearing what stood behind its new end, and a later, longer one finds it there.
        self._slots = list(default_cidrs)
        self._length = len(self._slots)

    @property
    def cidrs(self) -> tuple[str, ...]:
        """The list in force."""
        return tuple(self._slots[: self._length])

    def fill(self, document: Value) -> None:
        """Decode an object, or null, which changes nothing; ignore keys that the struct does not know.

        :raises InvalidInputError: when a value is not of its field's type.
        """
        if document is None:
            return
        if not isinstance(document, Members):
            raise _make_error("config", "a mapping", document)
        for name, value in document:
            key = find_known_key(name)
            if key == CIDRS_KEY:
                self._set_cidrs(value)
            elif key == RESYNC_KEY:
                # Unlike the others this type decodes itself, and refuses null.
                if not isinstance(value, str):
                    raise _make_error(key, "a text such as 60s", value)
                self.resync_interval_seconds = parse_duration(value, where=key)
            elif key is not None and value is not None:
                self._set_scalar(key, value)

    def _set_scalar(self, key: str, value: Value) -> None:
        if key == CIDR_LIMIT_KEY:
            if type(value) is not int or value not in _INTEGERS:
                raise _make_error(key, "an integer of 64 bits", value)
            self.cidr_limit = value
        elif not isinstance(value, bool):
            raise _make_error(key, "true or false", value)
        elif key == LINK_LOCAL_KEY:
            self.masq_link_local = value
        else:
            self.masq_link_local_ipv6 = value

    def _set_cidrs(self, value: Value) -> None:
        self.lists_defaults = False
        items = [] if value is None else value
        if not isinstance(items, list) or isinstance(items, Members):
            raise _make_error(CIDRS_KEY, "a list", value)
        for index, item in enumerate(items):
            if index == len(self._slots):
                self._slots.append("")
            if isinstance(item, str):
                self._slots[index] = item
            elif item is not None:  # null keeps the entry
                raise _make_error(f"{CIDRS_KEY}[{index}]", "a text", item)
        self._length = len(items)
        if not items:
            self._slots = []


def find_known_key(name: str) -> str | None:
    """Find the key that Go takes a name for; case does not matter, and a long s or a Kelvin sign counts as its letter.

    :return: the key as the agent's documentation spells it; ``None`` if the agent ignores the name.
    """
    return _KEYS_BY_FOLDED_NAME.get(_fold(name))


def _fold(name: str) -> str:
    return name.replace("\N{LATIN SMALL LETTER LONG S}", "s").lower()


_KEYS_BY_FOLDED_NAME: Final = {_fold(key): key for key in KNOWN_KEYS}


def _make_error(where: str, expected: str, value: Value) -> InvalidInputError:
    seen = "a mapping" if isinstance(value, Members) else "a list"
    if isinstance(value, str):
        seen = f"the text {quote(value)}"
    elif value is None or isinstance(value, bool):
        seen = {None: "null", True: "true", False: "false"}[value]
    elif isinstance(value, int | float):
        seen = f"the number {value}"
    return InvalidInputError(where=where, expected=expected, seen=seen)
