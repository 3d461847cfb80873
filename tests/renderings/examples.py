"""Plans that several forms write: the page's own example, and one that sets most of what an environment can."""

from __future__ import annotations

import copy
from typing import Any

from airflow_masq.plan import Plan, load_plan_from_mapping

NAME = "projects/example-project/locations/us-central1/environments/example-environment"

# The page's example of an API call [source: composer-agent-example].
PAGE: dict[str, Any] = {
    "name": NAME,
    "config": {
        "softwareConfig": {"imageVersion": "composer-2.14.1-airflow-2.10.5"},
        "nodeConfig": {"enableIpMasqAgent": True},
    },
}

RICH: dict[str, Any] = {
    "name": NAME,
    "labels": {"team": "network", "cost-centre": "c1"},
    "storageConfig": {"bucket": "example-bucket"},
    "config": {
        "softwareConfig": {
            "imageVersion": "composer-2.17.9-airflow-2.11.1",
            "envVariables": {"GREETING": 'say "hi", ${you} %{now}', "PATTERN": "a;b\\c = d"},
            "airflowConfigOverrides": {"core-dags_are_paused_at_creation": "True"},
            "cloudDataLineageIntegration": {"enabled": True},
        },
        "nodeConfig": {
            "enableIpMasqAgent": True,
            "network": "projects/host-project/global/networks/example-network",
            "subnetwork": "projects/host-project/regions/us-central1/subnetworks/example-subnetwork",
            "serviceAccount": "worker@example-project.iam.gserviceaccount.com",
            "tags": ["composer", "masqueraded"],
            "ipAllocationPolicy": {
                "clusterIpv4CidrBlock": "192.168.0.0/16",
                "servicesSecondaryRangeName": "services",
            },
        },
        "privateEnvironmentConfig": {
            "enablePrivateEnvironment": True,
            "enablePrivatelyUsedPublicIps": True,
            "cloudSqlIpv4CidrBlock": "10.1.0.0/24",
            "cloudComposerNetworkIpv4CidrBlock": "10.2.0.0/24",
            "privateClusterConfig": {"enablePrivateEndpoint": True, "masterIpv4CidrBlock": "10.3.0.0/28"},
            "networkingConfig": {"connectionType": "VPC_PEERING"},
        },
        "webServerNetworkAccessControl": {
            "allowedIpRanges": [
                {"value": "10.0.0.0/8", "description": "office, all floors"},
                {"value": "172.20.0.0/16"},
            ]
        },
        "masterAuthorizedNetworksConfig": {"enabled": True, "cidrBlocks": [{"cidrBlock": "10.0.0.0/8"}]},
        "environmentSize": "ENVIRONMENT_SIZE_SMALL",
        "resilienceMode": "HIGH_RESILIENCE",
        "workloadsConfig": {
            "scheduler": {"cpu": 0.5, "memoryGb": 1.875, "storageGb": 1, "count": 2},
            "webServer": {"cpu": 0.5, "memoryGb": 1.875, "storageGb": 1},
            "worker": {"cpu": 2, "memoryGb": 7.5, "storageGb": 5, "minCount": 1, "maxCount": 12},
            "triggerer": {"cpu": 0.5, "memoryGb": 0.5, "count": 1},
        },
        "encryptionConfig": {
            "kmsKeyName": "projects/example-project/locations/us-central1/keyRings/ring/cryptoKeys/key",
        },
        "recoveryConfig": {
            "scheduledSnapshotsConfig": {
                "enabled": True,
                "snapshotLocation": "gs://example-snapshots/here",
                "snapshotCreationSchedule": "0 4 * * *",
                "timeZone": "UTC+01",
            }
        },
        "dataRetentionConfig": {"taskLogsRetentionConfig": {"storageMode": "CLOUD_LOGGING_ONLY"}},
    },
}

