"""The facts as a plan: it is read back with the same values, holds no secret, and guesses nothing."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_masq.facts.network_facts import Gap
from airflow_masq.facts.plan_text import make_plan, write_plan
from airflow_masq.plan import Plan, load_plan, load_plan_from_mapping
from airflow_masq.rules import Severity, lint
from tests.facts.resources import cluster_resource, make_cluster, make_environment, make_subnetwork
from tests.facts.test_network_facts import BY_NAME, make_facts, make_nat

STANDARD: dict[str, Any] = {"autopilot": {}, "networkConfig": {"defaultSnatStatus": {"disabled": True}}}


def read(text: str) -> Plan:
    """Read a written plan."""
    return load_plan(text, source="described.yaml")


def test_the_plan_is_read_back_with_the_same_values() -> None:
    """Text and mapping are plans with every fact that a plan has a place for, and without a finding of an error."""
    nat = (make_nat(pods=("pods",), addresses=("203.0.113.7",)),)
    facts = make_facts(make_cluster(), subnetworks=(make_subnetwork(),), nat=nat)
    text = write_plan(facts, read_at="2026-11-28T04:00:00Z")
    plan = read(text)
    assert plan.environment == facts.environment
    assert plan.cluster_version == "1.33.4-gke.1245000"
    assert (plan.ranges.node, plan.ranges.pod, plan.ranges.service) == (
        facts.node_ranges,
        facts.pod_ranges,
        facts.service_ranges,
    )
    assert plan.ranges.nat_addresses == facts.nat_addresses
    assert plan.ranges.nat_covers == facts.nat_covers
    assert (plan.ranges.public_nodes, plan.ranges.pods_per_node, plan.knows_pods_per_node) == (False, 32, True)
    assert [each.code for each in lint(plan) if each.severity is Severity.ERROR] == []
    assert load_plan_from_mapping(make_plan(facts), source="x").ranges == plan.ranges


def test_comments_say_where_values_came_from() -> None:
    """Each value has its origin, and the facts without a key of their own are comments of the cluster."""
    nat = (make_nat(pods=("pods",), addresses=("203.0.113.7",)),)
    facts = make_facts(make_cluster(), subnetworks=(make_subnetwork(),), nat=nat)
    lines = [line.strip() for line in write_plan(facts, read_at="2026-11-28T04:00:00Z").splitlines()]
    text = " ".join(line.removeprefix("# ") for line in lines)
    assert text.startswith(
        "projects/example-project/locations/us-central1/environments/example as it was on 2026-11-28T04:00:00Z, from "
        "airflow-masq describe. "
    )
    assert "RUNNING; Autopilot; its control plane is at 1.33.5-gke.1201000 now; Dataplane V2; intranode" in text
    assert lines[lines.index("pod_ranges:") - 1] == "# from the GKE cluster"
    assert lines[lines.index("pods_per_node: 32") - 1] == "# from its node pools"
    assert lines[lines.index("public_nodes: false") - 1] == "# from the GKE cluster"
    assert "# from the environment\n  public_nodes: false" in write_plan(make_facts(), read_at="now")
    assert lines[lines.index("node_ranges:") - 1].endswith("subnetworks/composer")
    assert "Cloud NAT gateway nat of router router covers the nodes and the Pod ranges pods, with reserved" in text
    assert "Not known" not in text


def test_what_is_not_known_is_left_out_and_named() -> None:
    """No value is guessed; the top of the plan names each gap, with escapes where an API's text has any."""
    environment = make_environment(
        nodeConfig={"ipAllocationPolicy": BY_NAME, "network": "projects/h/global/networks/n"}
    )
    gaps = (
        Gap(what="Cloud NAT", why="the caller may not read it", role="roles/compute.networkViewer", project="h"),
        Gap(what="the cluster", why="bad\n\x1b[31mtext"),
    )
    facts = make_facts(environment=environment, gaps=gaps)
    text = write_plan(facts, read_at="now")
    assert make_plan(facts)["network"] == {"public_nodes": False}
    assert "cluster" not in make_plan(facts)
    assert "# Not known, and left out:\n# - Cloud NAT: the caller may not read it; roles/compute.networkViewer" in text
    assert "# - the cluster: bad\\n\\x1b[31mtext" in text
    assert read(text).ranges.node == ()


