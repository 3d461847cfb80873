"""The names of Google's fields in the environment resource, as a table.

The service and its REST documentation say ``nodeConfig``, Python's types say ``node_config``; the second follows from
the first. It must not list what the fields mean: what is not in the table is passed on as it came.

Source: https://cloud.google.com/composer/docs/reference/rest/v1/projects.locations.environments and the v1 and v1beta1
message types of google-cloud-orchestration-airflow, both read 2026-11-22.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Final

# Maps whose keys are the user's, never Google's: they are copied letter by letter.
FREE_FORM_MAPS: Final = frozenset({"airflowConfigOverrides", "envVariables", "labels", "pypiPackages"})

FIELD_NAMES: Final = frozenset(
    {
        "airflowByoidUri",
        "airflowConfigOverrides",
        "airflowDatabaseRetentionDays",
        "airflowMetadataRetentionConfig",
        "airflowUri",
        "allowedIpRanges",
        "bucket",
        "cidrBlock",
        "cidrBlocks",
        "cloudComposerConnectionSubnetwork",
        "cloudComposerNetworkIpv4CidrBlock",
        "cloudComposerNetworkIpv4ReservedRange",
        "cloudDataLineageIntegration",
        "cloudSqlIpv4CidrBlock",
        "clusterIpv4CidrBlock",
        "clusterSecondaryRangeName",
        "composerInternalIpv4CidrBlock",
        "composerNetworkAttachment",
        "config",
        "connectionType",
        "count",
        "cpu",
        "createTime",
        "dagGcsPrefix",
        "dagProcessor",
        "dataRetentionConfig",
        "databaseConfig",
        "description",
        "diskSizeGb",
        "displayName",
        "enableIpMasqAgent",
        "enablePrivateBuildsOnly",
        "enablePrivateEndpoint",
        "enablePrivateEnvironment",
        "enablePrivatelyUsedPublicIps",
        "enabled",
        "encryptionConfig",
        "endTime",
        "envVariables",
        "environmentSize",
        "gkeCluster",
        "imageVersion",
        "ipAllocationPolicy",
        "kmsKeyName",
        "labels",
        "location",
        "machineType",
        "maintenanceWindow",
        "masterAuthorizedNetworksConfig",
        "masterIpv4CidrBlock",
        "masterIpv4ReservedRange",
        "maxCount",
        "maxPodsPerNode",
        "memoryGb",
        "minCount",
        "name",
        "network",
        "networkingConfig",
        "nodeConfig",
        "nodeCount",
        "oauthScopes",
        "privateClusterConfig",
        "privateEnvironmentConfig",
        "pypiPackages",
        "pythonVersion",
        "recoveryConfig",
        "recurrence",
        "resilienceMode",
        "retentionDays",
        "retentionMode",
        "satisfiesPzi",
        "satisfiesPzs",
        "scheduledSnapshotsConfig",
        "scheduler",
        "schedulerCount",
        "serviceAccount",
        "servicesIpv4CidrBlock",
        "servicesSecondaryRangeName",
        "snapshotCreationSchedule",
        "snapshotLocation",
        "softwareConfig",
        "startTime",
        "state",
        "storageConfig",
        "storageGb",
        "storageMode",
        "subnetwork",
        "tags",
        "taskLogsRetentionConfig",
        "timeZone",
        "triggerer",
        "updateTime",
        "useIpAliases",
        "uuid",
        "value",
        "webServer",
        "webServerConfig",
        "webServerIpv4CidrBlock",
        "webServerIpv4ReservedRange",
        "webServerNetworkAccessControl",
        "webServerPluginsMode",
        "worker",
        "workloadsConfig",
        "zone",
    }
)


def snake_case(camel_case: str) -> str:
    """Give the spelling of Python's types, which is Terraform's as well.

    :param camel_case: a field's name in REST spelling.
    :return: the name in snake_case.
    """
    return re.sub(r"(?<!^)([A-Z])", lambda letter: f"_{letter[0].lower()}", camel_case)


# Both spellings of every field, to the REST one.
REST_NAMES: Final = MappingProxyType({spelling: name for name in FIELD_NAMES for spelling in (name, snake_case(name))})
