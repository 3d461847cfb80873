"""Who owns which field: the bookkeeping of ``metadata.managedFields``, and server-side apply.

A field is the path of a leaf. Maps are owned key by key. Lists are owned as a whole, since the policies' schema gives
them no keys [source: k8s-server-side-apply]. The entries and their order follow Kubernetes' own; the order of two
entries of the same time is not verified.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from lab.kubernetes.status import make_apply_conflict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

Path: TypeAlias = tuple[str, ...]

APPLY: Final = "Apply"
UPDATE: Final = "Update"

_TRACKED_METADATA: Final = frozenset({"annotations", "labels", "finalizers"})
_NOT_TRACKED: Final = frozenset({"apiVersion", "kind", "metadata"})


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What one manager owns by one kind of write."""

    manager: str
    operation: str
    api_version: str
    time: str
    fields: frozenset[Path]

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it another entry."""
        return (self.manager, self.operation, self.api_version)

    def describe(self) -> str:
        """Name the manager as conflicts do [source: k8s-apply-conflict]."""
        named = f'"{self.manager}"'
        return f"{named} using {self.api_version} at {self.time}" if self.operation == UPDATE else named


def read_entries(stored: Mapping[str, Any]) -> list[Entry]:
    """Read an object's entries."""
    return [
        Entry(
            manager=each["manager"],
            operation=each["operation"],
            api_version=each["apiVersion"],
            time=each["time"],
            fields=frozenset(_read_fields(each["fieldsV1"])),
        )
        for each in stored["metadata"].get("managedFields", ())
    ]


def write_entries(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """Write entries: those of applies first, then by their times."""
    ordered = sorted((each for each in entries if each.fields), key=lambda each: (each.operation, each.time))
    return [
        {
            "manager": each.manager,
            "operation": each.operation,
            "apiVersion": each.api_version,
            "time": each.time,
            "fieldsType": "FieldsV1",
            "fieldsV1": _write_fields(each),
        }
        for each in ordered
    ]


def note_update(
    old: Mapping[str, Any] | None, new: Mapping[str, Any], *, manager: str, api_version: str, time: str
) -> list[Entry]:
    """Note that a manager has created or replaced an object: it owns what it changed, and others own that no more."""
    before, after = _list_leaves(old or {}), _list_leaves(new)
    changed = {path for path in after if path not in before or before[path] != after[path]}
    touched = changed | (set(before) - set(after))
    entries = {each.key: each for each in read_entries(old or {"metadata": {}})}
    entries = {key: replace(each, fields=each.fields - touched) for key, each in entries.items()}
    if changed:
        added = Entry(manager=manager, operation=UPDATE, api_version=api_version, time=time, fields=frozenset(changed))
        owned = entries.get(added.key)
        entries[added.key] = replace(added, fields=added.fields | (owned.fields if owned else frozenset()))
    return list(entries.values())


def apply_manifest(
    stored: Mapping[str, Any] | None, manifest: Mapping[str, Any], *, manager: str, force: bool, time: str
) -> tuple[dict[str, Any], list[Entry]]:
    """Merge a manifest into an object as server-side apply does.

    :return: the object, and who owns what afterwards.
    :raises StatusError: another manager owns a field that would change, and ``force`` is not set.
    """
    base: dict[str, Any] = copy.deepcopy(dict(stored)) if stored else {"metadata": {}}
    applied, live = _list_leaves(manifest), _list_leaves(base)
    entries = {each.key: each for each in read_entries(base)}
    own = Entry(
        manager=manager,
        operation=APPLY,
        api_version=str(manifest["apiVersion"]),
        time=time,
        fields=frozenset(applied),
    )
    others = {key: each for key, each in entries.items() if key != own.key}
    changed = {path for path, value in applied.items() if path in live and live[path] != value}
    conflicts = [
        (each.describe(), _print_path(path))
        for each in sorted(others.values(), key=Entry.describe)
        for path in sorted(each.fields & changed)
    ]
    if conflicts and not force:
        raise make_apply_conflict(conflicts)
    others = {key: replace(each, fields=each.fields - changed) for key, each in others.items()}
    earlier = entries.get(own.key)
    owned_by_others = {path for each in others.values() for path in each.fields}
    for path in (earlier.fields if earlier else frozenset()) - own.fields - owned_by_others:
        _remove(base, path)
    for path, value in applied.items():
        _put(base, path, value)
    if earlier is not None and earlier.fields == own.fields and not changed:
        own = earlier  # its time stays where nothing changes
    return base, [*others.values(), own]


def _list_leaves(value: Mapping[str, Any]) -> dict[Path, Any]:
    leaves = dict(_walk({key: child for key, child in value.items() if key not in _NOT_TRACKED}, ()))
    metadata = value.get("metadata") or {}
    for key in _TRACKED_METADATA & metadata.keys():
        leaves |= dict(_walk({key: metadata[key]}, ("metadata",)))
    return leaves


def _walk(value: Mapping[str, Any], above: Path) -> Iterator[tuple[Path, Any]]:
    for key, child in value.items():
        path = (*above, key)
        if isinstance(child, dict) and child:
            yield from _walk(child, path)
        else:
            yield path, child


def _put(target: dict[str, Any], path: Path, value: object) -> None:
    for key in path[:-1]:
        target = target.setdefault(key, {})
    target[path[-1]] = copy.deepcopy(value)


def _remove(target: dict[str, Any], path: Path) -> None:
    holders = [target]
    for key in path[:-1]:
        holders.append(holders[-1].get(key, {}))
    holders[-1].pop(path[-1], None)
    for key, holder in zip(reversed(path[:-1]), reversed(holders[:-1]), strict=True):
        if not holder.get(key):
            holder.pop(key, None)


def _write_fields(entry: Entry) -> dict[str, Any]:
    """Write the set of fields; entries of updates mark the maps around them too, with a dot."""
    tree: dict[str, Any] = {}
    for path in sorted(entry.fields):
        node = tree
        for depth, key in enumerate(path):
            node = node.setdefault(f"f:{key}", {})
            is_inner = depth < len(path) - 1
            if is_inner and entry.operation == UPDATE and path[: depth + 1] != ("metadata",):
                node.setdefault(".", {})
    return tree


def _read_fields(tree: Mapping[str, Any], above: Path = ()) -> Iterator[Path]:
    for key, below in tree.items():
        if key == ".":
            continue
        path = (*above, key.removeprefix("f:"))
        if below:
            yield from _read_fields(below, path)
        else:
            yield path


def _print_path(path: Sequence[str]) -> str:
    return "".join(f".{key}" for key in path)
