"""The ranges of a plan with their names and places, for the rules that compare or measure them; it must not judge."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from netaddr import cidr_merge

from airflow_masq.environment.cidr_fields import BARE_SIZE, POD_FIELD, RESERVED_FIELDS, SERVICE_FIELD, CidrField
from airflow_masq.network.ranges import IPV4, IPV4_BITS
from airflow_masq.rules.views.environment import block, text_field
from airflow_masq.text import join_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from netaddr import IPNetwork

    from airflow_masq.plan import Plan


@dataclass(frozen=True, kw_only=True)
class NamedRange:
    """One range of a plan.

    :param name: what it is for, as a person says it: ``Pod``, ``Cloud SQL``, ``on-premises``.
    :param where: its place in the plan.
    :param network: the range.
    :param is_other: whether it is a range outside the environment, which the plan only names.
    """

    name: str
    where: str
    network: IPNetwork
    is_other: bool = False

    def __str__(self) -> str:
        return f"{self.name} range {self.network}"


def named_ranges(plan: Plan) -> list[NamedRange]:
    """Give every range of a plan.

    :param plan: the plan.
    :return: Pods, Services and nodes, then the blocks reserved for Google's side, then the others by name.
    """
    ranges = plan.ranges
    return [
        *pod_ranges(plan),
        *service_ranges(plan),
        *_listed("node", ranges.node, where="network.node_ranges"),
        *_reserved_ranges(plan),
        *(
            named
            for name, networks in ranges.other.items()
            for named in _listed(name, networks, where=f"network.other_ranges.{name}", is_other=True)
        ),
    ]


def overlaps(ranges: Sequence[NamedRange]) -> Iterator[tuple[NamedRange, NamedRange]]:
    """Find the pairs of ranges that share addresses.

    Of two CIDRs that do, one holds the other, so that in the order of their addresses every range follows those that
    hold it.

    :param ranges: the ranges, each different from the others.
    :return: the pairs one by one, since there may be many; each in the order of ``ranges``.
    """
    places = sorted(range(len(ranges)), key=lambda place: _sort_key(ranges[place]))
    around: list[int] = []
    for place in places:
        network = ranges[place].network
        while around and network not in ranges[around[-1]].network:
            around.pop()
        yield from ((ranges[min(place, outer)], ranges[max(place, outer)]) for outer in around)
        around.append(place)


def _sort_key(named: NamedRange) -> tuple[int, int, int]:
    return named.network.version, named.network.first, named.network.prefixlen


def _listed(name: str, networks: Iterable[IPNetwork], *, where: str, is_other: bool = False) -> Iterator[NamedRange]:
    for index, network in enumerate(networks):
        yield NamedRange(name=name, where=f"{where}[{index}]", network=network, is_other=is_other)


def pod_ranges(plan: Plan) -> list[NamedRange]:
    """Give the Pod ranges.

    :param plan: the plan.
    :return: each with its place: the environment's own field where that names it, else the plan's.
    """
    return _of_field(plan, plan.ranges.pod, field=POD_FIELD, otherwise="network.pod_ranges")


def service_ranges(plan: Plan) -> list[NamedRange]:
    """Give the Service ranges.

    :param plan: the plan.
    :return: as ``pod_ranges``.
    """
    return _of_field(plan, plan.ranges.service, field=SERVICE_FIELD, otherwise="network.service_ranges")


def _of_field(plan: Plan, networks: Iterable[IPNetwork], *, field: CidrField, otherwise: str) -> list[NamedRange]:
    own = block(plan, field=field)
    return [
        replace(named, where=field.where) if named.network == own else named
        for named in _listed(field.purpose, networks, where=otherwise)
    ]


def _reserved_ranges(plan: Plan) -> Iterator[NamedRange]:
    for field in RESERVED_FIELDS:
        network = block(plan, field=field)
        if network is not None:
            yield NamedRange(name=field.purpose, where=field.where, network=network)


@dataclass(frozen=True, kw_only=True)
class RangeSize:
    """How many addresses there are for one purpose.

    :param where: the place that says so.
    :param text: the ranges, or the bare size, as a person reads them.
    :param addresses: how many there are.
    """

    where: str
    text: str
    addresses: int


def pod_size(plan: Plan) -> RangeSize | None:
    """Measure the Pod ranges.

    :param plan: the plan.
    :return: their size, or the bare size that the environment asks for; ``None`` where neither is known.
    """
    return _size(plan, pod_ranges(plan), field=POD_FIELD)


def service_size(plan: Plan) -> RangeSize | None:
    """Measure the Service ranges.

    :param plan: the plan.
    :return: as ``pod_size``.
    """
    return _size(plan, service_ranges(plan), field=SERVICE_FIELD)


def _size(plan: Plan, ranges: list[NamedRange], *, field: CidrField) -> RangeSize | None:
    ipv4 = [named for named in ranges if named.network.version == IPV4]
    if ipv4:
        networks = [named.network for named in ipv4]
        addresses = sum(each.size for each in cidr_merge(networks))
        return RangeSize(where=ipv4[0].where, text=join_words(networks), addresses=addresses)
    bare_size = BARE_SIZE.fullmatch(text_field(plan, *field.path))
    if bare_size is None:
        return None
    return RangeSize(where=field.where, text=bare_size[0], addresses=2 ** (IPV4_BITS - int(bare_size[1])))
