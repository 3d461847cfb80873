"""The observers: what they answer, to which requests, and what they remember."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from lab.packets.lab import PacketLab
from lab.packets.observers import ObservedRequest, Observers, make_url
from lab.packets.prober import ask, connect, observe
from lab.packets.topology import IN_VPC, Destination, make_default_topology, make_gke_cluster

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = [pytest.mark.packets, pytest.mark.usefixtures("sandbox")]

POD = "blue-node-0-pod-0"
TOPOLOGY = make_default_topology(make_gke_cluster("blue", nodes=1, pods_per_node=1, ipv6=True), ipv6=True)
PATIENT_SECONDS = 10.0


@pytest.fixture
async def lab() -> AsyncIterator[PacketLab]:
    """Build a dual-stack lab without observers."""
    with PacketLab(TOPOLOGY) as built:
        yield built


@pytest.fixture
async def observers(lab: PacketLab) -> AsyncIterator[Observers]:
    """Run the lab's observers."""
    async with Observers(lab) as serving:
        yield serving


async def get(lab: PacketLab, target: str, *, ipv6: bool = False, headers: str = "") -> str:
    """Send a request from the Pod, and return everything that arrives until the connection is closed."""
    destination = lab.destinations[1]
    address = destination.ipv6_address if ipv6 else destination.address
    assert address is not None
    connection = await connect(lab, POD, address=address, port=destination.port)
    reader, writer = await asyncio.open_connection(sock=connection)
    writer.write(f"GET {target} HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n{headers}\r\n".encode())
    reply = await asyncio.wait_for(reader.read(), PATIENT_SECONDS)
    writer.close()
    await writer.wait_closed()
    return reply.decode()


async def test_each_format_is_that_of_a_service_in_use(lab: PacketLab, observers: Observers) -> None:
    """Plain text, address with port, and JSON all contain the address that the kernel named."""
    plain = await get(lab, f"/{lab.nonce}/ip")
    assert plain.startswith(
        f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 11\r\nX-Lab-Nonce: {lab.nonce}"
    )
    assert plain.endswith("\r\n\r\n192.168.0.2")
    with_port = await get(lab, f"/{lab.nonce}/client-ip?format=any")
    assert with_port.endswith(f"\r\n\r\n192.168.0.2:{observers.requests[-1].port}")
    assert json.loads((await get(lab, f"/{lab.nonce}/json")).partition("\r\n\r\n")[2]) == {"origin": "192.168.0.2"}


async def test_an_ipv6_address_with_a_port_is_in_brackets(lab: PacketLab, observers: Observers) -> None:
    """Over IPv6 the answer is the Pod's IPv6 address, in brackets if a port follows."""
    reply = await get(lab, f"/{lab.nonce}/client-ip", ipv6=True)
    assert reply.endswith(f"\r\n\r\n[fd00:168::c0a8:0:2]:{observers.requests[-1].port}")


@pytest.mark.parametrize("target", ["/", "/ip", "/wrong/ip", "/{nonce}", "/{nonce}/other", "/{nonce}/ip/more", "*"])
async def test_a_request_without_the_nonce_gets_no_address(lab: PacketLab, observers: Observers, target: str) -> None:
    """A request without the run's nonce, or for another page, gets 404, no address and no nonce."""
    reply = await get(lab, target.format(nonce=lab.nonce))
    assert reply.startswith("HTTP/1.1 404 Not Found\r\n")
    assert "192.168.0.2" not in reply
    assert lab.nonce not in reply
    assert not observers.requests


async def test_headers_are_ignored(lab: PacketLab, observers: Observers) -> None:
    """A request whose headers claim another source is answered with its real source."""
    claims = "X-Forwarded-For: 10.0.0.1\r\nForwarded: for=10.0.0.1\r\n"
    assert (await get(lab, f"/{lab.nonce}/ip", headers=claims)).endswith("\r\n\r\n192.168.0.2")
    assert [str(request.address) for request in observers.requests] == ["192.168.0.2"]


