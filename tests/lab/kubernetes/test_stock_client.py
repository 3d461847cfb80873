"""The stock ``kubernetes`` client finds what it expects of an API server."""

from __future__ import annotations

import json
import threading
from functools import partial
from importlib import import_module
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
import requests

from lab.kubernetes import KubernetesEmulator, User
from lab.kubernetes.emulator import DEFAULT_TOKEN, VIEWER_TOKEN
from lab.kubernetes.faults import OVERLOADED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# The client's own types leave out most of what its methods take.
Client: TypeAlias = Any
Objects: TypeAlias = Any
Json: TypeAlias = Any
k8s: Any = import_module("kubernetes.client")
watch: Any = import_module("kubernetes.watch")

POLICIES = ("networking.gke.io", "v1", "egressnatpolicies")


def connect(cluster: KubernetesEmulator, *, token: str = DEFAULT_TOKEN) -> Client:
    """Connect the stock client."""
    settings = k8s.Configuration(host=cluster.url, api_key={"authorization": f"Bearer {token}"})
    settings.ssl_ca_cert = str(cluster.authority_file)
    settings.retries = False
    return k8s.ApiClient(settings)


@pytest.fixture
def client(cluster: KubernetesEmulator) -> Iterator[Client]:
    """Give the stock client of the cluster."""
    with connect(cluster) as client:
        yield client


@pytest.fixture
def objects(client: Client) -> Objects:
    """Give the stock client's custom objects."""
    return k8s.CustomObjectsApi(client)


def manifest(*cidrs: str, name: str = "default", **spec: object) -> dict[str, Any]:
    """Write a policy."""
    return {
        "apiVersion": "networking.gke.io/v1",
        "kind": "EgressNATPolicy",
        "metadata": {"name": name},
        "spec": {"action": "NoSNAT", "destinations": [{"cidr": cidr} for cidr in cidrs], **spec},
    }


def refuse(call: Callable[[], object]) -> dict[str, Any]:
    """Make a call that is refused, and return the ``Status`` object."""
    with pytest.raises(k8s.ApiException) as caught:
        call()
    status: dict[str, Any] = json.loads(caught.value.body)
    assert (status["kind"], status["code"]) == ("Status", caught.value.status)
    return status


def test_version_groups_and_nodes_are_found(client: Client) -> None:
    """The version, the API groups, the definition of policies and the nodes are read."""
    assert k8s.VersionApi(client).get_code().minor == "33"
    assert {group.name for group in k8s.ApisApi(client).get_api_versions().groups} == {
        "networking.gke.io",
        "apiextensions.k8s.io",
    }
    definitions = k8s.ApiextensionsV1Api(client).list_custom_resource_definition()
    assert [each.metadata.name for each in definitions.items] == ["egressnatpolicies.networking.gke.io"]
    nodes = k8s.CoreV1Api(client).list_node()
    assert [(each.metadata.name, each.spec.pod_cidrs) for each in nodes.items] == [
        ("node-1", ["192.168.1.0/26"]),
        ("node-2", ["192.168.2.0/26"]),
    ]


def test_objects_are_created_read_replaced_and_deleted(objects: Objects) -> None:
    """An object goes through its life; a replacement that names an old version is a conflict."""
    created = objects.create_cluster_custom_object(*POLICIES, manifest("10.0.0.0/8", name="extra"))
    assert created["metadata"]["generation"] == 1
    assert refuse(lambda: objects.create_cluster_custom_object(*POLICIES, manifest(name="extra")))["message"] == (
        'egressnatpolicies.networking.gke.io "extra" already exists'
    )
    replacement = {**created, "spec": manifest("10.1.0.0/16")["spec"]}
    replaced = objects.replace_cluster_custom_object(*POLICIES, "extra", replacement)
    assert replaced["metadata"]["generation"] == 2
    assert replaced["metadata"]["resourceVersion"] != created["metadata"]["resourceVersion"]
    assert refuse(lambda: objects.replace_cluster_custom_object(*POLICIES, "extra", replacement))["message"] == (
        'Operation cannot be fulfilled on egressnatpolicies.networking.gke.io "extra": the object has been modified; '
        "please apply your changes to the latest version and try again"
    )
    objects.delete_cluster_custom_object(*POLICIES, "extra")
    for call in (objects.get_cluster_custom_object, objects.delete_cluster_custom_object):
        status = refuse(partial(call, *POLICIES, "extra"))
        assert status["message"] == 'egressnatpolicies.networking.gke.io "extra" not found'
    names = [each["metadata"]["name"] for each in objects.list_cluster_custom_object(*POLICIES)["items"]]
    assert names[0] == "default"
    assert len(names) == 2


