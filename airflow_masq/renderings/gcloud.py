"""The environment as a command, ``gcloud composer environments create …``.

Flags and what they take were read in gcloud's source [source: gcloud-source-flags, gcloud-create-reference]. A value
never becomes a word of the shell or a flag of gcloud, and a field that gcloud would lose or put elsewhere is an error.
What gcloud refuses, MASQ113 reports.
"""

from __future__ import annotations

import itertools
import shlex
import string
from collections.abc import Callable, Mapping
from typing import Final, cast

from airflow_masq.environment import COMPOSER_1, COMPOSER_3
from airflow_masq.plan import Plan
from airflow_masq.renderings.rest import EnvironmentField, read_fields, read_name
from airflow_masq.text import join_words

FORM: Final = "gcloud"

_COMMAND: Final = "gcloud composer environments create"

_Words = list[tuple[str, ...]]
_Writer = Callable[[EnvironmentField], _Words]

# gcloud keeps three decimals of a gigabyte (MemorySizeBytesToGB).
_GIGABYTE: Final = 1 << 30
_KEPT_DECIMALS: Final = 3

_DATABASE_RETENTION_FLAG: Final = "--airflow-database-retention-days"

# "^;^a;b" is a list whose items are separated by a semicolon [source: gcloud-escaping].
_SEPARATORS: Final = tuple(f",;:|~#@%!+/&?*_{string.ascii_letters}{string.digits}")

_PRIVATE: Final = "config.privateEnvironmentConfig"
_SCHEDULERS: Final = "config.workloadsConfig.scheduler.count"
_SCHEDULERS_OF_COMPOSER_1: Final = "config.softwareConfig.schedulerCount"
_LOG_STORAGE: Final = "config.dataRetentionConfig.taskLogsRetentionConfig.storageMode"
_DATABASE_RETENTION: Final = "config.dataRetentionConfig.airflowMetadataRetentionConfig"


def render_gcloud(plan: Plan) -> str:
    r"""Write the environment as a shell command, one flag a line.

    :return: the command; lines end in a backslash, as on Google's page, the last one in a line feed. ``shlex.split``
        gives the words back.
    :raises InexpressibleError: gcloud has no flag for a field, or none for its value, or would not send the field.
    """
    name = read_name(plan, form=FORM)
    fields = read_fields(plan, form=FORM, known=FLAGS)
    written = {path: write(fields[path]) for path, write in FLAGS.items() if path in fields}
    _refuse_lost_fields({path: fields[path] for path, words in written.items() if words}, plan=plan)
    words = [("--project", name.project), ("--location", name.location), *itertools.chain(*written.values())]
    # For a private environment gcloud demands a flag about the web server; the service assumes this one.
    if plan.environment.is_private and plan.environment.get_value("config", "webServerNetworkAccessControl") is None:
        words.append(("--web-server-allow-all",))
    first = f"{_COMMAND} {shlex.quote(name.environment_id)}"
    return " \\\n    ".join((first, *itertools.starmap(_quote, words))) + "\n"


def _refuse_lost_fields(fields: Mapping[str, EnvironmentField], *, plan: Plan) -> None:
    """Refuse fields that gcloud accepts and then drops, or sends as another field."""
    composer = plan.environment.generation
    other = _SCHEDULERS if composer == COMPOSER_1 else _SCHEDULERS_OF_COMPOSER_1
    if other in fields:
        used = _SCHEDULERS_OF_COMPOSER_1 if composer == COMPOSER_1 else _SCHEDULERS
        takes = "this image version" if composer is None else f"Composer {composer}"
        raise fields[other].make_error(f"for {takes}, gcloud's --scheduler-count sets {used}; set that, or use rest")
    public_ips = fields.get(f"{_PRIVATE}.enablePrivatelyUsedPublicIps")
    keeps_section = {f"{_PRIVATE}.enablePrivateEnvironment", f"{_PRIVATE}.enablePrivateBuildsOnly"} & fields.keys()
    if public_ips is not None and composer == COMPOSER_3 and not keeps_section:
        raise public_ips.make_error("gcloud drops it in an environment of Composer 3 that is not private; remove it")
    if _LOG_STORAGE in fields and _DATABASE_RETENTION in fields:
        reason = "gcloud drops it if the storage of task logs is set too; remove one of them, or use rest"
        raise fields[_DATABASE_RETENTION].make_error(reason)


