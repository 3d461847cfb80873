"""What tests of the emulated Kubernetes API share: clients of it, and its answers in short."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.oauth2.credentials import Credentials

from airflow_masq.clients.kubernetes import ClusterEndpoint, KubernetesClient
from lab.kubernetes.emulator import DEFAULT_TOKEN

if TYPE_CHECKING:
    from lab.kubernetes import KubernetesEmulator

NODES, PODS, SERVICES = "10.128.0.0/20", "192.168.0.0/16", "10.96.0.0/20"
"""The ranges of the emulated cluster."""


def make_client(cluster: KubernetesEmulator, *, token: str = DEFAULT_TOKEN) -> KubernetesClient:
    """Make a client with a token of the cluster's."""
    credentials = Credentials(token)  # type: ignore[no-untyped-call] # google-auth is partly untyped
    endpoint = ClusterEndpoint(url=cluster.url, authority=cluster.authority)
    return KubernetesClient(credentials, endpoint=endpoint, api_timeout_seconds=5)
