"""A firewall's view of a source of which only the ranges are known."""

from __future__ import annotations

import pytest
from netaddr import IPNetwork

from airflow_masq.network.firewall import lets_in


@pytest.mark.parametrize(
    ("allowed", "sources", "expected"),
    [
        # nobody said
        ("", "10.128.0.0/20", None),
        # one range
        ("10.0.0.0/8", "10.128.0.0/20", True),
        ("10.128.0.0/20", "10.128.0.0/20", True),
        ("10.128.0.0/21", "10.128.0.0/20", None),
        ("172.16.0.0/12", "10.128.0.0/20", False),
        # several that only together hold the source
        ("10.128.0.0/21 10.128.8.0/21", "10.128.0.0/20", True),
        ("10.128.0.0/21 10.128.16.0/21", "10.128.0.0/20", None),
        # several sources
        ("10.0.0.0/8", "10.1.0.1/32 10.2.0.1/32", True),
        ("10.1.0.0/16", "10.1.0.1/32 10.2.0.1/32", None),
        ("10.3.0.0/16", "10.1.0.1/32 10.2.0.1/32", False),
        # the other family
        ("2001:db8::/32", "10.128.0.0/20", False),
        ("0.0.0.0/0", "10.128.0.0/20", True),
        ("::/0", "10.128.0.0/20", False),
    ],
)
def test_a_firewall_is_told_only_where_all_sources_agree(allowed: str, sources: str, *, expected: bool | None) -> None:
    """All, none, or a part of the possible sources may enter: true, false, or cannot be told."""
    lists = [[IPNetwork(cidr) for cidr in text.split()] for text in (allowed, sources)]
    assert lets_in(lists[0], sources=lists[1], version=4) is expected


@pytest.mark.parametrize(
    ("allowed", "from_internet", "expected"),
    [
        ("0.0.0.0/0", False, True),
        ("0.0.0.0/0", True, True),
        ("::/0", True, False),
        ("10.0.0.0/8", False, None),
        ("10.0.0.0/8 100.64.0.0/12", True, False),
        ("10.0.0.0/8 34.0.0.0/8", True, None),
        ("8.0.0.0/5", True, None),
    ],
)
def test_an_unknown_source_is_told_only_by_its_kind(
    allowed: str, *, from_internet: bool, expected: bool | None
) -> None:
    """Of an address that is not known, only that the internet routes it can speak against it."""
    stated = [IPNetwork(cidr) for cidr in allowed.split()]
    assert lets_in(stated, sources=(), version=4, from_internet=from_internet) is expected
