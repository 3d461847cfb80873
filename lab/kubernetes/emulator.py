"""The whole emulator: a cluster's API server, its objects, and GKE's controller of policies.

    EgressNATPolicy objects ──controller──▶ ConfigMap kube-system/ip-masq-agent ──▶ the agents on the nodes

"The GKE controller translates the policy into the ip-masq-agent ConfigMap" [source: gke-autopilot-controller]. The
order of the list in it, and the name of its field manager, are not verified.
"""

from __future__ import annotations

import json
import ssl
import uuid
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, Self

import yaml

from lab.cloud.certificate import make_server_identity
from lab.kubernetes.access import MANAGED_NAMESPACE, Access, User
from lab.kubernetes.calls import Calls
from lab.kubernetes.discovery import make_pages
from lab.kubernetes.faults import Faults
from lab.kubernetes.http_server import HttpsServer
from lab.kubernetes.managed_fields import note_update, write_entries
from lab.kubernetes.resources import CONFIG_MAPS, DEFINITIONS, NODES, POLICIES, Resource, make_definition
from lab.kubernetes.store import Key, Store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

HOST: Final = "127.0.0.1"
AGENT: Final = "ip-masq-agent"
DEFAULT_POLICY: Final = "default"
CONTROLLER: Final = "egress-nat-controller"
"""The field manager of what GKE's controller makes; the real name is not verified."""

CREATOR: Final = "kubectl-create"
"""The field manager of ``default``: the addon manager creates objects with kubectl, so this name is inferred."""

DEFAULT_TOKEN: Final = "lab-editor"  # noqa: S105 - an invented token of a server on loopback
VIEWER_TOKEN: Final = "lab-viewer"  # noqa: S105 - the same
DEFAULT_TOKENS: Final = {
    DEFAULT_TOKEN: User(name="editor@example-project.iam.gserviceaccount.com"),
    VIEWER_TOKEN: User.make_viewer("viewer@example-project.iam.gserviceaccount.com"),
}


@dataclass(frozen=True, kw_only=True)
class ClusterNode:
    """A node: its name, its address, and the CIDR of its Pods."""

    name: str
    address: str
    pod_cidr: str


