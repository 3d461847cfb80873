"""The seed page's example and its twins, on real packets: whose address does a service see when a Pod connects."""

from __future__ import annotations

import asyncio
import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import TYPE_CHECKING

import pytest

from lab.packets.masquerade import UPSTREAM_CHAIN, MasqueradeChain
from lab.packets.prober import TIMED_OUT, observe
from lab.packets.topology import (
    DEFAULT_CLOUD_NAT,
    IN_VPC,
    NODE_RANGE,
    NODE_SUBNET,
    ON_PREMISES,
    POD_RANGE,
    PUBLIC,
    CloudNat,
    Destination,
    Network,
    Node,
    Pod,
    Topology,
    default_topology,
    gke_cluster,
)
from tests.scenarios import ground_truth
from tests.scenarios.ground_truth import CELL_NAMES, CELLS, IPV6_DESTINATION, Row

if TYPE_CHECKING:
    from lab.packets.lab import PacketLab
    from tests.lab.packets.conftest import StartLab

pytestmark = [pytest.mark.packets, pytest.mark.usefixtures("sandbox")]

#: As Composer sets it up.
COMPOSER = MasqueradeChain(non_masquerade=(POD_RANGE, NODE_RANGE))

#: A second cluster, whose node has two Pods.
TWO_PODS = gke_cluster(
    "green",
    nodes=1,
    pods_per_node=2,
    first_node_address=IPv4Address("10.128.0.20"),
    pod_range=IPv4Network("192.168.128.0/17"),
)

#: Long enough for a busy machine: used where an answer must come.
PATIENT_SECONDS = 10.0


def nodes_of(lab: PacketLab) -> tuple[Node, ...]:
    """List the lab's nodes."""
    return tuple(node for cluster in lab.clusters for node in cluster.nodes)


def masquerade(lab: PacketLab, *chains: MasqueradeChain | None) -> None:
    """Set every node's rules."""
    for node in nodes_of(lab):
        lab.set_masquerade(node.name, *chains)


async def seen(lab: PacketLab, destination: Destination, *, node: int = 0, ipv6: bool = False) -> str:
    """Ask whom a destination sees when the first Pod of a node connects; the answer must come."""
    pod = nodes_of(lab)[node].pods[0].name
    answer = await observe(lab, pod, destination=destination, ipv6=ipv6, timeout_seconds=PATIENT_SECONDS)
    return str(answer)


async def dropped(lab: PacketLab, destination: Destination, *, node: int = 0) -> bool:
    """Tell whether a destination never answers the first Pod of a node."""
    answer = await observe(lab, nodes_of(lab)[node].pods[0].name, destination=destination)
    return answer.failure == TIMED_OUT


@pytest.fixture
async def lab(start_lab: StartLab) -> PacketLab:
    """Give the demo's topology with a cluster of two nodes."""
    return await start_lab(default_topology(gke_cluster("blue", nodes=2, pods_per_node=1)))


async def test_without_masquerading_the_firewall_drops_the_pods_packets(lab: PacketLab) -> None:
    """Pods of 192.168.0.0/16 cannot reach a service whose firewall lets in 10.0.0.0/8 only."""
    assert await dropped(lab, ON_PREMISES)


async def test_with_masquerading_the_service_sees_the_nodes_address(lab: PacketLab) -> None:
    """With the agent the same service sees the node's address, of each node its own, and lets it in."""
    masquerade(lab, COMPOSER)
    assert await seen(lab, ON_PREMISES, node=0) == "10.128.0.2"
    assert await seen(lab, ON_PREMISES, node=1) == "10.128.0.3"


async def test_a_destination_in_the_non_masquerade_list_sees_the_pod(lab: PacketLab) -> None:
    """A VM beside the nodes sees the Pod's address with the agent as without, since the node range is in the list."""
    assert await seen(lab, NODE_SUBNET) == "192.168.0.2"
    masquerade(lab, COMPOSER)
    assert await seen(lab, NODE_SUBNET) == "192.168.0.2"
    assert await seen(lab, IN_VPC) == "10.128.0.2"


async def test_a_node_without_rules_fails_alone(lab: PacketLab) -> None:
    """Where the agent is absent from one node, the Pods of that node are dropped and those of the other are not."""
    masquerade(lab, COMPOSER)
    lab.set_masquerade(nodes_of(lab)[1].name, None)
    assert await seen(lab, ON_PREMISES, node=0) == "10.128.0.2"
    assert await dropped(lab, ON_PREMISES, node=1)
    assert await seen(lab, IN_VPC, node=1) == "192.168.0.66"


