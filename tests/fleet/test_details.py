"""Clusters and policies are read beside the environments."""

from __future__ import annotations

import base64
from functools import partial
from typing import TYPE_CHECKING

import grpc
import pytest
from google.cloud.container_v1.types import Cluster as ClusterMessage
from google.oauth2.credentials import Credentials

from airflow_masq.audit import Masquerading, decode_earlier_audit, encode_audit
from airflow_masq.clients.gke import GkeClient
from airflow_masq.facts.control_plane import EndpointChoice
from airflow_masq.fleet import DetailReaders, FleetLimits, make_readers
from airflow_masq.plan import load_plan_from_mapping
from lab.cloud import GKE
from lab.kubernetes import KubernetesEmulator
from lab.kubernetes.emulator import VIEWER_TOKEN
from tests.emulated_cloud import LOCATION, PROJECT, environment_resource

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from airflow_masq.audit import Audit
    from tests.emulated_cloud import EmulatedCloud

    Run = Callable[..., Awaitable[Audit]]

CLUSTER_ID = "us-central1-example-1a2b3c4d-gke"
CLUSTER = f"projects/{PROJECT}/locations/{LOCATION}/clusters/{CLUSTER_ID}"


@pytest.fixture
def gke(cloud: EmulatedCloud) -> Iterator[GkeClient]:
    """Give a client of the emulated GKE API."""
    with GkeClient(None, endpoint=cloud.endpoint, api_timeout_seconds=5) as client:
        yield client


@pytest.fixture
def api_server() -> Iterator[KubernetesEmulator]:
    """Give a cluster's API server."""
    with KubernetesEmulator() as running:
        yield running


def put_cluster(cloud: EmulatedCloud, *, api_server: KubernetesEmulator | None = None, version: str = "1.33.4") -> None:
    """Put the example's cluster there, and the environment that it is of."""
    endpoint = {}
    if api_server is not None:
        authority = base64.b64encode(api_server.authority.encode()).decode()
        endpoint = {
            "endpoint": api_server.url.removeprefix("https://"),
            "master_auth": {"cluster_ca_certificate": authority},
        }
    cluster = {"name": CLUSTER_ID, "location": LOCATION, "initial_cluster_version": version, **endpoint}
    cloud.clusters.put(PROJECT, ClusterMessage(cluster))
    cloud.put("example-environment", state="RUNNING", masquerade=True, gke_cluster=CLUSTER)


def read_with(gke: GkeClient, *, policies: bool = False, token: str = VIEWER_TOKEN) -> DetailReaders:
    """Make the readers of an audit with facts."""
    return make_readers(
        gke,
        credentials=Credentials(token),  # type: ignore[no-untyped-call] # google-auth is partly untyped
        facts=True,
        policies=policies,
        choice=EndpointChoice.AUTO,
        is_emulated=False,
        api_timeout_seconds=5,
    )


async def test_a_clusters_first_version_decides(cloud: EmulatedCloud, audit: Run, gke: GkeClient) -> None:
    """One call for all clusters of a project shows that one is too old for the agent."""
    put_cluster(cloud, version="1.21.9-gke.100")
    cloud.put("three", state="RUNNING", masquerade=False, image="composer-3-airflow-2.10.5-build.3")
    found = await audit(readers=read_with(gke))
    by_id = {each.record.environment_id: each for each in found.environments}
    assert by_id["example-environment"].standing.masquerading is Masquerading.NEVER
    assert by_id["three"].problems == ()
    assert cloud.faults.count_calls("ListClusters") == 1
    without_facts = await audit()
    assert (without_facts.totals[Masquerading.MASQUERADED], without_facts.is_complete) == (1, True)


@pytest.mark.parametrize(
    ("cluster", "words"),
    [
        (CLUSTER, "its cluster was not read: GKE lists none of that name"),
        ("odd", "its cluster's name cannot be read: "),
    ],
)
async def test_a_cluster_that_is_not_found_is_said(
    cloud: EmulatedCloud, audit: Run, gke: GkeClient, cluster: str, words: str
) -> None:
    """An environment whose cluster GKE does not list, or whose cluster's name is odd, is not fully known."""
    cloud.put("example-environment", state="RUNNING", masquerade=True, gke_cluster=cluster)
    [environment] = (found := await audit(readers=read_with(gke))).environments
    [problem] = environment.problems
    assert problem.startswith(words)
    assert not found.is_complete


async def test_gke_that_may_not_be_asked_is_said(cloud: EmulatedCloud, audit: Run, gke: GkeClient) -> None:
    """Without GKE's API, or where zones are out of reach, each environment says so; Composer's part stands."""
    put_cluster(cloud)
    cloud.access.disable(PROJECT, GKE)
    [environment] = (await audit(readers=read_with(gke))).environments
    assert "Kubernetes Engine API has not been used" in environment.problems[0]
    assert environment.standing.masquerading is Masquerading.MASQUERADED
    cloud.faults.close(f"projects/{PROJECT}/locations/-", grpc.StatusCode.UNAVAILABLE, "gone")
    [environment] = (await audit(readers=read_with(gke))).environments
    assert "UNAVAILABLE: gone" in environment.problems[0]


