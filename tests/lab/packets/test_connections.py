"""Connection tracking keeps translations when rules change, and first connections are not lost.

[source: observed-conntrack, observed-new-link-drops]
"""

from __future__ import annotations

import asyncio
import errno
import socket
from typing import TYPE_CHECKING

import pytest

from lab.packets.lab import PacketLab
from lab.packets.masquerade import MasqueradeChain
from lab.packets.observers import Observers
from lab.packets.prober import ask, connect, observe
from lab.packets.topology import IN_VPC, NODE_RANGE, ON_PREMISES, POD_RANGE, make_default_topology, make_gke_cluster

if TYPE_CHECKING:
    from tests.lab.packets.conftest import StartLab

pytestmark = [pytest.mark.packets, pytest.mark.usefixtures("sandbox")]

COMPOSER = MasqueradeChain(non_masquerade=(POD_RANGE, NODE_RANGE))
NODE, POD = "blue-node-0", "blue-node-0-pod-0"
NODE_ADDRESS, POD_ADDRESS = "10.128.0.2", "192.168.0.2"
PATIENT_SECONDS = 10.0

#: A first packet that is not answered is sent again after a second [source: rfc-6298-first-timeout].
ONE_RETRANSMISSION_SECONDS = 1.5


@pytest.fixture
async def lab(start_lab: StartLab) -> PacketLab:
    """Build the demo's topology with one node and one Pod."""
    return await start_lab(make_default_topology(make_gke_cluster("blue", nodes=1, pods_per_node=1)))


async def observe_anew(lab: PacketLab) -> str:
    """Return the source address of a new connection."""
    return str(await observe(lab, POD, destination=IN_VPC, timeout_seconds=PATIENT_SECONDS))


async def test_an_open_connection_keeps_the_pods_address(lab: PacketLab) -> None:
    """A connection that was opened before masquerading keeps the Pod's address; a new one has the node's."""
    with await connect(lab, POD, address=IN_VPC.address, port=IN_VPC.port) as connection:
        assert str(await ask(connection, nonce=lab.nonce)) == POD_ADDRESS
        lab.set_masquerade(NODE, COMPOSER)
        assert str(await ask(connection, nonce=lab.nonce)) == POD_ADDRESS
        assert await observe_anew(lab) == NODE_ADDRESS


async def test_an_open_connection_keeps_the_nodes_address(lab: PacketLab) -> None:
    """A masqueraded connection stays masqueraded when the rules are removed; a new one has the Pod's address."""
    lab.set_masquerade(NODE, COMPOSER)
    with await connect(lab, POD, address=IN_VPC.address, port=IN_VPC.port) as connection:
        assert str(await ask(connection, nonce=lab.nonce)) == NODE_ADDRESS
        lab.set_masquerade(NODE, None)
        assert str(await ask(connection, nonce=lab.nonce)) == NODE_ADDRESS
        assert await observe_anew(lab) == POD_ADDRESS


async def test_a_udp_socket_keeps_its_translation(lab: PacketLab) -> None:
    """A UDP socket keeps the address of its first packet; a new socket does not."""
    with (
        lab.open_socket(IN_VPC.name, socket.AF_INET, socket.SOCK_DGRAM) as server,
        lab.open_socket(POD, socket.AF_INET, socket.SOCK_DGRAM) as old,
        lab.open_socket(POD, socket.AF_INET, socket.SOCK_DGRAM) as new,
    ):
        server.bind((str(IN_VPC.address), 5000))
        assert await exchange(old, server) == POD_ADDRESS
        lab.set_masquerade(NODE, COMPOSER)
        assert await exchange(old, server) == POD_ADDRESS
        assert await exchange(new, server) == NODE_ADDRESS


async def exchange(client: socket.socket, server: socket.socket) -> str:
    """Send a datagram and receive one; return the source address that the server saw."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(PATIENT_SECONDS):
        await loop.sock_sendto(client, b"?", server.getsockname())
        _, peer = await loop.sock_recvfrom(server, 16)
        await loop.sock_sendto(server, b"!", peer)
        await loop.sock_recv(client, 16)
    return str(peer[0])


async def test_an_attempt_from_before_the_rules_never_succeeds(lab: PacketLab) -> None:
    """A dropped first packet is sent again with the old address, so only a new attempt succeeds."""
    with lab.open_socket(POD, socket.AF_INET, socket.SOCK_STREAM) as early:
        assert early.connect_ex((str(ON_PREMISES.address), ON_PREMISES.port)) == errno.EINPROGRESS
        lab.set_masquerade(NODE, COMPOSER)
        late = await observe(lab, POD, destination=ON_PREMISES, timeout_seconds=PATIENT_SECONDS)
        assert str(late) == NODE_ADDRESS
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(
                asyncio.get_running_loop().sock_sendall(early, b"needs an open connection"), ONE_RETRANSMISSION_SECONDS
            )


async def test_300_first_connections_lose_none() -> None:
    """In 25 new labs of 12 Pods each, the first packet of every Pod arrives and is not sent again."""
    answers = []
    for index in range(25):
        with PacketLab(make_default_topology(make_gke_cluster(f"fresh-{index}", nodes=3, pods_per_node=4))) as lab:
            async with Observers(lab):
                pods = [pod.name for cluster in lab.clusters for pod in cluster.pods]
                answers += await asyncio.gather(*(observe(lab, pod, destination=IN_VPC) for pod in pods))
    lost = [answer for answer in answers if answer.observed is None]
    assert (len(answers), lost) == (300, [])


async def test_first_connections_by_ipv6_lose_none() -> None:
    """In 25 new dual-stack labs, the first IPv6 packet of every Pod arrives and is answered at once."""
    answers = []
    for index in range(25):
        cluster = make_gke_cluster(f"fresh-{index}", nodes=2, pods_per_node=2, ipv6=True)
        with PacketLab(make_default_topology(cluster, ipv6=True)) as lab:
            async with Observers(lab):
                in_vpc = lab.destinations[1]
                answers += await asyncio.gather(
                    *(observe(lab, pod.name, destination=in_vpc, ipv6=True) for pod in cluster.pods)
                )
    lost = [answer for answer in answers if answer.observed is None]
    assert (len(answers), lost) == (100, [])