class KubernetesEmulator:
    """A cluster's API on loopback; a context manager. Its methods may be called from any thread.

    :param node_ranges: the nodes' ranges (CIDRs), which GKE's own policy lists, as the Pods' and the Services'.
    :param default_destinations: the destinations of the policy ``default``. Composer's definition is the Pod ranges
        [source: composer-agent-definition].
    :param nodes: the nodes.
    :param autopilot: an Autopilot cluster, which has policies and whose ``kube-system`` is read-only; otherwise a
        Standard one, which has neither.
    :param tokens: the users by their bearer tokens.
    :param authority: whether the certificate is one for 127.0.0.1, by an authority of this run.
    :ivar faults: faults on request.
    """

    def __init__(
        self,
        *,
        node_ranges: Sequence[str] = ("10.128.0.0/20",),
        pod_ranges: Sequence[str] = ("192.168.0.0/16",),
        service_ranges: Sequence[str] = ("10.96.0.0/20",),
        default_destinations: Sequence[str] | None = None,
        nodes: Sequence[ClusterNode] = (),
        autopilot: bool = True,
        tokens: Mapping[str, User] = DEFAULT_TOKENS,
    ) -> None:
        self.faults = Faults()
        self._store = Store()
        self._autopilot = autopilot
        self._fixed_name = f"gke-{uuid.uuid4().hex[:8]}-1"
        self._access = Access(tokens, autopilot=autopilot, fixed_names=(self._fixed_name,))
        resources: tuple[Resource, ...] = (NODES, CONFIG_MAPS)
        if autopilot:
            resources += (DEFINITIONS, POLICIES)
        self._resources = resources
        for node in nodes:
            self.put_object(NODES, _make_node(node))
        if autopilot:
            self.put_object(DEFINITIONS, make_definition())
            self.put_policy(self._fixed_name, (*node_ranges, *pod_ranges, *service_ranges))
            self._put_default(pod_ranges if default_destinations is None else default_destinations)
            self._write_agent_config()
            self._store.on_change = self._follow
        self._stack = ExitStack()
        self._authority = ""
        self._folder = Path()
        self._port = 0

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._folder = Path(stack.enter_context(TemporaryDirectory(prefix="kubernetes-emulator-")))
            identity = make_server_identity(HOST, now=datetime.now(UTC))
            self._authority = identity.authority.decode()
            self.authority_file.write_bytes(identity.authority)
            pem = self._folder / "server.pem"
            pem.touch(mode=0o600)
            pem.write_bytes(identity.private_key + identity.certificate)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(pem)
            calls = Calls(resources=self._resources, store=self._store, access=self._access, now=_format_now)
            server = HttpsServer(
                context=context,
                calls=calls,
                pages=make_pages(self._resources),
                store=self._store,
                faults=self.faults,
            )
            self._port = server.port
            server.start()
            stack.callback(server.stop)
            stack.callback(self._store.close)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    @property
    def url(self) -> str:
        """The URL of the API server."""
        return f"https://{HOST}:{self._port}"

    @property
    def authority(self) -> str:
        """The cluster's certificate authority, as PEM."""
        return self._authority

    @property
    def authority_file(self) -> Path:
        """The same in a file, which exists while the emulator runs."""
        return self._folder / "authority.pem"

    @property
    def fixed_name(self) -> str:
        """The name of GKE's own policy."""
        return self._fixed_name

    @property
    def tokens(self) -> dict[str, User]:
        """The users by their tokens; a change takes effect at once."""
        return self._access.tokens

    def write_kubeconfig(self, path: Path, *, token: str = DEFAULT_TOKEN) -> None:
        """Write a configuration for ``kubectl`` and other clients."""
        cluster = {"server": self.url, "certificate-authority": str(self.authority_file)}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "lab", "cluster": cluster}],
            "users": [{"name": "lab", "user": {"token": token}}],
            "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "lab"}}],
            "current-context": "lab",
        }
        path.touch(mode=0o600)
        path.write_text(yaml.safe_dump(config))

    def put_policy(self, name: str, cidrs: Sequence[str], *, manager: str = CONTROLLER) -> None:
        """Create or replace a policy as another manager does, without a call."""
        spec = {"action": "NoSNAT", "destinations": [{"cidr": cidr} for cidr in cidrs]}
        self.put_object(POLICIES, {"metadata": {"name": name}, "spec": spec}, manager=manager)

    def put_object(self, resource: Resource, value: Mapping[str, Any], *, manager: str = CONTROLLER) -> None:
        """Create or replace an object as it is, without a call, a check or a fault."""
        now = _format_now()
        metadata = dict(value["metadata"])
        key: Key = (resource.plural, metadata.get("namespace", ""), metadata["name"])
        whole = {**value, "apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata}
        with self._store.lock:
            entries = note_update(
                self._store.get(key), whole, manager=manager, api_version=resource.api_version, time=now
            )
            metadata["managedFields"] = write_entries(entries)
            self._store.put(key, whole, time=now)

    def _put_default(self, cidrs: Sequence[str]) -> None:
        """Create the policy ``default`` as GKE does, for users to edit [source: egress-nat-policy-recorded]."""
        metadata = {
            "name": DEFAULT_POLICY,
            "annotations": {"components.gke.io/layer": "addon"},
            "labels": {"addonmanager.kubernetes.io/mode": "EnsureExists"},
        }
        spec = {"action": "NoSNAT", "destinations": [{"cidr": cidr} for cidr in cidrs]}
        self.put_object(POLICIES, {"metadata": metadata, "spec": spec}, manager=CREATOR)

    def remove_policy(self, name: str) -> None:
        """Remove a policy that exists, without a call."""
        self._store.remove((POLICIES.plural, "", name))

    def get_policy(self, name: str) -> dict[str, Any] | None:
        """Return a policy, without a call."""
        return self._store.get((POLICIES.plural, "", name))

    def list_non_masquerade(self) -> list[str]:
        """Return the agents' list as the ConfigMap has it now."""
        config = self._store.get((CONFIG_MAPS.plural, MANAGED_NAMESPACE, AGENT))
        if config is None:
            return []
        listed: list[str] = yaml.safe_load(config["data"]["config"])["nonMasqueradeCIDRs"]
        return listed

    def _follow(self, key: Key) -> None:
        if key[0] == POLICIES.plural:
            self._write_agent_config()

    def _write_agent_config(self) -> None:
        with self._store.lock:
            policies = self._store.list(POLICIES, "")
            cidrs = [each.get("cidr") for policy in policies for each in policy["spec"]["destinations"]]
            config = json.dumps({"nonMasqueradeCIDRs": list(dict.fromkeys(filter(None, cidrs)))})
            metadata = {"name": AGENT, "namespace": MANAGED_NAMESPACE}
            self.put_object(CONFIG_MAPS, {"metadata": metadata, "data": {"config": config}})


def _make_node(node: ClusterNode) -> dict[str, Any]:
    """Make a node as the API server has it [source: k8s-node-resource]."""
    addresses = [{"type": "InternalIP", "address": node.address}, {"type": "Hostname", "address": node.name}]
    return {
        "metadata": {"name": node.name},
        "spec": {"podCIDR": node.pod_cidr, "podCIDRs": [node.pod_cidr]},
        "status": {"addresses": addresses},
    }


def _format_now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
