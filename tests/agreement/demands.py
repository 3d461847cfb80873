"""What Google demands of a new environment of Composer 2 or 3, read off its REST resource alone.

The list is written a third time, beside the rules of the package and the table of the emulator, from the same sources
and with Python's own ``ipaddress``, so that a row that is lost in either is missed here.
"""

from __future__ import annotations

import re
from datetime import datetime
from ipaddress import IPv4Network, ip_network
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from lab.cloud.validation import Surroundings

_PRIVATE: Final = "privateEnvironmentConfig"
_POLICY: Final = "nodeConfig.ipAllocationPolicy"
_NAME: Final = re.compile(
    r"projects/([^/]+)/locations/([a-z]+-[a-z]+[0-9]+)/environments/[a-z]([-0-9a-z]{0,62}[0-9a-z])?"
)
#: The private and reserved ranges [source: gke-default-list].
_ALLOWED: Final = tuple(
    map(
        IPv4Network,
        (
            "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24",
            "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
        ),
    )
)  # fmt: skip
_SIZE: Final = re.compile(r"/[0-9]+")

Blocks = dict[str, IPv4Network | None]


class Asked:
    """What a request asks for.

    :param rest: the resource in REST spelling, without fields at their default.
    :param surroundings: the network around it.
    """

    def __init__(self, rest: Mapping[str, Any], *, surroundings: Surroundings) -> None:
        self.rest = rest
        match = _NAME.fullmatch(rest["name"])
        self.project, self.location = (match[1], match[2]) if match else ("", "")
        self._surroundings = surroundings

    def get(self, path: str, default: object = None) -> Any:  # noqa: ANN401 - any JSON
        """Look up a field below ``config``."""
        value: Any = self.rest["config"]
        for name in path.split("."):
            value = value.get(name, {}) if isinstance(value, dict) else {}
        return default if value == {} else value

    @property
    def generation(self) -> str:
        """Composer's generation; an image that the service resolved always shows it."""
        return str(self.get("softwareConfig.imageVersion", "")).removeprefix("composer-")[:1]

    @property
    def is_private(self) -> bool:
        """Whether it is a private environment."""
        return bool(self.get(f"{_PRIVATE}.enablePrivateEnvironment"))

    @property
    def blocks(self) -> Blocks:
        """The blocks by what they are for; ``None`` if one is not in the form of the reference."""
        texts = {
            "pods": self.get(f"{_POLICY}.clusterIpv4CidrBlock") or self._named("clusterSecondaryRangeName"),
            "services": self.get(f"{_POLICY}.servicesIpv4CidrBlock") or self._named("servicesSecondaryRangeName"),
            "master": self.get(f"{_PRIVATE}.privateClusterConfig.masterIpv4CidrBlock"),
            "sql": self.get(f"{_PRIVATE}.cloudSqlIpv4CidrBlock"),
            "composer": self.get(f"{_PRIVATE}.cloudComposerNetworkIpv4CidrBlock"),
            "nodes": self._surroundings.node_ranges.get(self.get("nodeConfig.subnetwork", "")),
        }
        return {
            name: _read_block(text)
            for name, text in texts.items()
            if text and not (name in {"pods", "services"} and _SIZE.fullmatch(text) and 1 <= int(text[1:]) <= 32)
        }

    def _named(self, field: str) -> str | None:
        return self._surroundings.secondary_ranges.get(self.get(f"{_POLICY}.{field}", ""))


def _read_block(text: str) -> IPv4Network | None:
    try:
        network = ip_network(text)
    except ValueError:
        return None
    return network if isinstance(network, IPv4Network) and str(network) == text else None


def _are_allowed(asked: Asked) -> bool:
    names = {"master"} if asked.get(f"{_PRIVATE}.enablePrivatelyUsedPublicIps") else {"master", "pods", "services"}
    return all(
        any(block.subnet_of(allowed) for allowed in _ALLOWED)
        for name, block in asked.blocks.items()
        if name in names and block is not None
    )


def _are_disjoint(asked: Asked) -> bool:
    names = {"pods", "services", "nodes"}
    if asked.is_private:
        names |= {"master", "composer"}
        over_psc = asked.get(f"{_PRIVATE}.networkingConfig.connectionType") == "PRIVATE_SERVICE_CONNECT"
        if not over_psc and not asked.get(f"{_PRIVATE}.cloudComposerConnectionSubnetwork"):
            names.add("sql")
    blocks = [block for name, block in asked.blocks.items() if name in names and block is not None]
    return not any(one.overlaps(other) for index, one in enumerate(blocks) for other in blocks[:index])


def _count_hours(asked: Asked) -> float:
    """Count the hours of the maintenance window in a week; chunks of less than 4 do not count, and none is enough."""
    window = asked.get("maintenanceWindow", {})
    if not window:
        return 12
    start, end = (datetime.fromisoformat(window[key]) for key in ("startTime", "endTime"))
    hours = (end - start).total_seconds() / 3600
    days = 7 if window["recurrence"].endswith("DAILY") else window["recurrence"].count(",") + 1
    return hours * days if hours >= 4 else 0


