"""The masquerade agents of a cluster's nodes: they follow the agent's ConfigMap, and write the rules of every node.

    EgressNATPolicy ──GKE's controller──▶ ConfigMap kube-system/ip-masq-agent ──watch──▶ agents ──▶ the nodes' rules

It is the last step of what Google's page describes [source: gke-autopilot-controller], so a change of policy really
changes the packets of a lab. The real agent looks every minute; these watch, so that no test waits for them.
"""

from __future__ import annotations

import http.client
import json
import ssl
import threading
from ipaddress import ip_network
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

import yaml

from lab.packets.masquerade import MasqueradeChain

if TYPE_CHECKING:
    from collections.abc import Collection

    from lab.packets.lab import PacketLab

_PATH = "/api/v1/namespaces/kube-system/configmaps?watch=true"
_NAME = "ip-masq-agent"
#: The agent refuses a longer list, and the old rules stay
#: [source: ip-masq-agent-config-struct, observed-agent-first-start].
_MOST_CIDRS = 64


class NodeAgents:
    """The agents of one cluster; a context manager, which waits for the first rules.

    :param cluster: the name of a cluster of the lab.
    :param url: the URL of the cluster's Kubernetes API.
    :param authority: the certificate authority behind it, as PEM.
    :param token: the token of a user who may read.
    """

    def __init__(self, lab: PacketLab, *, cluster: str, url: str, authority: str, token: str) -> None:
        self._lab = lab
        self._cluster = cluster
        context = ssl.create_default_context(cadata=authority)
        self._connection = http.client.HTTPSConnection(urlsplit(url).netloc, context=context)
        self._headers = {"Authorization": f"Bearer {token}"}
        self._changed = threading.Condition()
        self._written: frozenset[str] | None = None
        self._refused = 0
        self._thread = threading.Thread(target=self._follow, name="node-agents", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        with self._changed:
            if not self._changed.wait_for(lambda: self._written is not None, timeout=10):
                raise TimeoutError("the agents got no config")
        return self

    def __exit__(self, *exception: object) -> None:
        if self._connection.sock is not None:
            self._connection.sock.shutdown(2)
        self._thread.join(timeout=10)
        self._connection.close()

    def wait_for(self, cidrs: Collection[str], *, timeout_seconds: float = 10.0) -> None:
        """Wait until the nodes' rules have exactly these non-masquerade CIDRs, in any order.

        :raises TimeoutError: they do not get them in time.
        """
        wanted = frozenset(cidrs)
        with self._changed:
            if not self._changed.wait_for(lambda: self._written == wanted, timeout=timeout_seconds):
                raise TimeoutError(f"expected rules for {sorted(wanted)}, saw {sorted(self._written or ())}")

    def wait_for_refusal(self, *, timeout_seconds: float = 10.0) -> None:
        """Wait until the agents have refused a config.

        :raises TimeoutError: they refuse none in time.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._refused > 0, timeout=timeout_seconds):
                raise TimeoutError("the agents refused no config")

    def _follow(self) -> None:
        try:
            self._connection.request("GET", _PATH, headers=self._headers)
            for line in self._connection.getresponse():
                event = json.loads(line)["object"]
                if event["metadata"]["name"] == _NAME:
                    self._write(yaml.safe_load(event["data"]["config"])["nonMasqueradeCIDRs"])
        except OSError:
            return  # the agents or the API server are stopped

    def _write(self, cidrs: list[str]) -> None:
        if len(cidrs) > _MOST_CIDRS:
            with self._changed:
                self._refused += 1
                self._changed.notify_all()
            return
        chain = MasqueradeChain(non_masquerade=tuple(map(ip_network, cidrs)))
        for cluster in self._lab.clusters:
            for node in cluster.nodes if cluster.name == self._cluster else ():
                self._lab.set_masquerade(node.name, chain)
        with self._changed:
            self._written = frozenset(cidrs)
            self._changed.notify_all()
