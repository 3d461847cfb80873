"""Plans read from text, mappings and environments.

Reading is strict with what is ours and passes on what is Google's; every refusal names the place, the line where there
is one, what was expected and what was seen. It must not judge: whether a plan makes sense is for rules to say.
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING, Final

from airflow_masq.environment import value_at
from airflow_masq.network.ranges import NetworkRanges, SourceKind, parse_address
from airflow_masq.plan.document import Document, Place, document_from_mapping
from airflow_masq.plan.environment_section import has_public_nodes, ranges_of_environment, read_environment
from airflow_masq.plan.policy_section import policy_in_force, read_policy_choice
from airflow_masq.plan.schema import CLUSTER_KEYS, NETWORK_KEYS, PLAN_KEYS
from airflow_masq.plan.targets import read_targets
from airflow_masq.plan.values import Plan
from airflow_masq.plan.yaml_document import document_from_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from netaddr import IPNetwork

_API_VERSION: Final = "airflow-masq/v1"
_FEWEST_PODS_PER_NODE: Final = 8
_MOST_PODS_PER_NODE: Final = (
    256  # https://cloud.google.com/kubernetes-engine/docs/how-to/flexible-pod-cidr, read 2026-11-22
)
_MOST_WORKERS: Final = 100_000
_MOST_RANGES: Final = 2_000  # every target is compared with every range


def load_plan(text: str, *, source: str) -> Plan:
    """Read a plan file.

    :param text: the file's YAML.
    :param source: the file's name, for errors.
    :return: the plan.
    :raises PlanError: when it is no plan.
    """
    return _read_plan(document_from_yaml(text, source=source).with_places_of_rules())


def plan_from_mapping(mapping: Mapping[str, object], *, source: str) -> Plan:
    """Read a plan from a mapping, for example a DAG's parameters.

    :param mapping: the plan; it stays as it is.
    :param source: where it came from, for errors.
    :return: the plan.
    :raises PlanError: when it is no plan.
    """
    return _read_plan(document_from_mapping(mapping, source=source))


def plan_from_environment(resource: Mapping[str, object]) -> Plan:
    """Make a plan where only an environment is given.

    :param resource: Google's REST resource in either spelling; it stays as it is.
    :return: the plan, without targets, with the policy that follows from the environment's flag.
    :raises PlanError: when the resource cannot be read; places in it begin with ``environment``.
    """
    return plan_from_mapping({"environment": resource}, source="")


def _read_plan(document: Document) -> Plan:
    entries = _root(document).section(PLAN_KEYS)
    if not entries:
        raise document.error(where="", expected=f"a plan with some of {', '.join(PLAN_KEYS)}", seen="nothing")
    if "apiVersion" in entries:
        entries["apiVersion"].choice((_API_VERSION,))
    environment = read_environment(entries["environment"]) if "environment" in entries else {}
    cluster_version, pods_per_node = _read_cluster(entries.get("cluster"), environment)
    network = _with_ranges_of_environment(_read_network(entries.get("network")), environment)
    nodes = _read_nodes(entries.get("network"), environment)
    ranges = replace(
        network,
        pods_per_node=pods_per_node,
        public_nodes=nodes is _Nodes.PUBLIC,
        workers=network.workers or _workers_of(environment),
    )
    choice = read_policy_choice(entries.get("policy"), environment=environment)
    return Plan(
        environment=environment,
        cluster_version=cluster_version,
        ranges=ranges,
        policy=policy_in_force(choice, ranges=ranges, environment=environment),
        targets=read_targets(entries["targets"]) if "targets" in entries else (),
        takes_nodes_for_private=nodes is _Nodes.TAKEN_FOR_PRIVATE,
        policy_choice=choice,
        lines=document.lines,
    )


def _root(document: Document) -> Place:
    return Place(document=document, where="", value=document.value)


def _read_cluster(place: Place | None, environment: Mapping[str, object]) -> tuple[str | None, int]:
    entries = {} if place is None else place.section(CLUSTER_KEYS)
    version = entries.get("initial_version")
    pods = entries.get("pods_per_node")
    return (
        None if version is None else version.text("a GKE version such as 1.30.5-gke.1014001, as text (quote it)"),
        _pods_per_node_of(environment)
        if pods is None
        else pods.whole_number(least=_FEWEST_PODS_PER_NODE, most=_MOST_PODS_PER_NODE),
    )


def _workers_of(environment: Mapping[str, object]) -> int | None:
    """Give the most workers that the environment itself may have."""
    most = value_at(environment, "config", "workloadsConfig", "worker", "maxCount")
    return most if isinstance(most, int) and 1 <= most <= _MOST_WORKERS else None


def _pods_per_node_of(environment: Mapping[str, object]) -> int:
    """Give the environment's own number, which only Composer 1 lets one choose, else the usual one."""
    own = value_at(environment, "config", "nodeConfig", "maxPodsPerNode")
    is_possible = isinstance(own, int) and _FEWEST_PODS_PER_NODE <= own <= _MOST_PODS_PER_NODE
    return own if isinstance(own, int) and is_possible else NetworkRanges().pods_per_node