COMPOSER_1: dict[str, Any] = {
    "name": NAME,
    "config": {
        "nodeCount": 3,
        "softwareConfig": {
            "imageVersion": "composer-1.20.12-airflow-2.4.3",
            "pythonVersion": "3",
            "schedulerCount": 2,
        },
        "nodeConfig": {
            "location": "projects/example-project/zones/us-central1-a",
            "machineType": "projects/example-project/zones/us-central1-a/machineTypes/n1-standard-1",
            "diskSizeGb": 100,
            "oauthScopes": ["https://www.googleapis.com/auth/cloud-platform"],
            "enableIpMasqAgent": True,
            "ipAllocationPolicy": {
                "useIpAliases": True,
                "clusterSecondaryRangeName": "pods",
                "servicesIpv4CidrBlock": "10.8.0.0/20",
            },
        },
        "privateEnvironmentConfig": {"enablePrivateEnvironment": True, "webServerIpv4CidrBlock": "10.9.0.0/28"},
        "webServerNetworkAccessControl": {},
        "databaseConfig": {"machineType": "db-n1-standard-2"},
        "webServerConfig": {"machineType": "composer-n1-webserver-2"},
        "maintenanceWindow": {
            "startTime": "2024-01-01T00:00:00+00:00",
            "endTime": "2024-01-01T12:00:00+00:00",
            "recurrence": "FREQ=WEEKLY;BYDAY=SA",
        },
    },
}

COMPOSER_2_OTHERWISE: dict[str, Any] = {
    "name": NAME,
    "config": {
        "softwareConfig": {
            "imageVersion": "composer-2-airflow-2",
            "cloudDataLineageIntegration": {"enabled": False},
        },
        "nodeConfig": {"network": "projects/example-project/global/networks/n", "enableIpMasqAgent": True},
        "databaseConfig": {"zone": "us-central1-a"},
        "privateEnvironmentConfig": {
            "enablePrivateEnvironment": True,
            "networkingConfig": {"connectionType": "PRIVATE_SERVICE_CONNECT"},
            "cloudComposerConnectionSubnetwork": "projects/example-project/regions/us-central1/subnetworks/s",
        },
        "environmentSize": "ENVIRONMENT_SIZE_LARGE",
        "dataRetentionConfig": {"taskLogsRetentionConfig": {"storageMode": "CLOUD_LOGGING_AND_CLOUD_STORAGE"}},
    },
}

COMPOSER_3: dict[str, Any] = {
    "name": NAME,
    "config": {
        "softwareConfig": {
            "imageVersion": "composer-3-airflow-2.10.5-build.3",
            "webServerPluginsMode": "PLUGINS_ENABLED",
        },
        "nodeConfig": {
            "composerNetworkAttachment": "projects/example-project/regions/us-central1/networkAttachments/a",
            "composerInternalIpv4CidrBlock": "100.64.128.0/20",
        },
        "privateEnvironmentConfig": {"enablePrivateEnvironment": True, "enablePrivateBuildsOnly": True},
        "workloadsConfig": {
            "worker": {"cpu": 0.5, "memoryGb": 0.3},
            "dagProcessor": {"cpu": 0.5, "memoryGb": 1, "storageGb": 1, "count": 1},
        },
        "dataRetentionConfig": {
            "airflowMetadataRetentionConfig": {"retentionMode": "RETENTION_MODE_ENABLED", "retentionDays": 60},
        },
    },
}


def plan_of(environment: dict[str, Any], **sections: Any) -> Plan:  # noqa: ANN401 - a plan is any JSON
    """Make a plan with an environment.

    :param environment: Google's resource.
    :param sections: the plan's other sections.
    :return: the plan.
    """
    return load_plan_from_mapping({"environment": environment, **sections}, source="plan")


def page_with(path: str, value: object) -> dict[str, Any]:
    """Set one field in a copy of the page's environment.

    :param path: the field's dotted path.
    :param value: what to set.
    :return: the environment.
    """
    environment = copy.deepcopy(PAGE)
    *around, name = path.split(".")
    place = environment
    for each in around:
        place = place.setdefault(each, {})
    place[name] = value
    return environment
