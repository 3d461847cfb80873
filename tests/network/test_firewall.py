"""A firewall's view of a source of which only the ranges are known."""

from __future__ import annotations

import pytest
from netaddr import IPNetwork

from airflow_masq.network.firewall import FirewallAnswer, ask_firewall

ALL, NONE, SOME, UNKNOWN = FirewallAnswer


@pytest.mark.parametrize(
    ("allowed", "sources", "expected"),
    [
        # the plan does not say
        ("", "10.128.0.0/20", UNKNOWN),
        # one range
        ("10.0.0.0/8", "10.128.0.0/20", ALL),
        ("10.128.0.0/20", "10.128.0.0/20", ALL),
        ("10.128.0.0/21", "10.128.0.0/20", SOME),
        ("172.16.0.0/12", "10.128.0.0/20", NONE),
        # several that only together hold the source
        ("10.128.0.0/21 10.128.8.0/21", "10.128.0.0/20", ALL),
        ("10.128.0.0/21 10.128.16.0/21", "10.128.0.0/20", SOME),
        # several sources
        ("10.0.0.0/8", "10.1.0.1/32 10.2.0.1/32", ALL),
        ("10.1.0.0/16", "10.1.0.1/32 10.2.0.1/32", SOME),
        ("10.3.0.0/16", "10.1.0.1/32 10.2.0.1/32", NONE),
        # the other family
        ("2001:db8::/32", "10.128.0.0/20", NONE),
        ("0.0.0.0/0", "10.128.0.0/20", ALL),
        ("::/0", "10.128.0.0/20", NONE),
    ],
)
def test_a_firewall_is_told_only_where_all_sources_agree(allowed: str, sources: str, expected: FirewallAnswer) -> None:
    """All, none, or a part of the possible sources may enter."""
    lists = [[IPNetwork(cidr) for cidr in text.split()] for text in (allowed, sources)]
    assert ask_firewall(lists[0], sources=lists[1], version=4) is expected


@pytest.mark.parametrize(
    ("allowed", "from_internet", "expected"),
    [
        ("0.0.0.0/0", False, ALL),
        ("0.0.0.0/0", True, ALL),
        ("::/0", True, NONE),
        ("10.0.0.0/8", False, UNKNOWN),
        ("10.0.0.0/8 100.64.0.0/12", True, NONE),
        ("10.0.0.0/8 34.0.0.0/8", True, UNKNOWN),
        ("8.0.0.0/5", True, UNKNOWN),
    ],
)
def test_an_unknown_source_is_told_only_by_its_kind(
    allowed: str, *, from_internet: bool, expected: FirewallAnswer
) -> None:
    """Of an address that is not known, only that the internet routes it can speak against it."""
    stated = [IPNetwork(cidr) for cidr in allowed.split()]
    assert ask_firewall(stated, sources=(), version=4, from_internet=from_internet) is expected


@pytest.mark.parametrize(("answer", "allowed"), [(ALL, True), (NONE, False), (SOME, None), (UNKNOWN, None)])
def test_in_json_only_a_clear_answer_is_true_or_false(answer: FirewallAnswer, *, allowed: bool | None) -> None:
    """``allowed`` is null where it depends on the source, as where nothing is known."""
    assert answer.allowed is allowed
