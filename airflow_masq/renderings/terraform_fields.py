"""The arguments of Terraform's ``google_composer_environment``, each beside the field of the resource that it sets.

Read in the documentation of hashicorp/terraform-provider-google-beta and in its resource_composer_environment.go on
2026-11-22. Most arguments are the field's name in snake_case; the exceptions stand in tables. It must not know how a
file is put together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from airflow_masq.environment.fields import snake_case
from airflow_masq.renderings import hcl
from airflow_masq.renderings.environment_fields import EnvironmentField, allowed_ip_ranges

FORM: Final = "terraform"


@dataclass(kw_only=True)
class Block:
    """A block while it is being filled.

    :param attributes: lines of expressions by attribute.
    :param repeated: name and attributes of blocks that may stand there several times.
    :param blocks: the blocks inside.
    """

    attributes: dict[str, list[str]] = field(default_factory=dict)
    repeated: list[tuple[str, dict[str, list[str]]]] = field(default_factory=list)
    blocks: dict[str, Block] = field(default_factory=dict)

    def inner(self, name: str) -> Block:
        """Give the block of a name inside this one.

        :param name: its name.
        :return: the block, made where it was not there.
        """
        return self.blocks.setdefault(name, Block())


@dataclass(frozen=True, kw_only=True)
class Repeated:
    """A value that Terraform writes as several blocks of one name.

    :param blocks: their attributes.
    """

    blocks: list[dict[str, list[str]]]


_Value = hcl.Scalar | list[str] | Mapping[str, str] | Repeated
_Reader = Callable[["EnvironmentField"], _Value]


def written(source: EnvironmentField) -> _Value:
    """Give what Terraform writes for a field.

    :param source: a field of ``FIELDS``.
    :return: its value.
    :raises InexpressibleError: when the field's value is of another kind.
    """
    return FIELDS[source.path](source)


def block_path(path: str) -> list[str]:
    """Give the place of a field within Terraform's resource.

    :param path: a field of ``FIELDS``.
    :return: the names of the blocks around it, then the argument's own.
    """
    return _PLACES.get(path, ".".join(map(snake_case, path.split(".")))).split(".")


def _boolean(source: EnvironmentField) -> bool:
    return source.boolean()


def _scalar(source: EnvironmentField) -> str | int | float:
    return source.scalar()


def _texts(source: EnvironmentField) -> list[str]:
    return source.texts()


def _pairs(source: EnvironmentField) -> Mapping[str, str]:
    return source.pairs()


def _one_of(*words: str) -> _Reader:
    """Read one of the words that the provider knows (its schema's ``StringInSlice``, read 2026-11-25)."""

    def read(source: EnvironmentField) -> str:
        text = str(source.scalar())
        if text not in words:
            raise source.error(f"the provider knows {', '.join(words)} only")
        return text

    return read


def _plugins_mode(source: EnvironmentField) -> str:
    words = {"PLUGINS_ENABLED": "ENABLED", "PLUGINS_DISABLED": "DISABLED"}
    text = str(source.scalar())
    if text not in words:
        raise source.error(f"the provider knows {', '.join(words)} only")
    return words[text]


def _allowed_ip_ranges(source: EnvironmentField) -> Repeated:
    ranges = allowed_ip_ranges(source)
    if not ranges.value:
        raise ranges.error("an empty list lets nobody in, and the provider takes it for none at all; use rest")
    return _blocks(ranges.records("value", "description"))


def _authorized_networks(source: EnvironmentField) -> Repeated:
    return _blocks(source.records("cidrBlock", "displayName"))


def _blocks(records: list[dict[str, str]]) -> Repeated:
    return Repeated(
        blocks=[{snake_case(key): hcl.expression(item) for key, item in record.items()} for record in records]
    )


_PRIVATE: Final = "config.privateEnvironmentConfig"

PRIVATE_BLOCK: Final[Mapping[str, _Reader]] = {
    f"{_PRIVATE}.networkingConfig.connectionType": _one_of("VPC_PEERING", "PRIVATE_SERVICE_CONNECT"),
    f"{_PRIVATE}.privateClusterConfig.enablePrivateEndpoint": _boolean,
    f"{_PRIVATE}.privateClusterConfig.masterIpv4CidrBlock": _scalar,
    f"{_PRIVATE}.cloudSqlIpv4CidrBlock": _scalar,
    f"{_PRIVATE}.webServerIpv4CidrBlock": _scalar,
    f"{_PRIVATE}.cloudComposerNetworkIpv4CidrBlock": _scalar,
    f"{_PRIVATE}.cloudComposerConnectionSubnetwork": _scalar,
    f"{_PRIVATE}.enablePrivatelyUsedPublicIps": _boolean,
}
"""The fields of Terraform's ``private_environment_config``, whose presence alone makes an environment private."""

_PLACES: Final = {
    "config.nodeConfig.location": "config.node_config.zone",
    f"{_PRIVATE}.enablePrivateEnvironment": "config.enable_private_environment",
    f"{_PRIVATE}.enablePrivateBuildsOnly": "config.enable_private_builds_only",
    f"{_PRIVATE}.networkingConfig.connectionType": "config.private_environment_config.connection_type",
    f"{_PRIVATE}.privateClusterConfig.enablePrivateEndpoint": (
        "config.private_environment_config.enable_private_endpoint"
    ),
    f"{_PRIVATE}.privateClusterConfig.masterIpv4CidrBlock": "config.private_environment_config.master_ipv4_cidr_block",
    "config.webServerNetworkAccessControl": ("config.web_server_network_access_control.allowed_ip_range"),
}

FIELDS: Final[Mapping[str, _Reader]] = {
    "config.softwareConfig.imageVersion": _scalar,
    "config.softwareConfig.airflowConfigOverrides": _pairs,
    "config.softwareConfig.pypiPackages": _pairs,
    "config.softwareConfig.envVariables": _pairs,
    "config.softwareConfig.pythonVersion": _scalar,
    "config.softwareConfig.schedulerCount": _scalar,
    "config.softwareConfig.cloudDataLineageIntegration.enabled": _boolean,
    "config.softwareConfig.webServerPluginsMode": _plugins_mode,
    "config.nodeCount": _scalar,
    "config.nodeConfig.enableIpMasqAgent": _boolean,
    "config.nodeConfig.network": _scalar,
    "config.nodeConfig.subnetwork": _scalar,
    "config.nodeConfig.composerNetworkAttachment": _scalar,
    "config.nodeConfig.composerInternalIpv4CidrBlock": _scalar,
    "config.nodeConfig.serviceAccount": _scalar,
    "config.nodeConfig.location": _scalar,
    "config.nodeConfig.machineType": _scalar,
    "config.nodeConfig.diskSizeGb": _scalar,
    "config.nodeConfig.maxPodsPerNode": _scalar,
    "config.nodeConfig.oauthScopes": _texts,
    "config.nodeConfig.tags": _texts,
    "config.nodeConfig.ipAllocationPolicy.useIpAliases": _boolean,
    "config.nodeConfig.ipAllocationPolicy.clusterIpv4CidrBlock": _scalar,
    "config.nodeConfig.ipAllocationPolicy.clusterSecondaryRangeName": _scalar,
    "config.nodeConfig.ipAllocationPolicy.servicesIpv4CidrBlock": _scalar,
    "config.nodeConfig.ipAllocationPolicy.servicesSecondaryRangeName": _scalar,
    f"{_PRIVATE}.enablePrivateEnvironment": _boolean,
    f"{_PRIVATE}.enablePrivateBuildsOnly": _boolean,
    **PRIVATE_BLOCK,
    "config.webServerNetworkAccessControl": _allowed_ip_ranges,
    "config.masterAuthorizedNetworksConfig.enabled": _boolean,
    "config.masterAuthorizedNetworksConfig.cidrBlocks": _authorized_networks,
    "config.environmentSize": _scalar,
    "config.resilienceMode": _scalar,
    **{
        f"config.workloadsConfig.{workload}.{name}": _scalar
        for workload, names in {
            "scheduler": ("cpu", "memoryGb", "storageGb", "count"),
            "triggerer": ("cpu", "memoryGb", "count"),
            "webServer": ("cpu", "memoryGb", "storageGb"),
            "worker": ("cpu", "memoryGb", "storageGb", "minCount", "maxCount"),
            "dagProcessor": ("cpu", "memoryGb", "storageGb", "count"),
        }.items()
        for name in names
    },
    "config.databaseConfig.machineType": _scalar,
    "config.databaseConfig.zone": _scalar,
    "config.webServerConfig.machineType": _scalar,
    "config.encryptionConfig.kmsKeyName": _scalar,
    "config.maintenanceWindow.startTime": _scalar,
    "config.maintenanceWindow.endTime": _scalar,
    "config.maintenanceWindow.recurrence": _scalar,
    "config.recoveryConfig.scheduledSnapshotsConfig.enabled": _boolean,
    "config.recoveryConfig.scheduledSnapshotsConfig.snapshotLocation": _scalar,
    "config.recoveryConfig.scheduledSnapshotsConfig.snapshotCreationSchedule": _scalar,
    "config.recoveryConfig.scheduledSnapshotsConfig.timeZone": _scalar,
    "config.dataRetentionConfig.taskLogsRetentionConfig.storageMode": _one_of(
        "CLOUD_LOGGING_ONLY", "CLOUD_LOGGING_AND_CLOUD_STORAGE"
    ),
    "config.dataRetentionConfig.airflowMetadataRetentionConfig.retentionMode": _one_of(
        "RETENTION_MODE_ENABLED", "RETENTION_MODE_DISABLED"
    ),
    "config.dataRetentionConfig.airflowMetadataRetentionConfig.retentionDays": _scalar,
    "storageConfig.bucket": _scalar,
    "labels": _pairs,
}