async def test_cloud_nat_for_nodes_serves_masqueraded_pods_only(lab: PacketLab) -> None:
    """Where Cloud NAT covers the node range, a public service is reached with masquerading and not without."""
    assert await dropped(lab, PUBLIC)
    masquerade(lab, COMPOSER)
    assert await seen(lab, PUBLIC) == str(DEFAULT_CLOUD_NAT.address)


async def test_cloud_nat_for_pods_serves_pods_that_are_not_masqueraded(lab: PacketLab) -> None:
    """Where Cloud NAT covers the Pod range only, a public service is reached without masquerading and not with it."""
    address = IPv4Address("203.0.113.9")
    lab.set_cloud_nat(CloudNat(address=address, covers=(POD_RANGE,)))
    assert await seen(lab, PUBLIC) == str(address)
    masquerade(lab, COMPOSER)
    assert await dropped(lab, PUBLIC)


async def test_without_cloud_nat_nothing_reaches_a_public_service(lab: PacketLab) -> None:
    """No Cloud NAT, no answer, masqueraded or not; private services do not mind."""
    lab.set_cloud_nat(None)
    assert await dropped(lab, PUBLIC)
    masquerade(lab, COMPOSER)
    assert await dropped(lab, PUBLIC)
    assert await seen(lab, IN_VPC) == "10.128.0.2"


async def test_ipv6_bypasses_masquerading_unless_enabled_for_it(start_lab: StartLab) -> None:
    """An agent for IPv4 leaves IPv6 alone, so a service with both sees the Pod; an agent for both does not."""
    lab = await start_lab(default_topology(gke_cluster("blue", nodes=1, ipv6=True), ipv6=True))
    (node,) = nodes_of(lab)
    _, in_vpc, _, public = lab.destinations
    masquerade(lab, COMPOSER)
    assert await seen(lab, in_vpc) == str(node.address)
    assert await seen(lab, in_vpc, ipv6=True) == str(node.pods[0].ipv6_address)
    masquerade(lab, MasqueradeChain(non_masquerade=(POD_RANGE, NODE_RANGE), enable_ipv6=True))
    assert await seen(lab, in_vpc, ipv6=True) == str(node.ipv6_address)
    assert await seen(lab, public, ipv6=True) == str(node.ipv6_address)


async def test_a_firewall_for_ipv4_lets_no_ipv6_in(start_lab: StartLab) -> None:
    """A firewall that lists IPv4 networks only lets no IPv6 in, and one that lists both lets both in."""
    both = Destination(
        name="both",
        address=IPv4Address("172.20.0.11"),
        ipv6_address=IPv6Network("fd00:172::11/128")[0],
        allowed_sources=(POD_RANGE, IPv6Network("fd00::/8")),
    )
    story = default_topology(gke_cluster("blue", nodes=1, ipv6=True), ipv6=True)
    lab = await start_lab(Topology(destinations=(*story.destinations, both), cloud_nat=None, clusters=story.clusters))
    pod = nodes_of(lab)[0].pods[0]
    assert await seen(lab, both, ipv6=True) == str(pod.ipv6_address)
    on_premises = lab.destinations[0]
    assert str(await observe(lab, pod.name, destination=on_premises, ipv6=True)) == TIMED_OUT


async def test_link_local_destinations_see_the_pod_unless_told_otherwise(start_lab: StartLab) -> None:
    """The metadata server sees the Pod even where everything else is masqueraded, unless ``masqLinkLocal`` is set."""
    metadata = Destination(name="metadata", address=IPv4Address("169.254.169.254"))
    cluster = gke_cluster("blue", nodes=1)
    lab = await start_lab(Topology(destinations=(metadata, IN_VPC), cloud_nat=None, clusters=(cluster,)))
    masquerade(lab, MasqueradeChain(non_masquerade=()))
    assert await seen(lab, metadata) == "192.168.0.2"
    assert await seen(lab, IN_VPC) == "10.128.0.2"
    masquerade(lab, MasqueradeChain(non_masquerade=(), masquerade_link_local=True))
    assert await seen(lab, metadata) == "10.128.0.2"


