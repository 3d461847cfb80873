"""The client of GKE against the emulated API: one call each, and errors of this project."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import grpc
import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud.container_v1.types import Cluster

from airflow_masq.clients.gke import GkeClient
from airflow_masq.exceptions import (
    CloudRefusedError,
    CloudUnavailableError,
    EnvironmentNotFoundError,
    InvalidInputError,
)
from airflow_masq.facts import ClusterName
from lab.cloud import GKE
from tests.emulated_cloud import LOCATION, PROJECT, EmulatedCloud

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = ClusterName(project=PROJECT, location=LOCATION, cluster_id="c")


@pytest.fixture
def gke(cloud: EmulatedCloud) -> Iterator[GkeClient]:
    """Give a client of the emulated API, in which there is one cluster."""
    cloud.clusters.put(PROJECT, Cluster(name="c", location=LOCATION, initial_cluster_version="1.33.4-gke.1"))
    with GkeClient(None, endpoint=cloud.endpoint, api_timeout_seconds=5) as client:
        yield client


def test_a_cluster_is_read_and_listed(cloud: EmulatedCloud, gke: GkeClient) -> None:
    """A cluster is the same, read alone and in a list; what could not be asked is told."""
    cluster = gke.get_cluster(NAME)
    assert (cluster.name, cluster.initial_version) == (NAME, "1.33.4-gke.1")
    cloud.clusters.missing_zones.append("us-east1-b")
    listed = gke.list_clusters(PROJECT)
    assert (listed.clusters, listed.missing_zones) == ((cluster,), ("us-east1-b",))
    assert gke.list_clusters(PROJECT, location="europe-west1").clusters == ()


def test_a_missing_cluster_is_no_missing_environment(gke: GkeClient) -> None:
    """NOT_FOUND of a cluster says nothing about the environment."""
    with pytest.raises(CloudRefusedError, match="NOT_FOUND") as caught:
        gke.get_cluster(ClusterName(project=PROJECT, location=LOCATION, cluster_id="x"))
    assert not isinstance(caught.value, EnvironmentNotFoundError)
    assert caught.value.status == "NOT_FOUND"


def test_an_api_that_is_off_has_a_reason(cloud: EmulatedCloud, gke: GkeClient) -> None:
    """The reason tells an API that is off from a missing permission, and so does the next step."""
    cloud.access.deny(PROJECT, "container.clusters.get")
    with pytest.raises(CloudRefusedError, match=r"missing permission, or check the project$") as denied:
        gke.get_cluster(NAME)
    cloud.access.disable(PROJECT, GKE)
    with pytest.raises(CloudRefusedError, match=r"enable the API in that project, or ask who administers it$") as off:
        gke.get_cluster(NAME)
    assert (denied.value.status, denied.value.reason) == ("PERMISSION_DENIED", "")
    assert (off.value.status, off.value.reason) == ("PERMISSION_DENIED", "SERVICE_DISABLED")


def test_one_method_is_one_call(cloud: EmulatedCloud, gke: GkeClient) -> None:
    """Google's own retries are off: the caller decides what is repeated."""
    for method, call in (
        ("GetCluster", lambda: gke.get_cluster(NAME)),
        ("ListClusters", lambda: gke.list_clusters("p")),
    ):
        cloud.faults.fail_next(method, grpc.StatusCode.UNAVAILABLE, "away")
        with pytest.raises(CloudUnavailableError, match="UNAVAILABLE: away; trying again may help"):
            call()
        assert cloud.faults.count_calls(method) == 1


def test_a_private_endpoint_is_reached_with_tls_only(cloud: EmulatedCloud) -> None:
    """An https endpoint is spoken to in TLS: a plaintext server there gets no request and no credentials."""
    credentials = AnonymousCredentials()  # type: ignore[no-untyped-call] # google-auth is partly untyped
    endpoint = cloud.endpoint.replace("http://", "https://")
    with (
        GkeClient(credentials, endpoint=endpoint, api_timeout_seconds=2) as client,
        pytest.raises(CloudUnavailableError),
    ):
        client.get_cluster(NAME)
    assert cloud.faults.count_calls() == 0


def test_without_an_endpoint_google_is_asked() -> None:
    """Without an endpoint the client is made for Google's public one (no call is made here)."""
    credentials = AnonymousCredentials()  # type: ignore[no-untyped-call] # google-auth is partly untyped
    with GkeClient(credentials) as client:
        assert client._client.api_endpoint == "container.googleapis.com"


def test_an_endpoint_elsewhere_in_plain_text_is_refused() -> None:
    """No client is made for a plaintext endpoint on another machine."""
    with pytest.raises(InvalidInputError, match="gke_endpoint"):
        GkeClient(None, endpoint="http://192.0.2.1:80")


def test_a_closed_client_leaves_no_thread(cloud: EmulatedCloud) -> None:
    """Closing gives the channel's threads back."""
    before = threading.active_count()
    with GkeClient(None, endpoint=cloud.endpoint) as client:
        client.list_clusters(PROJECT)
    assert threading.active_count() <= before