def test_secrets_never_stand_in_a_plan() -> None:
    """Values of environment variables, of Airflow's configuration and of PyPI packages are left out, and counted."""
    software = {
        "imageVersion": "composer-2.17.9-airflow-2.11.1",
        "envVariables": {"PASSWORD": "letmein"},
        "airflowConfigOverrides": {"a-b": "letmein", "a-c": "letmein"},
        "pypiPackages": {},
    }
    facts = make_facts(make_cluster(), environment=make_environment(softwareConfig=software))
    text = write_plan(facts, read_at="now")
    assert "letmein" not in text
    assert "letmein" not in str(make_plan(facts))
    assert (
        "# Left out, since values may be secrets: airflowConfigOverrides (2 entries), envVariables (1 entry)." in text
    )
    assert facts.environment.get_value("config", "softwareConfig", "envVariables") == {"PASSWORD": "letmein"}


def test_an_environment_without_a_software_section_is_written() -> None:
    """A strange answer is written as it is."""
    facts = make_facts(environment=make_environment(softwareConfig=None))
    assert make_plan(facts)["environment"]["config"]["softwareConfig"] is None


@pytest.mark.parametrize(
    ("changes", "agent", "expected"),
    [(STANDARD, False, "none"), (STANDARD, True, None), (STANDARD | {"autopilot": {"enabled": True}}, False, None)],
)
def test_a_cluster_without_default_snat_has_no_policy(
    changes: dict[str, Any],
    agent: bool,  # noqa: FBT001 - a row
    expected: str | None,
) -> None:
    """On a Standard cluster that disables it, packets keep the Pod's address unless an agent runs."""
    environment = make_environment(nodeConfig={"enableIpMasqAgent": agent})
    facts = make_facts(make_cluster(**changes), environment=environment)
    assert make_plan(facts).get("policy") == expected
    assert ("disables GKE's default SNAT" in write_plan(facts, read_at="now")) is (expected is not None)


def test_no_gateway_is_a_fact_of_its_own() -> None:
    """Where the routers were read and none covers the environment, the plan says so."""
    facts = make_facts(make_cluster(), nat=())
    assert make_plan(facts)["network"]["nat_covers"] == []
    assert "# No Cloud NAT gateway of this network and region covers" in write_plan(facts, read_at="now")


@pytest.mark.parametrize(
    ("nat", "words"),
    [
        (make_nat(addresses=None), "covers the nodes; its addresses are not known"),
        (make_nat(node=False, pods=("pods",)), "covers the Pod ranges pods, with reserved addresses"),
    ],
)
def test_a_gateway_is_described(nat: Any, words: str) -> None:  # noqa: ANN401 - NatFacts
    """A gateway is described by what it covers and what is known of its addresses; a part of them is not written."""
    network = make_plan(make_facts(make_cluster(), nat=(make_nat(addresses=("203.0.113.7",)), nat)))["network"]
    assert ("nat_addresses" in network) is (nat.status is not None)
    text = write_plan(make_facts(make_cluster(), nat=(nat,)), read_at="now").replace("\n  # ", " ")
    assert any(line.endswith(words) for line in text.splitlines())


