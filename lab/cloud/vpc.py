"""The networks of the emulated projects: subnetworks with their ranges, routers with Cloud NAT, reserved addresses.

Everything is kept as Compute's REST resource, by its name ``projects/P/regions/R/KIND/NAME``. For the fields see
[source: compute-subnetwork-ranges, compute-router-nat, compute-router-status]; the resources have those that a reader
of ranges and addresses needs.
"""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from lab.cloud.regions import REGIONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Resource: TypeAlias = dict[str, Any]

_URL: Final = "https://www.googleapis.com/compute/v1/"
_NAME: Final = re.compile(r"projects/(?P<project>[^/]+)/regions/(?P<region>[^/]+)/(?P<kind>[a-z]+)/(?P<id>[^/]+)")
_CREATED: Final = "2026-01-01T00:00:00.000-08:00"  # the lab's choice; no rule depends on it
_KEPT_BY_GOOGLE: Final = 4  # [source: vpc-subnet-unusable]
_KINDS: Final = {"subnetworks": "subnetwork", "routers": "router", "addresses": "address"}

# Some of the quotas that a region answers with, and usual limits [source: compute-region-quotas].
DEFAULT_QUOTAS: Final[Mapping[str, tuple[float, float]]] = {
    "CPUS": (600.0, 24.0),
    "IN_USE_ADDRESSES": (575.0, 3.0),
    "STATIC_ADDRESSES": (175.0, 2.0),
    "SSD_TOTAL_GB": (40960.0, 300.0),
    "INSTANCES": (6000.0, 4.0),
}


def make_url(name: str) -> str:
    """Write a resource's name as Compute's answers do."""
    return f"{_URL}{name}"


def read_network_name(text: str, *, project: str) -> str:
    """Read a network's URL, full name, or ID alone, as ``projects/P/global/networks/N``; empty for ``default``."""
    name = text.removeprefix(_URL)
    return name if "/" in name else f"projects/{project}/global/networks/{name or 'default'}"


def read_subnetwork_name(text: str, *, project: str, region: str) -> str:
    """Read a subnetwork's URL, full name, or ID alone as its full name; empty for ``default``.

    That the service takes an ID alone is not verified.
    """
    name = text.removeprefix(_URL)
    return name if "/" in name else f"projects/{project}/regions/{region}/subnetworks/{name or 'default'}"


@dataclass(frozen=True, kw_only=True)
class Nat:
    """One Cloud NAT gateway of a router.

    :param covers: ``sourceSubnetworkIpRangesToNat``.
    :param subnetworks: with ``LIST_OF_SUBNETWORKS``: the entries of ``subnetworks``, as REST has them.
    :param addresses: the names of reserved addresses (``MANUAL_ONLY``); none for addresses that Google allocates.
    :param allocated: the addresses that Google has allocated (``AUTO_ONLY``).
    :param is_private: a Private NAT gateway, between networks.
    :param more: further fields of the resource.
    """

    name: str
    covers: str = "ALL_SUBNETWORKS_ALL_IP_RANGES"
    subnetworks: Sequence[Mapping[str, Any]] = ()
    addresses: Sequence[str] = ()
    allocated: Sequence[str] = ()
    is_private: bool = False
    more: Mapping[str, Any] = field(default_factory=dict)

    def as_rest(self) -> Resource:
        """Write the gateway as a router's resource has it."""
        resource: Resource = {
            "name": self.name,
            "type": "PRIVATE" if self.is_private else "PUBLIC",
            "sourceSubnetworkIpRangesToNat": self.covers,
            **self.more,
        }
        if not self.is_private:
            resource["natIpAllocateOption"] = "MANUAL_ONLY" if self.addresses else "AUTO_ONLY"
        if self.subnetworks:
            resource["subnetworks"] = [{**each, "name": make_url(each["name"])} for each in self.subnetworks]
        if self.addresses:
            resource["natIps"] = [make_url(name) for name in self.addresses]
        return resource


