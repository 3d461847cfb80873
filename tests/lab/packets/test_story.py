"""The example of Google's page and its counterparts with real packets: which address a service sees."""

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
    make_default_topology,
    make_gke_cluster,
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
TWO_PODS = make_gke_cluster(
    "green",
    nodes=1,
    pods_per_node=2,
    first_node_address=IPv4Address("10.128.0.20"),
    pod_range=IPv4Network("192.168.128.0/17"),
)

#: Long enough for a busy machine; used where an answer must arrive.
PATIENT_SECONDS = 10.0


def list_nodes(lab: PacketLab) -> tuple[Node, ...]:
    """List the lab's nodes."""
    return tuple(node for cluster in lab.clusters for node in cluster.nodes)


def set_masquerade(lab: PacketLab, *chains: MasqueradeChain | None) -> None:
    """Set the rules of every node."""
    for node in list_nodes(lab):
        lab.set_masquerade(node.name, *chains)


async def observe_from(lab: PacketLab, destination: Destination, *, node: int = 0, ipv6: bool = False) -> str:
    """Return the source address that a destination sees when the first Pod of a node connects."""
    pod = list_nodes(lab)[node].pods[0].name
    answer = await observe(lab, pod, destination=destination, ipv6=ipv6, timeout_seconds=PATIENT_SECONDS)
    return str(answer)


async def is_dropped(lab: PacketLab, destination: Destination, *, node: int = 0) -> bool:
    """Tell whether a destination does not answer the first Pod of a node."""
    answer = await observe(lab, list_nodes(lab)[node].pods[0].name, destination=destination)
    return answer.failure == TIMED_OUT


@pytest.fixture
async def lab(start_lab: StartLab) -> PacketLab:
    """Build the demo's topology with a cluster of two nodes."""
    return await start_lab(make_default_topology(make_gke_cluster("blue", nodes=2, pods_per_node=1)))


async def test_without_masquerading_the_firewall_drops_the_pods_packets(lab: PacketLab) -> None:
    """Pods of 192.168.0.0/16 cannot reach a service whose firewall lets in 10.0.0.0/8 only."""
    assert await is_dropped(lab, ON_PREMISES)


async def test_with_masquerading_the_service_sees_the_nodes_address(lab: PacketLab) -> None:
    """With the agent the same service sees the address of the Pod's node, and lets it in."""
    set_masquerade(lab, COMPOSER)
    assert await observe_from(lab, ON_PREMISES, node=0) == "10.128.0.2"
    assert await observe_from(lab, ON_PREMISES, node=1) == "10.128.0.3"


async def test_a_destination_in_the_non_masquerade_list_sees_the_pod(lab: PacketLab) -> None:
    """A VM beside the nodes sees the Pod's address with and without the agent: the node range is in the list."""
    assert await observe_from(lab, NODE_SUBNET) == "192.168.0.2"
    set_masquerade(lab, COMPOSER)
    assert await observe_from(lab, NODE_SUBNET) == "192.168.0.2"
    assert await observe_from(lab, IN_VPC) == "10.128.0.2"


async def test_a_node_without_rules_fails_alone(lab: PacketLab) -> None:
    """If the agent is missing on one node, only the Pods of that node are dropped."""
    set_masquerade(lab, COMPOSER)
    lab.set_masquerade(list_nodes(lab)[1].name, None)
    assert await observe_from(lab, ON_PREMISES, node=0) == "10.128.0.2"
    assert await is_dropped(lab, ON_PREMISES, node=1)
    assert await observe_from(lab, IN_VPC, node=1) == "192.168.0.66"


async def test_cloud_nat_for_nodes_serves_masqueraded_pods_only(lab: PacketLab) -> None:
    """If Cloud NAT covers the node range, a public service is reached only with masquerading."""
    assert await is_dropped(lab, PUBLIC)
    set_masquerade(lab, COMPOSER)
    assert await observe_from(lab, PUBLIC) == str(DEFAULT_CLOUD_NAT.address)


async def test_cloud_nat_for_pods_serves_pods_that_are_not_masqueraded(lab: PacketLab) -> None:
    """If Cloud NAT covers the Pod range only, a public service is reached only without masquerading."""
    address = IPv4Address("203.0.113.9")
    lab.set_cloud_nat(CloudNat(address=address, covers=(POD_RANGE,)))
    assert await observe_from(lab, PUBLIC) == str(address)
    set_masquerade(lab, COMPOSER)
    assert await is_dropped(lab, PUBLIC)


async def test_without_cloud_nat_nothing_reaches_a_public_service(lab: PacketLab) -> None:
    """Without Cloud NAT a public service never answers, masqueraded or not; private services do."""
    lab.set_cloud_nat(None)
    assert await is_dropped(lab, PUBLIC)
    set_masquerade(lab, COMPOSER)
    assert await is_dropped(lab, PUBLIC)
    assert await observe_from(lab, IN_VPC) == "10.128.0.2"


async def test_ipv6_bypasses_masquerading_unless_enabled_for_it(start_lab: StartLab) -> None:
    """Without ``--enable-ipv6`` a service sees the Pod's IPv6 address; with it, the node's."""
    lab = await start_lab(make_default_topology(make_gke_cluster("blue", nodes=1, ipv6=True), ipv6=True))
    (node,) = list_nodes(lab)
    _, in_vpc, _, public = lab.destinations
    set_masquerade(lab, COMPOSER)
    assert await observe_from(lab, in_vpc) == str(node.address)
    assert await observe_from(lab, in_vpc, ipv6=True) == str(node.pods[0].ipv6_address)
    set_masquerade(lab, MasqueradeChain(non_masquerade=(POD_RANGE, NODE_RANGE), enable_ipv6=True))
    assert await observe_from(lab, in_vpc, ipv6=True) == str(node.ipv6_address)
    assert await observe_from(lab, public, ipv6=True) == str(node.ipv6_address)


