"""Writes the facts as a plan for ``lint``, ``explain`` and ``check``, with comments on where each value came from.

What is not known is left out and named at the top, so that no value of the plan is a guess. The values of environment
variables, Airflow's configuration and PyPI packages may be secrets, which never stand in a plan, so these fields are
left out, too.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import yaml

from airflow_masq.facts.network_facts import FROM_CLUSTER, FROM_ENVIRONMENT, FROM_SUBNETWORK, NatFacts, NetworkFacts
from airflow_masq.text import escape, format_count, join_words

if TYPE_CHECKING:
    from airflow_masq.facts.cluster import Cluster

_WIDTH: Final = 110
_SECRETS: Final = ("airflowConfigOverrides", "envVariables", "pypiPackages")
_SOFTWARE: Final = ("config", "softwareConfig")
_ORIGINS: Final = {
    FROM_CLUSTER: "from the GKE cluster",
    FROM_ENVIRONMENT: "from the environment, as it was created",
    FROM_SUBNETWORK: "from the subnetwork",
}
_NO_CLUSTER: Final = (
    "Composer 3 keeps its cluster in a project of Google's, so no ranges and no Cloud NAT of yours can be described."
)
_YOURS: Final = (
    "Yours to add: network.other_ranges (networks that are reached privately, such as on-premises), and targets (the "
    "services whose view of the source address matters)."
)


def make_plan(facts: NetworkFacts) -> dict[str, Any]:
    """Make the plan as a mapping, without what is not known."""
    plan: dict[str, Any] = {"apiVersion": "airflow-masq/v1", "environment": _make_environment(facts)}
    if not facts.has_own_cluster:
        return plan
    cluster = facts.cluster
    if cluster is not None:
        told = {
            "initial_version": cluster.initial_version,
            "pods_per_node": cluster.pods_per_node,
            "nodes_total": cluster.nodes_total,
        }
        plan["cluster"] = {key: value for key, value in told.items() if value}
    ranges = {
        "node_ranges": [str(each) for each in facts.node_ranges],
        "pod_ranges": [str(each) for each in facts.pod_ranges],
        "service_ranges": [str(each) for each in facts.service_ranges],
    }
    network: dict[str, Any] = {key: value for key, value in ranges.items() if value}
    if facts.nat is not None:
        if not facts.has_unknown_nat:  # a part of the addresses would be read as all of them
            network["nat_addresses"] = [str(each) for each in facts.nat_addresses]
        network["nat_covers"] = sorted(str(each) for each in facts.nat_covers)
    if facts.public_nodes is not None:
        network["public_nodes"] = facts.public_nodes
    plan["network"] = network
    if _keeps_pod_addresses(facts):
        plan["policy"] = "none"
    return {key: value for key, value in plan.items() if value}


def write_plan(facts: NetworkFacts, *, read_at: str) -> str:
    """Write the plan as YAML with comments.

    :param read_at: when the facts were read, as text.
    """
    plan = make_plan(facts)
    lines = [*_introduce(facts, read_at=read_at), *_dump({"apiVersion": plan["apiVersion"]})]
    lines += [*_list_left_out(facts), *_dump({"environment": plan["environment"]})]
    for section, comments in (("cluster", _comment_cluster(facts)), ("network", _comment_network(facts))):
        if section not in plan:
            continue
        lines.append(f"{section}:")
        for key, value in plan[section].items():
            lines += [*_comment(comments.get(key, ""), indent="  "), *_dump({key: value}, indent="  ")]
    if "policy" in plan:
        lines += _comment("The cluster disables GKE's default SNAT, and the environment has no agent.")
        lines += _dump({"policy": plan["policy"]})
    return "\n".join([*lines, *_comment(_YOURS)]) + "\n"


def _make_environment(facts: NetworkFacts) -> dict[str, Any]:
    resource: dict[str, Any] = facts.environment.as_rest()
    software = facts.environment.get_value(*_SOFTWARE)
    if isinstance(software, Mapping):
        resource["config"]["softwareConfig"] = {name: value for name, value in software.items() if name not in _SECRETS}
    return {"name": str(facts.name), **resource}


def _keeps_pod_addresses(facts: NetworkFacts) -> bool:
    """Whether packets keep their Pod's address everywhere, on a Standard cluster [source: gke-standard-outcomes]."""
    cluster = facts.cluster
    return (
        cluster is not None
        and cluster.disables_default_snat
        and not cluster.is_autopilot
        and not facts.environment.masquerades
    )


