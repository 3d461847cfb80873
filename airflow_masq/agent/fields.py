"""The agent's own config struct, filled from JSON as Go's ``encoding/json`` fills it.

The struct holds the defaults when decoding begins, so what a config does not set keeps them, down to the elements of
the list. Sources, read 2026-11-22: ``MasqConfig`` in https://github.com/kubernetes-sigs/ip-masq-agent and
https://pkg.go.dev/encoding/json#Unmarshal. The module must not judge what it reads: no CIDR is looked at here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from airflow_masq.agent.go_duration import parse_duration
from airflow_masq.agent.go_json import JsonList, JsonNumber, JsonObject, JsonText, JsonValue
from airflow_masq.exceptions import InvalidInputError
from airflow_masq.text import excerpt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

CIDRS_KEY: Final = "nonMasqueradeCIDRs"
CIDR_LIMIT_KEY: Final = "cidrLimit"
LINK_LOCAL_KEY: Final = "masqLinkLocal"
LINK_LOCAL_IPV6_KEY: Final = "masqLinkLocalIPv6"
RESYNC_KEY: Final = "resyncInterval"

DEFAULT_CIDR_LIMIT: Final = 64

_INTEGER: Final = re.compile(r"-?[0-9]{1,19}")
_INTEGERS: Final = range(-(2**63), 2**63)


class AgentFields:
    """What the agent's struct holds while it is filled.

    :param defaults: the default list.
    """

    def __init__(self, defaults: Iterable[str]) -> None:
        self.cidr_limit = DEFAULT_CIDR_LIMIT
        self.masq_link_local = False
        self.masq_link_local_ipv6 = False
        self.resync_interval_seconds = 60.0
        self.lists_defaults = True
        # Go shortens a list without clearing what stood behind its new end, and a later, longer one finds it there.
        self._slots = list(defaults)
        self._length = len(self._slots)

    @property
    def cidrs(self) -> tuple[str, ...]:
        """The list as it stands."""
        return tuple(self._slots[: self._length])

    def fill(self, document: JsonValue) -> None:
        """Decode a document.

        :param document: an object, or null, which changes nothing. Keys that the struct does not know are ignored.
        :raises InvalidInputError: when a value is not of its field's type.
        """
        if document is None:
            return
        if not isinstance(document, JsonObject):
            raise _refused("config", "a mapping", document)
        for name, value in document.members:
            known = known_key(name)
            if known is not None:
                _SETTERS[known](self, value)

    def _set_cidrs(self, value: JsonValue) -> None:
        self.lists_defaults = False
        items = () if value is None else value.items if isinstance(value, JsonList) else None
        if items is None:
            raise _refused(CIDRS_KEY, "a list", value)
        for index, item in enumerate(items):
            if index == len(self._slots):
                self._slots.append("")
            if isinstance(item, JsonText):
                self._slots[index] = item.value
            elif item is not None:  # null keeps what stands there
                raise _refused(f"{CIDRS_KEY}[{index}]", "a text", item)
        self._length = len(items)
        if not items:
            self._slots = []

    def _set_cidr_limit(self, value: JsonValue) -> None:
        if value is None:
            return
        if not isinstance(value, JsonNumber) or not _INTEGER.fullmatch(value.literal):
            raise _refused(CIDR_LIMIT_KEY, "an integer", value)
        if int(value.literal) not in _INTEGERS:
            raise _refused(CIDR_LIMIT_KEY, "an integer of 64 bits", value)
        self.cidr_limit = int(value.literal)

    def _set_link_local(self, value: JsonValue) -> None:
        self.masq_link_local = _boolean(LINK_LOCAL_KEY, value, now=self.masq_link_local)

    def _set_link_local_ipv6(self, value: JsonValue) -> None:
        self.masq_link_local_ipv6 = _boolean(LINK_LOCAL_IPV6_KEY, value, now=self.masq_link_local_ipv6)

    def _set_resync_interval(self, value: JsonValue) -> None:
        # Unlike the others this type decodes itself, and null is not a text to it; nor does it resolve escapes.
        if not isinstance(value, JsonText):
            raise _refused(RESYNC_KEY, "a text such as 60s", value)
        self.resync_interval_seconds = parse_duration(value.raw, where=RESYNC_KEY)


_SETTERS: Final[dict[str, Callable[[AgentFields, JsonValue], None]]] = {
    CIDRS_KEY: AgentFields._set_cidrs,  # noqa: SLF001 - the class's own table
    CIDR_LIMIT_KEY: AgentFields._set_cidr_limit,  # noqa: SLF001
    LINK_LOCAL_KEY: AgentFields._set_link_local,  # noqa: SLF001
    LINK_LOCAL_IPV6_KEY: AgentFields._set_link_local_ipv6,  # noqa: SLF001
    RESYNC_KEY: AgentFields._set_resync_interval,  # noqa: SLF001
}
KNOWN_KEYS: Final = tuple(_SETTERS)


def known_key(name: str) -> str | None:
    """Find the key that Go takes a name for; neither case matters nor a long s or a Kelvin sign for a letter.

    :param name: a key of a config.
    :return: the key as the agent's documentation spells it; ``None`` where the agent ignores the name.
    """
    return _KEYS_BY_FOLDED_NAME.get(_folded(name))


def _folded(name: str) -> str:
    return name.replace("\N{LATIN SMALL LETTER LONG S}", "s").lower()


_KEYS_BY_FOLDED_NAME: Final = {_folded(key): key for key in KNOWN_KEYS}


def _boolean(key: str, value: JsonValue, *, now: bool) -> bool:
    if value is None:
        return now
    if not isinstance(value, bool):
        raise _refused(key, "true or false", value)
    return value


def _refused(where: str, expected: str, value: JsonValue) -> InvalidInputError:
    return InvalidInputError(where=where, expected=expected, seen=_described(value))


def _described(value: JsonValue) -> str:
    if isinstance(value, JsonText):
        return f"the text {excerpt(value.value)}"
    if isinstance(value, JsonNumber):
        return f"the number {excerpt(value.literal)}"
    if isinstance(value, JsonList):
        return "a list"
    if isinstance(value, JsonObject):
        return "a mapping"
    return {None: "null", True: "true", False: "false"}[value]
