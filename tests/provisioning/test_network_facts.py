"""The facts of live environments, gathered from the emulated APIs: right, with few requests, every gap named."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import grpc
import pytest
from google.cloud.container_v1.types import AdditionalIPRangesConfig, Cluster

from airflow_masq.clients.network import open_network_clients
from airflow_masq.environment import EnvironmentResource
from airflow_masq.exceptions import CloudRefusedError
from airflow_masq.facts.network_facts import NetworkFacts
from airflow_masq.provisioning.network_facts import MOST_ATTEMPTS, gather_facts
from lab.cloud import COMPUTE, GKE, Nat
from tests.emulated_cloud import LOCATION, PROJECT, EmulatedCloud
from tests.live_environments import (
    CREATORS,
    HOST,
    NETWORK,
    REGION,
    SHARED_NETWORK,
    SHARED_REGION,
    SHARED_SUBNETWORK,
    add_nat,
    create_private,
    create_public,
    create_shared,
    put_composer_1,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_masq.clients.composer import ComposerClient
    from airflow_masq.clients.compute import ComputeClient
    from airflow_masq.clients.gke import GkeClient
    from airflow_masq.environment import EnvironmentName

READS = ("GetCluster", "subnetworks.get", "routers.list", "routers.getRouterStatus")


class Reader:
    """Reads the facts of an environment of an emulated cloud.

    :ivar pauses: the pauses between attempts, by the number of failures before them.
    """

    def __init__(self, cloud: EmulatedCloud, client: ComposerClient) -> None:
        self._cloud = cloud
        self._client = client
        self.pauses: list[int] = []

    def read(self, name: EnvironmentName, *, environment: EnvironmentResource | None = None) -> NetworkFacts:
        """Gather the facts of an environment, as it is or as it is given."""
        found = environment or self._client.get(name)
        return gather_facts(name, environment=found, open_clients=self._open, pause=self.pauses.append)

    @contextmanager
    def _open(self) -> Iterator[tuple[GkeClient, ComputeClient | None]]:
        with open_network_clients(
            None,
            composer_endpoint=self._cloud.endpoint,
            compute_endpoint=self._cloud.compute_endpoint,
            api_timeout_seconds=5,
        ) as clients:
            yield clients


@pytest.fixture
def reader(cloud: EmulatedCloud, client: ComposerClient) -> Reader:
    """Give a reader of the emulated cloud."""
    return Reader(cloud, client)


def list_gaps(facts: NetworkFacts) -> list[tuple[str, str, str, str]]:
    """List the gaps, without what stands in brackets."""
    return [(gap.what.partition(" (")[0], gap.why, gap.role, gap.project) for gap in facts.gaps]


@pytest.mark.parametrize("kind", CREATORS)
def test_every_kind_of_environment_is_known_as_a_whole(cloud: EmulatedCloud, reader: Reader, kind: str) -> None:
    """Of a healthy environment nothing stays unknown."""
    assert reader.read(CREATORS[kind](cloud)).gaps == ()


def test_a_private_environment(cloud: EmulatedCloud, reader: Reader) -> None:
    """The facts of a private environment behind Cloud NAT for nodes, read with one request each."""
    name = create_private(cloud)
    before = {method: cloud.faults.count_calls(method) for method in READS}
    facts = reader.read(name)
    assert {method: cloud.faults.count_calls(method) - before[method] for method in READS} == dict.fromkeys(READS, 1)
    written = facts.as_json()
    assert written["node_ranges"] == ["10.128.0.0/20"]
    assert written["pod_ranges"] == ["10.4.0.0/17"]
    assert written["nat_addresses"] == ["203.0.113.7"]
    assert not facts.public_nodes
    assert [(nat.cover.node, sorted(nat.cover.pod_range_names)) for nat in facts.nat or ()] == [(True, [])]


def test_a_shared_vpc_is_read_in_the_host_project(cloud: EmulatedCloud, reader: Reader) -> None:
    """The names of the ranges lead to the host project's subnetwork, and the router is the host project's."""
    facts = reader.read(create_shared(cloud))
    written = facts.as_json()
    assert written["host_project"] == HOST
    assert written["subnetworks"] == [SHARED_SUBNETWORK]
    assert (written["node_ranges"], written["pod_ranges"], written["service_ranges"]) == (
        ["10.20.0.0/22"],
        ["10.40.0.0/16"],
        ["10.50.0.0/20"],
    )
    assert [
        (nat.gateway.is_automatic, nat.cover.node, sorted(nat.cover.pod_range_names)) for nat in facts.nat or ()
    ] == [(True, False, ["composer-pods"])]


def test_composer_1_has_a_zonal_standard_cluster(cloud: EmulatedCloud, reader: Reader) -> None:
    """The zone in the cluster's name is GKE's location, and its subnetwork is told by the cluster alone."""
    facts = reader.read(put_composer_1(cloud))
    assert facts.cluster is not None
    assert not facts.cluster.is_autopilot
    assert facts.cluster.name.location == f"{LOCATION}-c"
    assert facts.cluster.pods_per_node == 32
    assert facts.as_json()["node_ranges"] == ["10.128.0.0/20"]


def test_composer_3_is_asked_nothing(cloud: EmulatedCloud, reader: Reader) -> None:
    """No request goes out for an environment without a cluster of the user's."""
    facts = reader.read(CREATORS["Composer 3"](cloud))
    assert [cloud.faults.count_calls(method) for method in READS] == [0, 0, 0, 0]
    assert (facts.cluster, facts.nat) == (None, None)