def apply(objects: Objects, body: dict[str, Any], **options: object) -> dict[str, Any]:
    """Apply server-side; the client drops the answer to an apply that created something, which has the status 201."""
    name, media_type = body["metadata"]["name"], "application/apply-patch+yaml"
    answer = objects.patch_cluster_custom_object(*POLICIES, name, body, _content_type=media_type, **options)
    return dict(answer or objects.get_cluster_custom_object(*POLICIES, name))


def test_server_side_apply_shares_and_takes_over(cluster: KubernetesEmulator, objects: Objects) -> None:
    """Two managers that agree share a list; one that differs is refused, unless it forces; who gives up loses it."""
    apply(objects, manifest("10.0.0.0/8"), field_manager="one", force=True)
    shared = apply(objects, manifest("10.0.0.0/8"), field_manager="two")
    owners = {
        each["manager"]
        for each in shared["metadata"]["managedFields"]
        if "f:destinations" in each["fieldsV1"].get("f:spec", {})
    }
    assert owners == {"one", "two"}
    status = refuse(lambda: apply(objects, manifest("10.1.0.0/16"), field_manager="one"))
    assert status["reason"] == "Conflict"
    assert status["message"] == 'Apply failed with 1 conflict: conflict with "two": .spec.destinations'
    assert status["details"]["causes"] == [
        {"reason": "FieldManagerConflict", "message": 'conflict with "two"', "field": ".spec.destinations"}
    ]
    taken = apply(objects, manifest("10.1.0.0/16"), field_manager="one", force=True)
    assert taken["spec"]["destinations"] == [{"cidr": "10.1.0.0/16"}]
    again = apply(objects, manifest("10.1.0.0/16"), field_manager="one")
    assert again["metadata"]["resourceVersion"] == taken["metadata"]["resourceVersion"]
    assert cluster.list_non_masquerade()[0] == "10.1.0.0/16"


def test_what_a_manager_applies_no_more_is_removed(objects: Objects) -> None:
    """A label that one manager alone applied goes when it applies without; one that others own stays."""
    labelled = manifest("10.0.0.0/8", name="extra")
    labelled["metadata"]["labels"] = {"mine": "1", "ours": "1"}
    apply(objects, labelled, field_manager="one")
    other = manifest("10.0.0.0/8", name="extra")
    other["metadata"]["labels"] = {"ours": "1"}
    apply(objects, other, field_manager="two")
    left = apply(objects, manifest("10.0.0.0/8", name="extra"), field_manager="one")
    assert left["metadata"]["labels"] == {"ours": "1"}
    gone = apply(objects, manifest("10.0.0.0/8", name="extra"), field_manager="two")
    assert "labels" not in gone["metadata"]


def test_a_patch_owns_what_it_changes(objects: Objects) -> None:
    """A merge patch owns the list as an update does; a null removes; an unchanged patch makes no new version."""
    patch = {"spec": {"destinations": [{"cidr": "9.0.0.0/8"}]}, "metadata": {"annotations": {"note": "x"}}}
    options = {"field_manager": "editor", "_content_type": "application/merge-patch+json"}
    patched = objects.patch_cluster_custom_object(*POLICIES, "default", patch, **options)
    (entry,) = (each for each in patched["metadata"]["managedFields"] if each["manager"] == "editor")
    assert entry["operation"] == "Update"
    assert entry["fieldsV1"] == {
        "f:metadata": {"f:annotations": {".": {}, "f:note": {}}},
        "f:spec": {".": {}, "f:destinations": {}},
    }
    again = objects.patch_cluster_custom_object(*POLICIES, "default", patch, **options)
    assert again["metadata"]["resourceVersion"] == patched["metadata"]["resourceVersion"]
    removal = {"metadata": {"annotations": {"note": None}}}
    left = objects.patch_cluster_custom_object(*POLICIES, "default", removal, **options)
    assert "note" not in left["metadata"]["annotations"]
    old = {"metadata": {"resourceVersion": "1"}}
    assert refuse(lambda: objects.patch_cluster_custom_object(*POLICIES, "default", old, **options))["code"] == 409