def _is_beside_docker(asked: Asked) -> bool:
    master = asked.blocks.get("master")
    return master is None or not master.overlaps(IPv4Network("172.17.0.0/16"))


def _is_in_region(asked: Asked) -> bool:
    match = re.fullmatch(r"projects/[^/]+/regions/([^/]+)/subnetworks/[^/]+", asked.get("nodeConfig.subnetwork", ""))
    return match is None or match[1] == asked.location


def _names_networks(asked: Asked) -> bool:
    network, subnetwork = (asked.get(f"nodeConfig.{field}", "").split("/") for field in ("network", "subnetwork"))
    return (len(network) == 1 or network[-3:-1] == ["global", "networks"]) and (
        len(subnetwork) == 1 or (subnetwork[-4:-3], subnetwork[-2]) == (["regions"], "subnetworks")
    )


def _fits_cpu(asked: Asked) -> bool:
    worker = asked.get("workloadsConfig.worker", {})
    cpu, memory = worker.get("cpu"), worker.get("memoryGb")
    return asked.generation != "2" or not cpu or not memory or 1 <= round(memory / cpu, 3) <= 6.5


DEMANDS: Final[Mapping[str, Callable[[Asked], object]]] = {
    # The form of a name, and a region in it [source: composer-environment-name, composer-regions].
    "unexpected_location": lambda asked: asked.location,
    # [source: composer-service-account-required, composer-service-account-release-note]
    "missing_service_account": lambda asked: "@" in asked.get("nodeConfig.serviceAccount", ""),
    # [source: composer-range-not-allowed, composer-range-not-allowed-log]
    "ranges_not_allowed": _are_allowed,
    # [source: composer-unsupported-image, composer-end-of-life, composer-current-images]
    "unsupported_image": lambda asked: re.fullmatch(
        r"composer-(2\.1[67]\.[0-9]-airflow-2\.1[01]\.[0-9]|3-airflow-[23]\.[0-9.]+-build\.[0-9]+)",
        asked.get("softwareConfig.imageVersion", ""),
    ),
    # [source: composer-1-fields-refused, composer-machine-type-refused, composer-web-server-cidr-refused]
    "node_count": lambda asked: not asked.get("nodeCount"),
    "node_location": lambda asked: not asked.get("nodeConfig.location"),
    "machine_type": lambda asked: not asked.get("nodeConfig.machineType"),
    "ip_aliases": lambda asked: not asked.get(f"{_POLICY}.useIpAliases"),
    "web_server_block": lambda asked: not asked.get(f"{_PRIVATE}.webServerIpv4CidrBlock"),
    # [source: composer-subnetwork-region]
    "subnetwork_elsewhere": _is_in_region,
    # [source: composer-network-names]
    "unnamed_network": _names_networks,
    # [source: composer-high-resilience-public]
    "public_high_resilience": lambda asked: (
        asked.generation != "2" or asked.is_private or asked.get("resilienceMode") != "HIGH_RESILIENCE"
    ),
    # [source: composer-private-cluster-refused]
    "private_cluster": lambda asked: (
        not asked.get(f"{_PRIVATE}.privateClusterConfig") or (asked.is_private and asked.generation == "2")
    ),
    # [source: composer-connection-type]
    "public_connection_type": lambda asked: (
        asked.is_private or not asked.get(f"{_PRIVATE}.networkingConfig.connectionType")
    ),
    # [source: composer-attachment-project]
    "foreign_attachment": lambda asked: (
        asked.generation != "3"
        or asked.get("nodeConfig.composerNetworkAttachment", f"projects/{asked.project}/").startswith(
            f"projects/{asked.project}/"
        )
    ),
    # [source: composer-3-networking]
    "agent_on_composer_3": lambda asked: asked.generation != "3" or not asked.get("nodeConfig.enableIpMasqAgent"),
    # [source: composer-worker-memory]
    "worker_memory": _fits_cpu,
    # [source: composer-triggerer-cpu]
    "triggerer_cpus": lambda asked: asked.generation != "2" or asked.get("workloadsConfig.triggerer.cpu", 0) <= 1,
    # [source: composer-environment-variables]
    "environment_variables": lambda asked: (
        not any(
            name.startswith("AIRFLOW__") or name in {"GCS_BUCKET", "PATH"} or not name.isidentifier()
            for name in asked.get("softwareConfig.envVariables", {})
        )
    ),
    # [source: composer-maintenance-windows]
    "short_maintenance": lambda asked: _count_hours(asked) >= 12,
    # [source: composer-ip-allocation-forms]
    "unreadable_blocks": lambda asked: None not in asked.blocks.values(),
    # [source: composer-docker-bridge-refused]
    "master_on_docker_bridge": _is_beside_docker,
    # [source: composer-private-blocks-disjoint]
    "overlaps": _are_disjoint,
}
"""By the names of the emulator's refusals: each says whether a request meets it."""


def find_unmet(asked: Asked) -> Iterator[str]:
    """List the demands that a request does not meet."""
    return (name for name, is_met in DEMANDS.items() if not is_met(asked))
