"""A subnetwork and its ranges, and a region's quotas, as the Compute API tells of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.facts.rest import find_items, find_text, find_value, read_ranges
from airflow_masq.text import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from netaddr import IPNetwork

_REGIONAL: Final = re.compile(
    r"(?:.*/)?projects/(?P<project>[^/]+)/regions/(?P<region>[^/]+)/(?P<kind>[a-zA-Z]+)/(?P<resource_id>[^/]+)"
)
_NETWORK: Final = re.compile(r"(?:.*/)?projects/(?P<project>[^/]+)/global/networks/(?P<network_id>[^/]+)")


@dataclass(frozen=True, kw_only=True)
class RegionalName:
    """The name of a subnetwork or router; ``str()`` gives ``projects/P/regions/R/KIND/ID``.

    :param project: the project that owns it; for a subnetwork of a Shared VPC the host project.
    :param kind: ``subnetworks`` or ``routers``.
    """

    project: str
    region: str
    kind: str
    resource_id: str

    @classmethod
    def parse(cls, text: str, *, kind: str, project: str, region: str, where: str = "name") -> Self:
        """Read a name in any of Google's forms.

        :param text: a URL, ``projects/P/regions/R/KIND/ID``, or the ID alone.
        :param project: the project of an ID alone.
        :param region: the region of an ID alone.
        :param where: the place to name in an error.
        :raises InvalidInputError: another form, or another kind.
        """
        matched = _REGIONAL.fullmatch(text)
        if matched is not None and matched["kind"] == kind:
            return cls(**matched.groupdict())
        if not text or "/" in text:
            expected = f"projects/PROJECT/regions/REGION/{kind}/ID, or the ID alone"
            raise InvalidInputError(where=where, expected=expected, seen=quote(text))
        return cls(project=project, region=region, kind=kind, resource_id=text)

    def __str__(self) -> str:
        return f"projects/{self.project}/regions/{self.region}/{self.kind}/{self.resource_id}"


def shorten_network(text: str, *, project: str) -> str:
    """Write a network's name as ``projects/P/global/networks/N``, from a URL, that form, or the ID alone."""
    matched = _NETWORK.fullmatch(text)
    if matched is not None:
        return f"projects/{matched['project']}/global/networks/{matched['network_id']}"
    return f"projects/{project}/global/networks/{text.rpartition('/')[2]}" if text else ""


@dataclass(frozen=True, kw_only=True)
class Subnetwork:
    """A subnetwork.

    :param network: ``projects/P/global/networks/N``.
    :param primary_range: the nodes' range; ``None`` where it is not told.
    :param secondary_ranges: the ranges for Pods and Services by their names.
    """

    name: RegionalName
    network: str
    primary_range: IPNetwork | None
    secondary_ranges: Mapping[str, IPNetwork] = field(default_factory=dict, hash=False)

    @classmethod
    def read(cls, resource: Mapping[str, object], *, name: RegionalName) -> Self:
        """Read the REST resource [source: compute-subnetwork-ranges]."""
        secondary: dict[str, IPNetwork] = {}
        for entry in find_items(resource, "secondaryIpRanges"):
            for cidr in read_ranges([find_text(entry, "ipCidrRange")]):
                secondary[find_text(entry, "rangeName")] = cidr
        primary = read_ranges([find_text(resource, "ipCidrRange")])
        return cls(
            name=name,
            network=shorten_network(find_text(resource, "network"), project=name.project),
            primary_range=primary[0] if primary else None,
            secondary_ranges=secondary,
        )


@dataclass(frozen=True, kw_only=True)
class Quota:
    """One quota of a region.

    :param metric: Google's name of it, for example ``CPUS`` or ``IN_USE_ADDRESSES``.
    """

    metric: str
    limit: float
    usage: float


def read_quotas(resource: Mapping[str, object]) -> dict[str, Quota]:
    """Read the quotas of a region's REST resource, by metric [source: compute-region-quotas]."""
    quotas: dict[str, Quota] = {}
    for entry in find_items(resource, "quotas"):
        metric, limit, usage = find_text(entry, "metric"), find_value(entry, "limit"), find_value(entry, "usage")
        if metric and isinstance(limit, int | float):
            used = float(usage) if isinstance(usage, int | float) else 0.0
            quotas[metric] = Quota(metric=metric, limit=float(limit), usage=used)
    return quotas