async def test_a_firewall_for_ipv4_lets_no_ipv6_in(start_lab: StartLab) -> None:
    """A firewall that lists only IPv4 networks drops IPv6; one that lists both lets both in."""
    both = Destination(
        name="both",
        address=IPv4Address("172.20.0.11"),
        ipv6_address=IPv6Network("fd00:172::11/128")[0],
        allowed_sources=(POD_RANGE, IPv6Network("fd00::/8")),
    )
    story = make_default_topology(make_gke_cluster("blue", nodes=1, ipv6=True), ipv6=True)
    lab = await start_lab(Topology(destinations=(*story.destinations, both), cloud_nat=None, clusters=story.clusters))
    pod = list_nodes(lab)[0].pods[0]
    assert await observe_from(lab, both, ipv6=True) == str(pod.ipv6_address)
    on_premises = lab.destinations[0]
    assert str(await observe(lab, pod.name, destination=on_premises, ipv6=True)) == TIMED_OUT


async def test_link_local_destinations_see_the_pod_unless_configured(start_lab: StartLab) -> None:
    """The metadata server sees the Pod even if everything else is masqueraded, unless ``masqLinkLocal`` is set."""
    metadata = Destination(name="metadata", address=IPv4Address("169.254.169.254"))
    cluster = make_gke_cluster("blue", nodes=1)
    lab = await start_lab(Topology(destinations=(metadata, IN_VPC), cloud_nat=None, clusters=(cluster,)))
    set_masquerade(lab, MasqueradeChain(non_masquerade=()))
    assert await observe_from(lab, metadata) == "192.168.0.2"
    assert await observe_from(lab, IN_VPC) == "10.128.0.2"
    set_masquerade(lab, MasqueradeChain(non_masquerade=(), masquerade_link_local=True))
    assert await observe_from(lab, metadata) == "10.128.0.2"


async def test_with_two_chains_a_destination_sees_the_pod_only_if_both_return(lab: PacketLab) -> None:
    """With two agents on one node, a destination sees the Pod only if it is in both lists."""
    wide = MasqueradeChain(non_masquerade=(POD_RANGE, IPv4Network("10.0.0.0/8")))
    upstream = MasqueradeChain(non_masquerade=COMPOSER.non_masquerade, name=UPSTREAM_CHAIN)
    set_masquerade(lab, wide, upstream)
    assert await observe_from(lab, IN_VPC) == "10.128.0.2"
    assert await observe_from(lab, NODE_SUBNET) == "192.168.0.2"
    set_masquerade(lab, wide)
    assert await observe_from(lab, IN_VPC) == "192.168.0.2"


async def test_pods_see_each_other_only_with_the_pod_range_in_the_list(lab: PacketLab) -> None:
    """Packets between Pods of two nodes are masqueraded only if the Pod range is missing from the list."""
    client, server = (node.pods[0] for node in list_nodes(lab))
    set_masquerade(lab, COMPOSER)
    assert await _observe_between_pods(lab, client, server) == "192.168.0.2"
    set_masquerade(lab, MasqueradeChain(non_masquerade=(NODE_RANGE,)))
    # The packet crosses both nodes, and the second node masquerades it again.
    assert await _observe_between_pods(lab, client, server) == "10.128.0.3"


async def _observe_between_pods(lab: PacketLab, client: Pod, server: Pod) -> str:
    """Return the source address that a Pod sees when another Pod sends to it."""
    loop = asyncio.get_running_loop()
    with (
        lab.open_socket(server.name, socket.AF_INET, socket.SOCK_DGRAM) as receiving,
        lab.open_socket(client.name, socket.AF_INET, socket.SOCK_DGRAM) as sending,
    ):
        receiving.bind((str(server.address), 5000))
        await loop.sock_sendto(sending, b"?", (str(server.address), 5000))
        async with asyncio.timeout(PATIENT_SECONDS):
            _, peer = await loop.sock_recvfrom(receiving, 16)
    return str(peer[0])


@pytest.mark.parametrize(("row", "where", "whom"), CELLS, ids=CELL_NAMES)
async def test_the_kernel_agrees_with_the_real_agent(start_lab: StartLab, row: Row, where: str, whom: str) -> None:
    """For every policy and destination the lab shows the source address that the real agent's rules produced."""
    ipv6 = where == IPV6_DESTINATION
    address = IPv4Address("10.200.0.9" if ipv6 else where)
    destination = Destination(name="destination", address=address, ipv6_address=IPv6Address(IPV6_DESTINATION))
    cluster = make_gke_cluster(
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
        set_masquerade(lab, MasqueradeChain(non_masquerade=networks, enable_ipv6=row.ipv6))
    pod = next(pod for pod in node.pods if str(pod.address) == ground_truth.POD)
    answer = await observe(lab, pod.name, destination=destination, ipv6=ipv6, timeout_seconds=PATIENT_SECONDS)
    part: Node | Pod = node if whom == "node" else pod
    assert str(answer) == str(part.ipv6_address if ipv6 else part.address)


async def test_the_agents_rules_alone_masquerade_between_the_pods_of_a_node(lab: PacketLab) -> None:
    """The agent's rules masquerade packets between Pods of one node, unless its list contains the Pods."""
    lab.add_cluster(TWO_PODS)
    (node,) = TWO_PODS.nodes
    client, server = node.pods
    lab.set_masquerade(node.name, COMPOSER)
    assert await _observe_between_pods(lab, client, server) == str(client.address)
    lab.set_masquerade(node.name, MasqueradeChain(non_masquerade=(NODE_RANGE,)))
    assert await _observe_between_pods(lab, client, server) == str(node.address)