async def test_a_connection_serves_many_requests(lab: PacketLab, observers: Observers) -> None:
    """A connection stays open from one request to the next, and each request is remembered."""
    with await connect(lab, POD, address=IN_VPC.address, port=IN_VPC.port) as connection:
        answers = [await ask(connection, nonce=lab.nonce) for _ in range(3)]
        port = connection.getsockname()[1]
    assert answers == [TOPOLOGY.clusters[0].pods[0].address] * 3
    assert list(observers.requests) == [ObservedRequest(destination="in-vpc", address=answers[0], port=port)] * 3


async def test_an_open_connection_does_not_keep_the_observers_alive(lab: PacketLab) -> None:
    """When the observers stop, a connection that a client keeps open is closed."""
    async with Observers(lab):
        connection = await connect(lab, POD, address=IN_VPC.address, port=IN_VPC.port)
        await ask(connection, nonce=lab.nonce)
    with connection, pytest.raises(ConnectionResetError):
        await asyncio.wait_for(ask(connection, nonce=lab.nonce), PATIENT_SECONDS)


async def test_an_endless_request_ends_only_its_connection(lab: PacketLab, observers: Observers) -> None:
    """A request whose head is too long ends the connection, and the next client is served."""
    with await connect(lab, POD, address=IN_VPC.address, port=IN_VPC.port) as connection:
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(connection, b"x" * 40_000)
        try:
            ended = await asyncio.wait_for(loop.sock_recv(connection, 1), PATIENT_SECONDS)
        except ConnectionResetError:
            ended = b""
        assert ended == b""
    answer = await observe(lab, POD, destination=IN_VPC, timeout_seconds=PATIENT_SECONDS)
    assert answer.observed == observers.requests[-1].address


@pytest.mark.parametrize(
    ("reply", "ipv6", "expected"),
    [
        ("client-ip", False, "http://10.200.0.20:8080/{nonce}/client-ip"),
        ("json", True, "http://[fd00:200::20]:8080/{nonce}/json"),
    ],
)
def test_urls_lead_to_the_observers(reply: str, ipv6: bool, expected: str) -> None:  # noqa: FBT001 - a table's column
    """The URL for a plan contains the address, the port, the nonce and the format."""
    lab = PacketLab(TOPOLOGY)
    assert make_url(lab, TOPOLOGY.destinations[1], reply=reply, ipv6=ipv6) == expected.format(nonce=lab.nonce)


async def test_observers_that_cannot_listen_raise_an_error(lab: PacketLab, observers: Observers) -> None:
    """If a port is taken, starting the observers fails, and the first ones go on serving."""
    with pytest.raises(OSError, match="in use"):
        async with Observers(lab):
            pass
    answer = await observe(lab, POD, destination=IN_VPC, timeout_seconds=PATIENT_SECONDS)
    assert str(answer) == "192.168.0.2"
    assert [request.destination for request in observers.requests] == ["in-vpc"]


async def test_an_answer_without_the_nonce_is_refused(lab: PacketLab) -> None:
    """A service at the right address that does not send the nonce is not accepted as the lab's observer."""
    impostor = Observers(lab)
    impostor._lab = PacketLab(TOPOLOGY)
    impostor._lab._namespaces = lab._namespaces
    async with impostor:
        answer = await observe(lab, POD, destination=IN_VPC, timeout_seconds=PATIENT_SECONDS)
    assert answer.failure == "EBADMSG"


async def test_a_service_can_listen_in_any_part_of_the_lab(lab: PacketLab) -> None:
    """A node answers if it has a service, and refuses the connection if it has none."""
    (node,) = TOPOLOGY.clusters[0].nodes
    on_node = Destination(name=node.name, address=node.address)
    async with Observers(lab):
        assert (await observe(lab, POD, destination=on_node)).failure == "ECONNREFUSED"
    async with Observers(lab, beside=[on_node]):
        answer = await observe(lab, POD, destination=on_node, timeout_seconds=PATIENT_SECONDS)
    assert str(answer) == "192.168.0.2"
