"""The fields of Google's environment resource, their names and their types, as a table.

The service and its REST documentation say ``nodeConfig``, Python's types say ``node_config``; the second follows from
the first. A name has the same type in every place. A field that is not in the table is passed on as it came.

Names and types are those of REST's reference and of the client library [source: composer-environment-resource,
composer-python-types].
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

FREE_FORM_MAPS: Final = frozenset({"airflowConfigOverrides", "envVariables", "labels", "pypiPackages"})
"""Fields that hold a map from text to text, whose keys are the user's, never Google's: copied letter by letter."""

SECTIONS: Final = frozenset(
    {
        "airflowMetadataRetentionConfig",
        "cloudDataLineageIntegration",
        "config",
        "dagProcessor",
        "dataRetentionConfig",
        "databaseConfig",
        "encryptionConfig",
        "ipAllocationPolicy",
        "maintenanceWindow",
        "masterAuthorizedNetworksConfig",
        "networkingConfig",
        "nodeConfig",
        "privateClusterConfig",
        "privateEnvironmentConfig",
        "recoveryConfig",
        "scheduledSnapshotsConfig",
        "scheduler",
        "softwareConfig",
        "storageConfig",
        "taskLogsRetentionConfig",
        "triggerer",
        "webServer",
        "webServerConfig",
        "webServerNetworkAccessControl",
        "worker",
        "workloadsConfig",
    }
)
"""Fields that hold fields."""

BOOLEANS: Final = frozenset(
    {
        "enableIpMasqAgent",
        "enablePrivateBuildsOnly",
        "enablePrivateEndpoint",
        "enablePrivateEnvironment",
        "enablePrivatelyUsedPublicIps",
        "enabled",
        "satisfiesPzi",
        "satisfiesPzs",
        "useIpAliases",
    }
)
"""Fields that are true or false."""

WHOLE_NUMBERS: Final = frozenset(
    {
        "airflowDatabaseRetentionDays",
        "count",
        "diskSizeGb",
        "maxCount",
        "maxPodsPerNode",
        "minCount",
        "nodeCount",
        "retentionDays",
        "schedulerCount",
    }
)
"""Fields that hold an int32."""

TEXTS: Final = frozenset(
    {
        "airflowByoidUri",
        "airflowUri",
        "bucket",
        "cidrBlock",
        "cloudComposerConnectionSubnetwork",
        "cloudComposerNetworkIpv4CidrBlock",
        "cloudComposerNetworkIpv4ReservedRange",
        "cloudSqlIpv4CidrBlock",
        "clusterIpv4CidrBlock",
        "clusterSecondaryRangeName",
        "composerInternalIpv4CidrBlock",
        "composerNetworkAttachment",
        "dagGcsPrefix",
        "description",
        "displayName",
        "gkeCluster",
        "imageVersion",
        "kmsKeyName",
        "location",
        "machineType",
        "masterIpv4CidrBlock",
        "masterIpv4ReservedRange",
        "name",
        "network",
        "pythonVersion",
        "recurrence",
        "serviceAccount",
        "servicesIpv4CidrBlock",
        "servicesSecondaryRangeName",
        "snapshotCreationSchedule",
        "snapshotLocation",
        "subnetwork",
        "timeZone",
        "uuid",
        "value",
        "webServerIpv4CidrBlock",
        "webServerIpv4ReservedRange",
        "zone",
    }
)
"""Fields that hold text."""

TEXT_LISTS: Final = frozenset({"oauthScopes", "tags"})
"""Fields that hold a list of texts."""

SECTION_LISTS: Final = frozenset({"allowedIpRanges", "cidrBlocks"})
"""Fields that hold a list of what holds fields."""

NUMBERS: Final = frozenset({"cpu", "memoryGb", "storageGb"})
"""Fields that hold a floating point number of 32 bits."""

ENUM_WORDS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "connectionType": ("VPC_PEERING", "PRIVATE_SERVICE_CONNECT"),
        "environmentSize": (
            "ENVIRONMENT_SIZE_SMALL",
            "ENVIRONMENT_SIZE_MEDIUM",
            "ENVIRONMENT_SIZE_LARGE",
            "ENVIRONMENT_SIZE_EXTRA_LARGE",
        ),
        "networkingType": ("PUBLIC", "PRIVATE"),
        "resilienceMode": ("HIGH_RESILIENCE",),
        "retentionMode": ("RETENTION_MODE_ENABLED", "RETENTION_MODE_DISABLED"),
        "state": ("CREATING", "RUNNING", "UPDATING", "DELETING", "ERROR"),
        "storageMode": ("CLOUD_LOGGING_AND_CLOUD_STORAGE", "CLOUD_LOGGING_ONLY"),
        "webServerPluginsMode": ("PLUGINS_DISABLED", "PLUGINS_ENABLED"),
    }
)
"""Fields that hold one of Google's words, with those that are known. The service may have learnt another since.

The first word of each enum, which ends in ``_UNSPECIFIED``, is left out: it is the same as no field.
"""

NEWEST_CLIENT_LIBRARY: Final = "1.23.0"
"""The newest google-cloud-orchestration-airflow, of which the tables below are true."""

WORDS_NOT_IN_CLIENT_LIBRARY: Final = frozenset({"ENVIRONMENT_SIZE_EXTRA_LARGE"})
"""Words that Google's client library for Python cannot send [source: composer-extra-large]."""

FIELDS_NOT_IN_CLIENT_LIBRARY: Final = frozenset({"airflowDatabaseRetentionDays", "maxPodsPerNode", "networkingType"})
"""Fields that its v1 types lack; v1beta1's have the first two [source: composer-python-types]."""

ENUMS: Final = frozenset(ENUM_WORDS)
"""The names of these fields."""

TIMES: Final = frozenset({"createTime", "endTime", "startTime", "updateTime"})
"""Fields that hold a time, as text."""

FIELD_NAMES: Final = (
    FREE_FORM_MAPS | SECTIONS | BOOLEANS | WHOLE_NUMBERS | TEXTS | TEXT_LISTS | SECTION_LISTS | NUMBERS | ENUMS | TIMES
)


def to_snake_case(camel_case: str) -> str:
    """Turn a field's REST name into the spelling of Python's types, which is Terraform's as well."""
    return re.sub(r"(?<!^)([A-Z])", lambda letter: f"_{letter[0].lower()}", camel_case)


# Both spellings of every field, to the REST one.
REST_NAMES: Final = MappingProxyType(
    {spelling: name for name in FIELD_NAMES for spelling in (name, to_snake_case(name))}
)
