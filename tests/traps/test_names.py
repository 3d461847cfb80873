"""A name with several addresses, asked through a real name server by the command that people run in a Pod."""

from __future__ import annotations

import json
import shlex
import sys
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from lab.packets.topology import IN_VPC, NODE_RANGE, NODE_SUBNET, POD_RANGE
from tests.traps.scene import POD, Scene

if TYPE_CHECKING:
    from lab.packets.topology import Destination
    from tests.traps.servers import Servers

pytestmark = pytest.mark.packets

LOOPBACK = IPv4Address("127.0.0.1")
REPOSITORY = Path(__file__).parents[2]
PROGRAM = "import sys; from airflow_masq.cli import main; sys.exit(main())"


def serve_truth(servers: Servers, destination: Destination) -> Any:  # noqa: ANN401 - a context manager
    """Let nginx name the peer's address."""
    where = f"{destination.address}:{IN_VPC.port}"
    truthful = f"server {{ listen {where}; location / {{ return 200 $remote_addr; }} }}"
    return servers.start_nginx(destination.name, truthful, address=destination.address, port=IN_VPC.port)


def check_in_pod(scene: Scene, servers: Servers, *addresses: IPv4Address) -> dict[str, Any]:
    """Run `airflow-masq check` in the Pod, whose name server gives these addresses for `service.example`."""
    plan, resolver = servers.folder / "plan.yaml", servers.folder / "resolv.conf"
    resolver.write_text("nameserver 127.0.0.1\n", encoding="utf-8")
    url = f"http://service.example:{IN_VPC.port}/"
    content = {
        "network": {"node_ranges": [str(NODE_RANGE)], "pod_ranges": [str(POD_RANGE)]},
        "environment": {"config": {"nodeConfig": {"enableIpMasqAgent": True}}},
        "targets": [{"name": "service", "observe": url, "expect": "node"}],
    }
    plan.write_text(yaml.safe_dump(content), encoding="utf-8")
    command = [sys.executable, "-c", PROGRAM, "check", plan, "--attempts", "1", "--timeout", "2", "--format", "json"]
    quoted = " ".join(shlex.quote(str(word)) for word in command)
    script = (
        f"mount --bind {resolver} /etc/resolv.conf && cd {REPOSITORY} && AIRFLOW_MASQ_COMPONENT=worker exec {quoted}"
    )
    records = [f"service.example. A {address}" for address in addresses]
    with servers.start_unbound(POD, records, address=LOOPBACK):
        done = scene.lab.run_in(POD, ["unshare", "--mount", "sh", "-c", script])
    assert done.returncode in {0, 1, 3}, done.stderr
    [verdict] = json.loads(done.stdout)["verdicts"]
    return dict(verdict)


@pytest.mark.parametrize("first", [IN_VPC, NODE_SUBNET], ids=lambda destination: destination.name)
def test_one_of_two_addresses_leaks(scene: Scene, servers: Servers, first: Destination) -> None:
    """The node masquerades packets to one address, and not those to the other; the worst decides, in any order."""
    scene.masquerade(on=True)
    second = NODE_SUBNET if first is IN_VPC else IN_VPC
    with serve_truth(servers, IN_VPC), serve_truth(servers, NODE_SUBNET):
        verdict = check_in_pod(scene, servers, first.address, second.address)
    assert (verdict["outcome"], verdict["destination"]) == ("FAIL", str(NODE_SUBNET.address))
    assert {each["observed"] for each in verdict["evidence"]} == {"10.128.0.2", "192.168.0.2"}


def test_one_of_two_addresses_is_dead(scene: Scene, servers: Servers) -> None:
    """An address without an answer makes the other's PASS doubtful, since a firewall that drops looks the same."""
    scene.masquerade(on=True)
    with serve_truth(servers, IN_VPC):
        verdict = check_in_pod(scene, servers, IN_VPC.address, NODE_SUBNET.address)
    assert (verdict["outcome"], verdict["code"]) == ("INCONCLUSIVE", "MASQ472")


def test_a_name_with_one_address(scene: Scene, servers: Servers) -> None:
    """No trap: a name with one address, which is right, is a PASS."""
    scene.masquerade(on=True)
    with serve_truth(servers, IN_VPC):
        verdict = check_in_pod(scene, servers, IN_VPC.address)
    assert (verdict["outcome"], verdict["code"]) == ("PASS", "MASQ401")