def test_gateways_of_other_networks_do_not_count(cloud: EmulatedCloud, reader: Reader) -> None:
    """A router of another network, one without gateways and one of Private NAT cover nothing of the environment."""
    other = f"projects/{PROJECT}/global/networks/other"
    cloud.vpc.add_router(f"{REGION}/routers/other", network=other, nats=[Nat(name="n", allocated=["203.0.113.9"])])
    cloud.vpc.add_router(f"{REGION}/routers/bare", network=NETWORK)
    cloud.vpc.add_router(f"{REGION}/routers/inner", network=NETWORK, nats=[Nat(name="n", is_private=True)])
    assert reader.read(create_public(cloud)).nat == ()
    assert cloud.faults.count_calls("routers.getRouterStatus") == 0


def test_nodes_in_two_subnetworks_are_covered_where_both_are(cloud: EmulatedCloud, reader: Reader) -> None:
    """A gateway for one of two subnetworks does not cover the nodes, though it covers the Pods there."""
    name = create_private(cloud)
    gke_name = reader.read(name).environment.get_text("config", "gkeCluster")
    cluster = cloud.clusters.find(gke_name)
    assert cluster is not None
    second = f"{REGION}/subnetworks/second"
    cloud.vpc.add_subnetwork(second, ip_cidr_range="10.130.0.0/20", secondary_ranges={"second-pods": "10.70.0.0/16"})
    more = AdditionalIPRangesConfig(subnetwork="second", pod_ipv4_range_names=["second-pods"])
    cluster.ip_allocation_policy.additional_ip_ranges_configs = [more]
    cloud.clusters.put(PROJECT, Cluster(cluster))
    covered = {"name": second, "sourceIpRangesToNat": ["ALL_IP_RANGES"]}
    nat = Nat(name="second", covers="LIST_OF_SUBNETWORKS", subnetworks=[covered], allocated=["203.0.113.30"])
    cloud.vpc.add_router(f"{REGION}/routers/second", network=NETWORK, nats=[nat])
    facts = reader.read(name)
    assert facts.as_json()["node_ranges"] == ["10.128.0.0/20", "10.130.0.0/20"]
    assert facts.as_json()["pod_ranges"] == ["10.4.0.0/17", "10.70.0.0/16"]
    covers = {each.gateway.name: each.cover for each in facts.nat or ()}
    assert covers["nat"].node
    assert not covers["second"].node
    assert covers["second"].pod_range_names == {"second-pods"}


def test_what_may_not_be_read_names_the_role(cloud: EmulatedCloud, reader: Reader) -> None:
    """Each missing permission is a gap with the role and the project in which it is needed."""
    name = create_shared(cloud)
    cloud.access.deny(PROJECT, "container.clusters.get")
    cloud.access.deny(HOST, "compute.subnetworks.get", "compute.routers.list")
    facts = reader.read(name)
    denied = "the caller may not read it (PERMISSION_DENIED)"
    assert list_gaps(facts) == [
        ("Cloud NAT", denied, "roles/compute.networkViewer", HOST),
        ("the cluster", denied, "roles/container.clusterViewer", PROJECT),
        ("the node range of subnetwork composer", denied, "roles/compute.networkViewer", HOST),
        (
            "the ranges named composer-pods, composer-services",
            "neither the cluster nor a subnetwork told them",
            "",
            "",
        ),
    ]
    assert (facts.pod_ranges, facts.node_ranges, facts.nat) == ((), (), None)


