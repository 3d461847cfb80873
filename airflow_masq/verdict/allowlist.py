"""Which source addresses the firewalls of an environment's targets must let in, as the plan predicts them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_masq.network.ranges import AddressKind

if TYPE_CHECKING:
    from netaddr import IPNetwork

    from airflow_masq.verdict.report import Report


@dataclass(frozen=True, kw_only=True)
class AllowlistEntry:
    """Sources that the same targets see.

    :param kind: what the addresses are.
    :param sources: the addresses; empty where the plan names none of that kind, such as nodes' external addresses.
    :param targets: the names of the targets whose firewalls must let them in.
    """

    kind: AddressKind
    sources: tuple[IPNetwork, ...]
    targets: tuple[str, ...]


def list_allowlist(report: Report) -> list[AllowlistEntry]:
    """List the predicted sources of a report's targets; a target whose packets are lost on the way has none."""
    targets: dict[tuple[AddressKind, tuple[IPNetwork, ...]], dict[str, None]] = {}
    for verdict in report.verdicts:
        prediction = verdict.prediction
        if prediction is not None and prediction.arrives_as is not AddressKind.DROPPED:
            targets.setdefault((prediction.arrives_as, prediction.sources), {})[verdict.target] = None
    return [
        AllowlistEntry(kind=kind, sources=sources, targets=tuple(names)) for (kind, sources), names in targets.items()
    ]
