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
    :param sources: the plan's ranges of that kind; empty where it names none, such as nodes' external addresses.
    :param targets: the names of the targets whose firewalls must let them in.
    """

    kind: AddressKind
    sources: tuple[IPNetwork, ...]
    targets: tuple[str, ...]


def list_allowlist(report: Report) -> list[AllowlistEntry]:
    """List the predicted sources of a report's targets; a target whose packets are lost on the way has none.

    A worker may come to run on any node, so whole ranges are listed and not the addresses of this run's workers.
    """
    targets: dict[AddressKind, dict[str, None]] = {}
    for verdict in report.verdicts:
        prediction = verdict.prediction
        if prediction is not None and prediction.arrives_as is not AddressKind.DROPPED:
            targets.setdefault(prediction.arrives_as, {})[verdict.target] = None
    return [
        AllowlistEntry(
            kind=kind,
            sources=tuple(network for each, network in report.ranges if each is kind),
            targets=tuple(names),
        )
        for kind, names in targets.items()
    ]