def test_the_subnetwork_alone_resolves_names(cloud: EmulatedCloud, reader: Reader) -> None:
    """Without the cluster the ranges of a Shared VPC are still known, from the host project's subnetwork."""
    name = create_shared(cloud)
    cloud.access.deny(PROJECT, "container.clusters.get")
    facts = reader.read(name)
    assert [what for what, *_rest in list_gaps(facts)] == ["the cluster"]
    assert facts.ranges_from["pod_ranges"] == "subnetwork"
    assert facts.as_json()["pod_ranges"] == ["10.40.0.0/16"]


def test_an_api_that_is_off_is_told_so(cloud: EmulatedCloud, reader: Reader) -> None:
    """A role does not help where the project has not enabled the API."""
    name = create_public(cloud)
    cloud.access.disable(PROJECT, GKE)
    cloud.access.disable(PROJECT, COMPUTE)
    why = (
        "its API is not enabled in the project (PERMISSION_DENIED, SERVICE_DISABLED); enable the API, or ask who "
        "administers the project"
    )
    assert list_gaps(reader.read(name)) == [
        ("Cloud NAT", why, "", ""),
        ("the cluster", why, "", ""),
        ("the node range of subnetwork default", why, "", ""),
    ]


def test_a_refusal_of_another_kind_is_told_with_its_status(cloud: EmulatedCloud, reader: Reader) -> None:
    """A cluster that is gone, and a request that Google finds wrong, are told with Google's status."""
    name = create_public(cloud)
    cloud.faults.fail_next("GetCluster", grpc.StatusCode.NOT_FOUND, "gone")
    cloud.faults.fail_next("routers.list", grpc.StatusCode.INVALID_ARGUMENT, "no")
    again = "try again; if it stays so, look at the status page of Google Cloud"
    check = f"check the name; roles/container.clusterViewer in project {PROJECT} would show it"
    assert list_gaps(reader.read(name)) == [
        ("Cloud NAT", f"the API answered with an error (INVALID_ARGUMENT); {again}", "", ""),
        ("the cluster", f"it does not exist, or the caller may not see it (NOT_FOUND); {check}", "", ""),
    ]


def test_a_perimeter_is_no_missing_role(cloud: EmulatedCloud, reader: Reader) -> None:
    """No role helps where a perimeter of VPC Service Controls, or another policy, denies the call."""
    name = create_public(cloud)
    denied, reason = grpc.StatusCode.PERMISSION_DENIED, "SECURITY_POLICY_VIOLATED"
    cloud.faults.fail_next("GetCluster", denied, "Request is prohibited by organization's policy.", reason=reason)
    why = (
        "the API refused to tell it (PERMISSION_DENIED, SECURITY_POLICY_VIOLATED); no role cures it: check the "
        "caller's credentials, or ask who administers the project"
    )
    assert list_gaps(reader.read(name)) == [("the cluster", why, "", "")]


def test_the_clusters_own_subnetwork_counts(cloud: EmulatedCloud, reader: Reader) -> None:
    """Where the environment and the cluster name different subnetworks, the nodes are where the cluster says."""
    name = create_public(cloud)
    cloud.vpc.add_subnetwork(f"{REGION}/subnetworks/other", ip_cidr_range="10.130.0.0/20")
    rest = reader.read(name).environment.as_rest()
    rest["config"]["nodeConfig"]["subnetwork"] = "other"  # type: ignore[index] # a mapping of mappings
    facts = reader.read(name, environment=EnvironmentResource.read(rest))
    assert facts.as_json()["node_ranges"] == ["10.128.0.0/20"]


def test_a_read_is_repeated_a_few_times(cloud: EmulatedCloud, reader: Reader) -> None:
    """An API that is away for two attempts is read in the third, and one that stays away is a gap."""
    name = create_public(cloud)
    cloud.faults.fail_next("GetCluster", grpc.StatusCode.UNAVAILABLE, "away", times=MOST_ATTEMPTS - 1)
    assert reader.read(name).gaps == ()
    assert reader.pauses == [1, 2]
    cloud.faults.fail_next("subnetworks.get", grpc.StatusCode.UNAVAILABLE, "away", times=MOST_ATTEMPTS)
    facts = reader.read(name)
    assert list_gaps(facts) == [
        ("the node range of subnetwork default", f"no answer in {MOST_ATTEMPTS} attempts (UNAVAILABLE)", "", "")
    ]
    assert cloud.faults.count_calls("subnetworks.get") == 1 + MOST_ATTEMPTS


def test_addresses_of_a_gateway_may_stay_unknown(cloud: EmulatedCloud, reader: Reader) -> None:
    """A gateway whose addresses cannot be read still covers what it covers."""
    name = create_private(cloud)
    cloud.faults.fail_next("routers.getRouterStatus", grpc.StatusCode.PERMISSION_DENIED, "no")
    facts = reader.read(name)
    assert [each.status for each in facts.nat or ()] == [None]
    assert [gap.what for gap in facts.gaps] == ["the addresses of Cloud NAT's router router"]


