"""The objects of the cluster, their versions, and the events that watches wait for.

Its methods may be called from any thread.
"""

from __future__ import annotations

import copy
import threading
import uuid
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from lab.kubernetes.resources import Resource

Key: TypeAlias = tuple[str, str, str]
"""Plural, namespace (empty for cluster-scoped resources) and name."""

_FIRST_VERSION = 1000
_REMEMBERED = 10_000


@dataclass(frozen=True, kw_only=True)
class Event:
    """A change: ``ADDED``, ``MODIFIED`` or ``DELETED``."""

    version: int
    kind: str
    key: Key
    value: Mapping[str, Any]


class Store:
    """All objects, in memory.

    :ivar on_change: called after every change, outside the lock.
    """

    def __init__(self) -> None:
        self._objects: dict[Key, dict[str, Any]] = {}
        self._version = _FIRST_VERSION
        self._events: deque[Event] = deque(maxlen=_REMEMBERED)
        self._changed = threading.Condition()
        self._closed = False
        self.on_change: Callable[[Key], None] = lambda _key: None

    @property
    def version(self) -> int:
        """The version of the last change."""
        with self._changed:
            return self._version

    @property
    def lock(self) -> threading.Condition:
        """Held by whoever reads an object and writes it again; it may be entered more than once."""
        return self._changed

    def get(self, key: Key) -> dict[str, Any] | None:
        """Return a copy of an object."""
        with self._changed:
            return copy.deepcopy(self._objects.get(key))

    def list(self, resource: Resource, namespace: str) -> Sequence[dict[str, Any]]:
        """Return copies of all objects of a resource, in the order of namespaces and names."""
        with self._changed:
            keys = sorted(key for key in self._objects if key[0] == resource.plural and namespace in ("", key[1]))
            return tuple(copy.deepcopy(self._objects[key]) for key in keys)

    def put(self, key: Key, value: Mapping[str, Any], *, time: str) -> dict[str, Any]:
        """Store an object under a new version, unless nothing changes.

        :return: a copy of what is stored now.
        """
        with self._changed:
            old = self._objects.get(key)
            stored = complete(old, value, time=time)
            if old is not None and stored == old:
                return copy.deepcopy(old)
            self._version += 1
            stored["metadata"]["resourceVersion"] = str(self._version)
            self._objects[key] = stored
            self._note("MODIFIED" if old else "ADDED", key, stored)
            stored = copy.deepcopy(stored)
        self.on_change(key)
        return stored

    def remove(self, key: Key) -> dict[str, Any]:
        """Remove an object that exists, and return it."""
        with self._changed:
            removed = self._objects.pop(key)
            self._version += 1
            removed["metadata"]["resourceVersion"] = str(self._version)
            self._note("DELETED", key, removed)
        self.on_change(key)
        return removed

    def wait_for_events(self, after: int, *, timeout_seconds: float) -> Sequence[Event] | None:
        """Wait for changes after a version.

        :return: the changes, none at the time limit; ``None`` once the store is closed.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._version > after, timeout=timeout_seconds)
            return None if self._closed else tuple(each for each in self._events if each.version > after)

    def close(self) -> None:
        """End all waiting."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _note(self, kind: str, key: Key, value: Mapping[str, Any]) -> None:
        self._events.append(Event(version=self._version, kind=kind, key=key, value=copy.deepcopy(value)))
        self._changed.notify_all()


def complete(old: Mapping[str, Any] | None, value: Mapping[str, Any], *, time: str) -> dict[str, Any]:
    """Set what the server alone sets; the generation counts changes of what has a ``spec``, outside the metadata."""
    completed = copy.deepcopy(dict(value))
    metadata = completed["metadata"]
    if old is None:
        metadata |= {"uid": str(uuid.uuid4()), "creationTimestamp": time}
        if "spec" in completed:
            metadata["generation"] = 1
        return completed
    known = old["metadata"]
    metadata |= {name: known[name] for name in ("uid", "creationTimestamp", "resourceVersion")}
    if "generation" in known:
        keys = {*completed, *old} - {"metadata", "status"}
        metadata["generation"] = known["generation"] + any(completed.get(key) != old.get(key) for key in keys)
    return completed