class Vpc:
    """The resources of all projects.

    :param default_node_range: the primary range of a project's ``default`` subnetwork, in every region.
    :param default_secondary_ranges: the secondary ranges of every subnetwork that is not added with its own.
    :ivar quotas: limit and usage of each metric, the same in every region.
    :ivar allocated: how many addresses are allocated, by the subnetwork's name and the secondary range's; the primary
        range has the empty name.
    """

    def __init__(self, *, default_node_range: str, default_secondary_ranges: Mapping[str, str]) -> None:
        self._default_node_range = default_node_range
        self._default_secondary_ranges = dict(default_secondary_ranges)
        self._resources: dict[str, Resource] = {}
        self._statuses: dict[str, Resource] = {}
        self._policies: dict[str, list[Resource]] = {}
        self._complete: set[str] = set()
        self.quotas: dict[str, tuple[float, float]] = dict(DEFAULT_QUOTAS)
        self.allocated: dict[tuple[str, str], int] = {}

    def add_subnetwork(
        self,
        name: str,
        *,
        ip_cidr_range: str,
        secondary_ranges: Mapping[str, str] | None = None,
        network: str | None = None,
    ) -> None:
        """Add a subnetwork, or replace it.

        :param name: ``projects/P/regions/R/subnetworks/S``.
        :param secondary_ranges: CIDRs by their names, so that environments can name no others; ``None`` for the default
            ones, beside which any name is accepted.
        :param network: ``projects/P/global/networks/N``; default the project's ``default``.
        """
        ranges = self._default_secondary_ranges if secondary_ranges is None else secondary_ranges
        if secondary_ranges is not None:
            self._complete.add(name)
        gateway = IPv4Network(ip_cidr_range)[1]
        self._resources[name] = {
            **self._start_resource(name),
            "network": make_url(network or f"projects/{name.split('/')[1]}/global/networks/default"),
            "ipCidrRange": ip_cidr_range,
            "gatewayAddress": str(gateway),
            "privateIpGoogleAccess": True,
            "purpose": "PRIVATE",
            "stackType": "IPV4_ONLY",
        }
        for range_name, cidr in ranges.items():
            self.add_secondary_range(name, range_name=range_name, cidr=cidr)

    def add_secondary_range(self, name: str, *, range_name: str, cidr: str) -> None:
        """Add a secondary range to a subnetwork that exists, as GKE does for Pods and Services."""
        entry = {"rangeName": range_name, "ipCidrRange": str(IPv4Network(cidr))}
        self._resources[name].setdefault("secondaryIpRanges", []).append(entry)

    def remove_secondary_ranges(self, name: str, *, prefix: str) -> None:
        """Remove the secondary ranges of a subnetwork whose names begin so; nothing where there is no subnetwork."""
        resource = self._resources.get(name, {})
        if "secondaryIpRanges" in resource:
            kept = [each for each in resource["secondaryIpRanges"] if not each["rangeName"].startswith(prefix)]
            resource["secondaryIpRanges"] = kept

    def add_address(self, name: str, *, address: str) -> None:
        """Reserve an external address, ``projects/P/regions/R/addresses/A``."""
        self._resources[name] = {
            **self._start_resource(name),
            "address": str(IPv4Address(address)),
            "addressType": "EXTERNAL",
            "networkTier": "PREMIUM",
            "status": "RESERVED",
        }

    def add_router(self, name: str, *, network: str, nats: Sequence[Nat] = ()) -> None:
        """Add a router with its gateways; their reserved addresses must exist.

        :param name: ``projects/P/regions/R/routers/R``.
        :param network: ``projects/P/global/networks/N``.
        """
        router: Resource = {**self._start_resource(name), "network": make_url(network)}
        if nats:
            router["nats"] = [nat.as_rest() for nat in nats]
        self._resources[name] = router
        statuses = []
        for nat in nats:
            status: Resource = {"name": nat.name, "numVmEndpointsWithNatMappings": 1, "minExtraNatIpsNeeded": 0}
            if nat.addresses:
                status["userAllocatedNatIpResources"] = [make_url(each) for each in nat.addresses]
                status["userAllocatedNatIps"] = [self._resources[each]["address"] for each in nat.addresses]
                for each in nat.addresses:
                    self._resources[each] |= {"status": "IN_USE", "users": [make_url(name)]}
            elif nat.allocated:
                status["autoAllocatedNatIps"] = list(nat.allocated)
            statuses.append(status)
        self._statuses[name] = {"network": make_url(network), **({"natStatus": statuses} if statuses else {})}

    def get(self, name: str) -> Resource | None:
        """Look a resource up by its name; every project has a ``default`` subnetwork in every region."""
        if name not in self._resources and name.endswith("/subnetworks/default"):
            match = _NAME.fullmatch(name)
            if match is not None and match["region"] in REGIONS:
                self.add_subnetwork(name, ip_cidr_range=self._default_node_range)
        return copy.deepcopy(self._resources.get(name))

    def list(self, project: str, *, region: str, kind: str) -> dict[str, Resource]:
        """List a region's resources of a kind (``subnetworks``, ``routers``, ``addresses``) by their names."""
        if kind == "subnetworks":
            self.get(f"projects/{project}/regions/{region}/subnetworks/default")
        prefix = f"projects/{project}/regions/{region}/{kind}/"
        return {name: copy.deepcopy(each) for name, each in self._resources.items() if name.startswith(prefix)}

    def measure_subnetwork(self, name: str) -> Resource:
        """Write how full the ranges of a subnetwork that exists are [source: compute-subnetwork-utilization].

        That the four addresses which Google keeps of a primary range do not count as free is not verified.
        """
        subnetwork = self._resources[name]
        ranges = {"": subnetwork["ipCidrRange"]}
        ranges |= {each["rangeName"]: each["ipCidrRange"] for each in subnetwork.get("secondaryIpRanges", [])}
        utilizations: list[Resource] = []
        for range_name, cidr in ranges.items():
            usable = IPv4Network(cidr).num_addresses - (0 if range_name else _KEPT_BY_GOOGLE)
            taken = self.allocated.get((name, range_name), 0)
            row = {"totalAllocatedIp": str(taken), "totalFreeIp": str(max(usable - taken, 0))}
            utilizations.append(row | ({"rangeName": range_name} if range_name else {}))
        return {"ipv4Utilizations": utilizations}

    def grant(self, name: str, *, role: str, email: str) -> None:
        """Give a service account a role on a subnetwork."""
        self._policies.setdefault(name, []).append({"role": role, "members": [f"serviceAccount:{email}"]})

    def get_policy(self, name: str) -> Resource:
        """Write the allow policy of a subnetwork; that it has an etag alone without bindings is not verified."""
        bindings = copy.deepcopy(self._policies.get(name, []))
        return {"etag": "ACAB", **({"version": 1, "bindings": bindings} if bindings else {})}

    def get_router_status(self, name: str) -> Resource | None:
        """Look up what a router says of its gateways."""
        return copy.deepcopy(self._statuses.get(name))

    def put_router_status(self, name: str, status: Resource) -> None:
        """Let a router say this of its gateways."""
        self._statuses[name] = copy.deepcopy(status)

    def make_region(self, project: str, *, region: str) -> Resource:
        """Write a region with its quotas."""
        quotas = [{"metric": name, "limit": limit, "usage": usage} for name, (limit, usage) in self.quotas.items()]
        name = f"projects/{project}/regions/{region}"
        return {
            "kind": "compute#region",
            "id": "1000",
            "creationTimestamp": "1969-12-31T16:00:00.000-08:00",
            "name": region,
            "description": region,
            "status": "UP",
            "zones": [make_url(f"projects/{project}/zones/{region}-{letter}") for letter in "abc"],
            "quotas": quotas,
            "selfLink": make_url(name),
        }

    def find_complete(self, name: str) -> tuple[str, dict[str, str]] | None:
        """Look up the primary and the secondary ranges of a subnetwork that was added with all of them."""
        if name not in self._complete:
            return None
        resource = self._resources[name]
        secondary = {each["rangeName"]: each["ipCidrRange"] for each in resource.get("secondaryIpRanges", [])}
        return resource["ipCidrRange"], secondary

    def ensure_subnetwork(self, name: str, *, ip_cidr_range: str | None = None) -> None:
        """Add a subnetwork with the default ranges if it does not exist, for environments in any subnetwork."""
        if self.get(name) is None:
            self.add_subnetwork(name, ip_cidr_range=ip_cidr_range or self._default_node_range)

    def _start_resource(self, name: str) -> Resource:
        match = _NAME.fullmatch(name)
        if match is None or match["kind"] not in _KINDS:
            raise ValueError(f"expected projects/P/regions/R/KIND/NAME, saw {name!r}")
        return {
            "kind": f"compute#{_KINDS[match['kind']]}",
            "id": str(1000 + len(self._resources)),
            "creationTimestamp": _CREATED,
            "name": match["id"],
            "region": make_url(f"projects/{match['project']}/regions/{match['region']}"),
            "selfLink": make_url(name),
        }