def test_a_gateway_without_machines_uses_no_address(cloud: EmulatedCloud, reader: Reader) -> None:
    """A gateway that the router does not tell uses no address yet."""
    add_nat(cloud)
    name = create_public(cloud)
    status = cloud.vpc.get_router_status(f"{REGION}/routers/router")
    assert status is not None
    cloud.vpc.put_router_status(f"{REGION}/routers/router", {"network": status["network"]})
    facts = reader.read(name)
    assert facts.nat_addresses == ()
    assert not facts.has_unknown_nat


@pytest.mark.parametrize(
    ("cluster", "why"),
    [
        ("", "the environment, in state CREATING, names none"),
        ("nonsense", "the environment, in state CREATING, names 'nonsense'"),
    ],
)
def test_an_environment_that_names_no_cluster(reader: Reader, cluster: str, why: str) -> None:
    """An environment that is still being created tells neither a cluster nor a subnetwork."""
    from tests.emulated_cloud import NAME  # noqa: PLC0415 - only here

    resource = {"name": str(NAME), "state": "CREATING", "config": {"gkeCluster": cluster}}
    facts = reader.read(NAME, environment=EnvironmentResource.read(resource))
    assert [(gap.what.partition(" (")[0], gap.why) for gap in facts.gaps] == [
        ("the cluster", why),
        ("the nodes' ranges and Cloud NAT", "neither the environment nor its cluster names a subnetwork"),
    ]


def test_a_subnetwork_by_its_id_is_the_host_projects(cloud: EmulatedCloud, reader: Reader) -> None:
    """An environment that names its subnetwork by the ID alone means one of its network's project."""
    name = create_shared(cloud)
    found = reader.read(name).environment
    rest = found.as_rest()
    rest["config"]["nodeConfig"]["subnetwork"] = "composer"  # type: ignore[index] # a mapping of mappings
    facts = reader.read(name, environment=EnvironmentResource.read(rest))
    assert [str(each.name) for each in facts.subnetworks] == [SHARED_SUBNETWORK]
    assert cloud.faults.count_calls("subnetworks.get") == 2
    assert SHARED_REGION.startswith("projects/host-project/")
    assert facts.network == SHARED_NETWORK


def test_beside_an_emulator_nothing_else_is_asked(cloud: EmulatedCloud, client: ComposerClient) -> None:
    """Without an endpoint of Compute, Compute is not asked at all, and GKE is asked at the emulator."""
    name = create_public(cloud)

    @contextmanager
    def open_clients() -> Iterator[tuple[GkeClient, ComputeClient | None]]:
        with open_network_clients(None, composer_endpoint=cloud.endpoint) as clients:
            yield clients

    facts = gather_facts(name, environment=client.get(name), open_clients=open_clients, pause=lambda _failures: None)
    assert facts.cluster is not None
    assert [gap.what for gap in facts.gaps] == ["Cloud NAT", "the node range of subnetwork default"]
    assert {gap.why.partition(":")[0] for gap in facts.gaps} == {"its API is not asked"}


def test_clients_that_cannot_be_made_are_a_gap(cloud: EmulatedCloud, client: ComposerClient) -> None:
    """Rejected credentials leave the network unknown, and raise nothing."""
    name = create_public(cloud)

    def open_clients() -> None:
        raise CloudRefusedError("no credentials", status="UNAUTHENTICATED")

    facts = gather_facts(
        name,
        environment=client.get(name),
        open_clients=open_clients,  # type: ignore[arg-type] # it never returns
        pause=lambda _failures: None,
    )
    assert [str(gap) for gap in facts.gaps] == ["the cluster, the node ranges and Cloud NAT: no credentials"]
    assert replace(facts, gaps=()) == NetworkFacts(name=name, environment=facts.environment)


def test_a_gap_is_short_and_escaped(cloud: EmulatedCloud, reader: Reader) -> None:
    """What an API or an environment says at any length, in any characters, is a line in the XCom."""
    name = create_public(cloud)
    foreign = "\x1b[31mA" * 200
    node = {"subnetwork": f"projects/{PROJECT}/regions/{LOCATION}/subnetworks/{foreign}"}
    odd = EnvironmentResource.read({"config": {"gkeCluster": foreign, "nodeConfig": node}, "state": foreign})
    facts = reader.read(name, environment=odd)
    assert len(facts.gaps) == 2
    for gap in facts.gaps:
        assert "\x1b" not in str(gap)
        assert len(str(gap)) < 500
