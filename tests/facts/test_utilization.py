"""How full ranges are is read from the numbers that Compute tells."""

from __future__ import annotations

import pytest

from airflow_masq.facts import Utilization, read_utilizations


def test_each_range_with_numbers_is_read() -> None:
    """The primary range has no name; numbers are texts in JSON; what has no number is left out."""
    rows = [
        {"totalAllocatedIp": "12", "totalFreeIp": "240"},
        {"rangeName": "pods", "totalAllocatedIp": "4096"},
        {"rangeName": "services", "totalFreeIp": "1024"},
        {"rangeName": "nothing"},
    ]
    assert read_utilizations({"utilizationDetails": {"ipv4Utilizations": rows}}) == (
        Utilization(range_name="", allocated=12, free=240),
        Utilization(range_name="pods", allocated=4096, free=0),
        Utilization(range_name="services", allocated=0, free=1024),
    )
    assert read_utilizations({"name": "a subnetwork of yesterday"}) == ()


@pytest.mark.parametrize(("allocated", "free", "share"), [(1, 3, 0.25), (0, 4, 0.0), (4, 0, 1.0), (0, 0, 1.0)])
def test_the_share_is_that_of_all_addresses(allocated: int, free: int, share: float) -> None:
    """A range without a free address is full."""
    assert Utilization(range_name="", allocated=allocated, free=free).share == share
