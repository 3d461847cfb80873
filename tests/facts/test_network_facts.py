"""The facts of an environment's network: each value from the API nearest to the packets, and what is missing named."""

from __future__ import annotations

import json
from typing import Any

from netaddr import IPAddress, IPNetwork

from airflow_masq.facts import Cluster, NatStatus
from airflow_masq.facts.nat import NatCover
from airflow_masq.facts.network_facts import Gap, NatFacts, NetworkFacts
from airflow_masq.facts.plan_text import make_plan
from airflow_masq.network.ranges import AddressKind
from tests.facts.resources import (
    NAME,
    NETWORK,
    ROUTER_NAME,
    cluster_resource,
    make_cluster,
    make_environment,
    make_gateway,
    make_subnetwork,
)

BY_NAME = {"clusterSecondaryRangeName": "pods", "servicesSecondaryRangeName": "services"}


def make_facts(cluster: Cluster | None = None, **changes: Any) -> NetworkFacts:  # noqa: ANN401 - a field of any type
    """Make facts of the example environment; without a cluster unless one is given."""
    return NetworkFacts(**{"name": NAME, "environment": make_environment(), "cluster": cluster, **changes})


def make_nat(*, node: bool = True, pods: tuple[str, ...] = (), addresses: tuple[str, ...] | None = ()) -> NatFacts:
    """Make a gateway that covers nodes or Pods."""
    status = None if addresses is None else NatStatus(name="nat", manual=tuple(map(IPAddress, addresses)))
    cover = NatCover(node=node, pod_range_names=frozenset(pods))
    return NatFacts(router=ROUTER_NAME, gateway=make_gateway(), cover=cover, status=status)


def test_the_cluster_counts_before_the_environment() -> None:
    """The environment's resource has what was asked for; the cluster has what is."""
    environment = make_environment(nodeConfig={"ipAllocationPolicy": {"clusterIpv4CidrBlock": "10.99.0.0/16"}})
    facts = make_facts(make_cluster(), environment=environment, subnetworks=(make_subnetwork(),))
    assert facts.pod_ranges == (IPNetwork("10.4.0.0/17"),)
    assert facts.service_ranges == (IPNetwork("10.8.0.0/22"),)
    assert facts.node_ranges == (IPNetwork("10.128.0.0/20"),)
    assert facts.ranges_from == {
        "node_ranges": "subnetwork",
        "pod_ranges": "cluster",
        "service_ranges": "cluster",
        "nat_addresses": None,
    }


def test_without_the_cluster_the_environments_ranges_count() -> None:
    """What was asked for is better than nothing, and is marked so."""
    facts = make_facts()
    assert facts.pod_ranges == (IPNetwork("10.4.0.0/17"),)
    assert facts.ranges_from["pod_ranges"] == facts.ranges_from["service_ranges"] == "environment"


def test_named_ranges_are_found_in_the_subnetwork() -> None:
    """Of a Shared VPC the environment knows names alone; the subnetwork has the ranges."""
    environment = make_environment(nodeConfig={"ipAllocationPolicy": BY_NAME})
    subnetwork = make_subnetwork(pods="10.4.0.0/14", services="10.8.0.0/20")
    facts = make_facts(environment=environment, subnetworks=(subnetwork,))
    assert facts.pod_ranges == (IPNetwork("10.4.0.0/14"),)
    assert facts.service_ranges == (IPNetwork("10.8.0.0/20"),)
    assert facts.ranges_from["pod_ranges"] == "subnetwork"
    assert facts.unresolved_range_names == ()


def test_names_that_lead_nowhere_are_not_known() -> None:
    """Where neither the cluster nor a subnetwork can be read, the names stay names, and no range is guessed."""
    facts = make_facts(environment=make_environment(nodeConfig={"ipAllocationPolicy": BY_NAME}))
    assert (facts.pod_ranges, facts.service_ranges) == ((), ())
    assert set(facts.ranges_from.values()) == {None}
    assert facts.unresolved_range_names == ("pods", "services")


def test_a_name_whose_range_the_cluster_tells_is_known() -> None:
    """Where the cluster tells the Services' range, that no subnetwork was read leaves nothing open."""
    environment = make_environment(nodeConfig={"ipAllocationPolicy": BY_NAME})
    facts = make_facts(make_cluster(), environment=environment)
    assert facts.service_ranges == (IPNetwork("10.8.0.0/22"),)
    assert facts.unresolved_range_names == ()


def test_an_additional_pod_range_is_found_in_the_subnetwork() -> None:
    """The cluster tells additional Pod ranges by name alone."""
    policy = cluster_resource()["ipAllocationPolicy"] | {"additionalPodRangesConfig": {"podRangeNames": ["more-pods"]}}
    cluster = make_cluster(ipAllocationPolicy=policy)
    facts = make_facts(cluster, subnetworks=(make_subnetwork(**{"more-pods": "10.200.0.0/20"}),))
    assert facts.pod_ranges == (IPNetwork("10.4.0.0/17"), IPNetwork("10.200.0.0/20"))
    assert facts.unresolved_range_names == ()
    assert make_facts(cluster).unresolved_range_names == ("more-pods",)


