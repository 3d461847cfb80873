"""The real ``kubectl`` finds what it expects of an API server, where the machine has one."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Protocol

import pytest

from lab.kubernetes.emulator import VIEWER_TOKEN

if TYPE_CHECKING:
    from pathlib import Path

    from lab.kubernetes import KubernetesEmulator

MANIFEST = """
apiVersion: networking.gke.io/v1
kind: EgressNATPolicy
metadata: {name: default}
spec: {action: NoSNAT, destinations: [{cidr: %s}]}
"""

pytestmark = pytest.mark.skipif(shutil.which("kubectl") is None, reason="this machine has no kubectl")


class Kubectl(Protocol):
    """Runs kubectl, and returns its output and its errors together."""

    def __call__(self, *arguments: str, text: str = "", token: str | None = None) -> str:
        """Run it; ``text`` is its standard input."""
        ...


@pytest.fixture
def kubectl(cluster: KubernetesEmulator, tmp_path: Path) -> Kubectl:
    """Give kubectl with a configuration for the cluster, and a home of its own."""

    def run(*arguments: str, text: str = "", token: str | None = None) -> str:
        config = tmp_path / "config"
        cluster.write_kubeconfig(config, **({} if token is None else {"token": token}))
        done = subprocess.run(
            ["kubectl", *arguments],
            input=text,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "KUBECONFIG": str(config)},
        )
        return done.stdout + done.stderr

    return run


def test_what_googles_page_shows(cluster: KubernetesEmulator, kubectl: Kubectl) -> None:
    """The two commands of Google's page show the definition, ``default`` and GKE's own object."""
    assert "egressnatpolicies.networking.gke.io" in kubectl("get", "crds", "egressnatpolicies.networking.gke.io")
    lines = kubectl("get", "egressnatpolicies").splitlines()
    assert [line.split()[0] for line in lines] == ["NAME", "default", cluster.fixed_name]


def test_apply_on_the_server(kubectl: Kubectl) -> None:
    """A conflict is told as kubectl tells it, forcing takes over, and a second apply is no change."""
    apply = ("apply", "--server-side", "-f", "-")
    told = kubectl(*apply, text=MANIFEST % "10.0.0.0/8")
    assert 'error: Apply failed with 1 conflict: conflict with "kubectl-create" using networking.gke.io/v1 at' in told
    assert "--force-conflicts" in told
    assert "serverside-applied" in kubectl(*apply, "--force-conflicts", text=MANIFEST % "10.0.0.0/8")
    assert "serverside-applied" in kubectl(*apply, text=MANIFEST % "10.0.0.0/8")
    assert kubectl("diff", "--server-side", "-f", "-", text=MANIFEST % "10.0.0.0/8") == ""


def test_apply_on_the_client(kubectl: Kubectl) -> None:
    """The older kind of apply works too, and a bare string is refused as the schema says."""
    assert "configured" in kubectl("apply", "-f", "-", text=MANIFEST % "10.0.0.0/8")
    bare = MANIFEST.replace("{cidr: %s}", "10.0.0.0/8")
    assert 'spec.destinations[0] in body must be of type object: "string"' in kubectl("apply", "-f", "-", text=bare)


def test_what_may_not_be_done(cluster: KubernetesEmulator, kubectl: Kubectl) -> None:
    """GKE's own object, ``kube-system`` and a reader's writes are refused."""
    patch = ("--type=merge", "-p", '{"spec":{"destinations":[]}}')
    assert "Error from server (Forbidden)" in kubectl("patch", "egressnatpolicies", cluster.fixed_name, *patch)
    told = kubectl("delete", "cm", "ip-masq-agent", "-n", "kube-system")
    assert 'the namespace "kube-system" is managed and the request\'s verb "delete" is denied' in told
    assert "cannot delete resource" in kubectl("delete", "egressnatpolicy", "default", token=VIEWER_TOKEN)
    assert "You must be logged in to the server" in kubectl("get", "egressnatpolicy", "default", token="wrong")
