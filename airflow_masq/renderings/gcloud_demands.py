"""What ``gcloud composer environments create`` demands of flags that are there, as tables.

Read in Google Cloud SDK 528.0.0 (``create.py``'s checks, ``flags.py``'s required flags and exclusive actions) on
2026-11-25, and tried with it. What gcloud passes on to the service unchecked is not in here: what becomes of that is
not verified.
"""

from __future__ import annotations

from typing import Final

from airflow_masq.environment import COMPOSER_1
from airflow_masq.environment.field_generations import FieldGenerations
from airflow_masq.renderings.demands import Demands, Prerequisite, documented

_NODE: Final = "config.nodeConfig"
_ALLOCATION: Final = f"{_NODE}.ipAllocationPolicy"
_PRIVATE: Final = "config.privateEnvironmentConfig"
_SNAPSHOTS: Final = "config.recoveryConfig.scheduledSnapshotsConfig"
_WORKLOADS: Final = "config.workloadsConfig"
_TRIGGERER: Final = f"{_WORKLOADS}.triggerer"
_WINDOW: Final = "config.maintenanceWindow"

_SNAPSHOT_FIELDS: Final = tuple(
    f"{_SNAPSHOTS}.{name}" for name in ("enabled", "snapshotCreationSchedule", "snapshotLocation", "timeZone")
)
_WINDOW_FIELDS: Final = tuple(f"{_WINDOW}.{name}" for name in ("startTime", "endTime", "recurrence"))

_GENERATIONS: Final = (
    *documented(
        "config.nodeConfig.machineType",
        "config.nodeConfig.diskSizeGb",
        "config.softwareConfig.pythonVersion",
        # --scheduler-count would set workloadsConfig.scheduler.count, and for Composer 1 the other way round.
        "config.softwareConfig.schedulerCount",
        "config.workloadsConfig",
        "config.databaseConfig.machineType",
        "config.webServerConfig.machineType",
        "config.privateEnvironmentConfig.webServerIpv4CidrBlock",
        "config.privateEnvironmentConfig.privateClusterConfig",
        "config.privateEnvironmentConfig.cloudSqlIpv4CidrBlock",
        "config.privateEnvironmentConfig.cloudComposerConnectionSubnetwork",
        "config.environmentSize",
        "config.recoveryConfig",
        "config.resilienceMode",
        "config.nodeConfig.composerNetworkAttachment",
        "config.nodeConfig.composerInternalIpv4CidrBlock",
        "config.softwareConfig.webServerPluginsMode",
        "config.privateEnvironmentConfig.enablePrivateBuildsOnly",
        "config.workloadsConfig.dagProcessor",
    ),
    FieldGenerations(path=(_ALLOCATION, "useIpAliases"), first=1, last=1),
    FieldGenerations(path=(_PRIVATE, "cloudComposerNetworkIpv4CidrBlock"), first=2, last=2),
    *(
        FieldGenerations(path=(path,), first=2, last=None)
        for path in (
            f"{_PRIVATE}.networkingConfig",
            "config.softwareConfig.cloudDataLineageIntegration",
            "config.databaseConfig.zone",
            "config.dataRetentionConfig.taskLogsRetentionConfig",
            "storageConfig.bucket",
        )
    ),
)

_PREREQUISITES: Final = (
    Prerequisite(paths=(f"{_NODE}.subnetwork",), needs=(f"{_NODE}.network",)),
    Prerequisite(
        paths=(f"{_NODE}.composerNetworkAttachment",),
        excludes={f"{_NODE}.network": None, f"{_NODE}.subnetwork": None},
    ),
    *(
        Prerequisite(paths=(path,), needs=(f"{_ALLOCATION}.useIpAliases",), generation=COMPOSER_1)
        for path in (
            f"{_NODE}.enableIpMasqAgent",
            f"{_ALLOCATION}.clusterIpv4CidrBlock",
            f"{_ALLOCATION}.clusterSecondaryRangeName",
            f"{_ALLOCATION}.servicesIpv4CidrBlock",
            f"{_ALLOCATION}.servicesSecondaryRangeName",
            f"{_PRIVATE}.enablePrivateEnvironment",
        )
    ),
    *(
        Prerequisite(paths=(f"{_PRIVATE}.{name}",), needs=(f"{_PRIVATE}.enablePrivateEnvironment",))
        for name in (
            "privateClusterConfig.enablePrivateEndpoint",
            "privateClusterConfig.masterIpv4CidrBlock",
            "webServerIpv4CidrBlock",
            "cloudSqlIpv4CidrBlock",
            "cloudComposerNetworkIpv4CidrBlock",
            "cloudComposerConnectionSubnetwork",
            "networkingConfig.connectionType",
            "enablePrivatelyUsedPublicIps",  # for Composer 3 not refused, but dropped
        )
    ),
    Prerequisite(
        paths=(f"{_PRIVATE}.cloudComposerConnectionSubnetwork",),
        excludes={f"{_PRIVATE}.networkingConfig.connectionType": "VPC_PEERING"},
    ),
    Prerequisite(
        paths=("config.masterAuthorizedNetworksConfig.cidrBlocks",),
        needs=("config.masterAuthorizedNetworksConfig.enabled",),
    ),
    Prerequisite(paths=(f"{_TRIGGERER}.cpu", f"{_TRIGGERER}.memoryGb"), needs=(f"{_TRIGGERER}.count",)),
    Prerequisite(paths=_SNAPSHOT_FIELDS, needs=_SNAPSHOT_FIELDS),
    Prerequisite(paths=_WINDOW_FIELDS, needs=_WINDOW_FIELDS),
)

_BOUNDS: Final = {
    f"{_NODE}.diskSizeGb": (20, 64 * 1024),
    **{f"{_WORKLOADS}.{name}.memoryGb": (0.125, 512) for name in ("scheduler", "triggerer", "worker", "webServer")},
    f"{_WORKLOADS}.dagProcessor.memoryGb": (1, 128),
    f"{_WORKLOADS}.scheduler.storageGb": (5 / 1024, 10),
    **{f"{_WORKLOADS}.{name}.storageGb": (0, 10) for name in ("worker", "webServer")},
    f"{_WORKLOADS}.dagProcessor.storageGb": (0, 100),
}

DEMANDS: Final = Demands(
    tool="gcloud",
    generations=_GENERATIONS,
    prerequisites=_PREREQUISITES,
    bounds=_BOUNDS,
    zero_will_do=False,
)
"""What gcloud demands."""