def test_a_gateways_changing_addresses_are_told() -> None:
    """Addresses that Google allocates, that are drained, or that rules choose, are not what one would allowlist."""
    from dataclasses import replace  # noqa: PLC0415 - only here

    from netaddr import IPAddress  # noqa: PLC0415 - only here

    from tests.facts.resources import make_gateway  # noqa: PLC0415 - only here

    nat = make_nat(addresses=("203.0.113.7",))
    automatic = replace(nat, gateway=make_gateway(natIpAllocateOption="AUTO_ONLY", rules=[{"ruleNumber": 1}]))
    assert nat.status is not None
    draining = replace(nat, status=replace(nat.status, draining=(IPAddress("203.0.113.9"),)))
    text = write_plan(make_facts(make_cluster(), nat=(automatic, draining)), read_at="now").replace("\n  # ", " ")
    assert "its rules give some destinations addresses of their own; Google allocates its addresses and may" in text
    assert "with reserved addresses, of which 203.0.113.9 are being drained" in text


def test_node_pools_that_differ_are_told() -> None:
    """Where no one number is true of every node, the comment names the numbers, and the plan has none."""
    pools = [{"maxPodsConstraint": {"maxPodsPerNode": str(pods)}} for pods in (32, 64)]
    facts = make_facts(make_cluster(nodePools=pools, networkConfig={}))
    text = write_plan(facts, read_at="now").replace("\n  # ", " ")
    assert "no Dataplane V2; no intranode visibility; Pods per node differ (32, 64)" in text
    assert "pods_per_node" not in make_plan(facts)["cluster"]
    untold = make_facts(make_cluster(nodePools=None, currentMasterVersion=""))
    text = write_plan(untold, read_at="now").replace("\n  # ", " ")
    assert "Pods per node are not told" in text
    assert "its control plane is at" not in text
    partly = make_facts(make_cluster(nodePools=[*pools, {"name": "untold"}]))
    assert "Pods per node differ (32, 64)" in write_plan(partly, read_at="now").replace("\n  # ", " ")


def test_the_number_of_nodes_is_written_where_gke_tells_it() -> None:
    """A Standard cluster's nodes are counted, with a warning that the number changes; of Autopilot none is told."""
    standard = write_plan(make_facts(make_cluster(autopilot={}, currentNodeCount=3)), read_at="now")
    assert read(standard).nodes_total == 3
    assert "  # as GKE counts them now; correct it when nodes are added or removed\n  nodes_total: 3\n" in standard
    assert "nodes_total" not in write_plan(make_facts(make_cluster()), read_at="now")


def test_the_cluster_is_described_at_its_first_key() -> None:
    """Without a version at creation, the description stands at the Pods per node; without both, there is no section."""
    standard = make_cluster(autopilot={}, nodePools=None, initialClusterVersion=None)
    text = write_plan(make_facts(standard), read_at="now").replace("\n  # ", " ")
    assert "RUNNING; Standard;" in text
    assert "intranode visibility. From the cluster's default\n  pods_per_node: 110" in text
    assert "cluster" not in make_plan(make_facts(make_cluster(nodePools=None, initialClusterVersion=None)))


def test_composer_3_has_an_environment_alone() -> None:
    """A plan of Composer 3 has no network of the user's, and says why."""
    environment = make_environment(softwareConfig={"imageVersion": "composer-3-airflow-2.10.5-build.47"})
    facts = make_facts(environment=environment)
    assert list(make_plan(facts)) == ["apiVersion", "environment"]
    text = write_plan(facts, read_at="now")
    assert "# Composer 3 keeps its cluster in a project of Google's" in text
    assert read(text).environment.generation == 3


def test_a_shared_vpc_is_named() -> None:
    """The project that owns the network is named where the node ranges are."""
    environment = make_environment(nodeConfig={"network": "projects/host/global/networks/n"})
    facts = make_facts(environment=environment, subnetworks=(make_subnetwork(),))
    assert "(Shared VPC of project host)" in write_plan(facts, read_at="now")


def test_an_additional_range_without_cidr_is_not_written() -> None:
    """A Pod range of which only the name is known is missing from the plan's ranges."""
    policy = cluster_resource()["ipAllocationPolicy"] | {"additionalPodRangesConfig": {"podRangeNames": ["more-pods"]}}
    assert make_plan(make_facts(make_cluster(ipAllocationPolicy=policy)))["network"]["pod_ranges"] == ["10.4.0.0/17"]
