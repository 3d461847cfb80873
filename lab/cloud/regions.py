"""The regions in which the emulator creates environments, and the address blocks that Google uses there by default."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Region:
    """The default blocks of a region."""

    master_block: str
    tenant_block: str


# N and M of the blocks 172.16.N.0/23 for the GKE control plane and 172.31.M.0/24 for Google's side
# [source: composer-regions]. The page gives the latter for Composer 1's web server. That Composer 2's tenant network
# has the same block in every region is inferred from us-central1 [source: composer-public-environment-defaults].
_TABLE: Final = {
    "africa-south1": (64, 223), "asia-east1": (42, 255), "asia-east2": (0, 255), "asia-northeast1": (2, 254),
    "asia-northeast2": (32, 239), "asia-northeast3": (30, 240), "asia-south1": (4, 253), "asia-south2": (50, 230),
    "asia-southeast1": (40, 235), "asia-southeast2": (44, 233), "australia-southeast1": (6, 252),
    "australia-southeast2": (56, 227), "europe-central2": (36, 237), "europe-north1": (48, 231),
    "europe-southwest1": (58, 226), "europe-west1": (8, 251), "europe-west10": (62, 224), "europe-west12": (62, 224),
    "europe-west2": (10, 250), "europe-west3": (12, 249), "europe-west4": (42, 234), "europe-west6": (14, 248),
    "europe-west8": (60, 225), "europe-west9": (46, 232), "me-central1": (58, 226), "me-central2": (64, 223),
    "me-west1": (54, 228), "northamerica-northeast1": (16, 247), "northamerica-northeast2": (46, 232),
    "northamerica-south1": (68, 221), "southamerica-east1": (18, 246), "southamerica-west1": (58, 226),
    "us-central1": (20, 245), "us-east1": (22, 244), "us-east4": (24, 243), "us-east5": (52, 229),
    "us-south1": (56, 227), "us-west1": (38, 236), "us-west2": (34, 238), "us-west3": (26, 242),
    "us-west4": (28, 241),
}  # fmt: skip
REGIONS: Final = {
    name: Region(master_block=f"172.16.{master}.0/23", tenant_block=f"172.31.{tenant}.0/24")
    for name, (master, tenant) in _TABLE.items()
}

# The pool from which Cloud SQL's range is taken, in every region [source: composer-cloud-sql-pool].
CLOUD_SQL_BLOCK: Final = "10.0.0.0/12"

# Where only projects that already had an environment of Composer 1 could create another one
# [source: composer-1-regions].
WITHOUT_COMPOSER_1: Final = frozenset(
    {"us-central1", "us-east1", "us-east4", "europe-west1", "europe-west2", "europe-west3", "europe-west6"}
)
