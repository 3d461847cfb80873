"""The table of regions knows Composer's, and a mistyped one leads to the nearest."""

from __future__ import annotations

import pytest

from airflow_masq.environment.regions import MULTI_REGIONS, REGIONS, find_nearest_region


@pytest.mark.parametrize(
    ("location", "nearest"),
    [
        ("europe-west-1", "europe-west1"),
        ("us-central1-a", "us-central1"),
        ("uscentral1", "us-central1"),
        ("moon", None),
    ],
)
def test_the_region_that_was_meant_is_found(location: str, nearest: str | None) -> None:
    """A misspelt region and a zone lead to the region; a word that resembles none leads nowhere."""
    assert find_nearest_region(location) == nearest


def test_every_region_is_its_own_nearest() -> None:
    """The table has each of the 41 regions once, and no multi-region."""
    assert len(REGIONS) == 41
    assert all(find_nearest_region(region) == region for region in REGIONS)
    assert not REGIONS & MULTI_REGIONS