async def test_with_two_chains_the_pod_is_seen_only_if_both_return(lab: PacketLab) -> None:
    """Two agents on one node: a destination sees the Pod only if it is in both lists."""
    wide = MasqueradeChain(non_masquerade=(POD_RANGE, IPv4Network("10.0.0.0/8")))
    upstream = MasqueradeChain(non_masquerade=COMPOSER.non_masquerade, name=UPSTREAM_CHAIN)
    masquerade(lab, wide, upstream)
    assert await seen(lab, IN_VPC) == "10.128.0.2"
    assert await seen(lab, NODE_SUBNET) == "192.168.0.2"
    masquerade(lab, wide)
    assert await seen(lab, IN_VPC) == "192.168.0.2"


async def test_pods_see_each_other_only_with_the_pod_range_in_the_list(lab: PacketLab) -> None:
    """Between Pods of two nodes nothing is masqueraded, unless the Pod range is missing from the list."""
    client, server = (node.pods[0] for node in nodes_of(lab))
    masquerade(lab, COMPOSER)
    assert await _peer_seen_by_pod(lab, client.name, server=server.name, address=server.address) == "192.168.0.2"
    masquerade(lab, MasqueradeChain(non_masquerade=(NODE_RANGE,)))
    # The packet crosses both nodes, and the second one masquerades what the first one has masqueraded already.
    assert await _peer_seen_by_pod(lab, client.name, server=server.name, address=server.address) == "10.128.0.3"


async def _peer_seen_by_pod(lab: PacketLab, client: str, *, server: str, address: IPv4Address) -> str:
    loop = asyncio.get_running_loop()
    with (
        lab.open_socket(server, socket.AF_INET, socket.SOCK_DGRAM) as receiving,
        lab.open_socket(client, socket.AF_INET, socket.SOCK_DGRAM) as sending,
    ):
        receiving.bind((str(address), 5000))
        await loop.sock_sendto(sending, b"?", (str(address), 5000))
        async with asyncio.timeout(PATIENT_SECONDS):
            _, peer = await loop.sock_recvfrom(receiving, 16)
    return str(peer[0])


@pytest.mark.parametrize(("row", "where", "whom"), CELLS, ids=CELL_NAMES)
async def test_the_kernel_agrees_with_the_real_agent(start_lab: StartLab, row: Row, where: str, whom: str) -> None:
    """For every policy and destination the lab shows the source address that the real agent's rules led to."""
    ipv6 = where == IPV6_DESTINATION
    address = IPv4Address("10.200.0.9" if ipv6 else where)
    destination = Destination(name="destination", address=address, ipv6_address=IPv6Address(IPV6_DESTINATION))
    cluster = gke_cluster(
        "blue",
        nodes=1,
        pods_per_node=4,
        first_node_address=IPv4Address(ground_truth.NODE),
        pod_range=IPv4Network(ground_truth.POD_RANGE),
        ipv6=True,
    )
    lab = await start_lab(Topology(destinations=(destination,), cloud_nat=None, clusters=(cluster,)))
    (node,) = cluster.nodes
    if row.non_masquerade is not None:
        networks: tuple[Network, ...] = tuple(map(ip_network, row.non_masquerade))
        masquerade(lab, MasqueradeChain(non_masquerade=networks, enable_ipv6=row.ipv6))
    pod = next(pod for pod in node.pods if str(pod.address) == ground_truth.POD)
    answer = await observe(lab, pod.name, destination=destination, ipv6=ipv6, timeout_seconds=PATIENT_SECONDS)
    part: Node | Pod = node if whom == "node" else pod
    assert str(answer) == str(part.ipv6_address if ipv6 else part.address)


async def test_the_agents_rules_alone_masquerade_between_the_pods_of_a_node(lab: PacketLab) -> None:
    """That a node leaves packets between its own Pods alone is not the agent's doing, unless its list says so."""
    lab.add_cluster(TWO_PODS)
    (node,) = TWO_PODS.nodes
    client, server = node.pods
    lab.set_masquerade(node.name, COMPOSER)
    assert await _peer_seen_by_pod(lab, client.name, server=server.name, address=server.address) == str(client.address)
    lab.set_masquerade(node.name, MasqueradeChain(non_masquerade=(NODE_RANGE,)))
    assert await _peer_seen_by_pod(lab, client.name, server=server.name, address=server.address) == str(node.address)
