"""To some destinations no packet leaves a Pod."""

from __future__ import annotations

import pytest
from netaddr import IPAddress

from airflow_masq.network.arrival import never_leaves_pod


@pytest.mark.parametrize(
    ("inside", "outside"),
    [
        ("0.0.0.0", "1.0.0.0"),
        ("0.255.255.255", "126.255.255.255"),
        ("127.0.0.0", "128.0.0.0"),
        ("127.255.255.255", "169.254.169.254"),
        ("224.0.0.0", "223.255.255.255"),
        ("239.255.255.255", "240.0.0.0"),
        ("255.255.255.255", "255.255.255.254"),
        ("::", "::2"),
        ("::1", "fe80::1"),
        ("ff00::", "feff::"),
        ("ff02::1", "2001:db8::1"),
    ],
)
def test_loopback_multicast_and_the_like_never_leave_a_pod(inside: str, outside: str) -> None:
    """The borders of each such range are in it, and their neighbours are destinations like any other."""
    assert never_leaves_pod(IPAddress(inside))
    assert not never_leaves_pod(IPAddress(outside))
