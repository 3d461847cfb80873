"""Traps of names with several addresses: asked through unbound, by the command that people run in a Pod."""

from __future__ import annotations

import json
import shlex
import sys
import time
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING, Final

import yaml

from airflow_masq.verdict import Verdict, decode_report
from lab.packets.topology import (
    IN_VPC,
    NODE_RANGE,
    NODE_RANGE_IPV6,
    NODE_SUBNET,
    POD_RANGE,
    POD_RANGE_IPV6,
)
from tests.traps.scene import POD, Cost, Scene

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from lab.packets.topology import Address, Destination
    from tests.traps.servers import Servers

_LOOPBACK: Final = IPv4Address("127.0.0.1")
_REPOSITORY: Final = Path(__file__).parents[2]
# The last line of the error output is the most memory that the command had.
_PROGRAM: Final = """
import re, sys
from pathlib import Path
from airflow_masq.cli import main
code = main()
print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1], file=sys.stderr)
sys.exit(code)
"""


def one_address(scene: Scene, servers: Servers) -> Verdict:
    """No trap: a name has one address, and the node masquerades."""
    scene.masquerade(on=True)
    with _serve_truth(servers, IN_VPC):
        return _check_in_pod(scene, servers, IN_VPC.address)


def second_address_leaks(scene: Scene, servers: Servers) -> Verdict:
    """A name has two addresses; the node masquerades packets to the first, and not those to the second."""
    return _check_two(scene, servers, IN_VPC, NODE_SUBNET)


def first_address_leaks(scene: Scene, servers: Servers) -> Verdict:
    """The same in the other order."""
    return _check_two(scene, servers, NODE_SUBNET, IN_VPC)


def one_address_is_dead(scene: Scene, servers: Servers) -> Verdict:
    """A name has two addresses; at one nothing answers, which is what a firewall that drops leaks looks like."""
    scene.masquerade(on=True)
    with _serve_truth(servers, IN_VPC):
        return _check_in_pod(scene, servers, IN_VPC.address, NODE_SUBNET.address)


def unreachable_addresses(scene: Scene, servers: Servers) -> Verdict:
    """A name has an IPv6 address, too, and a link-local one: no packet can leave this Pod towards either."""
    scene.masquerade(on=True)
    with _serve_truth(servers, IN_VPC):
        return _check_in_pod(scene, servers, IN_VPC.address, further=("2001:db8::20", "fe80::20"))


def ipv6_bypass(scene: Scene, servers: Servers) -> Verdict:
    """A name has an IPv6 address, too, and the node masquerades IPv4 only."""
    scene.masquerade(on=True)
    service = next(each for each in scene.lab.destinations if each.name == IN_VPC.name)
    assert service.ipv6_address is not None
    with _serve_truth(servers, service), _serve_truth(servers, service, address=service.ipv6_address):
        verdict = _check_in_pod(scene, servers, service.address, further=(str(service.ipv6_address),))
    assert {str(each.observed) for each in verdict.evidence} == {
        "10.128.0.2",
        str(scene.lab.clusters[0].pods[0].ipv6_address),
    }
    return verdict


def _serve_truth(
    servers: Servers, destination: Destination, *, address: Address | None = None
) -> AbstractContextManager[None]:
    """Let nginx name the peer's address.

    :param address: where it listens; default the destination's IPv4 address.
    """
    at = address or destination.address
    where = f"[{at}]:{IN_VPC.port}" if at.version == 6 else f"{at}:{IN_VPC.port}"
    truthful = f"server {{ listen {where}; location / {{ return 200 $remote_addr; }} }}"
    return servers.start_nginx(destination.name, truthful, address=at, port=IN_VPC.port)


def _check_two(scene: Scene, servers: Servers, *order: Destination) -> Verdict:
    scene.masquerade(on=True)
    with _serve_truth(servers, IN_VPC), _serve_truth(servers, NODE_SUBNET):
        verdict = _check_in_pod(scene, servers, *(each.address for each in order))
    assert str(verdict.destination) == str(NODE_SUBNET.address)
    assert {str(each.observed) for each in verdict.evidence} == {"10.128.0.2", "192.168.0.2"}
    return verdict


def _check_in_pod(scene: Scene, servers: Servers, *addresses: IPv4Address, further: tuple[str, ...] = ()) -> Verdict:
    """Run `airflow-masq check` in the Pod, whose name server gives these addresses for `service.example`."""
    plan, resolver = servers.folder / "plan.yaml", servers.folder / "resolv.conf"
    resolver.write_text("nameserver 127.0.0.1\n", encoding="utf-8")
    url = f"http://service.example:{IN_VPC.port}/"
    content = {
        "network": {
            "node_ranges": [str(NODE_RANGE), str(NODE_RANGE_IPV6)],
            "pod_ranges": [str(POD_RANGE), str(POD_RANGE_IPV6)],
        },
        "environment": {"config": {"nodeConfig": {"enableIpMasqAgent": True}}},
        "targets": [{"name": "service", "observe": url, "expect": "node"}],
    }
    plan.write_text(yaml.safe_dump(content), encoding="utf-8")
    command = [sys.executable, "-c", _PROGRAM, "check", plan, "--attempts", "1", "--timeout", "2", "--format", "json"]
    quoted = " ".join(shlex.quote(str(word)) for word in command)
    script = (
        f"mount --bind {resolver} /etc/resolv.conf && cd {_REPOSITORY} && AIRFLOW_MASQ_COMPONENT=worker exec {quoted}"
    )
    records = [f"service.example. A {address}" for address in addresses]
    records += [f"service.example. AAAA {address}" for address in further]
    with servers.start_unbound(POD, records, address=_LOOPBACK):
        started = time.perf_counter()
        done = scene.lab.run_in(POD, ["unshare", "--mount", "sh", "-c", script])
        seconds = time.perf_counter() - started
    assert done.returncode in {0, 1, 3}, done.stderr
    scene.costs.append(Cost(seconds=seconds, kilobytes=int(done.stderr.split()[-1])))
    [verdict] = decode_report(json.loads(done.stdout)).verdicts
    return verdict