@pytest.mark.parametrize(
    ("body", "options", "code", "message"),
    [
        (manifest(action="SNAT"), {}, 422, 'spec.action: Unsupported value: "SNAT": supported values: "NoSNAT"'),
        ({**manifest(), "spec": {"action": "NoSNAT"}}, {}, 422, "spec.destinations: Required value"),
        ({**manifest(), "spec": {}}, {}, 422, "[spec.action: Required value, spec.destinations: Required value]"),
        (
            {**manifest(), "spec": {"action": "NoSNAT", "destinations": ["10.0.0.0/8"]}},
            {},
            422,
            (
                'spec.destinations[0]: Invalid value: "string": spec.destinations[0] in body must be of type object: '
                '"string"'
            ),
        ),
        (
            manifest(podSelector={}),
            {"field_validation": "Strict"},
            400,
            (
                'EgressNATPolicy in version "v1" cannot be handled as a EgressNATPolicy: strict decoding error: '
                'unknown field "spec.podSelector"'
            ),
        ),
        ({**manifest(), "kind": "Other"}, {}, 400, "does not match the expected API version"),
        ({**manifest(), "metadata": {}}, {}, 422, "metadata.name: Required value: name or generateName"),
    ],
)
def test_a_schema_refuses(
    objects: Objects, body: dict[str, Any], options: dict[str, str], code: int, message: str
) -> None:
    """What the schema forbids is refused in the API server's words."""
    status = refuse(lambda: objects.create_cluster_custom_object(*POLICIES, body, **options))
    assert (status["code"], message in status["message"]) == (code, True), status["message"]


def test_unknown_fields_are_dropped_with_a_warning(objects: Objects) -> None:
    """Without strict validation an unknown field is dropped, and a header says so, unless that is not wanted either."""
    body = manifest("10.0.0.0/8", name="extra", podSelector={})
    call = objects.create_cluster_custom_object_with_http_info
    created, code, headers = call(*POLICIES, body)
    assert (code, created["spec"]) == (201, manifest("10.0.0.0/8")["spec"])
    assert headers["Warning"] == '299 - "unknown field \\"spec.podSelector\\""'
    body["metadata"]["name"] = "another"
    _created, _code, headers = call(*POLICIES, body, field_validation="Ignore")
    assert "Warning" not in headers


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            manifest(x=1, y=2),
            "errors:\n  .spec.x: field not declared in schema\n  .spec.y: field not declared in schema",
        ),
        ({**manifest(), "spec": []}, ".spec: expected map, got &{[]}"),
    ],
)
def test_apply_refuses_unknown_fields_with_500(objects: Objects, body: dict[str, Any], message: str) -> None:
    """Server-side apply refuses unknown fields in any case, with the status 500 and without a reason."""
    status = refuse(lambda: apply(objects, body, field_manager="one"))
    assert status["code"] == 500
    assert "reason" not in status
    place = "(/default; networking.gke.io/v1, Kind=EgressNATPolicy)"
    assert status["message"] == f"failed to create typed patch object {place}: {message}"


def test_apply_wants_a_manager_and_no_managed_fields(objects: Objects) -> None:
    """An apply without a field manager is refused, and so is one with somebody's ``managedFields``."""
    assert "fieldManager: Required value" in refuse(lambda: apply(objects, manifest()))["message"]
    body = manifest()
    body["metadata"]["managedFields"] = []
    assert refuse(lambda: apply(objects, body, field_manager="one"))["message"] == (
        "metadata.managedFields must be nil"
    )


def test_dry_runs_store_nothing(cluster: KubernetesEmulator, objects: Objects) -> None:
    """Creation, apply and deletion can be tried."""
    before = cluster.get_policy("default")
    objects.create_cluster_custom_object(*POLICIES, manifest(name="extra"), dry_run="All")
    tried = apply(objects, manifest("10.0.0.0/8"), field_manager="one", force=True, dry_run="All")
    assert tried["spec"]["destinations"] == [{"cidr": "10.0.0.0/8"}]
    objects.delete_cluster_custom_object(*POLICIES, "default", dry_run="All")
    assert cluster.get_policy("default") == before
    assert cluster.get_policy("extra") is None


