"""Two policies are compared by what they say, and the diff is short and harmless to print."""

from __future__ import annotations

import pytest

from airflow_masq.cluster_policy import compare_policies
from airflow_masq.cluster_policy.differences import MOST_DIFF_LINES
from airflow_masq.network.live_policy import LiveObject, LivePolicy

NAMES = ("last audit", "live")


def policy(**objects: tuple[str, ...]) -> LivePolicy:
    """Make a policy of objects with lists."""
    return LivePolicy().replace(LiveObject(name=name, destinations=cidrs) for name, cidrs in objects.items())


def test_a_changed_list_is_a_unified_diff() -> None:
    """Added and removed destinations are told, in the order of addresses, between unchanged ones."""
    difference = compare_policies(
        policy(default=("10.0.0.0/8", "192.168.0.0/16")),
        policy(default=("192.168.0.0/16", "10.128.0.0/20", "9.0.0.0/8")),
        names=NAMES,
    )
    assert difference.text == (
        "--- EgressNATPolicy default (last audit)\n"
        "+++ EgressNATPolicy default (live)\n"
        "@@ -1,2 +1,3 @@\n"
        "-10.0.0.0/8\n"
        "+9.0.0.0/8\n"
        "+10.128.0.0/20\n"
        " 192.168.0.0/16"
    )
    (entry,) = difference.as_json()
    assert (entry["name"], entry["added"], entry["removed"]) == (
        "default",
        ["9.0.0.0/8", "10.128.0.0/20"],
        ["10.0.0.0/8"],
    )
    assert "\n".join(entry["diff"]) == difference.text


@pytest.mark.parametrize("other", [("192.168.0.0/16", "10.0.0.0/8"), ("10.0.0.0/8", "10.0.0.0/8", "192.168.0.0/16")])
def test_order_and_repetition_are_no_difference(other: tuple[str, ...]) -> None:
    """A list in another order, or with an entry twice, has the same effect, so nothing differs."""
    difference = compare_policies(policy(default=("10.0.0.0/8", "192.168.0.0/16")), policy(default=other), names=NAMES)
    assert not difference
    assert (difference.text, difference.as_json()) == ("", [])


def test_objects_that_come_and_go_are_told() -> None:
    """An object that is new, and one that is gone, are named as such, even where their lists are empty."""
    difference = compare_policies(policy(gone=("10.0.0.0/8",), same=()), policy(new=(), same=()), names=NAMES)
    assert [each.name for each in difference.objects] == ["gone", "new"]
    assert difference.list_lines() == [
        "--- EgressNATPolicy gone (last audit)",
        "+++ EgressNATPolicy gone (live, does not exist)",
        "@@ -1 +0,0 @@",
        "-10.0.0.0/8",
        "--- EgressNATPolicy new (last audit, does not exist)",
        "+++ EgressNATPolicy new (live)",
    ]
    difference = compare_policies(policy(gone=("10.0.0.0/8",)), policy(new=("9.0.0.0/8",)), names=NAMES)
    assert [(each["name"], each["added"], each["removed"]) for each in difference.as_json()] == [
        ("gone", [], ["10.0.0.0/8"]),
        ("new", ["9.0.0.0/8"], []),
    ]


def test_objects_are_told_in_the_order_of_their_names() -> None:
    """Two audits tell the same change in the same order."""
    names = [f"object-{letter}" for letter in "hgfedcba"]
    difference = compare_policies(policy(), policy(**dict.fromkeys(names, ())), names=NAMES)
    assert [each.name for each in difference.objects] == sorted(names)


def test_another_action_is_a_difference() -> None:
    """An object that does something else than all others differs, whatever its list."""
    odd = LivePolicy(objects=(LiveObject(name="default", action="SNAT"),))
    assert "+action: SNAT" in compare_policies(policy(default=()), odd, names=NAMES).list_lines()


def test_the_diff_is_bounded_and_escaped() -> None:
    """A thousand foreign entries make a diff of bounded length, without a control character."""
    hostile = tuple(f"\x1b[31m{number}\n" * 20 for number in range(1000))
    lines = compare_policies(policy(), policy(default=hostile), names=NAMES).list_lines()
    assert len(lines) == MOST_DIFF_LINES + 1
    assert lines[-1] == "… 923 more lines"
    assert all(line.isprintable() and len(line) <= 100 for line in lines)
    named = compare_policies(policy(), policy(**{"\x1b[31mx" * 100: ()}), names=NAMES)
    assert all(line.isprintable() and len(line) <= 130 for line in named.list_lines())


def test_a_diff_that_just_fits_is_whole() -> None:
    """No line says that none is left out."""
    cidrs = tuple(f"9.0.{number}.0/24" for number in range(MOST_DIFF_LINES - 3))
    lines = compare_policies(policy(), policy(default=cidrs), names=NAMES).list_lines()
    assert (len(lines), lines[-1]) == (MOST_DIFF_LINES, f"+{cidrs[-1]}")


def test_a_policy_without_objects_differs_from_none() -> None:
    """Two clusters without objects have the same policy."""
    assert not compare_policies(LivePolicy(), LivePolicy(), names=NAMES)