class _Nodes(Enum):
    """Whether nodes have external addresses."""

    PUBLIC = "they have, as the plan or its environment says"
    PRIVATE = "they have none, as the plan or its environment says"
    TAKEN_FOR_PRIVATE = "the environment says they have, but the plan names Cloud NAT, of which they have no use then"


def _read_nodes(network: Place | None, environment: Mapping[str, object]) -> _Nodes:
    entries = {} if network is None else network.section(NETWORK_KEYS)
    if "public_nodes" in entries:
        return _Nodes.PUBLIC if entries["public_nodes"].boolean() else _Nodes.PRIVATE
    if not has_public_nodes(environment):
        return _Nodes.PRIVATE
    return _Nodes.TAKEN_FOR_PRIVATE if {"nat_addresses", "nat_covers"} & set(entries) else _Nodes.PUBLIC


def _read_network(place: Place | None) -> NetworkRanges:
    entries = {} if place is None else place.section(NETWORK_KEYS)

    def cidrs(key: str) -> tuple[IPNetwork, ...]:
        return entries[key].cidrs() if key in entries else ()

    nat_addresses = entries["nat_addresses"].items() if "nat_addresses" in entries else []
    network = NetworkRanges(
        node=cidrs("node_ranges"),
        pod=cidrs("pod_ranges"),
        service=cidrs("service_ranges"),
        other=_read_other_ranges(entries["other_ranges"]) if "other_ranges" in entries else {},
        nat_addresses=tuple(item.parsed(parse_address, expected="an IP address") for item in nat_addresses),
        nat_covers=_read_nat_covers(entries.get("nat_covers"), has_nat=bool(nat_addresses)),
        workers=entries["workers"].whole_number(least=1, most=_MOST_WORKERS) if "workers" in entries else None,
    )
    count = sum(map(len, (network.node, network.pod, network.service, *network.other.values())))
    if place is not None and count > _MOST_RANGES:
        raise place.error(f"at most {_MOST_RANGES} ranges in all (sum some up)", seen=str(count))
    return network


def _read_other_ranges(place: Place) -> dict[str, tuple[IPNetwork, ...]]:
    return {other.name(name): other.cidrs() for name, other in place.entries().items()}


def _read_nat_covers(place: Place | None, *, has_nat: bool) -> frozenset[SourceKind]:
    translatable = (SourceKind.NODE, SourceKind.POD)
    if place is None:
        # Where nobody restricted it, Cloud NAT covers all ranges of a subnet
        # (https://cloud.google.com/nat/docs/gke-example, read 2026-11-22).
        return frozenset(translatable if has_nat else ())
    return frozenset(SourceKind(item.choice(translatable)) for item in place.items())


def _with_ranges_of_environment(ranges: NetworkRanges, environment: Mapping[str, object]) -> NetworkRanges:
    return replace(
        ranges,
        pod=ranges.pod or ranges_of_environment(environment, field_name="clusterIpv4CidrBlock"),
        service=ranges.service or ranges_of_environment(environment, field_name="servicesIpv4CidrBlock"),
    )
