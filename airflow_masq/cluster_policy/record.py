"""Reads a policy that an earlier run recorded as JSON: an XCom is input that others can write."""

from __future__ import annotations

from typing import Final

from airflow_masq.network.live_policy import LiveObject, LivePolicy
from airflow_masq.reading import Place

_OBJECT_KEYS: Final = ("name", "action", "destinations")
_MORE_KEYS: Final = ("managers", "resource_version")
_MOST_OBJECTS: Final = 1_000
_MOST_ENTRIES: Final = 10_000


def read_recorded_policy(value: object, *, where: str = "policy") -> LivePolicy:
    """Read what ``LivePolicy.as_json`` wrote.

    :raises InvalidInputError: it is anything else.
    """
    entries = Place(where=where, value=value).read_section(("objects",), complete=True)
    objects = []
    for item in entries["objects"].read_items(most=_MOST_OBJECTS):
        parts = item.read_section(_OBJECT_KEYS, complete=True, optional=_MORE_KEYS)
        destinations = parts["destinations"].read_items(most=_MOST_ENTRIES)
        managers = parts["managers"].read_items(most=_MOST_ENTRIES) if "managers" in parts else []
        version = parts["resource_version"].read_line() if "resource_version" in parts else ""
        objects.append(
            LiveObject(
                name=parts["name"].read_text("a name"),
                action=parts["action"].read_text(may_be_empty=True),
                destinations=tuple(each.read_text("a CIDR", may_be_empty=True) for each in destinations),
                managers=tuple(each.read_text("a field manager") for each in managers),
                resource_version=version,
            )
        )
    return LivePolicy().replace(objects)
