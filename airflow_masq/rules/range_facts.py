"""The ranges of a plan with their names and places, for the rules that compare or measure them; it must not judge."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from netaddr import cidr_merge

from airflow_masq.environment.cidr_fields import POD_FIELD, RESERVED_FIELDS, SERVICE_FIELD, CidrField
from airflow_masq.network.ranges import IPV4, IPV4_BITS
from airflow_masq.rules.environment_facts import block, text_field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from netaddr import IPNetwork

    from airflow_masq.plan import Plan

BARE_SIZE: Final = re.compile(r"/([1-9]|[12][0-9]|3[0-2])")


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

    def overlaps(self, other: NamedRange) -> bool:
        """Say whether two ranges share addresses.

        :param other: the other range.
        :return: whether they do.
        """
        return self.network in other.network or other.network in self.network


def named_ranges(plan: Plan) -> list[NamedRange]:
    """Give every range of a plan.

    :param plan: the plan.
    :return: Pods, Services and nodes, then the blocks reserved for Google's side, then the others by name.
    """
    ranges = plan.ranges
    return [
        *(NamedRange(name="Pod", where=pod_place(plan, network), network=network) for network in ranges.pod),
        *(
            NamedRange(name="Service", where=service_place(plan, network), network=network)
            for network in ranges.service
        ),
        *(NamedRange(name="node", where="network.node_ranges", network=network) for network in ranges.node),
        *_reserved_ranges(plan),
        *(
            NamedRange(name=name, where=f"network.other_ranges.{name}", network=network, is_other=True)
            for name, networks in ranges.other.items()
            for network in networks
        ),
    ]


def pod_place(plan: Plan, network: IPNetwork) -> str:
    """Say where a Pod range comes from.

    :param plan: the plan.
    :param network: one of its Pod ranges.
    :return: the environment's own field where that names it, else the plan's.
    """
    return _place(plan, network, field=POD_FIELD, otherwise="network.pod_ranges")


def service_place(plan: Plan, network: IPNetwork) -> str:
    """Say where a Service range comes from.

    :param plan: the plan.
    :param network: one of its Service ranges.
    :return: as ``pod_place``.
    """
    return _place(plan, network, field=SERVICE_FIELD, otherwise="network.service_ranges")


def _place(plan: Plan, network: IPNetwork, *, field: CidrField, otherwise: str) -> str:
    return field.where if block(plan, field) == network else otherwise


def _reserved_ranges(plan: Plan) -> Iterator[NamedRange]:
    for field in RESERVED_FIELDS:
        network = block(plan, field)
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
    return _size(plan, plan.ranges.pod, place=pod_place, field=POD_FIELD)


def service_size(plan: Plan) -> RangeSize | None:
    """Measure the Service ranges.

    :param plan: the plan.
    :return: as ``pod_size``.
    """
    return _size(plan, plan.ranges.service, place=service_place, field=SERVICE_FIELD)


def _size(
    plan: Plan, networks: tuple[IPNetwork, ...], *, place: Callable[[Plan, IPNetwork], str], field: CidrField
) -> RangeSize | None:
    ipv4 = [network for network in networks if network.version == IPV4]
    if ipv4:
        text = ", ".join(str(network) for network in ipv4)
        return RangeSize(where=place(plan, ipv4[0]), text=text, addresses=sum(each.size for each in cidr_merge(ipv4)))
    bare_size = BARE_SIZE.fullmatch(text_field(plan, *field.path))
    if bare_size is None:
        return None
    return RangeSize(where=field.where, text=bare_size[0], addresses=2 ** (IPV4_BITS - int(bare_size[1])))
