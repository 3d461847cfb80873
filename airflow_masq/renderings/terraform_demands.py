"""What the provider of ``google_composer_environment`` demands of arguments that are there, as tables.

Read in resource_composer_environment.go of hashicorp/terraform-provider-google-beta on 2026-11-25: the generations in
``versionValidationCustomizeDiffFunc``, the rest in the schema (``Required``, ``ConflictsWith``, ``ValidateFunc``). Of
the eleven paths of that function one, for ``ip_allocation_policy``, is misspelt, so it refuses none; two are settled
where the wish for a private environment is (``terraform.py``).
"""

from __future__ import annotations

from typing import Final

from airflow_masq.environment.field_generations import FieldGenerations
from airflow_masq.renderings.demands import Demands, Prerequisite, documented

_NODE: Final = "config.nodeConfig"
_NETWORKS: Final = "config.masterAuthorizedNetworksConfig"
_RETENTION: Final = "config.dataRetentionConfig.airflowMetadataRetentionConfig"
_SNAPSHOTS: Final = "config.recoveryConfig.scheduledSnapshotsConfig"
_TRIGGERER: Final = "config.workloadsConfig.triggerer"
_WINDOW: Final = "config.maintenanceWindow"

_TRIGGERER_FIELDS: Final = tuple(f"{_TRIGGERER}.{name}" for name in ("cpu", "memoryGb", "count"))
_WINDOW_FIELDS: Final = tuple(f"{_WINDOW}.{name}" for name in ("startTime", "endTime", "recurrence"))

_GENERATIONS: Final = (
    *documented(
        "config.masterAuthorizedNetworksConfig",
        "config.nodeConfig.composerNetworkAttachment",
        "config.nodeConfig.composerInternalIpv4CidrBlock",
        "config.softwareConfig.webServerPluginsMode",
        "config.privateEnvironmentConfig.enablePrivateBuildsOnly",
        "config.workloadsConfig.dagProcessor",
    ),
    *(FieldGenerations(path=(_NODE, name), first=1, last=2) for name in ("enableIpMasqAgent", "maxPodsPerNode")),
)

_PREREQUISITES: Final = (
    Prerequisite(
        paths=(f"{_NODE}.composerNetworkAttachment",),
        excludes={f"{_NODE}.network": None, f"{_NODE}.subnetwork": None},
    ),
    Prerequisite(paths=(f"{_NETWORKS}.cidrBlocks",), needs=(f"{_NETWORKS}.enabled",)),
    Prerequisite(paths=_TRIGGERER_FIELDS, needs=_TRIGGERER_FIELDS),
    Prerequisite(
        paths=tuple(f"{_SNAPSHOTS}.{name}" for name in ("snapshotCreationSchedule", "snapshotLocation", "timeZone")),
        needs=(f"{_SNAPSHOTS}.enabled",),
    ),
    Prerequisite(paths=_WINDOW_FIELDS, needs=_WINDOW_FIELDS),
)

DEMANDS: Final = Demands(
    tool="Terraform",
    generations=_GENERATIONS,
    prerequisites=_PREREQUISITES,
    bounds={
        "config.nodeCount": (3, None),
        f"{_NODE}.maxPodsPerNode": (8, 110),
        f"{_RETENTION}.retentionDays": (30, 730),
    },
    zero_will_do=True,
)
"""What the provider demands."""
