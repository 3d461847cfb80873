"""Which field of Google's environment resource stands in which section, as a table.

The names are those of REST's reference and of the client library, v1 and v1beta1
[source: composer-environment-resource, composer-python-types, composer-networking-type]. A field that is not in the
table is passed on as it came, and named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType
from typing import Final

from airflow_masq.environment.fields import SECTION_LISTS, SECTIONS

_OF_WORKLOADS: Final = ("cpu", "memoryGb", "storageGb")

SECTION_FIELDS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "": (
            "config",
            "createTime",
            "labels",
            "name",
            "satisfiesPzi",
            "satisfiesPzs",
            "state",
            "storageConfig",
            "updateTime",
            "uuid",
        ),
        "airflowMetadataRetentionConfig": ("retentionDays", "retentionMode"),
        "allowedIpRanges": ("description", "value"),
        "cidrBlocks": ("cidrBlock", "displayName"),
        "cloudDataLineageIntegration": ("enabled",),
        "config": (
            "airflowByoidUri",
            "airflowUri",
            "dagGcsPrefix",
            "dataRetentionConfig",
            "databaseConfig",
            "encryptionConfig",
            "environmentSize",
            "gkeCluster",
            "maintenanceWindow",
            "masterAuthorizedNetworksConfig",
            "nodeConfig",
            "nodeCount",
            "privateEnvironmentConfig",
            "recoveryConfig",
            "resilienceMode",
            "softwareConfig",
            "webServerConfig",
            "webServerNetworkAccessControl",
            "workloadsConfig",
        ),
        "dagProcessor": (*_OF_WORKLOADS, "count"),
        "dataRetentionConfig": (
            "airflowDatabaseRetentionDays",
            "airflowMetadataRetentionConfig",
            "taskLogsRetentionConfig",
        ),
        "databaseConfig": ("machineType", "zone"),
        "encryptionConfig": ("kmsKeyName",),
        "ipAllocationPolicy": (
            "clusterIpv4CidrBlock",
            "clusterSecondaryRangeName",
            "servicesIpv4CidrBlock",
            "servicesSecondaryRangeName",
            "useIpAliases",
        ),
        "maintenanceWindow": ("endTime", "recurrence", "startTime"),
        "masterAuthorizedNetworksConfig": ("cidrBlocks", "enabled"),
        "networkingConfig": ("connectionType",),
        "nodeConfig": (
            "composerInternalIpv4CidrBlock",
            "composerNetworkAttachment",
            "diskSizeGb",
            "enableIpMasqAgent",
            "ipAllocationPolicy",
            "location",
            "machineType",
            "maxPodsPerNode",
            "network",
            "oauthScopes",
            "serviceAccount",
            "subnetwork",
            "tags",
        ),
        "privateClusterConfig": ("enablePrivateEndpoint", "masterIpv4CidrBlock", "masterIpv4ReservedRange"),
        "privateEnvironmentConfig": (
            "cloudComposerConnectionSubnetwork",
            "cloudComposerNetworkIpv4CidrBlock",
            "cloudComposerNetworkIpv4ReservedRange",
            "cloudSqlIpv4CidrBlock",
            "enablePrivateBuildsOnly",
            "enablePrivateEnvironment",
            "enablePrivatelyUsedPublicIps",
            "networkingConfig",
            "networkingType",
            "privateClusterConfig",
            "webServerIpv4CidrBlock",
            "webServerIpv4ReservedRange",
        ),
        "recoveryConfig": ("scheduledSnapshotsConfig",),
        "scheduledSnapshotsConfig": ("enabled", "snapshotCreationSchedule", "snapshotLocation", "timeZone"),
        "scheduler": (*_OF_WORKLOADS, "count"),
        "softwareConfig": (
            "airflowConfigOverrides",
            "cloudDataLineageIntegration",
            "envVariables",
            "imageVersion",
            "pypiPackages",
            "pythonVersion",
            "schedulerCount",
            "webServerPluginsMode",
        ),
        "storageConfig": ("bucket",),
        "taskLogsRetentionConfig": ("storageMode",),
        "triggerer": ("count", "cpu", "memoryGb"),
        "webServer": _OF_WORKLOADS,
        "webServerConfig": ("machineType",),
        "webServerNetworkAccessControl": ("allowedIpRanges",),
        "worker": (*_OF_WORKLOADS, "maxCount", "minCount"),
        "workloadsConfig": ("dagProcessor", "scheduler", "triggerer", "webServer", "worker"),
    }
)
"""The fields of each section, by the section's name; those of the resource itself under the empty name."""


@dataclass(frozen=True, kw_only=True)
class PlacedField:
    """A field with its place.

    :param path: the names on the way down.
    :param section: the name of the section that it stands in.
    """

    path: tuple[str, ...]
    section: str
    value: object

    @property
    def is_known(self) -> bool:
        """Whether the section has a field of that name."""
        return self.path[-1] in SECTION_FIELDS[self.section]


def walk_fields(
    fields: Mapping[str, object], *, section: str = "", around: tuple[str, ...] = ()
) -> Iterator[PlacedField]:
    """Walk the fields of a resource, without what is inside of one that is not known where it stands.

    :param fields: the resource in REST spelling, or one of its sections.
    :param section: the name of that section, default the resource itself.
    :param around: the names on the way to it.
    """
    for name, value in fields.items():
        placed = PlacedField(path=(*around, name), section=section, value=value)
        yield placed
        if placed.is_known and name in SECTIONS and isinstance(value, Mapping):
            yield from walk_fields(value, section=name, around=placed.path)
        elif placed.is_known and name in SECTION_LISTS and isinstance(value, list):
            for index, item in enumerate(value):
                if isinstance(item, Mapping):
                    yield from walk_fields(item, section=name, around=(*around, f"{name}[{index}]"))


def find_meant_field(placed: PlacedField) -> tuple[str, str]:
    """Find what a field that is not known there may mean.

    :return: the section that has a field of exactly that name, and the field of its own section whose spelling is near;
        each may be empty.
    """
    name = placed.path[-1]
    known = {_fold(each): each for each in SECTION_FIELDS[placed.section]}
    near = get_close_matches(_fold(name), known, n=1)
    homes = [section for section, names in SECTION_FIELDS.items() if section and name in names]
    return homes[0] if homes else "", known[near[0]] if near else ""


def _fold(name: str) -> str:
    return name[:100].replace("_", "").replace("-", "").lower()
