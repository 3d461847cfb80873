"""gcloud refuses a field of the environment.

`gcloud composer environments create` does not accept a field as the plan has it: for this generation of Composer,
without another field, or with this value. The service itself may accept it. `airflow-masq render PLAN --as gcloud`
writes the flag anyway, if there is one.

## Why

gcloud checks some flags before it calls the service. Each check was read in gcloud's source code and tried with gcloud
[source: gcloud-source-demands, observed-gcloud-demands]. Whether the service refuses the same is not verified, so this
is a warning. MASQ107 to MASQ112 report what the service refuses too, MASQ205 reports the sizes of blocks, and MASQ123
reports words that Google's API does not have.

## How to fix

Do what the message says if you create the environment with gcloud. The API needs no change.
"""

from __future__ import annotations

import re
from typing import Final

from airflow_masq.environment import COMPOSER_1, COMPOSER_3
from airflow_masq.environment.cidr_fields import BARE_SIZE
from airflow_masq.network.provenance import Provenance
from airflow_masq.rules.rule import Rule, Severity
from airflow_masq.rules.views.tools import Distinct, Matching, NotFor, OneOf, Together, Tool, Within

_NODE: Final = "config.nodeConfig"
_ALLOCATION: Final = f"{_NODE}.ipAllocationPolicy"
_PRIVATE: Final = "config.privateEnvironmentConfig"
_SNAPSHOTS: Final = "config.recoveryConfig.scheduledSnapshotsConfig"
_WORKLOADS: Final = "config.workloadsConfig"

_SNAPSHOT_FIELDS: Final = tuple(
    f"{_SNAPSHOTS}.{name}" for name in ("enabled", "snapshotCreationSchedule", "snapshotLocation", "timeZone")
)
_WINDOW_FIELDS: Final = tuple(f"config.maintenanceWindow.{name}" for name in ("startTime", "endTime", "recurrence"))

# Files of Google Cloud SDK 528.0.0, below lib/.
_CREATE: Final = "surface/composer/environments/create.py"
_FLAGS: Final = "googlecloudsdk/command_lib/composer/flags.py"
_ARGUMENTS: Final = "googlecloudsdk/calliope/arg_parsers.py"

