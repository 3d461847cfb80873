"""Draws whole plans near the borders of what Google accepts; the same number draws the same plan everywhere.

A plan starts sound: each part is drawn from forms that are known to work together. Then no, one or two changes are
made, which are mostly faults. What becomes of the plan is not known here.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from airflow_masq.environment.fields import FREE_FORM_MAPS, to_snake_case

PLANS: Final = 2_000
"""How many plans are drawn, numbered from 0."""

PROJECT, REGION = "example-project", "us-central1"
NAME: Final = f"projects/{PROJECT}/locations/{REGION}/environments/example-environment"
ACCOUNT: Final = "composer@example-project.iam.gserviceaccount.com"
NEWEST: Final = "composer-2.17.9-airflow-2.11.1"

#: Not among the lab's images. Whether the service still creates them is not verified [source: composer-current-images].
UNDECIDED_IMAGES: Final = ("composer-2.17.3-airflow-2.10.5", "composer-2.16.4-airflow-2.10.5")

_HOST: Final = f"projects/host-project/regions/{REGION}/subnetworks/example-subnetwork"
_ELSEWHERE: Final = "projects/host-project/regions/europe-west1/subnetworks/example-subnetwork"
_ATTACHMENT: Final = f"projects/{PROJECT}/regions/{REGION}/networkAttachments/composer"
_FOREIGN_ATTACHMENT: Final = f"projects/host-project/regions/{REGION}/networkAttachments/composer"

_CONFIG: Final = "environment.config"
_NODE: Final = f"{_CONFIG}.nodeConfig"
_SOFTWARE: Final = f"{_CONFIG}.softwareConfig"
_POLICY: Final = f"{_NODE}.ipAllocationPolicy"
_PRIVATE: Final = f"{_CONFIG}.privateEnvironmentConfig"
_CLUSTER: Final = f"{_PRIVATE}.privateClusterConfig"
_WORKER: Final = f"{_CONFIG}.workloadsConfig.worker"
_IMAGE: Final = f"{_SOFTWARE}.imageVersion"
_MASTER: Final = f"{_CLUSTER}.masterIpv4CidrBlock"
_SQL: Final = f"{_PRIVATE}.cloudSqlIpv4CidrBlock"
_TENANT: Final = f"{_PRIVATE}.cloudComposerNetworkIpv4CidrBlock"
_WEB: Final = f"{_PRIVATE}.webServerIpv4CidrBlock"
_REUSE: Final = f"{_PRIVATE}.enablePrivatelyUsedPublicIps"
_CONNECTION: Final = f"{_PRIVATE}.networkingConfig.connectionType"
_PODS, _SERVICES = f"{_POLICY}.clusterIpv4CidrBlock", f"{_POLICY}.servicesIpv4CidrBlock"
_POD_NAME, _SERVICE_NAME = f"{_POLICY}.clusterSecondaryRangeName", f"{_POLICY}.servicesSecondaryRangeName"

Change = Mapping[str, object]
"""Values by their dotted paths from the plan on."""


@dataclass(frozen=True, kw_only=True)
class DrawnPlan:
    """One plan.

    :param number: draws it again.
    :param mapping: the plan file as JSON; do not change it.
    :param changes: the names of the changes that were made to a sound plan.
    """

    number: int
    mapping: Mapping[str, Any]
    changes: tuple[str, ...]

    def __str__(self) -> str:
        return f"plan {self.number} ({', '.join(self.changes) or 'sound'})"


def _egress_nat_policy(*cidrs: str) -> Change:
    manifest = {
        "apiVersion": "networking.gke.io/v1",
        "kind": "EgressNATPolicy",
        "metadata": {"name": "default"},
        "spec": {"action": "NoSNAT", "destinations": [{"cidr": cidr} for cidr in cidrs]},
    }
    return {"policy": {"egress_nat_policies": [manifest]}}


_PUBLIC: Final[dict[str, object]] = {}
_IS_PRIVATE: Final[dict[str, object]] = {f"{_PRIVATE}.enablePrivateEnvironment": True}

#: Forms of each part that fit one another; one form of each part makes a sound plan.
_SOUND: Final[Mapping[str, tuple[Change, ...]]] = {
    "image": (
        *({_IMAGE: NEWEST},) * 4,
        {_IMAGE: "composer-2-airflow-2"},
        {_IMAGE: "composer-2.17.9-airflow-2"},
        {_IMAGE: "composer-2.17.8-airflow-2.10.5"},
        *({_IMAGE: image} for image in UNDECIDED_IMAGES),
    ),
    "agent": (
        *({f"{_NODE}.enableIpMasqAgent": True},) * 4,
        {f"{_NODE}.enableIpMasqAgent": False},
        {f"{_NODE}.enableIpMasqAgent": None},
        {},
    ),
    "privacy": (
        _PUBLIC,
        _PUBLIC,
        {f"{_PRIVATE}.enablePrivateEnvironment": False},
        {_CLUSTER: {}, _SQL: "", _CONNECTION: ""},
        _IS_PRIVATE,
        _IS_PRIVATE | {_MASTER: "172.16.20.0/28", f"{_CLUSTER}.enablePrivateEndpoint": True},
        _IS_PRIVATE | {_MASTER: "172.18.0.0/28", _SQL: "10.64.0.0/24", _TENANT: "172.31.245.0/24"},
        _IS_PRIVATE | {_CONNECTION: "VPC_PEERING", _SQL: "10.64.0.0/12"},
        _IS_PRIVATE | {_CONNECTION: "PRIVATE_SERVICE_CONNECT", _SQL: "10.0.0.0/8"},
        _IS_PRIVATE | {f"{_PRIVATE}.cloudComposerConnectionSubnetwork": _HOST, _TENANT: "172.31.245.0/27"},
    ),
    "ranges": (
        {},
        {_PODS: "10.4.0.0/14", _SERVICES: "10.8.0.0/20"},
        {_PODS: "10.4.0.0/17", _SERVICES: "192.168.32.0/22", _POD_NAME: "", _SERVICE_NAME: ""},
        {_PODS: "100.64.0.0/15", _SERVICES: "240.10.0.0/20", "network.pod_ranges": ["100.64.0.0/15"]},
        {_PODS: "/17", _SERVICES: "/22"},
        {
            _PODS: None,
            _POD_NAME: "pods",
            _SERVICE_NAME: "services",
            f"{_NODE}.network": "projects/host-project/global/networks/example-network",
            f"{_NODE}.subnetwork": _HOST,
            "network.pod_ranges": ["10.4.0.0/14"],
            "network.service_ranges": ["10.8.0.0/20"],
        },
        {_PODS: "", _POD_NAME: "pods", _SERVICES: "10.8.0.0/20"},
        {_POD_NAME: "pods", _SERVICE_NAME: "services"},
        {
            _PODS: "192.168.0.0/17",
            "network.service_ranges": ["10.96.0.0/20"],
            "network.pod_ranges": ["192.168.0.0/17", "fd00:64::/48"],
        },
    ),
    "nodes": ({}, {"network.node_ranges": ["10.128.0.0/20"]}, {"network.node_ranges": ["10.128.0.0/20"]}),
    "network": (
        {},
        {},
        {"network.other_ranges": {"on-premises": ["172.20.0.0/16"], "peered": ["10.200.0.0/16"]}},
        {"network.nat_addresses": ["203.0.113.7"]},
        {"network.nat_covers": ["node", "pod"], "network.public_nodes": False, "network.workers": 3},
        {"cluster": {"initial_version": "1.30.5-gke.1014001", "pods_per_node": 32}},
    ),
    "policy": (
        *({},) * 5,
        {"policy": "composer"},
        {"policy": "gke-default"},
        _egress_nat_policy("10.128.0.0/20", "10.0.0.0/9", "192.168.0.0/16", "100.64.0.0/10", "240.0.0.0/4"),
    ),
    "targets": (
        {},
        {"targets": [{"name": "erp", "observe": "http://172.20.0.10:8080/"}]},
        {
            "targets": [
                {"name": "erp", "observe": "http://172.20.0.10:8080/", "allowed_sources": ["10.128.0.0/20"]},
                {"name": "peer", "observe": "dns://10.200.0.9/who.example?type=TXT"},
            ]
        },
        {"targets": [{"name": "web", "observe": "https://ifconfig.me/"}, {"name": "hook", "observe": "airflow://x"}]},
    ),
    "rest": (
        {},
        {f"{_CONFIG}.environmentSize": "ENVIRONMENT_SIZE_SMALL"},
        {f"{_WORKER}.cpu": 2, f"{_WORKER}.memoryGb": 7.5, f"{_WORKER}.minCount": 1, f"{_WORKER}.maxCount": 3},
        {f"{_SOFTWARE}.envVariables": {"image_version": "kept", "A": "b=c, d"}, "environment.labels": {"team": "a"}},
        {
            f"{_CONFIG}.masterAuthorizedNetworksConfig": {"enabled": True, "cidrBlocks": [{"cidrBlock": "10.0.0.0/8"}]},
            f"{_CONFIG}.webServerNetworkAccessControl": {"allowedIpRanges": [{"value": "10.0.0.0/8"}]},
        },
        {f"{_POLICY}.useIpAliases": False, f"{_CONFIG}.nodeCount": 0, f"{_NODE}.location": ""},
        {f"{_CONFIG}.resilienceMode": "RESILIENCE_MODE_UNSPECIFIED", f"{_NODE}.tags": ["composer", "masqueraded"]},
    ),
}

#: What is changed in a sound plan, by name; one of the forms is drawn. Some forms are harmless.
_CHANGES: Final[Mapping[str, tuple[Change, ...]]] = {
    "service account": ({f"{_NODE}.serviceAccount": ""}, {f"{_NODE}.serviceAccount": None}),
    "name": (
        {"environment.name": f"projects/{PROJECT}/locations/{REGION}/environments/Example_Environment"},
        {"environment.name": f"projects/{PROJECT}/locations/{REGION}/environments/{'a' * 65}"},
        {"environment.name": f"projects/{PROJECT}/locations/{REGION}/environments/{'a' * 64}"},
        {"environment.name": "example-environment"},
        {"environment.name": None},
    ),
    "location": tuple(
        {"environment.name": f"projects/{PROJECT}/locations/{location}/environments/e"}
        for location in ("us", "us-central1-a", "europe-west-1", "asia-east1")
    ),
    "image of another generation": (
        *({_IMAGE: image} for image in ("composer-1.20.12-airflow-2.4.3", "composer-1-airflow-2.3")),
        *({_IMAGE: image} for image in ("composer-3-airflow-2.11.1-build.14", "composer-3-airflow-3")),
    ),
    "image that does not tell": tuple(
        {_IMAGE: image} for image in ("", None, "composer-latest-airflow-2", "composer-4-airflow-3", "2.17.9")
    ),
    "image of another time": tuple(
        {_IMAGE: image}
        for image in (
            "composer-2.0.32-airflow-2.3.4",
            "composer-2.13.9-airflow-2.10.5",
            "composer-2.14.1-airflow-2.10.5",
            "composer-2-airflow-3",
            "composer-2-airflow-2.9",
            "composer-2.17.9-airflow-3.2.2",
        )
    ),
    "node count": ({f"{_CONFIG}.nodeCount": 3},),
    "zone": ({f"{_NODE}.location": "projects/example-project/zones/us-central1-a"},),
    "machine type": ({f"{_NODE}.machineType": "projects/p/zones/us-central1-a/machineTypes/n1-standard-1"},),
    "IP aliases": ({f"{_POLICY}.useIpAliases": True},),
    "web server block": (_IS_PRIVATE | {_WEB: "172.31.244.0/24"}, {_WEB: "172.31.244.0/24"}),
    "other fields of Composer 1": (
        {f"{_NODE}.diskSizeGb": 100, f"{_SOFTWARE}.pythonVersion": "3"},
        {f"{_NODE}.maxPodsPerNode": 32, f"{_NODE}.oauthScopes": ["https://www.googleapis.com/auth/cloud-platform"]},
    ),
    "region of the subnetwork": (
        {f"{_NODE}.subnetwork": _ELSEWHERE, f"{_NODE}.network": "projects/host-project/global/networks/n"},
        {f"{_NODE}.subnetwork": _ELSEWHERE},
        {f"{_NODE}.subnetwork": "example-subnetwork"},
    ),
    "name of the network": (
        {f"{_NODE}.network": "default"},
        {f"{_NODE}.network": "projects/host-project/regions/us-central1/networks/n"},
        {f"{_NODE}.network": "global/networks/default", f"{_NODE}.subnetwork": f"https://example.com/{_HOST}"},
        {f"{_NODE}.network": "projects/host-project/global/networks/n", f"{_NODE}.subnetwork": "subnetworks/default"},
    ),
    "high resilience": (
        *({f"{_CONFIG}.resilienceMode": "HIGH_RESILIENCE"},) * 2,
        _IS_PRIVATE | {f"{_CONFIG}.resilienceMode": "HIGH_RESILIENCE"},
    ),
    "private fields": (
        {f"{_PRIVATE}.enablePrivateEnvironment": None, _MASTER: "172.16.20.0/28"},
        {f"{_PRIVATE}.enablePrivateEnvironment": False, f"{_CLUSTER}.enablePrivateEndpoint": True},
        {f"{_PRIVATE}.enablePrivateEnvironment": False, f"{_CLUSTER}.enablePrivateEndpoint": False},
        {f"{_PRIVATE}.enablePrivateEnvironment": False, _CONNECTION: "VPC_PEERING"},
        {f"{_PRIVATE}.enablePrivateEnvironment": False, _CONNECTION: "CONNECTION_TYPE_UNSPECIFIED"},
        {f"{_PRIVATE}.enablePrivateEnvironment": False, _SQL: "10.64.0.0/24"},
        _IS_PRIVATE | {_CONNECTION: "VPC_PEERING", f"{_PRIVATE}.cloudComposerConnectionSubnetwork": _HOST},
    ),
    "attachment": (
        {f"{_NODE}.composerNetworkAttachment": _ATTACHMENT},
        {_IMAGE: "composer-3-airflow-2", f"{_NODE}.composerNetworkAttachment": _ATTACHMENT},
        *({_IMAGE: "composer-3-airflow-2", f"{_NODE}.composerNetworkAttachment": _FOREIGN_ATTACHMENT},) * 2,
    ),
    "Composer 3 with a private cluster": (
        _IS_PRIVATE | {_IMAGE: "composer-3-airflow-2", _MASTER: "172.16.20.0/28"},
        {_IMAGE: "composer-3-airflow-2", f"{_CLUSTER}.enablePrivateEndpoint": False},
        {_IMAGE: "composer-3-airflow-2", f"{_CONFIG}.nodeCount": 3, f"{_POLICY}.useIpAliases": True},
    ),
    "worker": tuple(
        {f"{_WORKER}.cpu": cpu, f"{_WORKER}.memoryGb": memory}
        for cpu, memory in ((2, 16), (2, 1.5), (0.5, 3.25), (0.5, 3.3), (0.3, 1.95), (1, 0))
    ),
    "workers": ({"network.workers": 100_000, "network.pod_ranges": ["10.4.0.0/24"], _PODS: None, _POD_NAME: "pods"},),
    "range that is not allowed": (
        {_PODS: "100.128.0.0/16", _POD_NAME: None, "network.pod_ranges": None},
        {_PODS: "100.128.0.0/16", _POD_NAME: None, "network.pod_ranges": ["10.4.0.0/14"]},
        {_PODS: "100.127.0.0/16", _POD_NAME: None, "network.pod_ranges": None},
        {_PODS: "8.0.0.0/14", _POD_NAME: None, "network.pod_ranges": None} | _IS_PRIVATE | {_REUSE: True},
        {_SERVICES: "172.32.0.0/20", _SERVICE_NAME: None, "network.service_ranges": None},
        {_PODS: "", _POD_NAME: "public-pods", "network.pod_ranges": ["100.128.48.0/20"]},
        {_PODS: "", _POD_NAME: "public-pods", "network.pod_ranges": ["100.128.48.0/20"]} | _IS_PRIVATE | {_REUSE: True},
        {_SERVICES: "", _SERVICE_NAME: "public-services", "network.service_ranges": ["100.255.48.0/24"]},
        _IS_PRIVATE | {_MASTER: "100.200.0.0/28"},
        _IS_PRIVATE | {_MASTER: "100.200.0.0/28", _REUSE: True},
    ),
    "Docker's bridge": (
        *(_IS_PRIVATE | {_MASTER: cidr} for cidr in ("172.17.50.0/28", "172.17.0.0/28", "172.16.0.0/15")),
        _IS_PRIVATE | {_MASTER: "172.18.50.0/28"},
        {_PODS: "172.16.0.0/15", _POD_NAME: None, "network.pod_ranges": None},
        _IS_PRIVATE | {_TENANT: "172.17.0.0/24"},
    ),
    "block": (
        *({_PODS: text, _POD_NAME: None, "network.pod_ranges": None} for text in ("10.0.0.1/16", "10.4.0.0", "/33")),
        *(
            {_PODS: text, _POD_NAME: None, "network.pod_ranges": None}
            for text in ("10.4.0.0/255.252.0.0", " 10.4.0.0/14")
        ),
        {_SERVICES: "fd00::/48", _SERVICE_NAME: None, "network.service_ranges": None},
        {_SERVICES: "010.8.0.0/20", _SERVICE_NAME: None},
        {_SERVICES: "/0", _SERVICE_NAME: None},
        _IS_PRIVATE | {_MASTER: "/28"},
        _IS_PRIVATE | {_TENANT: "172.31.245.0"},
        _IS_PRIVATE | {_SQL: "10.64.0.1/12"},
    ),
    "width": (
        _IS_PRIVATE | {_MASTER: "172.16.20.0/29"},
        _IS_PRIVATE | {_SQL: "10.64.0.0/25"},
        _IS_PRIVATE | {_TENANT: "172.31.245.0/30"},
        {_PODS: "10.4.0.0/26", _POD_NAME: None, "network.pod_ranges": None},
        {_SERVICES: "10.8.0.0/28", _SERVICE_NAME: None, "network.service_ranges": None},
    ),
    "overlap": (
        {_PODS: "10.8.0.0/15", _POD_NAME: None, _SERVICES: "10.8.0.0/20", _SERVICE_NAME: None},
        {_PODS: "10.128.0.0/14", _POD_NAME: None, "network.node_ranges": ["10.128.0.0/20"], "network.pod_ranges": None},
        {
            _PODS: "10.128.0.0/14",
            _POD_NAME: None,
            "network.node_ranges": ["10.128.0.0/20"],
            "network.pod_ranges": ["10.4.0.0/14"],
        },
        {
            _PODS: None,
            _POD_NAME: "pods",
            "network.pod_ranges": ["10.8.0.0/14"],
            _SERVICES: "10.8.0.0/20",
            _SERVICE_NAME: "",
        },
        _IS_PRIVATE | {_MASTER: "10.128.3.0/28", "network.node_ranges": ["10.128.0.0/20"]},
        _IS_PRIVATE | {_SQL: "10.4.0.0/24", _PODS: "10.4.0.0/14", _POD_NAME: None},
        _IS_PRIVATE
        | {_SQL: "10.4.0.0/24", _PODS: "10.4.0.0/14", _POD_NAME: None, _CONNECTION: "PRIVATE_SERVICE_CONNECT"},
        _IS_PRIVATE | {_TENANT: "172.16.20.0/24", _MASTER: "172.16.20.0/28"},
        {"network.other_ranges": {"peered": ["10.4.0.0/14"]}},
    ),
    "Pods within a larger range": (
        {_PODS: "10.4.0.0/14", _POD_NAME: None, "network.pod_ranges": ["10.4.0.0/13"]},
        {_PODS: "10.4.0.0/14", _POD_NAME: None, "network.pod_ranges": ["10.4.0.0/15", "10.6.0.0/15"]},
    ),
    "policy": (
        {"policy": "none"},
        {"policy": {"agent_config": "nonMasqueradeCIDRs: [10.128.0.0/20, 10.4.0.0/14]", "daemon_set": True}},
        {"policy": {"agent_config": "nonMasqueradeCIDRs: [0.0.0.0/0]\nmasqLinkLocal: true"}},
        _egress_nat_policy("10.128.0.0/20"),
        _egress_nat_policy("0.0.0.0/0"),
    ),
    "CIDR and name": (
        {_PODS: "10.4.0.0/14", _POD_NAME: "pods"},
        {_SERVICES: "10.8.0.0/20", _SERVICE_NAME: "services"},
        {_SERVICES: "/20", _SERVICE_NAME: "services"},
    ),
    "subnetwork alone": ({f"{_NODE}.subnetwork": _HOST, f"{_NODE}.network": None},),
    "type": (
        {f"{_NODE}.enableIpMasqAgent": "true"},
        {f"{_CONFIG}.nodeCount": "3"},
        {f"{_SOFTWARE}.envVariables": {"A": 1}},
        {_PODS: ["10.4.0.0/14"]},
        {f"{_CONFIG}.environmentSize": 1},
        {_POLICY: []},
        {"network.pod_ranges": "10.4.0.0/14"},
        {"network.pod_ranges": ["10.4.0.1/14"]},
        {"targets": [{"name": "erp", "observe": "telnet://172.20.0.10/"}]},
        {"policy": "masquerade-all"},
        {"netwerk": {}},
    ),
    "Google's description of another environment": (
        {
            "environment.state": "RUNNING",
            "environment.uuid": "a6a4d2c6-58a4-4f5c-8f3e-0a3b2c1d0e9f",
            f"{_PRIVATE}.enablePrivateEnvironment": None,
            _CLUSTER: {},
            _CONNECTION: None,
            _SQL: "10.0.0.0/12",
            _TENANT: "172.31.245.0/24",
            f"{_PRIVATE}.cloudComposerConnectionSubnetwork": None,
            _WEB: "172.31.245.0/24",
        },
    ),
    "triggerer": tuple({f"{_CONFIG}.workloadsConfig.triggerer.cpu": cpu} for cpu in (0.5, 1, 1.5)),
    "environment variables": tuple(
        {f"{_SOFTWARE}.envVariables": {name: "1", "A": "2"}}
        for name in ("GCS_BUCKET", "PATH", "AIRFLOW__CORE__PARALLELISM", "a-b", "AIRFLOW_MASQ_PLAN", "_x1")
    ),
    "maintenance window": tuple(
        {
            f"{_CONFIG}.maintenanceWindow": {
                "startTime": "2026-01-01T01:00:00Z",
                "endTime": f"2026-01-01T{end}:00:00Z",
                "recurrence": recurrence,
            }
        }
        for end, recurrence in (
            ("07", "FREQ=WEEKLY;BYDAY=SU"),
            ("07", "FREQ=WEEKLY;BYDAY=SA,SU"),
            ("05", "FREQ=WEEKLY;BYDAY=FR,SA,SU"),
            ("04", "FREQ=DAILY"),
            ("05", "FREQ=DAILY"),
        )
    ),
    "unknown field": (
        {f"{_NODE}.enableIpMasqueradeAgent": True},
        {f"{_CONFIG}.brandNew": {"a": 1}},
        {f"{_CONFIG}.environmentSize": "ENVIRONMENT_SIZE_ENORMOUS"},
        {f"{_CONFIG}.environmentSize": "ENVIRONMENT_SIZE_EXTRA_LARGE"},
        {f"{_PRIVATE}.networkingType": "PUBLIC", f"{_PRIVATE}.enablePrivateEnvironment": None},
        {f"{_CONFIG}.enableIpMasqAgent": True},
    ),
}
_HOW_MANY_CHANGES: Final = (0, 0, 1, 1, 1, 1, 2)

#: How often the environment is written as Python's types and Terraform spell it.
_SNAKE_CASE_SHARE: Final = 0.25


def draw_plan(number: int) -> DrawnPlan:
    """Draw one plan.

    :param number: from 0 on; the plans below ``PLANS`` are those that the tests read.
    """
    chance = random.Random(number)  # noqa: S311 - for tests, and to be repeated
    mapping: dict[str, Any] = {}
    _apply(mapping, {"environment.name": NAME, f"{_NODE}.serviceAccount": ACCOUNT})
    for forms in _SOUND.values():
        _apply(mapping, _pick(forms, chance))
    names = chance.sample(sorted(_CHANGES), chance.choice(_HOW_MANY_CHANGES))
    for name in names:
        _apply(mapping, _pick(_CHANGES[name], chance))
    if chance.random() < _SNAKE_CASE_SHARE:
        mapping["environment"] = _spell_in_snake_case(mapping["environment"])
    return DrawnPlan(number=number, mapping=mapping, changes=tuple(names))


def _pick(forms: Sequence[Change], chance: random.Random) -> Change:
    return copy.deepcopy(forms[chance.randrange(len(forms))])


def _apply(mapping: dict[str, Any], change: Change) -> None:
    """Set values; ``None`` is a null in the environment, which Google's JSON takes, and removes what is the plan's."""
    for path, value in change.items():
        *around, name = path.split(".")
        place: Any = mapping
        for each in around:
            if not isinstance(place.get(each), dict):
                place[each] = {}
            place = place[each]
        place[name] = value
        if value is None and around[0] != "environment":
            del place[name]


def _spell_in_snake_case(value: object) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        return {
            to_snake_case(key): inner if key in FREE_FORM_MAPS else _spell_in_snake_case(inner)
            for key, inner in value.items()
        }
    return [_spell_in_snake_case(each) for each in value] if isinstance(value, list) else value
