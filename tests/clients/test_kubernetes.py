"""The client of a cluster's own API, against the lab's Kubernetes API over real TLS."""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from google.oauth2.credentials import Credentials

from airflow_masq.clients.kubernetes import ClusterEndpoint, KubernetesClient
from airflow_masq.exceptions import CloudRefusedError, CloudUnavailableError, FieldConflictError, InvalidInputError
from airflow_masq.network.live_policy import LiveNode, make_manifest
from lab.kubernetes import KubernetesEmulator
from lab.kubernetes.emulator import DEFAULT_TOKEN, VIEWER_TOKEN, ClusterNode
from lab.kubernetes.faults import OVERLOADED
from tests.emulated_kubernetes import NODES, PODS, SERVICES, make_client

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MANAGER = "airflow-masq"


@pytest.fixture
def cluster() -> Iterator[KubernetesEmulator]:
    """Give an Autopilot cluster with three nodes."""
    nodes = [
        ClusterNode(name=f"node-{number}", address=f"10.128.0.{number}", pod_cidr=f"192.168.{number}.0/26")
        for number in (1, 2, 3)
    ]
    with KubernetesEmulator(nodes=nodes) as emulator:
        yield emulator


def test_policies_are_listed(cluster: KubernetesEmulator) -> None:
    """Both objects of a new cluster are read, with who set them."""
    with make_client(cluster) as client:
        policy = client.list_policies()
    default, fixed = policy.objects
    assert (default.name, default.destinations, default.managers) == ("default", (PODS,), ("kubectl-create",))
    assert default.is_untouched
    assert (fixed.name, fixed.destinations) == (cluster.fixed_name, (NODES, PODS, SERVICES))
    assert fixed.is_fixed


def test_nodes_are_listed_page_by_page(cluster: KubernetesEmulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """All nodes are read, also where the API server gives two at a time."""
    monkeypatch.setattr("airflow_masq.clients.kubernetes._NODES_OF_A_PAGE", 2)
    with make_client(cluster) as client:
        nodes = client.list_nodes()
    assert [node.name for node in nodes] == ["node-1", "node-2", "node-3"]
    assert nodes[1] == LiveNode(name="node-2", addresses=("10.128.0.2",), pod_blocks=("192.168.2.0/26",))
    assert cluster.faults.count("list nodes") == 2


def test_what_is_applied_is_owned(cluster: KubernetesEmulator) -> None:
    """An applied list belongs to the field manager, and applying it again changes nothing."""
    manifest = make_manifest("default", cidrs=[NODES, PODS])
    with make_client(cluster) as client:
        first = client.apply_policy(manifest, field_manager=MANAGER, force=True)
        again = client.apply_policy(manifest, field_manager=MANAGER)
        assert (first.destinations, first.managers) == ((NODES, PODS), (MANAGER,))
        assert again.resource_version == first.resource_version
        assert client.list_policies().find("default") == first


def test_a_conflict_names_the_other_manager(cluster: KubernetesEmulator) -> None:
    """A list that another manager owns is not overwritten, and the error names the manager as the server does."""
    cluster.put_policy("default", [PODS, "10.0.0.0/8"], manager="terraform")
    with make_client(cluster) as client, pytest.raises(FieldConflictError) as caught:
        client.apply_policy(make_manifest("default", cidrs=[PODS]), field_manager=MANAGER)
    (manager,) = caught.value.managers
    assert re.fullmatch(r'"terraform" using networking\.gke\.io/v1 at [0-9TZ:-]{20}', manager)
    assert f"Apply failed with 1 conflict: conflict with {manager}: .spec.destinations" in str(caught.value)
    assert cluster.get_policy("default")["spec"]["destinations"][1] == {"cidr": "10.0.0.0/8"}  # type: ignore[index] # it exists


def test_a_dry_run_changes_nothing(cluster: KubernetesEmulator) -> None:
    """A dry run answers what would be, and stores nothing."""
    with make_client(cluster) as client:
        before = client.list_policies()
        manifest = make_manifest("default", cidrs=[NODES, PODS])
        would_be = client.apply_policy(manifest, field_manager=MANAGER, force=True, dry_run=True)
        assert would_be.destinations == (NODES, PODS)
        assert client.list_policies() == before
    assert "10.128.0.0/20" in cluster.list_non_masquerade()  # GKE's own
    assert cluster.list_non_masquerade()[0] == PODS


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        (make_manifest("default", cidrs=[]) | {"spec": {"action": "NoSNAT", "destinations": ["x"]}}, "expected map"),
        (
            make_manifest("default", cidrs=[]) | {"spec": {"action": "NoSNAT", "destinations": [], "x": 1}},
            "not declared",
        ),
        (make_manifest("default", cidrs=[], action="SNAT"), 'supported values: "NoSNAT"'),
    ],
)
def test_a_schema_error_is_final(cluster: KubernetesEmulator, manifest: dict[str, Any], message: str) -> None:
    """A manifest that does not fit is refused for good, although the server blames itself with the status 500."""
    with (
        make_client(cluster) as client,
        pytest.raises(CloudRefusedError, match=f"{message}.*correct the manifest") as e,
    ):
        client.apply_policy(manifest, field_manager=MANAGER, force=True)
    assert e.value.status == "INVALID_ARGUMENT"


