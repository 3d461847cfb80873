"""The fields that the service adds to a new environment of Composer 2, as GET shows them afterwards.

Recorded from a public environment [source: composer-public-environment-defaults]; the values of sizes and of Pod and
Service ranges are that record's. What the service adds in a private environment is inferred, and for Composer 3 nothing
is added, since no record is known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from google.protobuf.json_format import MessageToDict, ParseDict

from lab.cloud.regions import CLOUD_SQL_BLOCK, REGIONS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from google.protobuf.message import Message

    from lab.cloud.names import Parent

_WORKLOADS: Final = {
    "scheduler": {"count": 1, "cpu": 0.5, "memoryGb": 2, "storageGb": 1},
    "triggerer": {"count": 1, "cpu": 0.5, "memoryGb": 1},
    "webServer": {"cpu": 0.5, "memoryGb": 2, "storageGb": 1},
    "worker": {"cpu": 0.5, "maxCount": 3, "memoryGb": 2, "minCount": 1, "storageGb": 1},
}
_EVERYWHERE: Final = (
    {"value": "0.0.0.0/0", "description": "Allows access from all IPv4 addresses (default value)"},
    {"value": "::0/0", "description": "Allows access from all IPv6 addresses (default value)"},
)


def add_server_defaults(config: Message, *, parent: Parent, blocks: Mapping[str, str]) -> None:
    """Add the fields that the request did not set, at any depth; those that it set stay as they are.

    :param blocks: the CIDRs of Pods (``cluster``) and of ``services`` where the request names no range.
    """
    region = REGIONS[parent.location]
    requested = MessageToDict(config)
    private = requested.get("privateEnvironmentConfig", {})
    is_private = private.get("enablePrivateEnvironment", False)
    policy = requested.get("nodeConfig", {}).get("ipAllocationPolicy", {})
    allocation: dict[str, Any] = {"useIpAliases": True}
    for purpose, block in blocks.items():
        if not policy.get(f"{purpose}SecondaryRangeName"):
            allocation[f"{purpose}Ipv4CidrBlock"] = block
    defaults = {
        "databaseConfig": {"machineType": "db-custom-2-7680"},
        "encryptionConfig": {},
        "environmentSize": "ENVIRONMENT_SIZE_SMALL",
        "maintenanceWindow": {
            "startTime": "1970-01-01T00:00:00Z",
            "endTime": "1970-01-01T04:00:00Z",
            "recurrence": "FREQ=WEEKLY;BYDAY=FR,SA,SU",
        },
        "masterAuthorizedNetworksConfig": {},
        "nodeConfig": {
            "diskSizeGb": 100,
            "ipAllocationPolicy": allocation,
            "machineType": f"projects/{parent.project}/zones/{parent.location}-a/machineTypes/n1-standard-1",
            "subnetwork": f"projects/{parent.project}/regions/{parent.location}/subnetworks/default",
        },
        "privateEnvironmentConfig": {
            "cloudComposerNetworkIpv4CidrBlock": region.tenant_block,
            "cloudSqlIpv4CidrBlock": CLOUD_SQL_BLOCK,
            "privateClusterConfig": {"masterIpv4CidrBlock": region.master_block} if is_private else {},
        },
        "softwareConfig": {"cloudDataLineageIntegration": {}, "pythonVersion": "3"},
        "webServerNetworkAccessControl": {"allowedIpRanges": list(_EVERYWHERE)},
        "workloadsConfig": _WORKLOADS,
    }
    ParseDict(_complete(requested, defaults), config)


def _complete(requested: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    completed = dict(requested)
    for name, default in defaults.items():
        if name not in completed:
            completed[name] = default
        elif isinstance(default, dict):
            completed[name] = _complete(completed[name], default)
    return completed
