"""A Kubernetes API that is as small as a check of every node needs; its one kubelet runs a Pod's command at once here.

Real are the stock client and operator that ask it. What a real cluster does besides (scheduling, admission, tokens) is
not here; a Pod's node is the one that its affinity names.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator


def tell_time() -> str:
    """Tell the time as Kubernetes does; the stock operator reads no log long after a container's end."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class SmallCluster(ThreadingHTTPServer):
    """The API, its nodes and its Pods.

    :param nodes: the names of the nodes that take Pods; three more take none.
    :ivar refuses: what the admission of Pods says; empty where it lets them in.
    :ivar page_size: how many nodes a page of their list has; ``0`` for a list whose pages never end.
    :ivar cannot_pull: what the kubelet says of the image; empty where it can be pulled.
    """

    daemon_threads = True

    def __init__(self, nodes: tuple[str, ...]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.nodes = nodes
        self.refuses = ""
        self.page_size = 500
        self.cannot_pull = ""
        self.pods: dict[str, dict[str, Any]] = {}
        self.logs: dict[str, str] = {}
        self.made: list[dict[str, Any]] = []

    @property
    def connection(self) -> str:
        """Airflow's connection to it, as an environment variable holds it."""
        server = {"server": f"http://127.0.0.1:{self.server_address[1]}"}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "c", "cluster": server}],
            "users": [{"name": "u", "user": {}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
        }
        return json.dumps({"conn_type": "kubernetes", "extra": {"kube_config": json.dumps(config)}})

    def list_nodes(self) -> list[dict[str, Any]]:
        """Describe the nodes."""
        described = [
            {
                "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux"}},
                "spec": {},
                "status": {"conditions": [{"type": "Ready", "status": "True"}]},
            }
            for name in (*self.nodes, "cordoned", "lost", "windows")
        ]
        cordoned, lost, windows = described[-3:]
        cordoned["spec"] = {"unschedulable": True}
        lost["status"] = {"conditions": [{"type": "Ready", "status": "Unknown"}]}
        windows["metadata"] = {"name": "windows", "labels": {"kubernetes.io/os": "windows"}}
        return described

    def run_pod(self, pod: dict[str, Any]) -> dict[str, Any]:
        """Place a Pod on the node that it names, and run its command to its end."""
        self.made.append(json.loads(json.dumps(pod)))
        affinity = pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        [node] = affinity["nodeSelectorTerms"][0]["matchExpressions"][0]["values"]
        [container] = pod["spec"]["containers"]
        if self.cannot_pull:
            return self._keep_waiting(pod, container["name"])
        variables = {each["name"]: each.get("value") or node for each in container["env"]}
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        ended = subprocess.run(
            [*container["command"], *container["args"]],
            env={"PATH": path, **variables},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        name = pod["metadata"]["name"]
        self.logs[name] = ended.stdout + ended.stderr
        terminated = {"exitCode": ended.returncode, "startedAt": tell_time(), "finishedAt": tell_time()}
        pod["spec"]["nodeName"] = node
        pod["metadata"] |= {"uid": name, "creationTimestamp": tell_time()}
        pod["status"] = {
            "phase": "Failed" if ended.returncode else "Succeeded",
            "containerStatuses": [
                {
                    "name": container["name"],
                    "image": "i",
                    "imageID": "i",
                    "ready": False,
                    "restartCount": 0,
                    "state": {"terminated": terminated},
                }
            ],
        }
        self.pods[name] = pod
        return pod

    def _keep_waiting(self, pod: dict[str, Any], container: str) -> dict[str, Any]:
        """Place a Pod whose image cannot be pulled."""
        name = pod["metadata"]["name"]
        pod["metadata"] |= {"uid": name, "creationTimestamp": tell_time()}
        waiting = {"waiting": {"reason": "ErrImagePull", "message": self.cannot_pull}}
        status = {"name": container, "image": "i", "imageID": "", "ready": False, "restartCount": 0, "state": waiting}
        scheduled = [{"type": "PodScheduled", "status": "True"}]
        pod["status"] = {"phase": "Pending", "containerStatuses": [status], "conditions": scheduled}
        self.pods[name], self.logs[name] = pod, ""
        return pod


class _Handler(BaseHTTPRequestHandler):
    server: SmallCluster
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer with nodes, Pods, or a Pod's log."""
        url = urlsplit(self.path)
        query = parse_qs(url.query)
        parts = url.path.strip("/").split("/")
        if parts[-1] == "nodes":
            self._answer(self._list_nodes(query))
        elif parts[-1] == "events":
            self._answer({"kind": "EventList", "metadata": {}, "items": []})
        elif parts[-1] == "pods":
            terms = (each.partition("=") for each in query["labelSelector"][0].split(","))
            wanted = {name: value for name, equals, value in terms if equals and not name.endswith("!")}
            pods = self.server.pods.values()
            found = [each for each in pods if wanted.items() <= each["metadata"]["labels"].items()]
            self._answer({"kind": "PodList", "metadata": {}, "items": found})
        elif parts[-1] == "log":
            lines = self.server.logs[parts[-2]].splitlines()
            self._send(200, "".join(f"{tell_time()} {line}\n" for line in lines).encode(), "text/plain")
        elif parts[-1] in self.server.pods:
            self._answer(self.server.pods[parts[-1]])
        else:
            self._answer({"kind": "Status", "message": "not found"}, status=404)

    def _list_nodes(self, query: dict[str, list[str]]) -> dict[str, Any]:
        """List one page of nodes, with the token of the next one."""
        nodes, size = self.server.list_nodes(), self.server.page_size
        start = int(query.get("continue", ["0"])[0])
        goes_on = not size or start + size < len(nodes)
        metadata = {"continue": str(start + size)} if goes_on else {}
        return {"kind": "NodeList", "metadata": metadata, "items": nodes[start : start + size] if size else nodes}

    def do_POST(self) -> None:
        """Take a Pod, or refuse it."""
        pod = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.server.refuses:
            self._answer({"kind": "Status", "message": self.server.refuses}, status=403)
        else:
            self._answer(self.server.run_pod(pod), status=201)

    def do_PATCH(self) -> None:
        """Change nothing."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(self.server.pods[urlsplit(self.path).path.split("/")[-1]])

    def do_DELETE(self) -> None:
        """Delete a Pod."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._answer(self.server.pods.pop(urlsplit(self.path).path.split("/")[-1], {}))

    def _answer(self, content: object, *, status: int = 200) -> None:
        self._send(status, json.dumps(content).encode(), "application/json")

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Keep the tests' output clean."""


@contextmanager
def small_cluster(*nodes: str) -> Iterator[SmallCluster]:
    """Run the API of a cluster with these nodes."""
    with SmallCluster(nodes) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