GCLOUD: Final = Tool(
    name="gcloud",
    writes_false=False,
    rows=(
        # Where the image tells its generation, MASQ107 and MASQ108 report these.
        NotFor(
            composer=None,
            paths=(
                f"{_ALLOCATION}.useIpAliases",
                f"{_NODE}.machineType",
                f"{_NODE}.diskSizeGb",
                "config.softwareConfig.pythonVersion",
                "config.databaseConfig.machineType",
                "config.webServerConfig.machineType",
                f"{_PRIVATE}.webServerIpv4CidrBlock",
                f"{_NODE}.composerNetworkAttachment",
                f"{_NODE}.composerInternalIpv4CidrBlock",
                "config.softwareConfig.webServerPluginsMode",
                f"{_PRIVATE}.enablePrivateBuildsOnly",
                f"{_WORKLOADS}.dagProcessor",
            ),
            source=_CREATE,
        ),
        NotFor(composer=COMPOSER_3, paths=(f"{_PRIVATE}.cloudComposerNetworkIpv4CidrBlock",), source=_CREATE),
        NotFor(
            composer=COMPOSER_1,
            paths=(
                "config.softwareConfig.cloudDataLineageIntegration",
                "config.databaseConfig.zone",
                "config.dataRetentionConfig.taskLogsRetentionConfig",
            ),
            source=_CREATE,
        ),
        NotFor(composer=COMPOSER_1, paths=("storageConfig.bucket",), source=_FLAGS),
        Together(
            composer=COMPOSER_1,
            paths=(
                f"{_ALLOCATION}.clusterIpv4CidrBlock",
                f"{_ALLOCATION}.clusterSecondaryRangeName",
                f"{_ALLOCATION}.servicesIpv4CidrBlock",
                f"{_ALLOCATION}.servicesSecondaryRangeName",
                f"{_PRIVATE}.enablePrivateEnvironment",
            ),
            needs=(f"{_ALLOCATION}.useIpAliases",),
            unless=f"{_NODE}.enableIpMasqAgent",  # MASQ107 asks for useIpAliases
            source=_CREATE,
        ),
        Together(
            paths=("config.masterAuthorizedNetworksConfig.cidrBlocks",),
            needs=("config.masterAuthorizedNetworksConfig.enabled",),
            source=_CREATE,
        ),
        Together(
            paths=(f"{_WORKLOADS}.triggerer.cpu", f"{_WORKLOADS}.triggerer.memoryGb"),
            needs=(f"{_WORKLOADS}.triggerer.count",),
            source=_CREATE,
        ),
        Together(paths=_SNAPSHOT_FIELDS, needs=_SNAPSHOT_FIELDS, source=_FLAGS),
        Together(paths=_WINDOW_FIELDS, needs=_WINDOW_FIELDS, source=_FLAGS),
        Within(least=20, most=64 * 1024, paths=(f"{_NODE}.diskSizeGb",), source=_CREATE),
        Within(
            least=0.125,
            most=512,
            paths=tuple(f"{_WORKLOADS}.{name}.memoryGb" for name in ("scheduler", "triggerer", "worker", "webServer")),
            source=_FLAGS,
        ),
        Within(least=1, most=128, paths=(f"{_WORKLOADS}.dagProcessor.memoryGb",), source=_FLAGS),
        Within(least=5 / 1024, most=10, paths=(f"{_WORKLOADS}.scheduler.storageGb",), source=_FLAGS),
        Within(
            least=0,
            most=10,
            paths=(f"{_WORKLOADS}.worker.storageGb", f"{_WORKLOADS}.webServer.storageGb"),
            source=_FLAGS,
        ),
        Within(least=0, most=100, paths=(f"{_WORKLOADS}.dagProcessor.storageGb",), source=_FLAGS),
        Distinct(paths=(f"{_NODE}.tags", f"{_NODE}.oauthScopes"), source=_ARGUMENTS),
        Matching(
            paths=("config.encryptionConfig.kmsKeyName",),
            form=re.compile("projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+"),
            expected="a full name (projects/…/locations/…/keyRings/…/cryptoKeys/…)",
            source=_FLAGS,
        ),
        Matching(
            paths=("config.softwareConfig.pythonVersion",), form=re.compile("[23]"), expected="2 or 3", source=_CREATE
        ),
        Matching(
            paths=(f"{_ALLOCATION}.clusterIpv4CidrBlock", f"{_ALLOCATION}.servicesIpv4CidrBlock"),
            form=re.compile(rf"(?!{BARE_SIZE.pattern}\Z).*", re.DOTALL),
            expected="a whole CIDR such as 10.0.0.0/14",
            source=_FLAGS,
        ),
        # For these words gcloud has no flag, so render cannot write them.
        OneOf(
            paths=("config.environmentSize",),
            words=("ENVIRONMENT_SIZE_SMALL", "ENVIRONMENT_SIZE_MEDIUM", "ENVIRONMENT_SIZE_LARGE"),
            source=_FLAGS,
        ),
        OneOf(paths=("config.softwareConfig.webServerPluginsMode",), words=("PLUGINS_ENABLED",), source=_FLAGS),
    ),
)


RULE: Final = Rule(
    code="MASQ113",
    severity=Severity.WARNING,
    provenance=Provenance.OBSERVED,
    check=GCLOUD.find_refusals,
    text=__doc__,
    bad="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig: {serviceAccount: composer@example-project.iam.gserviceaccount.com, enableIpMasqAgent: true}
    recoveryConfig: {scheduledSnapshotsConfig: {enabled: true}}
""",
    good="""
environment:
  config:
    softwareConfig: {imageVersion: composer-2.17.9-airflow-2.11.1}
    nodeConfig: {serviceAccount: composer@example-project.iam.gserviceaccount.com, enableIpMasqAgent: true}
    recoveryConfig:
      scheduledSnapshotsConfig:
        enabled: true
        snapshotCreationSchedule: 0 4 * * *
        snapshotLocation: gs://example-bucket/snapshots
        timeZone: UTC+00
""",
)