def test_kube_system_is_read_only_on_autopilot(cluster: KubernetesEmulator, client: Client) -> None:
    """The agent's ConfigMap, which GKE's controller writes from the policies, can be read and not written."""
    core = k8s.CoreV1Api(client)
    config = core.read_namespaced_config_map("ip-masq-agent", "kube-system")
    assert json.loads(config.data["config"])["nonMasqueradeCIDRs"] == cluster.list_non_masquerade()
    status = refuse(lambda: core.patch_namespaced_config_map("ip-masq-agent", "kube-system", {"data": {"config": ""}}))
    assert status["reason"] == "Forbidden"
    assert status["message"].endswith(
        'GKE Warden authz [denied by managed-namespaces-limitation]: the namespace "kube-system" is managed and the '
        'request\'s verb "patch" is denied'
    )
    written = core.create_namespaced_config_map("default", k8s.V1ConfigMap(metadata={"name": "x"}, data={"a": "b"}))
    assert (written.metadata.namespace, written.data) == ("default", {"a": "b"})
    assert core.patch_namespaced_config_map("x", "default", {"data": {"a": None, "c": "d"}}).data == {"c": "d"}


def test_a_standard_cluster_has_a_config_map_and_no_policies() -> None:
    """On Standard the agent's ConfigMap is the user's to write, and policies are unknown."""
    with KubernetesEmulator(autopilot=False) as cluster, connect(cluster) as client:
        core = k8s.CoreV1Api(client)
        body = k8s.V1ConfigMap(metadata={"name": "ip-masq-agent"}, data={"config": "nonMasqueradeCIDRs: []"})
        core.create_namespaced_config_map("kube-system", body)
        assert cluster.list_non_masquerade() == []
        with pytest.raises(k8s.ApiException) as caught:
            k8s.CustomObjectsApi(client).list_cluster_custom_object(*POLICIES)
        assert (caught.value.status, caught.value.body) == (404, "404 page not found\n")


def test_users_and_roles(cluster: KubernetesEmulator) -> None:
    """A token that nobody has is unauthorized, and a reader may not write; tokens can be taken away at run time."""
    with connect(cluster, token=VIEWER_TOKEN) as client:
        objects = k8s.CustomObjectsApi(client)
        assert len(objects.list_cluster_custom_object(*POLICIES)["items"]) == 2
        status = refuse(lambda: objects.delete_cluster_custom_object(*POLICIES, "default"))
        assert status["message"] == (
            'egressnatpolicies.networking.gke.io "default" is forbidden: User '
            '"viewer@example-project.iam.gserviceaccount.com" cannot delete resource "egressnatpolicies" in API group '
            '"networking.gke.io" at the cluster scope: requires one of ["container.thirdPartyObjects.delete"] '
            "permission(s)."
        )
        del cluster.tokens[VIEWER_TOKEN]
        assert refuse(lambda: objects.list_cluster_custom_object(*POLICIES))["message"] == "Unauthorized"
        cluster.tokens[VIEWER_TOKEN] = User(name="x", verbs=())
        status = refuse(lambda: objects.list_cluster_custom_object(*POLICIES))
        assert "cannot list resource" in status["message"]


def test_unknown_patches_and_methods_are_refused(objects: Objects, client: Client) -> None:
    """A strategic merge of a custom resource, and a write of a node, do not exist."""
    options = {"_content_type": "application/strategic-merge-patch+json"}
    status = refuse(lambda: objects.patch_cluster_custom_object(*POLICIES, "default", {}, **options))
    assert (status["code"], status["reason"]) == (415, "UnsupportedMediaType")
    assert refuse(lambda: k8s.CoreV1Api(client).delete_node("node-1"))["reason"] == "MethodNotAllowed"


def test_a_strict_patch_refuses_unknown_fields(objects: Objects) -> None:
    """A merge patch with strict validation names the unknown field, and what the object would have been."""
    options = {"_content_type": "application/merge-patch+json", "field_validation": "Strict"}
    patch: dict[str, Any] = {"spec": {"podSelector": {}}}
    status = refuse(lambda: objects.patch_cluster_custom_object(*POLICIES, "default", patch, **options))
    assert (status["code"], status["details"]["causes"][0]["field"]) == (422, "patch")
    assert status["message"].endswith('strict decoding error: unknown field "spec.podSelector"')


