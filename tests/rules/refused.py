"""Environments that gcloud or Terraform refuse, each with the rule that reports it and the field that it names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.renderings.examples import NAME

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

IMAGES = {
    1: "composer-1.20.12-airflow-2.4.3",
    2: "composer-2.17.9-airflow-2.11.1",
    3: "composer-3-airflow-2.10.5-build.3",
}
PRIVATE = "privateEnvironmentConfig"
SNAPSHOTS = "recoveryConfig.scheduledSnapshotsConfig"
ALLOCATION = "nodeConfig.ipAllocationPolicy"
RETENTION = "dataRetentionConfig.airflowMetadataRetentionConfig"
NETWORKS = "masterAuthorizedNetworksConfig"
WINDOW = {"startTime": "2024-01-01T00:00:00+00:00", "endTime": "2024-01-01T12:00:00+00:00"}
ATTACHMENT = "projects/p/regions/us-central1/networkAttachments/a"
SUBNETWORK = "projects/p/regions/us-central1/subnetworks/s"
KEY = "projects/p/locations/l/keyRings/r/cryptoKeys/k"


@dataclass(frozen=True, kw_only=True)
class Refused:
    """An environment that is refused.

    :param generation: whose image it has.
    :param where: the field that the tool refuses, from ``config`` on.
    :param value: its value.
    :param code: the rule that reports it.
    :param place: the place that the rule names, from ``config`` on; default the field.
    :param beside: other fields by path from ``config`` on.
    :param mend: fields that would have it accepted, by path; none where only leaving it out helps.
    """

    generation: int
    where: str
    value: object
    code: str
    place: str | None = None
    beside: Mapping[str, object] = field(default_factory=dict)
    mend: Mapping[str, object] = field(default_factory=dict)

    def environment(self) -> dict[str, Any]:
        """Make the resource."""
        return self._environment({self.where: self.value, **self.beside})

    def mended(self) -> dict[str, Any]:
        """Make the resource with what the tool wants, or without the field and its neighbours in the same section."""
        if self.mend:
            return self._environment({self.where: self.value, **self.beside, **self.mend})
        section = self.where.rpartition(".")[0]
        return self._environment({path: value for path, value in self.beside.items() if not path.startswith(section)})

    def _environment(self, fields: Mapping[str, object]) -> dict[str, Any]:
        config: dict[str, Any] = {}
        for path, value in {"softwareConfig.imageVersion": IMAGES[self.generation], **fields}.items():
            *around, name = path.split(".")
            place = config
            for each in around:
                place = place.setdefault(each, {})
            place[name] = value
        return {"name": NAME, "config": config}

    def __str__(self) -> str:
        return f"{self.generation}-{self.where}"


def of_another_generation(*places: tuple[tuple[int, ...], str, object], code: str = "MASQ108") -> Iterator[Refused]:
    """Make environments whose generation does not have a field."""
    for generations, where, value in places:
        for generation in generations:
            yield Refused(generation=generation, where=where, value=value, code=code)


PRIVATE_TOO: dict[str, object] = {f"{PRIVATE}.enablePrivateEnvironment": True}
ALIASES: dict[str, object] = {f"{ALLOCATION}.useIpAliases": True}
SCHEDULE: dict[str, object] = {
    f"{SNAPSHOTS}.enabled": True,
    f"{SNAPSHOTS}.snapshotCreationSchedule": "0 4 * * *",
    f"{SNAPSHOTS}.snapshotLocation": "gs://b/f",
    f"{SNAPSHOTS}.timeZone": "UTC+01",
}

BY_GCLOUD = [
    *of_another_generation(((2, 3), f"{ALLOCATION}.useIpAliases", True), code="MASQ107"),
    *of_another_generation(
        ((2, 3), "nodeConfig.diskSizeGb", 100),
        ((2, 3), "nodeConfig.machineType", "projects/p/zones/z/machineTypes/n1-standard-1"),
        ((2, 3), "softwareConfig.pythonVersion", "3"),
        ((2, 3), "databaseConfig.machineType", "db-n1-standard-2"),
        ((2, 3), "webServerConfig.machineType", "composer-n1-webserver-2"),
        ((2,), "nodeConfig.composerNetworkAttachment", ATTACHMENT),
        ((1, 2), "nodeConfig.composerInternalIpv4CidrBlock", "100.64.128.0/20"),
        ((1, 2), "workloadsConfig.dagProcessor.cpu", 1),
        ((2,), "workloadsConfig.dagProcessor.count", 0),
        ((1, 2), f"{PRIVATE}.enablePrivateBuildsOnly", True),
        ((1, 2), "softwareConfig.webServerPluginsMode", "PLUGINS_ENABLED"),
        ((1,), "environmentSize", "ENVIRONMENT_SIZE_SMALL"),
        ((1,), "resilienceMode", "HIGH_RESILIENCE"),
        ((1,), "workloadsConfig.worker.cpu", 1),
        ((1,), "workloadsConfig.worker.maxCount", 3),
        ((1,), "workloadsConfig.triggerer.count", 1),
    ),
    *of_another_generation(
        ((1,), "databaseConfig.zone", "us-central1-a"),
        ((1,), "softwareConfig.cloudDataLineageIntegration.enabled", False),
        ((1,), "dataRetentionConfig.taskLogsRetentionConfig.storageMode", "CLOUD_LOGGING_ONLY"),
        code="MASQ113",
    ),
    *(
        Refused(generation=generation, where=f"{PRIVATE}.{name}", value=value, beside=PRIVATE_TOO, code="MASQ108")
        for generation, name, value in (
            (2, "webServerIpv4CidrBlock", "10.9.0.0/28"),
            (3, "privateClusterConfig.masterIpv4CidrBlock", "10.3.0.0/28"),
            (3, "privateClusterConfig.enablePrivateEndpoint", True),
            (3, "cloudSqlIpv4CidrBlock", "10.1.0.0/24"),
            (3, "cloudComposerConnectionSubnetwork", SUBNETWORK),
        )
    ),
    Refused(
        generation=3,
        where=f"{PRIVATE}.cloudComposerNetworkIpv4CidrBlock",
        value="10.2.0.0/24",
        beside=PRIVATE_TOO,
        code="MASQ113",
    ),
    *(
        Refused(generation=2, where=f"{PRIVATE}.{name}", value=value, mend=PRIVATE_TOO, code="MASQ109")
        for name, value in (
            ("privateClusterConfig.masterIpv4CidrBlock", "10.3.0.0/28"),
            ("privateClusterConfig.enablePrivateEndpoint", True),
            ("cloudSqlIpv4CidrBlock", "10.1.0.0/24"),
            ("cloudComposerNetworkIpv4CidrBlock", "10.2.0.0/24"),
            ("cloudComposerConnectionSubnetwork", SUBNETWORK),
            ("networkingConfig.connectionType", "VPC_PEERING"),
            ("enablePrivatelyUsedPublicIps", True),
        )
    ),
    Refused(
        generation=1,
        where="nodeConfig.enableIpMasqAgent",
        value=True,
        mend=ALIASES,
        code="MASQ107",
        place=f"{ALLOCATION}.useIpAliases",
    ),
    *(
        Refused(generation=1, where=where, value=value, mend=ALIASES, code="MASQ113")
        for where, value in (
            (f"{ALLOCATION}.clusterIpv4CidrBlock", "192.168.0.0/16"),
            (f"{ALLOCATION}.clusterSecondaryRangeName", "pods"),
            (f"{ALLOCATION}.servicesIpv4CidrBlock", "10.8.0.0/20"),
            (f"{ALLOCATION}.servicesSecondaryRangeName", "services"),
            (f"{PRIVATE}.enablePrivateEnvironment", True),
        )
    ),
    Refused(
        generation=2,
        where=f"{PRIVATE}.cloudComposerConnectionSubnetwork",
        value=SUBNETWORK,
        beside={**PRIVATE_TOO, f"{PRIVATE}.networkingConfig.connectionType": "VPC_PEERING"},
        mend={f"{PRIVATE}.networkingConfig.connectionType": "PRIVATE_SERVICE_CONNECT"},
        code="MASQ110",
        place=f"{PRIVATE}.networkingConfig.connectionType",
    ),
    *(
        Refused(
            generation=2,
            where=f"{NETWORKS}.cidrBlocks",
            value=[{"cidrBlock": "10.0.0.0/8"}],
            beside=beside,
            mend={f"{NETWORKS}.enabled": True},
            code="MASQ113",
        )
        for beside in ({}, {f"{NETWORKS}.enabled": False})
    ),
    Refused(generation=2, where=f"{SNAPSHOTS}.enabled", value=True, mend=SCHEDULE, code="MASQ113"),
    Refused(
        generation=2,
        where=f"{SNAPSHOTS}.snapshotCreationSchedule",
        value="0 4 * * *",
        beside={**SCHEDULE, f"{SNAPSHOTS}.enabled": False},
        mend=SCHEDULE,
        code="MASQ113",
    ),
    Refused(
        generation=2,
        where="nodeConfig.subnetwork",
        value=SUBNETWORK,
        mend={"nodeConfig.network": "projects/p/global/networks/n"},
        code="MASQ112",
    ),
    Refused(
        generation=2,
        where="workloadsConfig.triggerer.cpu",
        value=1,
        mend={"workloadsConfig.triggerer.count": 1},
        code="MASQ113",
    ),
    Refused(
        generation=2,
        where="workloadsConfig.triggerer.memoryGb",
        value=1,
        beside={"workloadsConfig.triggerer.count": 0},
        mend={"workloadsConfig.triggerer.count": 1},
        code="MASQ113",
    ),
    Refused(
        generation=2,
        where="maintenanceWindow.startTime",
        value=WINDOW["startTime"],
        beside={"maintenanceWindow.endTime": WINDOW["endTime"]},
        mend={"maintenanceWindow.recurrence": "FREQ=WEEKLY;BYDAY=SA"},
        code="MASQ113",
    ),
    *(
        Refused(
            generation=3,
            where="nodeConfig.composerNetworkAttachment",
            value=ATTACHMENT,
            beside={"nodeConfig.network": "projects/p/global/networks/n", **beside},
            code="MASQ111",
        )
        for beside in ({}, {"nodeConfig.subnetwork": SUBNETWORK})
    ),
    Refused(generation=1, where=f"{SNAPSHOTS}.enabled", value=True, beside=SCHEDULE, code="MASQ108"),
    Refused(
        generation=1,
        where=f"{PRIVATE}.networkingConfig.connectionType",
        value="VPC_PEERING",
        beside=PRIVATE_TOO | ALIASES,
        code="MASQ108",
    ),
    Refused(
        generation=1,
        where=f"{PRIVATE}.webServerIpv4CidrBlock",
        value="10.9.0.0/28",
        mend=PRIVATE_TOO | ALIASES,
        code="MASQ109",
    ),
    *(
        Refused(
            generation=3,
            where=f"workloadsConfig.{name}",
            value=value,
            mend={f"workloadsConfig.{name}": bound},
            code="MASQ113",
        )
        for name, value, bound in (
            ("scheduler.memoryGb", 0.0625, 0.125),
            ("scheduler.storageGb", 0.00390625, 0.0048828125),
            ("webServer.memoryGb", 513, 512),
            ("webServer.storageGb", 11, 10),
            ("worker.storageGb", 11, 10),
            ("dagProcessor.memoryGb", 0.5, 1),
            ("dagProcessor.storageGb", 101, 100),
        )
    ),
    Refused(
        generation=3,
        where="workloadsConfig.triggerer.memoryGb",
        value=513,
        beside={"workloadsConfig.triggerer.count": 1},
        mend={"workloadsConfig.triggerer.memoryGb": 512},
        code="MASQ113",
    ),
    Refused(generation=1, where="nodeConfig.diskSizeGb", value=10, mend={"nodeConfig.diskSizeGb": 20}, code="MASQ113"),
    Refused(
        generation=2,
        where="workloadsConfig.worker.memoryGb",
        value=600,
        mend={"workloadsConfig.worker.memoryGb": 512},
        code="MASQ113",
    ),
    Refused(
        generation=2, where="nodeConfig.tags", value=["a", "a"], mend={"nodeConfig.tags": ["a", "b"]}, code="MASQ113"
    ),
    Refused(
        generation=1,
        where="nodeConfig.oauthScopes",
        value=["a", "b", "a"],
        mend={"nodeConfig.oauthScopes": []},
        code="MASQ113",
    ),
    Refused(
        generation=2,
        where="encryptionConfig.kmsKeyName",
        value="k",
        mend={"encryptionConfig.kmsKeyName": KEY},
        code="MASQ113",
    ),
    *(
        Refused(
            generation=2, where=f"{ALLOCATION}.{name}", value="/16", mend={f"{ALLOCATION}.{name}": mend}, code="MASQ113"
        )
        for name, mend in (("clusterIpv4CidrBlock", "192.168.0.0/16"), ("servicesIpv4CidrBlock", "10.8.0.0/16"))
    ),
    Refused(
        generation=1,
        where="softwareConfig.pythonVersion",
        value="3.11",
        mend={"softwareConfig.pythonVersion": "3"},
        code="MASQ113",
    ),
]
"""What gcloud refuses."""

WITHOUT_A_FLAG_OF_GCLOUD = [
    Refused(
        generation=2,
        where="environmentSize",
        value="ENVIRONMENT_SIZE_EXTRA_LARGE",
        mend={"environmentSize": "ENVIRONMENT_SIZE_LARGE"},
        code="MASQ113",
    ),
    Refused(
        generation=3,
        where="softwareConfig.webServerPluginsMode",
        value="PLUGINS_DISABLED",
        mend={"softwareConfig.webServerPluginsMode": "PLUGINS_ENABLED"},
        code="MASQ113",
    ),
]
"""Words of Google's API that gcloud has no flag for."""

