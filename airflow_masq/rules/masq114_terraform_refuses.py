"""Terraform refuses a field of the environment.

The resource `google_composer_environment` of Terraform's provider does not accept a field as the plan has it: for this
generation of Composer, without another field, or with this value. The service itself may accept it. `airflow-masq
render PLAN --as terraform` writes the argument anyway.

## Why

The provider checks some arguments before it calls the service. Each check was read in the provider's source code
[source: terraform-provider-demands]. Whether the service refuses the same is not verified, so this is a warning.
MASQ107 to MASQ112 report what the service refuses too, MASQ123 reports words that Google's API does not have, and
MASQ101 reports the agent's flag on Composer 3.

## How to fix

Do what the message says if you create the environment with Terraform. The API needs no change.
"""

from __future__ import annotations

from typing import Final

from airflow_masq.environment import COMPOSER_3
from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Rule, Severity
from airflow_masq.rules.views.tools import NotFor, Together, Tool, Within

_NODE: Final = "config.nodeConfig"
_PRIVATE: Final = "config.privateEnvironmentConfig"
_NETWORKS: Final = "config.masterAuthorizedNetworksConfig"
_RETENTION: Final = "config.dataRetentionConfig.airflowMetadataRetentionConfig"
_SNAPSHOTS: Final = "config.recoveryConfig.scheduledSnapshotsConfig"

_TRIGGERER_FIELDS: Final = tuple(f"config.workloadsConfig.triggerer.{name}" for name in ("cpu", "memoryGb", "count"))
_SNAPSHOT_FIELDS: Final = tuple(
    f"{_SNAPSHOTS}.{name}" for name in ("snapshotCreationSchedule", "snapshotLocation", "timeZone")
)
_WINDOW_FIELDS: Final = tuple(f"config.maintenanceWindow.{name}" for name in ("startTime", "endTime", "recurrence"))

# Of the eleven paths of the function that checks generations one, for ip_allocation_policy, is misspelt, so it refuses
# nothing.
_GENERATIONS: Final = "resource_composer_environment.go, versionValidationCustomizeDiffFunc"
_SCHEMA: Final = "resource_composer_environment.go, the schema's Required and ValidateFunc"

TERRAFORM: Final = Tool(
    name="Terraform",
    writes_false=True,
    rows=(
        # Where the image tells its generation, MASQ108 reports these.
        NotFor(
            composer=None,
            paths=(
                f"{_NODE}.composerNetworkAttachment",
                f"{_NODE}.composerInternalIpv4CidrBlock",
                "config.softwareConfig.webServerPluginsMode",
                f"{_PRIVATE}.enablePrivateBuildsOnly",
                "config.workloadsConfig.dagProcessor",
            ),
            source=_GENERATIONS,
        ),
        # The provider refuses its whole block private_environment_config. MASQ108 reports the other fields in it.
        NotFor(composer=COMPOSER_3, paths=(f"{_PRIVATE}.cloudComposerNetworkIpv4CidrBlock",), source=_GENERATIONS),
        Together(paths=(f"{_NETWORKS}.cidrBlocks",), needs=(f"{_NETWORKS}.enabled",), source=_SCHEMA),
        Together(paths=_TRIGGERER_FIELDS, needs=_TRIGGERER_FIELDS, source=_SCHEMA),
        Together(
            paths=_SNAPSHOT_FIELDS,
            needs=(f"{_SNAPSHOTS}.enabled",),
            source=_SCHEMA,
        ),
        Together(paths=_WINDOW_FIELDS, needs=_WINDOW_FIELDS, source=_SCHEMA),
        Within(least=3, most=None, paths=("config.nodeCount",), source=_SCHEMA),
        Within(least=8, most=110, paths=(f"{_NODE}.maxPodsPerNode",), source=_SCHEMA),
        Within(least=30, most=730, paths=(f"{_RETENTION}.retentionDays",), source=_SCHEMA),
    ),
)


RULE: Final = Rule(
    code="MASQ114",
    severity=Severity.WARNING,
    provenance=Provenance.DOCUMENTED,
    check=TERRAFORM.find_refusals,
    text=__doc__,
    bad="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig: {serviceAccount: composer@example-project.iam.gserviceaccount.com, enableIpMasqAgent: true}
    workloadsConfig: {triggerer: {cpu: 0.5, count: 1}}
""",
    good="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig: {serviceAccount: composer@example-project.iam.gserviceaccount.com, enableIpMasqAgent: true}
    workloadsConfig: {triggerer: {cpu: 0.5, memoryGb: 0.5, count: 1}}
""",
)