def test_two_conflicts_are_listed_by_manager(cluster: KubernetesEmulator, objects: Objects) -> None:
    """Where two managers own what would change, each is named with its fields."""
    cluster.put_policy("default", ["10.0.0.0/8"], manager="terraform")
    status = refuse(lambda: apply(objects, manifest("10.1.0.0/16", action="Other"), field_manager="one"))
    lines = status["message"].splitlines()
    assert lines[0].startswith('Apply failed with 2 conflicts: conflicts with "kubectl-create" using')
    assert lines[1::2] == ["- .spec.action", "- .spec.destinations"]
    assert lines[2].startswith('conflicts with "terraform" using networking.gke.io/v1 at ')


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("GET", "/apis/networking.gke.io/v1/others", None, 404),
        ("GET", "/apis/networking.gke.io/v1/namespaces/default/egressnatpolicies", None, 404),
        ("GET", "/apis/networking.gke.io/v1/egressnatpolicies/missing", None, 404),
        ("PUT", "/apis/networking.gke.io/v1/egressnatpolicies/missing", manifest(name="missing"), 404),
        ("PUT", "/apis/networking.gke.io/v1/egressnatpolicies/default", manifest(name="other"), 400),
        ("POST", "/apis/networking.gke.io/v1/egressnatpolicies", ["no map"], 400),
        ("GET", "/api/v1/nodes?fieldSelector=metadata.name%3Dnode-2", None, 200),
    ],
)
def test_requests_that_the_client_does_not_make(
    cluster: KubernetesEmulator,
    method: str,
    path: str,
    body: Json,
    code: int,
) -> None:
    """Paths, names and bodies that do not fit are answered as an API server does."""
    headers = {"Authorization": f"Bearer {DEFAULT_TOKEN}"}
    answer = requests.request(
        method, cluster.url + path, json=body, headers=headers, verify=str(cluster.authority_file), timeout=10
    )
    assert answer.status_code == code
    if code == 200:
        assert [each["metadata"]["name"] for each in answer.json()["items"]] == ["node-2"]


def test_a_body_that_is_no_yaml_is_refused(cluster: KubernetesEmulator) -> None:
    """A body that cannot be read is a bad request, and one that is too large ends the connection."""
    url = f"{cluster.url}/apis/networking.gke.io/v1/egressnatpolicies"
    headers, authority = {"Authorization": f"Bearer {DEFAULT_TOKEN}"}, str(cluster.authority_file)
    answer = requests.post(url, data=b"{", headers=headers, verify=authority, timeout=10)
    assert answer.json()["reason"] == "BadRequest"
    with pytest.raises(requests.ConnectionError):
        requests.post(url, data=b"x" * 4 * 1024 * 1024, headers=headers, verify=authority, timeout=10)


def test_a_watch_sees_every_change(cluster: KubernetesEmulator, objects: Objects) -> None:
    """A watch begins with what exists, and then tells of each change once and in order."""
    stream = watch.Watch().stream(objects.list_cluster_custom_object, *POLICIES, timeout_seconds=10)
    seen = [(event["type"], event["object"]["metadata"]["name"]) for event in islice(stream, 2)]
    assert seen == [("ADDED", "default"), ("ADDED", cluster.fixed_name)]

    def change() -> None:
        cluster.put_policy("default", ["10.0.0.0/8"])
        cluster.put_policy("extra", [])
        cluster.remove_policy("extra")

    changing = threading.Thread(target=change)
    changing.start()
    later = [(event["type"], event["object"]["metadata"]["name"]) for event in islice(stream, 3)]
    changing.join()
    assert later == [("MODIFIED", "default"), ("ADDED", "extra"), ("DELETED", "extra")]


def test_a_watch_ends_at_its_time_limit(objects: Objects) -> None:
    """A watch from a version on says nothing where nothing happens, and ends at its time limit."""
    version = objects.list_cluster_custom_object(*POLICIES)["metadata"]["resourceVersion"]
    response = objects.list_cluster_custom_object(
        *POLICIES, watch=True, resource_version=version, timeout_seconds=1, _preload_content=False
    )
    assert response.read() == b""


def test_faults_are_used_up(cluster: KubernetesEmulator, objects: Objects) -> None:
    """Ordered failures come in their order, once each; a lost reply has its effect; an observer sees both moments."""
    moments: list[tuple[str, str]] = []
    cluster.faults.observe = lambda moment, call: moments.append((moment, call))
    cluster.faults.fail_next("get egressnatpolicies", OVERLOADED)
    assert refuse(lambda: objects.get_cluster_custom_object(*POLICIES, "default"))["reason"] == "TooManyRequests"
    objects.get_cluster_custom_object(*POLICIES, "default")
    cluster.faults.lose_next_reply("delete egressnatpolicies")
    with pytest.raises(Exception, match="Connection aborted"):
        objects.delete_cluster_custom_object(*POLICIES, "default")
    assert cluster.get_policy("default") is None
    assert cluster.faults.count("get egressnatpolicies") == 2
    assert moments == [
        ("before", "get egressnatpolicies"),
        ("before", "get egressnatpolicies"),
        ("after", "get egressnatpolicies"),
        ("before", "delete egressnatpolicies"),
        ("after", "delete egressnatpolicies"),
    ]
