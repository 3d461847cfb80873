"""The flags of ``gcloud composer environments create``, each beside the field of the resource that it sets.

As read in Google Cloud SDK 528.0.0 on 2026-11-22 (``gcloud.py`` names the files). It is a table: it must not know how a
command line is put together.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Mapping
from typing import Final, cast

from airflow_masq.renderings.environment_fields import EnvironmentField, allowed_ip_ranges

FORM: Final = "gcloud"

_Words = list[tuple[str, ...]]
_Writer = Callable[["EnvironmentField"], _Words]

# gcloud keeps three decimals of a gigabyte (MemorySizeBytesToGB).
_GIGABYTE: Final = 1 << 30
_KEPT_DECIMALS: Final = 3

_KMS_KEY: Final = re.compile("projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+")

_DATABASE_RETENTION_FLAG: Final = "--airflow-database-retention-days"

# "^;^a;b" is a list whose items are parted by a semicolon (https://cloud.google.com/sdk/gcloud/reference/topic/escaping,
# read 2026-11-22).
_SEPARATORS: Final = tuple(f",;:|~#@%!+/&?*_{string.ascii_letters}{string.digits}")


def _value(flag: str) -> _Writer:
    return lambda field: [(flag, _text(field, str(field.scalar())))]


def _cidr(flag: str) -> _Writer:
    def write(field: EnvironmentField) -> _Words:
        text = str(field.scalar())
        if text.startswith("/"):
            raise field.error(f"{flag} takes no bare size; write the whole CIDR, or use rest or terraform")
        return [(flag, _text(field, text))]

    return write


def _switch(on: str, *, off: str | None = None) -> _Writer:
    """Write a flag without a value; where nothing says "off", that is what leaving the flag out means."""
    return lambda field: [(on,)] if field.boolean() else [(off,)] if off else []


def _choice(words: Mapping[str, tuple[str, ...]]) -> _Writer:
    def write(field: EnvironmentField) -> _Words:
        text = field.scalar()
        if text not in words:
            raise field.error(f"gcloud has words for {', '.join(words)} only")
        return [words[str(text)]]

    return write


def _gigabytes(flag: str) -> _Writer:
    return lambda field: [(flag, _size(field))]


def _list(flag: str) -> _Writer:
    def write(field: EnvironmentField) -> _Words:
        texts = field.texts()
        if len(set(texts)) < len(texts):
            raise field.error("gcloud refuses a text that is twice in a list; leave one of them out")
        return _joined(flag, texts, field)

    return write


def _kms_key(field: EnvironmentField) -> _Words:
    name = str(field.scalar())
    if not _KMS_KEY.fullmatch(name):
        raise field.error("gcloud wants the whole name, projects/…/locations/…/keyRings/…/cryptoKeys/…")
    return [("--kms-key", _text(field, name))]


def _pairs(flag: str) -> _Writer:
    return lambda field: _joined(flag, [_pair(field, *pair) for pair in field.pairs().items()], field)


def _web_server_access(field: EnvironmentField) -> _Words:
    ranges = allowed_ip_ranges(field)
    records = ranges.records("value", "description")
    if not records:
        return [("--web-server-deny-all",)]
    return [word for record in records for word in _allowed_range(ranges, record)]


def _database_retention(field: EnvironmentField) -> _Words:
    """Write the two fields that one flag sets: so many days, and enabled; or none, and disabled."""
    settings = cast("Mapping[str, object]", field.value)
    if set(settings) - {"retentionMode", "retentionDays"}:
        raise field.error("the form has words for its retentionMode and retentionDays only")
    mode, days = settings.get("retentionMode"), settings.get("retentionDays") or 0
    if mode is None and not days:
        return []
    if (mode, days) != ("RETENTION_MODE_DISABLED", 0) and (mode != "RETENTION_MODE_ENABLED" or not days):
        raise field.error(
            f"{_DATABASE_RETENTION_FLAG} says RETENTION_MODE_ENABLED with its retentionDays, or "
            "RETENTION_MODE_DISABLED without; set both so, or use rest or terraform"
        )
    return [(_DATABASE_RETENTION_FLAG, str(days))]


def _allowed_range(field: EnvironmentField, record: Mapping[str, str]) -> _Words:
    named = {"ip_range": record["value"], "description": record.get("description", "")}
    items = [_pair(field, key, value) for key, value in named.items() if value]
    return _joined("--web-server-allow-ip", items, field)


def _authorized_networks(field: EnvironmentField) -> _Words:
    networks = [record["cidrBlock"] for record in field.records("cidrBlock")]
    return _joined("--master-authorized-networks", networks, field)


def _pair(field: EnvironmentField, key: str, value: str) -> str:
    if "=" in key or not key:
        raise field.error("gcloud takes no empty key, nor one with an equals sign")
    return f"{key}={value}"


def _joined(flag: str, items: list[str], field: EnvironmentField) -> _Words:
    if not items:
        return []
    if not all(items):
        raise field.error("gcloud loses an empty text in a list")
    separator = next((each for each in _SEPARATORS if not any(each in item for item in items)), None)
    if separator is None:
        raise field.error("gcloud parts a list by a character, and these texts use them all")
    joined = separator.join(items)
    is_plain = separator == "," and not joined.startswith("^")
    return [(flag, _text(field, joined if is_plain else f"^{separator}^{joined}"))]


def _size(field: EnvironmentField) -> str:
    gigabytes = field.number()
    for unit, factor in (("GB", 1), ("MB", 1024)):
        if gigabytes * factor == int(gigabytes * factor):
            return f"{int(gigabytes * factor)}{unit}"
    size_bytes = round(gigabytes * _GIGABYTE)
    if round(size_bytes / _GIGABYTE, _KEPT_DECIMALS) != gigabytes:
        raise field.error(f"gcloud keeps {_KEPT_DECIMALS} decimals of a gigabyte")
    return f"{size_bytes}B"


def _text(field: EnvironmentField, text: str) -> str:
    """Refuse what a shell cannot carry, or a terminal would act upon before anybody has read the command."""
    if not all(character.isprintable() or character in "\t\n" for character in text):
        raise field.error("a command cannot show a control character; use rest or terraform")
    return text


LOG_STORAGE: Final = "config.dataRetentionConfig.taskLogsRetentionConfig.storageMode"
DATABASE_RETENTION: Final = "config.dataRetentionConfig.airflowMetadataRetentionConfig"

FLAGS: Final[Mapping[str, _Writer]] = {
    "config.softwareConfig.imageVersion": _value("--image-version"),
    "config.nodeConfig.enableIpMasqAgent": _switch("--enable-ip-masq-agent"),
    "config.nodeConfig.network": _value("--network"),
    "config.nodeConfig.subnetwork": _value("--subnetwork"),
    "config.nodeConfig.composerNetworkAttachment": _value("--network-attachment"),
    "config.nodeConfig.ipAllocationPolicy.useIpAliases": _switch("--enable-ip-alias"),
    "config.nodeConfig.ipAllocationPolicy.clusterIpv4CidrBlock": _cidr("--cluster-ipv4-cidr"),
    "config.nodeConfig.ipAllocationPolicy.servicesIpv4CidrBlock": _cidr("--services-ipv4-cidr"),
    "config.nodeConfig.ipAllocationPolicy.clusterSecondaryRangeName": _value("--cluster-secondary-range-name"),
    "config.nodeConfig.ipAllocationPolicy.servicesSecondaryRangeName": _value("--services-secondary-range-name"),
    "config.nodeConfig.composerInternalIpv4CidrBlock": _cidr("--composer-internal-ipv4-cidr-block"),
    "config.nodeConfig.serviceAccount": _value("--service-account"),
    "config.nodeConfig.location": _value("--zone"),
    "config.nodeConfig.machineType": _value("--machine-type"),
    "config.nodeConfig.diskSizeGb": _gigabytes("--disk-size"),
    "config.nodeConfig.oauthScopes": _list("--oauth-scopes"),
    "config.nodeConfig.tags": _list("--tags"),
    "config.nodeCount": _value("--node-count"),
    "config.privateEnvironmentConfig.enablePrivateEnvironment": _switch("--enable-private-environment"),
    "config.privateEnvironmentConfig.privateClusterConfig.enablePrivateEndpoint": _switch("--enable-private-endpoint"),
    "config.privateEnvironmentConfig.privateClusterConfig.masterIpv4CidrBlock": _cidr("--master-ipv4-cidr"),
    "config.privateEnvironmentConfig.cloudSqlIpv4CidrBlock": _cidr("--cloud-sql-ipv4-cidr"),
    "config.privateEnvironmentConfig.webServerIpv4CidrBlock": _cidr("--web-server-ipv4-cidr"),
    "config.privateEnvironmentConfig.cloudComposerNetworkIpv4CidrBlock": _cidr("--composer-network-ipv4-cidr"),
    "config.privateEnvironmentConfig.cloudComposerConnectionSubnetwork": _value("--connection-subnetwork"),
    "config.privateEnvironmentConfig.enablePrivatelyUsedPublicIps": _switch("--enable-privately-used-public-ips"),
    "config.privateEnvironmentConfig.networkingConfig.connectionType": _choice(
        {
            "VPC_PEERING": ("--connection-type", "vpc-peering"),
            "PRIVATE_SERVICE_CONNECT": ("--connection-type", "private-service-connect"),
        }
    ),
    "config.privateEnvironmentConfig.enablePrivateBuildsOnly": _switch("--enable-private-builds-only"),
    "config.webServerNetworkAccessControl": _web_server_access,
    "config.masterAuthorizedNetworksConfig.enabled": _switch("--enable-master-authorized-networks"),
    "config.masterAuthorizedNetworksConfig.cidrBlocks": _authorized_networks,
    "config.softwareConfig.envVariables": _pairs("--env-variables"),
    "config.softwareConfig.airflowConfigOverrides": _pairs("--airflow-configs"),
    "config.softwareConfig.pythonVersion": _choice({"2": ("--python-version", "2"), "3": ("--python-version", "3")}),
    "config.softwareConfig.schedulerCount": _value("--scheduler-count"),
    "config.softwareConfig.cloudDataLineageIntegration.enabled": _switch(
        "--enable-cloud-data-lineage-integration", off="--disable-cloud-data-lineage-integration"
    ),
    "config.softwareConfig.webServerPluginsMode": _choice({"PLUGINS_ENABLED": ("--support-web-server-plugins",)}),
    "config.environmentSize": _choice(
        {
            "ENVIRONMENT_SIZE_SMALL": ("--environment-size", "small"),
            "ENVIRONMENT_SIZE_MEDIUM": ("--environment-size", "medium"),
            "ENVIRONMENT_SIZE_LARGE": ("--environment-size", "large"),
        }
    ),
    "config.resilienceMode": _choice({"HIGH_RESILIENCE": ("--enable-high-resilience",)}),
    "config.workloadsConfig.scheduler.cpu": _value("--scheduler-cpu"),
    "config.workloadsConfig.scheduler.memoryGb": _gigabytes("--scheduler-memory"),
    "config.workloadsConfig.scheduler.storageGb": _gigabytes("--scheduler-storage"),
    "config.workloadsConfig.scheduler.count": _value("--scheduler-count"),
    "config.workloadsConfig.webServer.cpu": _value("--web-server-cpu"),
    "config.workloadsConfig.webServer.memoryGb": _gigabytes("--web-server-memory"),
    "config.workloadsConfig.webServer.storageGb": _gigabytes("--web-server-storage"),
    "config.workloadsConfig.worker.cpu": _value("--worker-cpu"),
    "config.workloadsConfig.worker.memoryGb": _gigabytes("--worker-memory"),
    "config.workloadsConfig.worker.storageGb": _gigabytes("--worker-storage"),
    "config.workloadsConfig.worker.minCount": _value("--min-workers"),
    "config.workloadsConfig.worker.maxCount": _value("--max-workers"),
    "config.workloadsConfig.triggerer.count": _value("--triggerer-count"),
    "config.workloadsConfig.triggerer.cpu": _value("--triggerer-cpu"),
    "config.workloadsConfig.triggerer.memoryGb": _gigabytes("--triggerer-memory"),
    "config.workloadsConfig.dagProcessor.cpu": _value("--dag-processor-cpu"),
    "config.workloadsConfig.dagProcessor.memoryGb": _gigabytes("--dag-processor-memory"),
    "config.workloadsConfig.dagProcessor.storageGb": _gigabytes("--dag-processor-storage"),
    "config.workloadsConfig.dagProcessor.count": _value("--dag-processor-count"),
    "config.databaseConfig.machineType": _value("--cloud-sql-machine-type"),
    "config.databaseConfig.zone": _value("--cloud-sql-preferred-zone"),
    "config.webServerConfig.machineType": _value("--web-server-machine-type"),
    "config.encryptionConfig.kmsKeyName": _kms_key,
    "config.maintenanceWindow.startTime": _value("--maintenance-window-start"),
    "config.maintenanceWindow.endTime": _value("--maintenance-window-end"),
    "config.maintenanceWindow.recurrence": _value("--maintenance-window-recurrence"),
    "config.recoveryConfig.scheduledSnapshotsConfig.enabled": _switch("--enable-scheduled-snapshot-creation"),
    "config.recoveryConfig.scheduledSnapshotsConfig.snapshotCreationSchedule": _value("--snapshot-creation-schedule"),
    "config.recoveryConfig.scheduledSnapshotsConfig.snapshotLocation": _value("--snapshot-location"),
    "config.recoveryConfig.scheduledSnapshotsConfig.timeZone": _value("--snapshot-schedule-timezone"),
    LOG_STORAGE: _choice(
        {
            "CLOUD_LOGGING_ONLY": ("--enable-logs-in-cloud-logging-only",),
            "CLOUD_LOGGING_AND_CLOUD_STORAGE": ("--disable-logs-in-cloud-logging-only",),
        }
    ),
    DATABASE_RETENTION: _database_retention,
    "storageConfig.bucket": _value("--storage-bucket"),
    "labels": _pairs("--labels"),
}
