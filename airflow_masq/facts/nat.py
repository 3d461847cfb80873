"""A router's Cloud NAT gateways: whose packets they translate, and to which addresses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.facts.rest import find_items, find_text, find_texts
from airflow_masq.facts.subnetwork import RegionalName, shorten_network
from airflow_masq.network.ranges import AddressKind, parse_address

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from netaddr import IPAddress


@dataclass(frozen=True, kw_only=True)
class NatSubnetwork:
    """One subnetwork in a gateway's list.

    :param name: its full name or URL.
    :param ranges: ``ALL_IP_RANGES``, ``PRIMARY_IP_RANGE``, ``LIST_OF_SECONDARY_IP_RANGES``, several where they add up.
    :param secondary_names: the secondary ranges of that list.
    """

    name: str
    ranges: tuple[str, ...]
    secondary_names: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class NatGateway:
    """One Cloud NAT gateway.

    :param is_public: it translates packets to the internet, and not those between networks (Private NAT).
    :param is_automatic: Google allocates its addresses, and can add more at any time.
    :param source_ranges: ``ALL_SUBNETWORKS_ALL_IP_RANGES``, ``ALL_SUBNETWORKS_ALL_PRIMARY_IP_RANGES`` or
        ``LIST_OF_SUBNETWORKS``.
    :param has_rules: packets to some destinations get other addresses of it.
    """

    name: str
    is_public: bool
    is_automatic: bool
    source_ranges: str
    subnetworks: tuple[NatSubnetwork, ...] = ()
    has_rules: bool = False

    @classmethod
    def read(cls, resource: object) -> Self:
        """Read an entry of a router's ``nats`` [source: compute-router-nat]."""
        listed = tuple(
            NatSubnetwork(
                name=find_text(entry, "name"),
                ranges=find_texts(entry, "sourceIpRangesToNat"),
                secondary_names=find_texts(entry, "secondaryIpRangeNames"),
            )
            for entry in find_items(resource, "subnetworks")
        )
        return cls(
            name=find_text(resource, "name"),
            is_public=find_text(resource, "type") != "PRIVATE",  # the default is PUBLIC
            is_automatic=find_text(resource, "natIpAllocateOption") != "MANUAL_ONLY",
            source_ranges=find_text(resource, "sourceSubnetworkIpRangesToNat"),
            subnetworks=listed,
            has_rules=bool(find_items(resource, "rules")),
        )

    def find_covered(self, subnetwork: RegionalName, *, pod_range_names: Collection[str]) -> NatCover:
        """Say whose packets to the internet it translates, of nodes and Pods in a subnetwork of the router's network.

        :param pod_range_names: the names of the secondary ranges that Pods use.
        """
        if not self.is_public:
            return NatCover()
        if self.source_ranges == "ALL_SUBNETWORKS_ALL_IP_RANGES":
            return NatCover(node=True, pod_range_names=frozenset(pod_range_names))
        if self.source_ranges == "ALL_SUBNETWORKS_ALL_PRIMARY_IP_RANGES":
            return NatCover(node=True)
        cover = NatCover()
        for entry in self.subnetworks:
            if entry.name.endswith(str(subnetwork)):
                everything = "ALL_IP_RANGES" in entry.ranges
                named = set(pod_range_names)
                if not everything:
                    is_listed = "LIST_OF_SECONDARY_IP_RANGES" in entry.ranges
                    named = named.intersection(entry.secondary_names) if is_listed else set()
                cover = NatCover(
                    node=cover.node or everything or "PRIMARY_IP_RANGE" in entry.ranges,
                    pod_range_names=cover.pod_range_names | named,
                )
        return cover


@dataclass(frozen=True, kw_only=True)
class NatCover:
    """Whose packets a gateway translates.

    :param node: those with a node's address.
    :param pod_range_names: those with a Pod's address from these secondary ranges.
    """

    node: bool = False
    pod_range_names: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return self.node or bool(self.pod_range_names)

    def list_kinds(self, pod_range_names: Collection[str]) -> frozenset[AddressKind]:
        """List the kinds of address that are covered as a whole, as ``nat_covers`` of a plan."""
        kinds = {AddressKind.NODE} if self.node else set()
        if pod_range_names and self.pod_range_names.issuperset(pod_range_names):
            kinds.add(AddressKind.POD)
        return frozenset(kinds)


@dataclass(frozen=True, kw_only=True)
class Router:
    """A router and its gateways.

    :param network: ``projects/P/global/networks/N``.
    """

    name: RegionalName
    network: str
    gateways: tuple[NatGateway, ...] = ()

    @classmethod
    def read(cls, resource: object, *, name: RegionalName) -> Self:
        """Read the REST resource."""
        return cls(
            name=name,
            network=shorten_network(find_text(resource, "network"), project=name.project),
            gateways=tuple(NatGateway.read(entry) for entry in find_items(resource, "nats")),
        )


@dataclass(frozen=True, kw_only=True)
class NatStatus:
    """The addresses that a gateway uses at the time of the call, also those of its rules.

    :param name: the gateway's.
    :param automatic: allocated by Google.
    :param manual: reserved by the user.
    :param draining: being removed: in use for old connections only.
    """

    name: str
    automatic: tuple[IPAddress, ...] = ()
    manual: tuple[IPAddress, ...] = ()
    draining: tuple[IPAddress, ...] = ()

    @property
    def addresses(self) -> tuple[IPAddress, ...]:
        """All addresses from which packets can come, the draining ones last."""
        return tuple(dict.fromkeys((*self.automatic, *self.manual, *self.draining)))


def read_nat_statuses(resource: Mapping[str, object]) -> tuple[NatStatus, ...]:
    """Read the answer of ``routers.getRouterStatus`` [source: compute-router-status]."""
    return tuple(
        NatStatus(
            name=find_text(entry, "name"),
            automatic=_read_addresses(entry, "autoAllocatedNatIps"),
            manual=(
                *_read_addresses(entry, "userAllocatedNatIps"),
                *(each for rule in find_items(entry, "ruleStatus") for each in _read_addresses(rule, "activeIps")),
            ),
            draining=(
                *_read_addresses(entry, "drainAutoAllocatedNatIps"),
                *_read_addresses(entry, "drainUserAllocatedNatIps"),
                *(each for rule in find_items(entry, "ruleStatus") for each in _read_addresses(rule, "drainIps")),
            ),
        )
        for entry in find_items(resource, "result", "natStatus")
    )


def _read_addresses(resource: object, name: str) -> tuple[IPAddress, ...]:
    addresses = []
    for text in find_texts(resource, name):
        try:
            addresses.append(parse_address(text))
        except InvalidInputError:
            continue
    return tuple(addresses)