def test_a_shared_vpc_has_a_host_project() -> None:
    """The owner of the network is the host project where it is another project than the environment's."""
    shared = make_environment(nodeConfig={"network": "projects/host/global/networks/n"})
    assert make_facts(environment=shared).host_project == "host"
    assert make_facts().host_project is None
    assert make_facts(environment=make_environment(nodeConfig={"network": ""})).host_project is None
    assert make_facts(make_cluster(), environment=shared).network == NETWORK
    of_host = {"network": "projects/host/global/networks/n"}
    assert make_facts(make_cluster(networkConfig=of_host)).host_project == "host"


def test_public_nodes_follow_the_cluster_else_the_environment() -> None:
    """A cluster's own setting counts first."""
    public = make_environment(privateEnvironmentConfig={})
    assert not make_facts(make_cluster(), environment=public).public_nodes
    assert make_facts(environment=public).public_nodes
    assert make_facts().public_nodes is False
    for image in ("composer-next", "composer-9.0.0-airflow-9.0.0"):
        later = make_environment(softwareConfig={"imageVersion": image})
        facts = make_facts(environment=later)
        assert facts.public_nodes is None
        assert "public_nodes" not in make_plan(facts)["network"]


def test_gateways_add_up() -> None:
    """Two gateways, one for nodes and one for Pods, cover both, with the addresses of both."""
    nat = (make_nat(addresses=("203.0.113.7",)), make_nat(node=False, pods=("pods",), addresses=("203.0.113.8",)))
    facts = make_facts(make_cluster(), nat=nat)
    assert facts.nat_covers == {AddressKind.NODE, AddressKind.POD}
    assert facts.nat_addresses == (IPAddress("203.0.113.7"), IPAddress("203.0.113.8"))
    assert facts.ranges_from["nat_addresses"] == "router"
    unknown = make_facts(make_cluster(), nat=(*nat, make_nat(addresses=None)))
    assert unknown.has_unknown_nat
    assert unknown.ranges_from["nat_addresses"] is None
    assert make_facts(make_cluster(), nat=None).nat_covers == frozenset()


def test_composer_3_has_no_cluster_of_the_users() -> None:
    """The cluster of Composer 3 is not in the user's project."""
    image = {"imageVersion": "composer-3-airflow-2.10.5-build.47"}
    assert not make_facts(environment=make_environment(softwareConfig=image)).has_own_cluster
    assert make_facts().has_own_cluster


def test_a_gap_names_the_role_that_would_close_it() -> None:
    """What is missing is said with its reason, and with the role where a role would show it."""
    gap = Gap(what="Cloud NAT", why="denied", role="roles/compute.networkViewer", project="host")
    assert str(gap) == "Cloud NAT: denied; roles/compute.networkViewer in project host would show it"
    assert str(Gap(what="Cloud NAT", why="no answer")) == "Cloud NAT: no answer"


def test_the_facts_are_json() -> None:
    """Programs and XComs get plain values; what is not known is null, and what is missing is listed."""
    nat = (make_nat(pods=("pods",), addresses=("203.0.113.7",)), make_nat(addresses=None))
    gap = Gap(what="x", why="y", role="r", project="p")
    facts = make_facts(make_cluster(initialClusterVersion=""), subnetworks=(make_subnetwork(),), nat=nat, gaps=(gap,))
    written = facts.as_json()
    assert json.loads(json.dumps(written)) == written
    assert written["subnetworks"] == ["projects/example-project/regions/us-central1/subnetworks/composer"]
    assert written["cluster"] == {
        "name": "projects/example-project/locations/us-central1/clusters/us-central1-example-1a2b3c4d-gke",
        "status": "RUNNING",
        "autopilot": True,
        "initial_version": None,
        "current_version": "1.33.5-gke.1201000",
        "pods_per_node": 32,
        "dataplane_v2": True,
        "intranode_visibility": True,
        "private_nodes": True,
    }
    assert written["nat"] == [
        {
            "router": "projects/example-project/regions/us-central1/routers/router",
            "gateway": "nat",
            "covers_nodes": True,
            "covers_pod_ranges": ["pods"],
            "allocation": "manual",
            "addresses": ["203.0.113.7"],
        },
        {
            "router": "projects/example-project/regions/us-central1/routers/router",
            "gateway": "nat",
            "covers_nodes": True,
            "covers_pod_ranges": [],
            "allocation": "manual",
            "addresses": None,
        },
    ]
    assert written["unknown"] == [{"what": "x", "why": "y", "role": "r", "project": "p"}]
    empty = make_facts(gaps=(Gap(what="x", why="y"),)).as_json()
    assert (empty["cluster"], empty["nat"]) == (None, None)
    assert empty["unknown"] == [{"what": "x", "why": "y", "role": None, "project": None}]
