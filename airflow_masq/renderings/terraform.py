"""The environment as a Terraform resource, with the block that takes over an existing one.

The resource is that of Google's page and of the provider google-beta [source: composer-agent-example,
terraform-beta-reference, terraform-provider-source]. Most arguments are the field's name in snake_case; tables hold the
exceptions. What the provider would read as something else is an error. What it refuses, MASQ114 reports.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, cast

from airflow_masq.environment import COMPOSER_3
from airflow_masq.environment.fields import to_snake_case
from airflow_masq.plan import Plan
from airflow_masq.renderings import hcl
from airflow_masq.renderings.rest import EnvironmentField, read_fields, read_name
from airflow_masq.text import join_words

FORM: Final = "terraform"

_TYPE: Final = "google_composer_environment"
_PRIVATE: Final = "config.privateEnvironmentConfig"
_WISH: Final = f"{_PRIVATE}.enablePrivateEnvironment"
_ENDPOINT: Final = f"{_PRIVATE}.privateClusterConfig.enablePrivateEndpoint"
_PLUGINS_MODE: Final = "config.softwareConfig.webServerPluginsMode"
_IMPORT_COMMENT: Final = (
    "# Takes over the environment where it exists already (Terraform 1.5 and later); remove this block to create it."
)


def render_terraform(plan: Plan) -> str:
    """Write the environment as Terraform.

    The ``import`` block takes ``to`` and ``id`` [source: terraform-import].

    :return: a ``resource`` and an ``import`` block, formatted as by ``terraform fmt``.
    :raises InexpressibleError: the provider has no argument for a field, or would understand something else.
    """
    name = read_name(plan, form=FORM)
    label = name.environment_id.replace("-", "_")
    identity = {"name": name.environment_id, "region": name.location, "project": name.project}
    resource = hcl.Block(
        attributes={"provider": ["google-beta"]}
        | {argument: hcl.write_expression(value) for argument, value in identity.items()}
    )
    fields = read_fields(plan, form=FORM, known=_FIELDS)
    is_composer_3 = plan.environment.generation == COMPOSER_3
    for field in _settle_privacy(fields, is_composer_3=is_composer_3):
        _place(field, resource=resource)
    importing = hcl.Block(attributes={"to": [f"{_TYPE}.{label}"], "id": hcl.write_expression(str(name))})
    lines = [*resource.write(f'resource "{_TYPE}" "{label}"'), "", _IMPORT_COMMENT, *importing.write("import")]
    return "\n".join(lines) + "\n"


def _settle_privacy(fields: dict[str, EnvironmentField], *, is_composer_3: bool) -> list[EnvironmentField]:
    """Put the wish for a private environment where the provider looks for it.

    For Composer 1 and 2 the block itself is the wish; for Composer 3 it is a field of ``config``. The block's
    ``enable_private_endpoint`` is true where it is not set, unlike the API's field [source: terraform-provider-source].
    """
    wish = fields.get(_WISH)
    is_private = wish is not None and wish.is_true
    block_is_the_wish = is_private and not is_composer_3
    # Without the wish, what is false is the same as nothing, as in Google's own types.
    settled = [
        field
        for path, field in fields.items()
        if path != _WISH and (block_is_the_wish or path not in _PRIVATE_BLOCK or field.value is not False)
    ]
    if wish is not None and is_private:
        if is_composer_3:
            settled.append(wish)
        elif _ENDPOINT not in fields:
            settled.append(replace(wish, path=_ENDPOINT, value=False))
    elif not is_composer_3:
        for field in settled:
            if field.path in _PRIVATE_BLOCK:
                raise field.make_error(
                    "Terraform's block makes the environment private; set enablePrivateEnvironment: true, or remove it"
                )
    return settled


def _place(field: EnvironmentField, *, resource: hcl.Block) -> None:
    _refuse_composed(field, field.value)
    *around, name = _PLACES.get(field.path, ".".join(map(to_snake_case, field.path.split(".")))).split(".")
    block = resource
    for each in around:
        block = block.enter(each)
    if field.path in _REPEATED_BLOCKS:
        for record in _REPEATED_BLOCKS[field.path](field):
            attributes = {to_snake_case(key): hcl.write_expression(text) for key, text in record.items()}
            block.repeated.append((name, hcl.Block(attributes=attributes)))
    elif field.path == _PLUGINS_MODE:
        word = _PLUGINS_MODE_WORDS.get(str(field.scalar))
        if word is None:
            raise field.make_error(f"the provider has words only for {join_words(_PLUGINS_MODE_WORDS)}; use rest")
        block.attributes[name] = hcl.write_expression(word)
    else:
        value = cast("hcl.Scalar | list[str] | dict[str, str]", field.value)  # the plan's reader checked its type
        block.attributes[name] = hcl.write_expression(value)


def _refuse_composed(field: EnvironmentField, value: object) -> None:
    if isinstance(value, str) and not hcl.is_kept(value):
        raise field.make_error("Terraform stores texts in Unicode's normal form NFC, which changes this one; use rest")
    if isinstance(value, Mapping):
        _refuse_composed(field, [*value.keys(), *value.values()])
    if isinstance(value, list):
        for each in value:
            _refuse_composed(field, each)


def _read_allowed_ip_ranges(field: EnvironmentField) -> list[dict[str, str]]:
    ranges = field.read_allowed_ip_ranges()
    if not ranges.value:
        raise ranges.make_error(
            "an empty list blocks all access, but the provider treats it like a missing list; use rest"
        )
    return ranges.read_records("value", "description")


# Whose presence alone makes an environment private.
_PRIVATE_BLOCK: Final = frozenset(
    {
        f"{_PRIVATE}.networkingConfig.connectionType",
        _ENDPOINT,
        f"{_PRIVATE}.privateClusterConfig.masterIpv4CidrBlock",
        f"{_PRIVATE}.cloudSqlIpv4CidrBlock",
        f"{_PRIVATE}.webServerIpv4CidrBlock",
        f"{_PRIVATE}.cloudComposerNetworkIpv4CidrBlock",
        f"{_PRIVATE}.cloudComposerConnectionSubnetwork",
        f"{_PRIVATE}.enablePrivatelyUsedPublicIps",
    }
)

# Arguments whose name or place differs from that of their fields.
_PLACES: Final = {
    "config.nodeConfig.location": "config.node_config.zone",
    _WISH: "config.enable_private_environment",
    f"{_PRIVATE}.enablePrivateBuildsOnly": "config.enable_private_builds_only",
    f"{_PRIVATE}.networkingConfig.connectionType": "config.private_environment_config.connection_type",
    _ENDPOINT: "config.private_environment_config.enable_private_endpoint",
    f"{_PRIVATE}.privateClusterConfig.masterIpv4CidrBlock": "config.private_environment_config.master_ipv4_cidr_block",
    "config.webServerNetworkAccessControl": "config.web_server_network_access_control.allowed_ip_range",
}

# The provider's own words by Google's; the words of all other fields are Google's [source: terraform-provider-source].
_PLUGINS_MODE_WORDS: Final = {"PLUGINS_ENABLED": "ENABLED", "PLUGINS_DISABLED": "DISABLED"}

# Lists that the provider has as several blocks of one name.
_REPEATED_BLOCKS: Final[Mapping[str, Callable[[EnvironmentField], list[dict[str, str]]]]] = {
    "config.webServerNetworkAccessControl": _read_allowed_ip_ranges,
    "config.masterAuthorizedNetworksConfig.cidrBlocks": lambda field: field.read_records("cidrBlock", "displayName"),
}

_FIELDS: Final = frozenset(
    {
        *_PRIVATE_BLOCK,
        *_PLACES,
        _PLUGINS_MODE,
        *_REPEATED_BLOCKS,
        "config.softwareConfig.imageVersion",
        "config.softwareConfig.airflowConfigOverrides",
        "config.softwareConfig.pypiPackages",
        "config.softwareConfig.envVariables",
        "config.softwareConfig.pythonVersion",
        "config.softwareConfig.schedulerCount",
        "config.softwareConfig.cloudDataLineageIntegration.enabled",
        "config.nodeCount",
        "config.nodeConfig.enableIpMasqAgent",
        "config.nodeConfig.network",
        "config.nodeConfig.subnetwork",
        "config.nodeConfig.composerNetworkAttachment",
        "config.nodeConfig.composerInternalIpv4CidrBlock",
        "config.nodeConfig.serviceAccount",
        "config.nodeConfig.machineType",
        "config.nodeConfig.diskSizeGb",
        "config.nodeConfig.maxPodsPerNode",
        "config.nodeConfig.oauthScopes",
        "config.nodeConfig.tags",
        "config.nodeConfig.ipAllocationPolicy.useIpAliases",
        "config.nodeConfig.ipAllocationPolicy.clusterIpv4CidrBlock",
        "config.nodeConfig.ipAllocationPolicy.clusterSecondaryRangeName",
        "config.nodeConfig.ipAllocationPolicy.servicesIpv4CidrBlock",
        "config.nodeConfig.ipAllocationPolicy.servicesSecondaryRangeName",
        "config.masterAuthorizedNetworksConfig.enabled",
        "config.environmentSize",
        "config.resilienceMode",
        *(
            f"config.workloadsConfig.{workload}.{name}"
            for workload, names in {
                "scheduler": ("cpu", "memoryGb", "storageGb", "count"),
                "triggerer": ("cpu", "memoryGb", "count"),
                "webServer": ("cpu", "memoryGb", "storageGb"),
                "worker": ("cpu", "memoryGb", "storageGb", "minCount", "maxCount"),
                "dagProcessor": ("cpu", "memoryGb", "storageGb", "count"),
            }.items()
            for name in names
        ),
        "config.databaseConfig.machineType",
        "config.databaseConfig.zone",
        "config.webServerConfig.machineType",
        "config.encryptionConfig.kmsKeyName",
        "config.maintenanceWindow.startTime",
        "config.maintenanceWindow.endTime",
        "config.maintenanceWindow.recurrence",
        "config.recoveryConfig.scheduledSnapshotsConfig.enabled",
        "config.recoveryConfig.scheduledSnapshotsConfig.snapshotLocation",
        "config.recoveryConfig.scheduledSnapshotsConfig.snapshotCreationSchedule",
        "config.recoveryConfig.scheduledSnapshotsConfig.timeZone",
        "config.dataRetentionConfig.taskLogsRetentionConfig.storageMode",
        "config.dataRetentionConfig.airflowMetadataRetentionConfig.retentionMode",
        "config.dataRetentionConfig.airflowMetadataRetentionConfig.retentionDays",
        "storageConfig.bucket",
        "labels",
    }
)
