"""The ranges of a plan, each with its place, their overlaps and their sizes, as several rules read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from netaddr import IPNetwork, cidr_merge

from airflow_masq.environment.cidr_fields import (
    CLOUD_SQL_FIELD,
    POD_FIELD,
    RESERVED_FIELDS,
    SERVICE_FIELD,
    CidrField,
)
from airflow_masq.environment.field_generations import lacks_field
from airflow_masq.network.ranges import IPV4, IPV4_BITS
from airflow_masq.plan import Plan
from airflow_masq.text import join_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(frozen=True, kw_only=True)
class NamedRange:
    """One range of a plan.

    :param name: what it is for, as in messages: ``Pod``, ``Cloud SQL``, ``on-premises``.
    :param where: its place in the plan.
    :param is_other: whether it is outside the environment, and the plan only names it.
    :param is_beside_network: whether the environment asks for it, and the plan's network does not list it.
    """

    name: str
    where: str
    network: IPNetwork
    is_other: bool = False
    is_beside_network: bool = False

    def __str__(self) -> str:
        return f"{self.name} range {self.network}"


@dataclass(frozen=True, kw_only=True)
class RangeSize:
    """How many addresses there are for one purpose.

    :param where: the place that says so.
    :param text: the ranges, or the bare size, as in messages.
    """

    where: str
    text: str
    addresses: int


def list_ranges(plan: Plan) -> list[NamedRange]:
    """List every range: Pods, Services, nodes, the blocks reserved for Google's side, then the others by name."""
    ranges = [*list_pod_ranges(plan), *list_service_ranges(plan), *list_blocks_beside_network(plan)]
    for index, network in enumerate(plan.ranges.node):
        ranges.append(NamedRange(name="node", where=f"network.node_ranges[{index}]", network=network))
    for field in RESERVED_FIELDS:
        reserved = plan.environment.get_cidr(field)
        if reserved is not None and not is_unused(plan, field=field):
            ranges.append(NamedRange(name=field.purpose, where=field.where, network=reserved))
    for name, networks in plan.ranges.other.items():
        for index, network in enumerate(networks):
            where = f"network.other_ranges.{name}[{index}]"
            ranges.append(NamedRange(name=name, where=where, network=network, is_other=True))
    return ranges


def is_unused(plan: Plan, *, field: CidrField) -> bool:
    """Say whether a block reserved for Google's side has no effect.

    A block that the environment's generation lacks is reported by MASQ108 alone.

    The block for Cloud SQL is a pool from which a peered network takes addresses; over Private Service Connect nothing
    is peered (inferred). Google's description of an environment has the pool's default everywhere, and defaults of all
    the others in public environments [source: composer-cloud-sql-pool, composer-public-environment-defaults].
    """
    environment = plan.environment
    if lacks_field(environment.generation, path=field.path):
        return True
    if environment.is_described and not environment.is_private:
        return True
    return field == CLOUD_SQL_FIELD and (environment.uses_private_service_connect or environment.is_described)


def list_blocks_beside_network(plan: Plan) -> list[NamedRange]:
    """List the blocks for Pods and Services that the environment asks for, and the plan's network does not list.

    The service judges the environment's own block, whatever the plan says of the network.
    """
    blocks = []
    for field, networks in ((POD_FIELD, plan.ranges.pod), (SERVICE_FIELD, plan.ranges.service)):
        own = plan.environment.get_cidr(field)
        if own is not None and own not in networks and not lacks_field(plan.environment.generation, path=field.path):
            blocks.append(NamedRange(name=field.purpose, where=field.where, network=own, is_beside_network=True))
    return blocks


def list_pod_ranges(plan: Plan) -> list[NamedRange]:
    """List the Pod ranges, each with the place of the environment's field if that names it, else of the plan's list."""
    return _list_ranges_of(plan, plan.ranges.pod, field=POD_FIELD, otherwise="network.pod_ranges")


def list_service_ranges(plan: Plan) -> list[NamedRange]:
    """List the Service ranges, as ``list_pod_ranges`` does."""
    return _list_ranges_of(plan, plan.ranges.service, field=SERVICE_FIELD, otherwise="network.service_ranges")


def _list_ranges_of(plan: Plan, networks: Sequence[IPNetwork], *, field: CidrField, otherwise: str) -> list[NamedRange]:
    own = plan.environment.get_cidr(field)
    is_lacking = lacks_field(plan.environment.generation, path=field.path)  # MASQ108 reports it
    return [
        NamedRange(
            name=field.purpose, where=field.where if network == own else f"{otherwise}[{index}]", network=network
        )
        for index, network in enumerate(networks)
        if network != own or not is_lacking
    ]


def find_overlaps(ranges: Sequence[NamedRange]) -> Iterator[tuple[NamedRange, NamedRange]]:
    """Find the pairs of ranges that share addresses, lazily, since there may be many.

    :param ranges: without duplicates.
    :return: pairs, each in the order of ``ranges``.
    """
    # If two CIDRs share addresses, one contains the other. Sorted by address, each range follows those that contain it.
    places = sorted(range(len(ranges)), key=lambda place: _make_sort_key(ranges[place].network))
    around: list[int] = []
    for place in places:
        network = ranges[place].network
        while around and network not in ranges[around[-1]].network:
            around.pop()
        yield from ((ranges[min(place, outer)], ranges[max(place, outer)]) for outer in around)
        around.append(place)


def _make_sort_key(network: IPNetwork) -> tuple[int, int, int]:
    return network.version, network.first, network.prefixlen


def measure_pod_ranges(plan: Plan) -> RangeSize | None:
    """Measure the IPv4 Pod ranges, else take the size that the environment asks for; ``None`` without either."""
    return _measure(plan, list_pod_ranges(plan), field=POD_FIELD)


def measure_service_ranges(plan: Plan) -> RangeSize | None:
    """Measure the Service ranges, as ``measure_pod_ranges`` does."""
    return _measure(plan, list_service_ranges(plan), field=SERVICE_FIELD)


def _measure(plan: Plan, ranges: list[NamedRange], *, field: CidrField) -> RangeSize | None:
    ipv4 = [named for named in ranges if named.network.version == IPV4]
    if ipv4:
        networks = [named.network for named in ipv4]
        addresses = sum(each.size for each in cidr_merge(networks))
        return RangeSize(where=ipv4[0].where, text=join_words(networks), addresses=addresses)
    size = plan.environment.get_bare_size(field)
    if size is None or lacks_field(plan.environment.generation, path=field.path):
        return None
    return RangeSize(where=field.where, text=f"/{size}", addresses=2 ** (IPV4_BITS - size))