def _quote(flag: str, value: str | None = None) -> str:
    if value is None:
        return flag
    # argparse would take a separate word that begins with a dash for a flag.
    return f"{flag}={shlex.quote(value)}" if value.startswith("-") else f"{flag} {shlex.quote(value)}"


def _write_value(flag: str) -> _Writer:
    return lambda field: [(flag, _check_printable(str(field.scalar), field=field))]


def _write_switch(on: str, *, off: str | None = None) -> _Writer:
    """Write a flag without a value; where there is no flag for "off", leaving it out means that."""
    return lambda field: [(on,)] if field.is_true else [(off,)] if off else []


def _write_choice(words: Mapping[str, tuple[str, ...]]) -> _Writer:
    def write(field: EnvironmentField) -> _Words:
        text = field.scalar
        if text not in words:
            raise field.make_error(f"gcloud has flags only for {join_words(words)}; use rest or terraform")
        return [words[str(text)]]

    return write


def _write_gigabytes(flag: str) -> _Writer:
    def write(field: EnvironmentField) -> _Words:
        for unit, factor in (("GB", 1), ("MB", 1024)):
            if field.number * factor == int(field.number * factor):
                return [(flag, f"{int(field.number * factor)}{unit}")]
        size_bytes = round(field.number * _GIGABYTE)
        if round(size_bytes / _GIGABYTE, _KEPT_DECIMALS) != field.number:
            raise field.make_error(
                f"gcloud keeps {_KEPT_DECIMALS} decimals of a gigabyte; round the number, or use rest"
            )
        return [(flag, f"{size_bytes}B")]

    return write


def _write_list(flag: str) -> _Writer:
    return lambda field: _write_joined(field.texts, flag=flag, field=field)


def _write_pairs(flag: str) -> _Writer:
    return lambda field: _write_joined(
        [_write_pair(key, value=value, field=field) for key, value in field.pairs.items()], flag=flag, field=field
    )


def _write_web_server_access(field: EnvironmentField) -> _Words:
    ranges = field.read_allowed_ip_ranges()
    words: _Words = []
    for record in ranges.read_records("value", "description"):
        named = {"ip_range": record["value"], "description": record.get("description", "")}
        items = [_write_pair(key, value=value, field=ranges) for key, value in named.items() if value]
        words += _write_joined(items, flag="--web-server-allow-ip", field=ranges)
    return words or [("--web-server-deny-all",)]


def _write_authorized_networks(field: EnvironmentField) -> _Words:
    networks = [record["cidrBlock"] for record in field.read_records("cidrBlock")]
    return _write_joined(networks, flag="--master-authorized-networks", field=field)


def _write_database_retention(field: EnvironmentField) -> _Words:
    """Write the two fields that one flag sets: so many days, and enabled; or none, and disabled."""
    settings = cast("Mapping[str, object]", field.value)
    if set(settings) - {"retentionMode", "retentionDays"}:
        raise field.make_error(
            "the form accepts only its retentionMode and retentionDays; remove the other fields, or use rest"
        )
    mode, days = settings.get("retentionMode"), settings.get("retentionDays") or 0
    if mode is None and not days:
        return []
    if (mode, days) != ("RETENTION_MODE_DISABLED", 0) and (mode != "RETENTION_MODE_ENABLED" or not days):
        raise field.make_error(
            f"{_DATABASE_RETENTION_FLAG} sets RETENTION_MODE_ENABLED with retentionDays, or RETENTION_MODE_DISABLED "
            "without them; set both fields that way, or use rest or terraform"
        )
    return [(_DATABASE_RETENTION_FLAG, str(days))]


def _write_pair(key: str, *, value: str, field: EnvironmentField) -> str:
    if "=" in key or not key:
        raise field.make_error("gcloud takes no empty key, and none with an equals sign; change the key, or use rest")
    return f"{key}={value}"


def _write_joined(items: list[str], *, flag: str, field: EnvironmentField) -> _Words:
    if not items:
        return []
    if not all(items):
        raise field.make_error("gcloud drops an empty text from a list; remove it, or use rest")
    separator = next((each for each in _SEPARATORS if not any(each in item for item in items)), None)
    if separator is None:
        raise field.make_error("gcloud separates a list by one character, but these texts use all of them; use rest")
    joined = separator.join(items)
    is_plain = separator == "," and not joined.startswith("^")
    return [(flag, _check_printable(joined if is_plain else f"^{separator}^{joined}", field=field))]


