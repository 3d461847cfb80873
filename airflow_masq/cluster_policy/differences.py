"""What differs between two policies, for people: which destinations were added and removed, as a unified diff.

The order of a list and repeated entries have no effect, so they are no difference.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from airflow_masq.network.egress_nat_policy import ACTION, KIND
from airflow_masq.network.live_policy import LiveObject, LivePolicy, sort_cidrs
from airflow_masq.text import escape, format_count

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_DIFF_LINES: Final = 80
"""How many lines the diff of one object has at most."""

_LONGEST_ENTRY: Final = 60
_CONTEXT_LINES: Final = 3


@dataclass(frozen=True, kw_only=True)
class ObjectDifference:
    """How one object differs; ``None`` means that it does not exist on that side."""

    before: LiveObject | None
    after: LiveObject | None

    @property
    def name(self) -> str:
        """The object's name."""
        return (self.after or self.before or LiveObject(name="")).name

    @property
    def added(self) -> tuple[str, ...]:
        """The destinations that keep the Pod's address after, and did not before."""
        return tuple(sort_cidrs(_list_entries(self.after) - _list_entries(self.before)))

    @property
    def removed(self) -> tuple[str, ...]:
        """The destinations that kept the Pod's address before, and do not after."""
        return tuple(sort_cidrs(_list_entries(self.before) - _list_entries(self.after)))

    def list_lines(self, *, before: str, after: str) -> Iterator[str]:
        """Write the difference as a unified diff of at most ``MOST_DIFF_LINES`` lines.

        :param before: what the first side is, such as ``live``.
        :param after: what the second side is.
        """
        name = f"{KIND} {escape(self.name, limit=_LONGEST_ENTRY)}"
        from_name, to_name = (
            f"{name} ({side}{', does not exist' if value is None else ''})"
            for side, value in ((before, self.before), (after, self.after))
        )
        old, new = _write_object(self.before), _write_object(self.after)
        lines = list(difflib.unified_diff(old, new, from_name, to_name, lineterm="", n=_CONTEXT_LINES))
        if not lines:  # an object without destinations that is added or removed
            lines = [f"--- {from_name}", f"+++ {to_name}"]
        yield from lines[:MOST_DIFF_LINES]
        if len(lines) > MOST_DIFF_LINES:
            yield f"… {format_count(len(lines) - MOST_DIFF_LINES, noun='more line')}"


@dataclass(frozen=True, kw_only=True)
class PolicyDifference:
    """How two policies differ.

    :param before: what the first one is, such as ``live`` or ``last audit``.
    :param after: what the second one is.
    :param objects: the objects that differ, by name.
    """

    before: str
    after: str
    objects: tuple[ObjectDifference, ...]

    def __bool__(self) -> bool:
        return bool(self.objects)

    @property
    def text(self) -> str:
        """The unified diff; empty where nothing differs."""
        return "\n".join(self.list_lines())

    def list_lines(self) -> list[str]:
        """List the lines of the unified diff, object by object."""
        return [line for each in self.objects for line in each.list_lines(before=self.before, after=self.after)]

    def as_json(self) -> list[dict[str, Any]]:
        """Write the difference as JSON values, for XComs and reports."""
        return [
            {
                "name": each.name,
                "added": list(each.added),
                "removed": list(each.removed),
                "diff": list(each.list_lines(before=self.before, after=self.after)),
            }
            for each in self.objects
        ]


def compare_policies(before: LivePolicy, after: LivePolicy, *, names: tuple[str, str]) -> PolicyDifference:
    """Find how two policies differ.

    :param names: what the two are, such as ``("last audit", "live")``.
    """
    found = sorted({each.name for each in (*before.objects, *after.objects)})
    objects = tuple(
        difference
        for name in found
        if _is_different(difference := ObjectDifference(before=before.find(name), after=after.find(name)))
    )
    return PolicyDifference(before=names[0], after=names[1], objects=objects)


def _is_different(difference: ObjectDifference) -> bool:
    if difference.before is None or difference.after is None:
        return True
    return _write_object(difference.before) != _write_object(difference.after)


def _write_object(value: LiveObject | None) -> list[str]:
    """Write an object as lines: its action if that is another than the only one, and its list in order."""
    if value is None:
        return []
    action = [] if value.action == ACTION else [f"action: {escape(value.action, limit=_LONGEST_ENTRY)}"]
    return [*action, *(escape(cidr, limit=_LONGEST_ENTRY) for cidr in sort_cidrs(value.destinations))]


def _list_entries(value: LiveObject | None) -> set[str]:
    return set(value.destinations) if value else set()
