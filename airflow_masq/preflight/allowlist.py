"""Addresses to allowlist: those from which others will see the environment's packets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from netaddr import IPAddress

from airflow_masq.environment.cidr_fields import POD_FIELD
from airflow_masq.network.prediction import predict_every_pod
from airflow_masq.network.ranges import AddressKind
from airflow_masq.preflight.answers import Gateway, Unanswered
from airflow_masq.rules.views.targets import SOMEWHERE_PUBLIC

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_masq.plan import Plan
    from airflow_masq.preflight.answers import Answers
    from airflow_masq.preflight.subject import Subject

INTERNET: Final = "the internet"
PRIVATE_NETWORKS: Final = "private networks"

# One address of each private block [source: gke-default-list].
_PRIVATE: Final = tuple(map(IPAddress, ("10.255.255.254", "172.31.255.254", "192.168.255.254")))
_COVERED: Final = {AddressKind.NODE: "nodes", AddressKind.POD: "Pods"}


@dataclass(frozen=True, kw_only=True)
class CoveringGateway:
    """A Cloud NAT gateway that translates packets of the environment's subnetwork.

    :param name: the router's and the gateway's.
    :param covers: ``nodes``, ``Pods`` or both.
    :param is_fixed: its addresses are reserved.
    """

    name: str
    covers: tuple[str, ...]
    kinds: frozenset[AddressKind]
    addresses: tuple[IPAddress, ...]
    is_fixed: bool


@dataclass(frozen=True, kw_only=True)
class AllowlistEntry:
    """One address or range that a firewall has to let in.

    :param source: an address or a CIDR.
    :param seen_by: ``the internet`` or ``private networks``.
    :param origin: where it comes from: the nodes' range, a gateway.
    :param is_fixed: whether it stays; else a firewall may have to be changed later.
    """

    source: str
    seen_by: str
    origin: str
    is_fixed: bool

    def as_json(self) -> dict[str, object]:
        """Write the entry as JSON values."""
        return {"source": self.source, "seen_by": self.seen_by, "origin": self.origin, "is_fixed": self.is_fixed}


def find_covering_gateways(subject: Subject, plan: Plan, gateways: Iterable[Gateway]) -> tuple[CoveringGateway, ...]:
    """Find the gateways of the environment's network that translate packets of its subnetwork.

    A Pod range that GKE is to create has no name yet; only a gateway for all ranges covers it.
    """
    pod_range = plan.environment.get_text(*POD_FIELD.range_name_path) or "to be created"
    covering = []
    for each in gateways:
        cover = each.gateway.find_covered(subject.subnetwork, pod_range_names=[pod_range])
        kinds = cover.list_kinds([pod_range])
        if each.network == subject.network and kinds:
            covering.append(
                CoveringGateway(
                    name=f"{each.router.resource_id}/{each.gateway.name}",
                    covers=tuple(text for kind, text in _COVERED.items() if kind in kinds),
                    kinds=kinds,
                    addresses=each.status.addresses if each.status else (),
                    is_fixed=not each.gateway.is_automatic,
                )
            )
    return tuple(covering)


def list_allowlist(subject: Subject, plan: Plan, answers: Answers) -> tuple[AllowlistEntry, ...]:
    """List what firewalls have to let in, as the plan's policy lets one predict it.

    Private networks see the node ranges where Pods are masqueraded, else the Pod ranges. The internet sees the gateways
    that cover what leaves; external addresses of nodes are not known before the nodes are there.

    :param plan: the completed one.
    """
    is_node = _is_masqueraded(plan, towards=_find_private_address(plan))
    origin = "node range (masqueraded)" if is_node else "Pod range (not masqueraded)"
    ranges = plan.ranges.node if is_node else plan.ranges.pod
    entries = [
        AllowlistEntry(source=str(network), seen_by=PRIVATE_NETWORKS, origin=origin, is_fixed=True)
        for network in ranges
    ]
    found = answers.gateways.answer
    gateways = () if isinstance(found, Unanswered) else find_covering_gateways(subject, plan, found)
    leaving = AddressKind.NODE if _is_masqueraded(plan, towards=SOMEWHERE_PUBLIC) else AddressKind.POD
    if not (plan.ranges.public_nodes and leaving is AddressKind.NODE):
        entries += [
            AllowlistEntry(
                source=str(address), seen_by=INTERNET, origin=f"Cloud NAT {gateway.name}", is_fixed=gateway.is_fixed
            )
            for gateway in gateways
            for address in gateway.addresses
            if leaving in gateway.kinds
        ]
    return tuple(entries)


def _is_masqueraded(plan: Plan, *, towards: IPAddress) -> bool:
    return predict_every_pod(plan.ranges, policy=plan.policy, destination=towards).masqueraded


def _find_private_address(plan: Plan) -> IPAddress:
    """Choose an address of a private network that is not the cluster's own."""
    own = (*plan.ranges.node, *plan.ranges.pod, *plan.ranges.service)
    return next((each for each in _PRIVATE if not any(each in network for network in own)), _PRIVATE[0])
