"""Two environments that the acceptance tests of Google's Terraform provider create for real.

``testAccComposerEnvironmentComposer2_private`` and ``testAccComposerEnvironment_composerV2``
[source: magic-modules-acceptance-tests].
"""

from __future__ import annotations

from typing import Any, Final

_ACCOUNT: Final = "sa@example-project.iam.gserviceaccount.com"

PRIVATE_PSC_PUPI: Final[dict[str, Any]] = {
    "name": "projects/example-project/locations/us-central1/environments/example-environment",
    "config": {
        "softwareConfig": {"imageVersion": "composer-2-airflow-2"},
        "nodeConfig": {
            "network": "projects/example-project/global/networks/test",
            "subnetwork": "projects/example-project/regions/us-central1/subnetworks/test",
            "serviceAccount": _ACCOUNT,
            "enableIpMasqAgent": True,
            "ipAllocationPolicy": {"clusterIpv4CidrBlock": "10.56.0.0/14"},
        },
        "privateEnvironmentConfig": {
            "enablePrivateEnvironment": True,
            "enablePrivatelyUsedPublicIps": True,
            "networkingConfig": {"connectionType": "PRIVATE_SERVICE_CONNECT"},
            "privateClusterConfig": {"enablePrivateEndpoint": True},
        },
    },
}
COMPOSER_NETWORKS: Final[dict[str, Any]] = {
    "name": "projects/example-project/locations/us-east1/environments/example-environment",
    "config": {
        "environmentSize": "ENVIRONMENT_SIZE_MEDIUM",
        "softwareConfig": {
            "imageVersion": "composer-2-airflow-2",
            "cloudDataLineageIntegration": {"enabled": True},
        },
        "databaseConfig": {"zone": "us-east1-c"},
        "dataRetentionConfig": {"taskLogsRetentionConfig": {"storageMode": "CLOUD_LOGGING_ONLY"}},
        "nodeConfig": {
            "network": "projects/example-project/global/networks/test",
            "subnetwork": "projects/example-project/regions/us-east1/subnetworks/test",
            "serviceAccount": _ACCOUNT,
            "ipAllocationPolicy": {"clusterIpv4CidrBlock": "10.0.0.0/16"},
        },
        "workloadsConfig": {
            "scheduler": {"cpu": 1.25, "memoryGb": 2.5, "storageGb": 5.4, "count": 2},
            "webServer": {"cpu": 1.75, "memoryGb": 3.0, "storageGb": 4.4},
            "worker": {"cpu": 0.5, "memoryGb": 2.0, "storageGb": 3.4, "minCount": 2, "maxCount": 5},
            "triggerer": {"cpu": 0.5, "memoryGb": 2.0, "count": 1},
        },
        "privateEnvironmentConfig": {
            "enablePrivateEnvironment": True,
            "cloudComposerNetworkIpv4CidrBlock": "10.3.192.0/24",
            "cloudSqlIpv4CidrBlock": "10.3.224.0/20",
            "privateClusterConfig": {"enablePrivateEndpoint": True, "masterIpv4CidrBlock": "172.16.194.0/23"},
        },
    },
}