def _check_printable(text: str, *, field: EnvironmentField) -> str:
    """Refuse characters that a shell cannot pass on, or that a terminal would interpret when it shows the command."""
    if not all(character.isprintable() or character in "\t\n" for character in text):
        raise field.make_error("a command cannot show a control character; use rest or terraform")
    return text


FLAGS: Final[Mapping[str, _Writer]] = {
    "config.softwareConfig.imageVersion": _write_value("--image-version"),
    "config.nodeConfig.enableIpMasqAgent": _write_switch("--enable-ip-masq-agent"),
    "config.nodeConfig.network": _write_value("--network"),
    "config.nodeConfig.subnetwork": _write_value("--subnetwork"),
    "config.nodeConfig.composerNetworkAttachment": _write_value("--network-attachment"),
    "config.nodeConfig.ipAllocationPolicy.useIpAliases": _write_switch("--enable-ip-alias"),
    "config.nodeConfig.ipAllocationPolicy.clusterIpv4CidrBlock": _write_value("--cluster-ipv4-cidr"),
    "config.nodeConfig.ipAllocationPolicy.servicesIpv4CidrBlock": _write_value("--services-ipv4-cidr"),
    "config.nodeConfig.ipAllocationPolicy.clusterSecondaryRangeName": _write_value("--cluster-secondary-range-name"),
    "config.nodeConfig.ipAllocationPolicy.servicesSecondaryRangeName": _write_value("--services-secondary-range-name"),
    "config.nodeConfig.composerInternalIpv4CidrBlock": _write_value("--composer-internal-ipv4-cidr-block"),
    "config.nodeConfig.serviceAccount": _write_value("--service-account"),
    "config.nodeConfig.location": _write_value("--zone"),
    "config.nodeConfig.machineType": _write_value("--machine-type"),
    "config.nodeConfig.diskSizeGb": _write_gigabytes("--disk-size"),
    "config.nodeConfig.oauthScopes": _write_list("--oauth-scopes"),
    "config.nodeConfig.tags": _write_list("--tags"),
    "config.nodeCount": _write_value("--node-count"),
    f"{_PRIVATE}.enablePrivateEnvironment": _write_switch("--enable-private-environment"),
    f"{_PRIVATE}.privateClusterConfig.enablePrivateEndpoint": _write_switch("--enable-private-endpoint"),
    f"{_PRIVATE}.privateClusterConfig.masterIpv4CidrBlock": _write_value("--master-ipv4-cidr"),
    f"{_PRIVATE}.cloudSqlIpv4CidrBlock": _write_value("--cloud-sql-ipv4-cidr"),
    f"{_PRIVATE}.webServerIpv4CidrBlock": _write_value("--web-server-ipv4-cidr"),
    f"{_PRIVATE}.cloudComposerNetworkIpv4CidrBlock": _write_value("--composer-network-ipv4-cidr"),
    f"{_PRIVATE}.cloudComposerConnectionSubnetwork": _write_value("--connection-subnetwork"),
    f"{_PRIVATE}.enablePrivatelyUsedPublicIps": _write_switch("--enable-privately-used-public-ips"),
    f"{_PRIVATE}.networkingConfig.connectionType": _write_choice(
        {
            "VPC_PEERING": ("--connection-type", "vpc-peering"),
            "PRIVATE_SERVICE_CONNECT": ("--connection-type", "private-service-connect"),
        }
    ),
    f"{_PRIVATE}.enablePrivateBuildsOnly": _write_switch("--enable-private-builds-only"),
    "config.webServerNetworkAccessControl": _write_web_server_access,
    "config.masterAuthorizedNetworksConfig.enabled": _write_switch("--enable-master-authorized-networks"),
    "config.masterAuthorizedNetworksConfig.cidrBlocks": _write_authorized_networks,
    "config.softwareConfig.envVariables": _write_pairs("--env-variables"),
    "config.softwareConfig.airflowConfigOverrides": _write_pairs("--airflow-configs"),
    "config.softwareConfig.pythonVersion": _write_value("--python-version"),
    _SCHEDULERS_OF_COMPOSER_1: _write_value("--scheduler-count"),
    "config.softwareConfig.cloudDataLineageIntegration.enabled": _write_switch(
        "--enable-cloud-data-lineage-integration", off="--disable-cloud-data-lineage-integration"
    ),
    "config.softwareConfig.webServerPluginsMode": _write_choice({"PLUGINS_ENABLED": ("--support-web-server-plugins",)}),
    "config.environmentSize": _write_choice(
        {
            "ENVIRONMENT_SIZE_SMALL": ("--environment-size", "small"),
            "ENVIRONMENT_SIZE_MEDIUM": ("--environment-size", "medium"),
            "ENVIRONMENT_SIZE_LARGE": ("--environment-size", "large"),
        }
    ),
    "config.resilienceMode": _write_choice({"HIGH_RESILIENCE": ("--enable-high-resilience",)}),
    "config.workloadsConfig.scheduler.cpu": _write_value("--scheduler-cpu"),
    "config.workloadsConfig.scheduler.memoryGb": _write_gigabytes("--scheduler-memory"),
    "config.workloadsConfig.scheduler.storageGb": _write_gigabytes("--scheduler-storage"),
    _SCHEDULERS: _write_value("--scheduler-count"),
    "config.workloadsConfig.webServer.cpu": _write_value("--web-server-cpu"),
    "config.workloadsConfig.webServer.memoryGb": _write_gigabytes("--web-server-memory"),
    "config.workloadsConfig.webServer.storageGb": _write_gigabytes("--web-server-storage"),
    "config.workloadsConfig.worker.cpu": _write_value("--worker-cpu"),
    "config.workloadsConfig.worker.memoryGb": _write_gigabytes("--worker-memory"),
    "config.workloadsConfig.worker.storageGb": _write_gigabytes("--worker-storage"),
    "config.workloadsConfig.worker.minCount": _write_value("--min-workers"),
    "config.workloadsConfig.worker.maxCount": _write_value("--max-workers"),
    "config.workloadsConfig.triggerer.count": _write_value("--triggerer-count"),
    "config.workloadsConfig.triggerer.cpu": _write_value("--triggerer-cpu"),
    "config.workloadsConfig.triggerer.memoryGb": _write_gigabytes("--triggerer-memory"),
    "config.workloadsConfig.dagProcessor.cpu": _write_value("--dag-processor-cpu"),
    "config.workloadsConfig.dagProcessor.memoryGb": _write_gigabytes("--dag-processor-memory"),
    "config.workloadsConfig.dagProcessor.storageGb": _write_gigabytes("--dag-processor-storage"),
    "config.workloadsConfig.dagProcessor.count": _write_value("--dag-processor-count"),
    "config.databaseConfig.machineType": _write_value("--cloud-sql-machine-type"),
    "config.databaseConfig.zone": _write_value("--cloud-sql-preferred-zone"),
    "config.webServerConfig.machineType": _write_value("--web-server-machine-type"),
    "config.encryptionConfig.kmsKeyName": _write_value("--kms-key"),
    "config.maintenanceWindow.startTime": _write_value("--maintenance-window-start"),
    "config.maintenanceWindow.endTime": _write_value("--maintenance-window-end"),
    "config.maintenanceWindow.recurrence": _write_value("--maintenance-window-recurrence"),
    "config.recoveryConfig.scheduledSnapshotsConfig.enabled": _write_switch("--enable-scheduled-snapshot-creation"),
    "config.recoveryConfig.scheduledSnapshotsConfig.snapshotCreationSchedule": _write_value(
        "--snapshot-creation-schedule"
    ),
    "config.recoveryConfig.scheduledSnapshotsConfig.snapshotLocation": _write_value("--snapshot-location"),
    "config.recoveryConfig.scheduledSnapshotsConfig.timeZone": _write_value("--snapshot-schedule-timezone"),
    _LOG_STORAGE: _write_choice(
        {
            "CLOUD_LOGGING_ONLY": ("--enable-logs-in-cloud-logging-only",),
            "CLOUD_LOGGING_AND_CLOUD_STORAGE": ("--disable-logs-in-cloud-logging-only",),
        }
    ),
    _DATABASE_RETENTION: _write_database_retention,
    "storageConfig.bucket": _write_value("--storage-bucket"),
    "labels": _write_pairs("--labels"),
}
