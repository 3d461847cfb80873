"""Plans read from text, mappings and environments.

Reading is strict with what is ours and passes on what is Google's. An error names the place, the line where there is
one, what was expected and what was seen. Whether a plan makes sense is for rules to say.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from airflow_masq.agent.manifests import read_documents
from airflow_masq.environment import EnvironmentResource
from airflow_masq.exceptions import PlanError
from airflow_masq.network.ranges import AddressKind, NetworkRanges, parse_address
from airflow_masq.plan.document import Document, Place, load_document_from_mapping
from airflow_masq.plan.environment_section import read_environment
from airflow_masq.plan.other_inputs import describe_no_plan
from airflow_masq.plan.policy_section import PolicyChoice, read_policy_choice
from airflow_masq.plan.schema import CLUSTER_KEYS, NETWORK_KEYS, PLAN_KEYS
from airflow_masq.plan.targets import read_targets
from airflow_masq.plan.values import Plan
from airflow_masq.plan.yaml_document import load_document_from_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from netaddr import IPNetwork

_API_VERSION: Final = "airflow-masq/v1"
_FEWEST_PODS_PER_NODE: Final = 8
_MOST_PODS_PER_NODE: Final = 256  # [source: gke-pod-block]
_MOST_NODES: Final = 65_000  # [source: gke-node-limit]
_MOST_WORKERS: Final = 100_000
_MOST_RANGES: Final = 2_000  # every target is compared with every range
_TRANSLATABLE: Final = (AddressKind.NODE, AddressKind.POD)


def load_plan(text: str, *, source: str) -> Plan:
    """Read a plan file.

    :param text: the file's YAML.
    :param source: the file's name, for errors.
    :raises PlanError: it is no plan.
    """
    try:
        return _read_plan(load_document_from_yaml(text, source=source).add_places_of_rules())
    except PlanError as error:
        raise _name_other_input(read_documents(text), text=text, error=error) from None


def load_plan_from_mapping(mapping: Mapping[str, object], *, source: str) -> Plan:
    """Read a plan from a mapping, for example a DAG's parameters.

    :param mapping: the plan; it is copied.
    :param source: where it came from, for errors.
    :raises PlanError: it is no plan.
    """
    try:
        return _read_plan(load_document_from_mapping(mapping, source=source))
    except PlanError as error:
        raise _name_other_input([mapping], error=error) from None


def load_plan_from_environment(resource: Mapping[str, object]) -> Plan:
    """Make a plan where only an environment is given.

    :param resource: Google's REST resource in either spelling; it is copied.
    :return: the plan, without targets, with the policy that follows from the environment's flag.
    :raises PlanError: the resource cannot be read; places in it begin with ``environment``.
    """
    return load_plan_from_mapping({"environment": resource}, source="")


def _name_other_input(documents: list[object], *, error: PlanError, text: str = "") -> PlanError:
    """Turn the error about one key into one about the whole input, where that is surely no plan."""
    other = describe_no_plan(documents, text=text)
    if other is None:
        return error
    return PlanError(source=error.source, line=None, where="", expected=f"a plan ({other.next_step})", seen=other.name)


def _read_plan(document: Document) -> Plan:
    entries = Place(document=document, where="", value=document.value).read_section(PLAN_KEYS)
    if not entries:
        raise document.make_error(where="", expected=f"a plan with some of {', '.join(PLAN_KEYS)}", seen="nothing")
    if "apiVersion" in entries:
        entries["apiVersion"].read_choice((_API_VERSION,))
    environment = read_environment(entries["environment"]) if "environment" in entries else EnvironmentResource()
    cluster_version, pods_per_node, nodes_total = _read_cluster(entries.get("cluster"), environment)
    network, takes_nodes_for_private = _read_network(entries.get("network"), environment)
    ranges = replace(network, pods_per_node=pods_per_node or NetworkRanges().pods_per_node)
    choice = PolicyChoice.from_environment(environment)
    if "policy" in entries:
        choice = read_policy_choice(entries["policy"])
    return Plan(
        environment=environment,
        cluster_version=cluster_version,
        ranges=ranges,
        policy=choice.derive_policy(ranges=ranges, environment=environment),
        targets=read_targets(entries["targets"]) if "targets" in entries else (),
        takes_nodes_for_private=takes_nodes_for_private,
        policy_choice=choice,
        knows_pods_per_node=pods_per_node is not None,
        nodes_total=nodes_total,
        lines=document.lines,
    )


def _read_cluster(place: Place | None, environment: EnvironmentResource) -> tuple[str | None, int | None, int | None]:
    """Read the cluster's version, the Pods per node and the number of nodes; what is not said is ``None``.

    Of the Pods per node only Composer 1 leaves the environment a choice.
    """
    entries = {} if place is None else place.read_section(CLUSTER_KEYS)
    version = None
    if "initial_version" in entries:
        version = entries["initial_version"].read_text("a GKE version such as 1.30.5-gke.1014001, as text (quote it)")
    nodes = None
    if "nodes_total" in entries:
        nodes = entries["nodes_total"].read_whole_number(least=1, most=_MOST_NODES)
    if "pods_per_node" in entries:
        pods = entries["pods_per_node"].read_whole_number(least=_FEWEST_PODS_PER_NODE, most=_MOST_PODS_PER_NODE)
        return version, pods, nodes
    own = environment.get_value("config", "nodeConfig", "maxPodsPerNode")
    is_possible = isinstance(own, int) and _FEWEST_PODS_PER_NODE <= own <= _MOST_PODS_PER_NODE
    return version, own if isinstance(own, int) and is_possible else None, nodes


def _read_network(place: Place | None, environment: EnvironmentResource) -> tuple[NetworkRanges, bool]:
    """Read the network, and whether its nodes count as private only because the plan names Cloud NAT."""
    entries = {} if place is None else place.read_section(NETWORK_KEYS)

    def read_cidrs(key: str) -> tuple[IPNetwork, ...]:
        return entries[key].read_cidrs() if key in entries else ()

    other = entries["other_ranges"].read_entries() if "other_ranges" in entries else {}
    nat_addresses = entries["nat_addresses"].read_items() if "nat_addresses" in entries else []
    # Unless it is restricted, Cloud NAT covers all ranges of a subnet [source: cloud-nat-ranges].
    nat_covers = frozenset(_TRANSLATABLE if nat_addresses else ())
    if "nat_covers" in entries:
        nat_covers = frozenset(item.read_choice(_TRANSLATABLE) for item in entries["nat_covers"].read_items())
    workers = environment.get_value("config", "workloadsConfig", "worker", "maxCount")
    if "workers" in entries:
        workers = entries["workers"].read_whole_number(least=1, most=_MOST_WORKERS)
    ranges = NetworkRanges(
        node=read_cidrs("node_ranges"),
        pod=read_cidrs("pod_ranges"),
        service=read_cidrs("service_ranges"),
        other={each.check_name(name): each.read_cidrs() for name, each in other.items()},
        nat_addresses=tuple(item.parse(parse_address, expected="an IP address") for item in nat_addresses),
        nat_covers=nat_covers,
        workers=workers if isinstance(workers, int) and 1 <= workers <= _MOST_WORKERS else None,
    )
    count = sum(map(len, (ranges.node, ranges.pod, ranges.service, *ranges.other.values())))
    if place is not None and count > _MOST_RANGES:
        raise place.make_error(f"at most {_MOST_RANGES} ranges in all (merge some)", seen=str(count))
    # Public nodes have no use for Cloud NAT, so a plan that names it is taken to have private ones.
    names_nat = "nat_addresses" in entries or "nat_covers" in entries
    public_nodes = environment.has_public_nodes and not names_nat
    takes_nodes_for_private = environment.has_public_nodes and names_nat
    if "public_nodes" in entries:
        public_nodes, takes_nodes_for_private = entries["public_nodes"].read_boolean(), False
    ranges = replace(
        ranges,
        pod=ranges.pod or environment.pod_ranges,
        service=ranges.service or environment.service_ranges,
        public_nodes=public_nodes,
    )
    return ranges, takes_nodes_for_private
