"""How full a subnetwork's ranges are, as the Compute API tells of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_masq.facts.rest import find_items, find_number, find_text

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class Utilization:
    """The allocated and free IPv4 addresses of one range.

    :param range_name: the secondary range's name; empty for the primary range.
    """

    range_name: str
    allocated: int
    free: int

    @property
    def share(self) -> float:
        """The allocated part, 0 to 1; a range without a free address is full."""
        return self.allocated / (self.allocated + self.free) if self.free else 1.0


def read_utilizations(resource: Mapping[str, object]) -> tuple[Utilization, ...]:
    """Read the REST resource of a subnetwork with ``views=WITH_UTILIZATION`` [source: compute-subnetwork-utilization].

    A range without numbers is left out.
    """
    read = []
    for entry in find_items(resource, "utilizationDetails", "ipv4Utilizations"):
        # Whether Google leaves a zero out, as protobuf's JSON does, is not verified: one of the two may be missing.
        numbers = find_number(entry, "totalAllocatedIp"), find_number(entry, "totalFreeIp")
        if numbers != (None, None):
            allocated, free = (number or 0 for number in numbers)
            read.append(Utilization(range_name=find_text(entry, "rangeName"), allocated=allocated, free=free))
    return tuple(read)
