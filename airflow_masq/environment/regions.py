"""The regions that offer Composer, as a dated table, so that a mistyped one is noticed before the service is asked.

Google adds regions, so one that is missing here may well exist.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Final

# The table "Default IP ranges" lists every region [source: composer-regions]. That every generation is
# offered in all of them is inferred.
REGIONS: Final = frozenset(
    {
        "africa-south1",
        "asia-east1",
        "asia-east2",
        "asia-northeast1",
        "asia-northeast2",
        "asia-northeast3",
        "asia-south1",
        "asia-south2",
        "asia-southeast1",
        "asia-southeast2",
        "australia-southeast1",
        "australia-southeast2",
        "europe-central2",
        "europe-north1",
        "europe-southwest1",
        "europe-west1",
        "europe-west10",
        "europe-west12",
        "europe-west2",
        "europe-west3",
        "europe-west4",
        "europe-west6",
        "europe-west8",
        "europe-west9",
        "me-central1",
        "me-central2",
        "me-west1",
        "northamerica-northeast1",
        "northamerica-northeast2",
        "northamerica-south1",
        "southamerica-east1",
        "southamerica-west1",
        "us-central1",
        "us-east1",
        "us-east4",
        "us-east5",
        "us-south1",
        "us-west1",
        "us-west2",
        "us-west3",
        "us-west4",
    }
)

MULTI_REGIONS: Final = frozenset({"us", "eu", "europe", "asia"})
"""Locations of Cloud Storage and others, which hold several regions; Composer answers "Unexpected location"."""


def find_nearest_region(location: str) -> str | None:
    """Find the region that was probably meant: that of a zone, or the one that is spelt most alike."""
    matches = get_close_matches(location, sorted(REGIONS), n=1, cutoff=0.7)
    return matches[0] if matches else None