async def test_zones_that_are_missing_are_said(cloud: EmulatedCloud, audit: Run, gke: GkeClient) -> None:
    """A cluster that may be in a zone that GKE could not list is not said to be missing."""
    cloud.put("example-environment", state="RUNNING", masquerade=True, gke_cluster=CLUSTER)
    cloud.clusters.missing_zones.append("us-central1-a")
    [environment] = (await audit(readers=read_with(gke))).environments
    assert environment.problems == ("its cluster was not read: GKE could not list the clusters of us-central1-a",)


async def test_policies_are_read_and_compared(
    cloud: EmulatedCloud, audit: Run, gke: GkeClient, api_server: KubernetesEmulator
) -> None:
    """A destination that somebody added to the live policy is drift against the plan and the last audit."""
    put_cluster(cloud, api_server=api_server)
    readers = read_with(gke, policies=True)
    resource = environment_resource(nodeConfig={"enableIpMasqAgent": True})
    plan = load_plan_from_mapping(
        {"environment": resource, "network": {"pod_ranges": ["192.168.0.0/16"], "service_ranges": ["10.96.0.0/20"]}},
        source="",
    )
    first = await audit(readers=readers, plans=[plan])
    assert (first.drift, first.is_complete) == ((), True)
    api_server.put_policy("default", ["192.168.0.0/16", "172.20.0.0/16"], manager="kubectl")
    earlier = decode_earlier_audit(encode_audit(first))
    second = await audit(readers=readers, plans=[plan], earlier=earlier)
    assert [(each.against, each.message) for each in second.drift] == [
        ("last audit", "its policy has changed"),
        ("plan", "its policy lets other destinations see the Pod's address than the plan's"),
    ]
    assert all("+172.20.0.0/16" in each.diff for each in second.drift)


async def test_environments_without_a_cluster_have_no_policy(
    cloud: EmulatedCloud, audit: Run, gke: GkeClient, api_server: KubernetesEmulator
) -> None:
    """Where policies are read, an environment of Composer 3 and one whose cluster is lost are in the audit, too."""
    put_cluster(cloud, api_server=api_server)
    cloud.put("three", state="RUNNING", masquerade=False, image="composer-3-airflow-2.10.5-build.3")
    cloud.put("lost", state="RUNNING", masquerade=True, gke_cluster=f"{CLUSTER}-gone")
    found = await audit(readers=read_with(gke, policies=True))
    by_id = {each.record.environment_id: each for each in found.environments}
    assert {name: each.record.policy is not None for name, each in by_id.items()} == {
        "example-environment": True,
        "lost": False,
        "three": False,
    }
    assert [len(by_id[name].problems) for name in ("example-environment", "lost", "three")] == [0, 1, 0]


async def test_a_policy_that_may_not_be_read_is_said(
    cloud: EmulatedCloud, audit: Run, gke: GkeClient, api_server: KubernetesEmulator
) -> None:
    """A token that the API server does not take, and a cluster without an endpoint, leave the policy unknown."""
    put_cluster(cloud, api_server=api_server)
    [environment] = (await audit(readers=read_with(gke, policies=True, token="odd"))).environments
    assert environment.problems[0].startswith("its cluster's policy was not read: ")
    assert "UNAUTHENTICATED" in environment.problems[0]
    put_cluster(cloud)
    [environment] = (await audit(readers=read_with(gke, policies=True))).environments
    assert "expected an endpoint that the cluster has (none)" in environment.problems[0]


async def test_beside_an_emulator_no_other_machine_is_asked(cloud: EmulatedCloud, audit: Run, gke: GkeClient) -> None:
    """An emulated cluster that names an API server elsewhere is not asked for its policy."""
    cluster = {"name": CLUSTER_ID, "location": LOCATION, "endpoint": "192.0.2.7"}
    cloud.clusters.put(PROJECT, ClusterMessage(cluster))
    cloud.put("example-environment", state="RUNNING", masquerade=True, gke_cluster=CLUSTER)
    readers = make_readers(
        gke,
        credentials=None,
        facts=True,
        policies=True,
        choice=EndpointChoice.AUTO,
        is_emulated=True,
        api_timeout_seconds=5,
    )
    [environment] = (await audit(readers=readers)).environments
    assert (
        "expected an API server on this machine, as the emulated Composer API is, saw 192.0.2.7"
        in environment.problems[0]
    )


async def test_readers_are_made_for_what_is_wanted(gke: GkeClient) -> None:
    """Without facts and policies nothing is read beside Composer; an emulator needs no credentials."""
    make = partial(
        make_readers, gke, credentials=None, choice=EndpointChoice.AUTO, is_emulated=True, api_timeout_seconds=5
    )
    assert make(facts=False, policies=False) == DetailReaders()
    assert make(facts=True, policies=False).policy is None
    assert make(facts=False, policies=True).clusters is not None


async def test_nothing_is_read_after_the_time_limit(cloud: EmulatedCloud, audit: Run, gke: GkeClient) -> None:
    """An audit whose time is over reads no more clusters."""
    put_cluster(cloud)
    await audit(readers=read_with(gke), limits=FleetLimits(time_limit_seconds=0))
    assert cloud.faults.count_calls("ListClusters") == 0