@pytest.mark.parametrize(
    ("token", "status", "message"),
    [
        ("wrong", "UNAUTHENTICATED", "check the caller's credentials"),
        (VIEWER_TOKEN, "PERMISSION_DENIED", "container.thirdPartyObjects.update.*roles/container.developer"),
    ],
)
def test_what_the_caller_may_not_do_is_final(
    cluster: KubernetesEmulator, token: str, status: str, message: str
) -> None:
    """A wrong token, and a role that only reads, are refused with the next step."""
    with make_client(cluster, token=token) as client, pytest.raises(CloudRefusedError, match=message) as caught:
        client.apply_policy(make_manifest("default", cidrs=[PODS]), field_manager=MANAGER)
    assert caught.value.status == status


def test_gkes_own_object_is_not_changed(cluster: KubernetesEmulator) -> None:
    """The object of GKE's own stays as it is, whatever force is used."""
    with make_client(cluster) as client:
        before = client.list_policies().find(cluster.fixed_name)
        assert before is not None
        with pytest.raises(CloudRefusedError, match="Forbidden"):
            client.apply_policy(make_manifest(cluster.fixed_name, cidrs=[]), field_manager=MANAGER, force=True)
        assert client.list_policies().find(cluster.fixed_name) == before


def test_a_cluster_without_policies_is_told() -> None:
    """A Standard cluster has no such objects, which is no fault of the endpoint."""
    with KubernetesEmulator(autopilot=False) as cluster, make_client(cluster) as client:
        with pytest.raises(CloudRefusedError, match="the cluster knows no EgressNATPolicy: it must be an Autopilot"):
            client.list_policies()
        assert client.list_nodes() == ()


def test_trouble_that_may_pass_is_told_apart(cluster: KubernetesEmulator) -> None:
    """A cut connection, a server that restarts and one that asks for less may pass, and the next call succeeds."""
    with make_client(cluster) as client:
        cluster.faults.cut_next("list egressnatpolicies")
        cluster.faults.fail_next("list egressnatpolicies")
        cluster.faults.fail_next("list egressnatpolicies", OVERLOADED)
        statuses = []
        for _ in range(3):
            with pytest.raises(CloudUnavailableError, match="trying again may help") as caught:
                client.list_policies()
            statuses.append(caught.value.status)
        assert statuses == ["UNAVAILABLE", "UNAVAILABLE", "RESOURCE_EXHAUSTED"]
        assert len(client.list_policies().objects) == 2


def test_a_lost_reply_may_have_had_its_effect(cluster: KubernetesEmulator) -> None:
    """Where the reply of an apply is lost, the list is changed, and applying it again is right."""
    cluster.faults.lose_next_reply("patch egressnatpolicies")
    manifest = make_manifest("default", cidrs=[NODES, PODS])
    with make_client(cluster) as client:
        with pytest.raises(CloudUnavailableError):
            client.apply_policy(manifest, field_manager=MANAGER, force=True)
        assert client.apply_policy(manifest, field_manager=MANAGER).destinations == (NODES, PODS)