def _introduce(facts: NetworkFacts, *, read_at: str) -> Iterator[str]:
    yield from _comment(f"{facts.name} as it was on {read_at}, from airflow-masq describe.")
    if not facts.has_own_cluster:
        yield from _comment(_NO_CLUSTER)
    if facts.gaps:
        yield "# Not known, and left out:"
        for gap in facts.gaps:
            yield from _comment(escape(str(gap), limit=400), first="# - ", rest="#   ")


def _list_left_out(facts: NetworkFacts) -> Iterator[str]:
    counts = []
    for name in _SECRETS:
        entries = facts.environment.get_value(*_SOFTWARE, name)
        if isinstance(entries, Mapping) and entries:
            counts.append(f"{name} ({format_count(len(entries), noun='entry', plural='entries')})")
    if counts:
        yield from _comment(f"Left out, since values may be secrets: {join_words(counts)}.")


def _comment_cluster(facts: NetworkFacts) -> dict[str, str]:
    """Describe the cluster at its first key, for which ``plan`` has no other place."""
    cluster = facts.cluster
    if cluster is None:
        return {}
    described = f"GKE cluster {escape(str(cluster.name))}: {'; '.join(_describe_cluster(cluster))}."
    pods = "from its node pools" if cluster.node_pools else "from the cluster's default"
    nodes = "as GKE counts them now; correct it when nodes are added or removed"
    if cluster.initial_version:
        return {"initial_version": described, "pods_per_node": pods, "nodes_total": nodes}
    return {"pods_per_node": f"{described} {pods.capitalize()}", "nodes_total": nodes}


def _describe_cluster(cluster: Cluster) -> Iterator[str]:
    yield escape(cluster.status)
    yield "Autopilot" if cluster.is_autopilot else "Standard"
    if cluster.current_version:
        yield f"its control plane is at {escape(cluster.current_version)} now"
    yield "Dataplane V2" if cluster.uses_dataplane_v2 else "no Dataplane V2"
    yield "intranode visibility" if cluster.has_intranode_visibility else "no intranode visibility"
    if cluster.pods_per_node is None:
        numbers = sorted({each.pods_per_node for each in cluster.node_pools if each.pods_per_node})
        yield f"Pods per node differ ({join_words(numbers)})" if len(numbers) > 1 else "Pods per node are not told"


def _comment_network(facts: NetworkFacts) -> dict[str, str]:
    comments = {key: _ORIGINS.get(origin or "", "") for key, origin in facts.ranges_from.items()}
    if facts.subnetworks:
        comments["node_ranges"] = f"from {join_words(escape(str(each.name)) for each in facts.subnetworks)}"
    if facts.host_project:
        comments["node_ranges"] += f" (Shared VPC of project {escape(facts.host_project)})"
    comments["nat_covers" if facts.has_unknown_nat else "nat_addresses"] = "; ".join(
        map(_describe_nat, facts.nat or ())
    ) or ("No Cloud NAT gateway of this network and region covers the environment.")
    known = "from the GKE cluster" if facts.cluster is not None else "from the environment"
    comments["public_nodes"] = known
    return comments


def _describe_nat(nat: NatFacts) -> str:
    covered = ["the nodes"] if nat.cover.node else []
    if nat.cover.pod_range_names:
        covered.append(f"the Pod ranges {join_words(map(escape, sorted(nat.cover.pod_range_names)))}")
    name = f"Cloud NAT gateway {escape(nat.gateway.name)} of router {escape(nat.router.resource_id)}"
    text = f"{name} covers {' and '.join(covered)}"
    if nat.gateway.has_rules:
        text += ", and its rules give some destinations addresses of their own"
    if nat.status is None:
        return f"{text}; its addresses are not known"
    if nat.gateway.is_automatic:
        return f"{text}; Google allocates its addresses and may add others at any time, so allowlist no single one"
    if nat.status.draining:
        return f"{text}, with reserved addresses, of which {join_words(nat.status.draining)} are being drained"
    return f"{text}, with reserved addresses"


def _dump(mapping: Mapping[str, Any], *, indent: str = "") -> list[str]:
    text: str = yaml.safe_dump(mapping, sort_keys=False, width=10_000, default_flow_style=False)
    return [f"{indent}{line}" for line in text.splitlines()]


def _comment(text: str, *, indent: str = "", first: str = "# ", rest: str = "# ") -> list[str]:
    """Break a comment into lines; no text gives none."""
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=f"{indent}{first}",
        subsequent_indent=f"{indent}{rest}",
        break_long_words=False,
        break_on_hyphens=False,
    )