SET_ELSEWHERE_BY_GCLOUD = [
    Refused(generation=2, where="softwareConfig.schedulerCount", value=2, code="MASQ108"),
    Refused(generation=3, where="softwareConfig.schedulerCount", value=2, code="MASQ108"),
    Refused(generation=1, where="workloadsConfig.scheduler.count", value=2, code="MASQ108"),
]
"""What gcloud takes, and writes into another field."""

BY_TERRAFORM = [
    *of_another_generation(
        ((3,), "nodeConfig.maxPodsPerNode", 32),
        ((3,), f"{NETWORKS}.enabled", True),
        ((3,), f"{NETWORKS}.enabled", False),
        ((1, 2), "nodeConfig.composerNetworkAttachment", ATTACHMENT),
        ((1, 2), "nodeConfig.composerInternalIpv4CidrBlock", "100.64.128.0/20"),
        ((1, 2), "softwareConfig.webServerPluginsMode", "PLUGINS_ENABLED"),
        ((1, 2), f"{PRIVATE}.enablePrivateBuildsOnly", True),
        ((1, 2), "workloadsConfig.dagProcessor.cpu", 1),
        ((3,), f"{PRIVATE}.privateClusterConfig.enablePrivateEndpoint", False),
    ),
    Refused(
        generation=3, where=f"{PRIVATE}.cloudSqlIpv4CidrBlock", value="10.1.0.0/24", beside=PRIVATE_TOO, code="MASQ108"
    ),
    Refused(
        generation=3,
        where=f"{PRIVATE}.cloudComposerNetworkIpv4CidrBlock",
        value="10.2.0.0/24",
        beside=PRIVATE_TOO,
        code="MASQ114",
    ),
    *(
        Refused(
            generation=2,
            where=f"workloadsConfig.triggerer.{name}",
            value=1,
            mend={f"workloadsConfig.triggerer.{each}": 0 for each in ("cpu", "memoryGb", "count")},
            code="MASQ114",
        )
        for name in ("cpu", "memoryGb", "count")
    ),
    Refused(
        generation=2,
        where="maintenanceWindow.endTime",
        value=WINDOW["endTime"],
        mend={"maintenanceWindow.startTime": WINDOW["startTime"], "maintenanceWindow.recurrence": "FREQ=DAILY"},
        code="MASQ114",
    ),
    Refused(
        generation=2, where=f"{SNAPSHOTS}.timeZone", value="UTC", mend={f"{SNAPSHOTS}.enabled": False}, code="MASQ114"
    ),
    Refused(
        generation=2,
        where=f"{NETWORKS}.cidrBlocks",
        value=[{"cidrBlock": "10.0.0.0/8"}],
        mend={f"{NETWORKS}.enabled": False},
        code="MASQ114",
    ),
    Refused(
        generation=3,
        where="nodeConfig.composerNetworkAttachment",
        value=ATTACHMENT,
        beside={"nodeConfig.subnetwork": SUBNETWORK},
        code="MASQ111",
    ),
    *(
        Refused(
            generation=1,
            where="nodeConfig.maxPodsPerNode",
            value=pods,
            mend={"nodeConfig.maxPodsPerNode": bound},
            code="MASQ114",
        )
        for pods, bound in ((7, 8), (111, 110))
    ),
    Refused(generation=1, where="nodeCount", value=2, mend={"nodeCount": 300}, code="MASQ114"),
    *(
        Refused(
            generation=3,
            where=f"{RETENTION}.retentionDays",
            value=days,
            mend={f"{RETENTION}.retentionDays": bound},
            code="MASQ114",
        )
        for days, bound in ((29, 30), (731, 730))
    ),
]
"""What Terraform's provider refuses."""