def test_another_servers_certificate_is_refused(cluster: KubernetesEmulator) -> None:
    """A server that the cluster's authority does not vouch for gets no token."""
    with KubernetesEmulator() as other:
        credentials = Credentials(DEFAULT_TOKEN)  # type: ignore[no-untyped-call] # google-auth is partly untyped
        for authority in (other.authority, None):
            endpoint = ClusterEndpoint(url=cluster.url, authority=authority)
            with (
                KubernetesClient(credentials, endpoint=endpoint, api_timeout_seconds=5) as client,
                pytest.raises(CloudRefusedError, match="the certificate of the API server is not the cluster's"),
            ):
                client.list_policies()
    assert cluster.faults.count("list egressnatpolicies") == 0


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "https://user:secret@host", "ftp://host", "10.0.0.1"])
def test_a_token_is_sent_over_tls_alone(url: str) -> None:
    """An endpoint without TLS, even on this machine, is refused, and a password in it is not shown."""
    credentials = Credentials(DEFAULT_TOKEN)  # type: ignore[no-untyped-call] # google-auth is partly untyped
    with pytest.raises(InvalidInputError, match="cluster endpoint: expected https://HOST") as caught:
        KubernetesClient(credentials, endpoint=ClusterEndpoint(url=url))
    assert "secret" not in str(caught.value)


def test_the_token_is_sent_whatever_netrc_says(
    cluster: KubernetesEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A password that the machine's ~/.netrc has for every host does not take the token's place."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password hunter2\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with make_client(cluster) as client:
        assert len(client.list_policies().objects) == 2


def test_no_server_may_pass() -> None:
    """A control plane that does not answer may answer later, and the message has the cause alone."""
    with KubernetesEmulator() as gone:
        client = make_client(gone)
    with client, pytest.raises(CloudUnavailableError, match=r"did not answer: .*Connection refused") as caught:
        client.list_policies()
    assert "Max retries" not in str(caught.value)


class Foreign(BaseHTTPRequestHandler):
    """A server that is no API server: the test sets what it answers."""

    code, body = 200, b""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(self.code)
        self.send_header("Location", "https://192.0.2.1/")
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - named by http.server
        """Log nothing."""


@pytest.mark.parametrize(
    ("code", "body", "error", "message"),
    [
        (200, b"<html>\x1b[31m", CloudRefusedError, r"status 200 without a Status object: <html>\\x1b"),
        (302, b"", CloudRefusedError, "status 302"),
        (200, b"{}", CloudUnavailableError, "the answer is no list"),
        (200, b"[]", CloudRefusedError, "check that the endpoint is the cluster's API server"),
        (502, b"<html>", CloudUnavailableError, "status 502"),
        (404, json.dumps({"kind": "Status", "message": "x"}).encode(), CloudRefusedError, "404: x"),
        (418, json.dumps({"kind": "Status", "message": "x" * 9000}).encode(), CloudRefusedError, "418: x+…"),
    ],
)
def test_what_is_no_api_server_is_told(
    monkeypatch: pytest.MonkeyPatch, code: int, body: bytes, error: type[Exception], message: str
) -> None:
    """A proxy's page, a redirect and answers of another kind are told as what they are, escaped and short."""
    monkeypatch.setattr(Foreign, "code", code)
    monkeypatch.setattr(Foreign, "body", body)
    with HTTPServer(("127.0.0.1", 0), Foreign) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        credentials = Credentials(DEFAULT_TOKEN)  # type: ignore[no-untyped-call] # google-auth is partly untyped
        endpoint = ClusterEndpoint(url="https://127.0.0.1", authority=None)
        with KubernetesClient(credentials, endpoint=endpoint, api_timeout_seconds=5) as client:
            monkeypatch.setattr(client, "_url", f"http://127.0.0.1:{server.server_address[1]}")
            try:
                with pytest.raises(error, match=message) as caught:
                    client.list_policies()
            finally:
                server.shutdown()
                thread.join()
    assert len(str(caught.value)) < 1200
