"""Where an unanswered packet ended, known at once and not after a long timeout."""

from __future__ import annotations

import struct
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING

import pytest

from lab.packets.masquerade import MasqueradeChain
from lab.packets.topology import (
    DEFAULT_CLOUD_NAT,
    DEFAULT_PORT,
    IN_VPC,
    NODE_RANGE,
    ON_PREMISES,
    POD_RANGE,
    PUBLIC,
    Address,
    Destination,
    Topology,
    make_default_topology,
    make_gke_cluster,
)
from lab.packets.tracer import Attempt, Outcome, Tracer, TraceResult, parse_opening_packet

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from lab.packets.lab import PacketLab
    from tests.lab.packets.conftest import StartLab

CLUSTER = make_gke_cluster("blue", nodes=1, pods_per_node=1, ipv6=True)
(NODE,) = CLUSTER.nodes
(POD,) = NODE.pods
EVERYTHING = MasqueradeChain(non_masquerade=())
assert POD.ipv6_address is not None
BESIDE_POD = Destination(name=POD.name, address=POD.address, ipv6_address=POD.ipv6_address)
LOOPS: tuple[tuple[Address, Address], ...] = (
    (IPv4Address("10.96.0.10"), POD.address),
    (IPv6Address("fd00:96::10"), POD.ipv6_address),
)

#: Enough if nothing is expected to happen.
SHORT_TIMEOUT_SECONDS = 0.1


def attempt(destination: Destination) -> Attempt:
    """Describe a connection from the Pod."""
    return Attempt(part=POD.name, address=destination.address, port=destination.port)


@pytest.fixture
async def lab(start_lab: StartLab) -> PacketLab:
    """Build the demo's topology with one node and one Pod, both with IPv6."""
    return await start_lab(make_default_topology(CLUSTER))


@pytest.fixture
async def tracer(lab: PacketLab) -> AsyncIterator[Tracer]:
    """Watch the gateway and every destination."""
    with Tracer(lab, destinations=[destination.name for destination in lab.destinations]) as watching:
        yield watching


@pytest.mark.packets
async def test_every_outcome_is_distinguished(lab: PacketLab, tracer: Tracer) -> None:
    """A connection is answered, stopped by a firewall or lost at Cloud NAT, and the sources that arrived are known."""
    attempts = [attempt(each) for each in (IN_VPC, ON_PREMISES, PUBLIC)]
    assert await tracer.follow(attempts) == [
        TraceResult(outcome=Outcome.ANSWERED, source=POD.address),
        TraceResult(outcome=Outcome.STOPPED, source=POD.address),
        TraceResult(outcome=Outcome.LOST, at_gateway=POD.address),
    ]
    lab.set_masquerade(NODE.name, EVERYTHING)
    assert await tracer.follow(attempts) == [
        TraceResult(outcome=Outcome.ANSWERED, source=NODE.address),
        TraceResult(outcome=Outcome.ANSWERED, source=NODE.address),
        TraceResult(outcome=Outcome.ANSWERED, source=DEFAULT_CLOUD_NAT.address, at_gateway=NODE.address),
    ]


@pytest.mark.packets
async def test_the_witness_before_cloud_nat_shows_which_address_left_the_node(lab: PacketLab, tracer: Tracer) -> None:
    """If Cloud NAT covers Pods and nodes, the service sees one address for both, but the witness sees the source."""
    lab.set_cloud_nat(replace(DEFAULT_CLOUD_NAT, covers=(NODE_RANGE, POD_RANGE)))
    for allowed, outcome in ((None, Outcome.ANSWERED), ((), Outcome.STOPPED)):
        lab.set_allowed_sources(PUBLIC.name, allowed)
        for chains, address in (((), POD.address), ((EVERYTHING,), NODE.address)):
            lab.set_masquerade(NODE.name, *chains)
            (result,) = await tracer.follow([attempt(PUBLIC)])
            assert (result.outcome, result.source, result.left_node_as) == (outcome, DEFAULT_CLOUD_NAT.address, address)
    assert str(result).endswith(f"from {DEFAULT_CLOUD_NAT.address} at the gateway from {NODE.address}")


@pytest.mark.packets
async def test_an_unwatched_attempt_fails_after_the_timeout(lab: PacketLab) -> None:
    """Without a witness at the firewall, a dropped packet leaves no evidence."""
    with Tracer(lab, destinations=(), timeout_seconds=SHORT_TIMEOUT_SECONDS) as tracer:
        assert await tracer.follow([attempt(ON_PREMISES)]) == [TraceResult(outcome=Outcome.FAILED)]


@pytest.mark.packets
async def test_a_refused_connection_names_the_error(tracer: Tracer) -> None:
    """If nothing listens, the result contains the kernel's error."""
    (result,) = await tracer.follow([Attempt(part=POD.name, address=NODE_RANGE[1], port=DEFAULT_PORT)])
    assert str(result) == "failed ECONNREFUSED"


@pytest.mark.packets
async def test_two_attempts_for_one_destination_are_refused(tracer: Tracer) -> None:
    """Witnesses tell attempts apart by their destination, so no two may have the same."""
    through_service = Attempt(part=POD.name, address=ip_address("10.96.0.10"), port=80, endpoint=IN_VPC.address)
    with pytest.raises(ValueError, match="saw one destination twice"):
        await tracer.follow([attempt(IN_VPC), through_service])


@pytest.mark.packets
async def test_a_stand_in_answers_for_every_address_of_its_networks(start_lab: StartLab) -> None:
    """One destination answers for whole networks in both families, and for no others; the source is unchanged."""
    stand_in = Destination(
        name="stand-in",
        address=IPv4Address("172.20.0.10"),
        ipv6_address=IPv6Address("fd00:172::10"),
        stands_for=(ip_network("10.200.0.0/16"), ip_network("fd00:200::/32")),
    )
    lab = await start_lab(Topology(destinations=(stand_in,), cloud_nat=None, clusters=(CLUSTER,)))
    inside, outside = (
        [Attempt(part=POD.name, address=ip_address(address), port=DEFAULT_PORT) for address in addresses]
        for addresses in (("10.200.0.0", "10.200.255.255", "fd00:200:ffff::1"), ("10.201.0.0", "fd00:201::1"))
    )
    with Tracer(lab, destinations=[stand_in.name]) as tracer:
        results = await tracer.follow([*inside, *outside])
    assert results[:3] == [
        TraceResult(outcome=Outcome.ANSWERED, source=POD.address),
        TraceResult(outcome=Outcome.ANSWERED, source=POD.address),
        TraceResult(outcome=Outcome.ANSWERED, source=POD.ipv6_address),
    ]
    assert Outcome.ANSWERED not in {result.outcome for result in results[3:]}


@pytest.mark.packets
async def test_a_public_node_shows_its_external_address_and_others_do_not(lab: PacketLab, tracer: Tracer) -> None:
    """Only packets with the node's own address get its external address, with and without Cloud NAT."""
    external = IPv4Address("198.51.100.9")
    lab.set_external_addresses({NODE.name: external})
    assert await tracer.follow([attempt(PUBLIC)]) == [TraceResult(outcome=Outcome.LOST, at_gateway=POD.address)]
    lab.set_masquerade(NODE.name, EVERYTHING)
    translated = TraceResult(outcome=Outcome.ANSWERED, source=external, at_gateway=NODE.address)
    assert await tracer.follow([attempt(PUBLIC)]) == [translated]
    lab.set_cloud_nat(None)
    assert await tracer.follow([attempt(PUBLIC)]) == [translated]
    lab.set_external_addresses({})
    assert await tracer.follow([attempt(PUBLIC)]) == [TraceResult(outcome=Outcome.LOST, at_gateway=NODE.address)]


@pytest.mark.packets
async def test_a_firewall_can_be_replaced_and_removed(lab: PacketLab, tracer: Tracer) -> None:
    """A firewall can be changed while Pods connect."""
    outcomes = []
    for allowed in (None, (), (ip_network(f"{POD.address}/32"),), (NODE_RANGE,), None):
        lab.set_allowed_sources(IN_VPC.name, allowed)
        (result,) = await tracer.follow([attempt(IN_VPC)])
        outcomes.append(result.outcome is Outcome.ANSWERED)
    assert outcomes == [True, False, True, False, True]


@pytest.mark.packets
async def test_a_cluster_ip_is_translated_before_masquerading(lab: PacketLab, tracer: Tracer) -> None:
    """A ClusterIP leads Pods and the node to its endpoint, and the endpoint's address decides about masquerading."""
    cluster_ip = IPv4Address("10.96.0.10")
    lab.set_services(NODE.name, {cluster_ip: IN_VPC.address})
    from_pod, from_node = (
        Attempt(part=part, address=cluster_ip, port=IN_VPC.port, endpoint=IN_VPC.address)
        for part in (POD.name, NODE.name)
    )
    lab.set_masquerade(NODE.name, MasqueradeChain(non_masquerade=(ip_network("10.96.0.0/20"),)))
    assert await tracer.follow([from_pod]) == [TraceResult(outcome=Outcome.ANSWERED, source=NODE.address)]
    assert await tracer.follow([from_node]) == [TraceResult(outcome=Outcome.ANSWERED, source=NODE.address)]
    lab.set_masquerade(NODE.name, MasqueradeChain(non_masquerade=(ip_network("10.200.0.0/16"),)))
    assert await tracer.follow([from_pod]) == [TraceResult(outcome=Outcome.ANSWERED, source=POD.address)]


@pytest.mark.packets
@pytest.mark.parametrize("chains", [(), (EVERYTHING,)], ids=["none", "an agent"])
async def test_a_pod_that_is_its_own_endpoint_sees_the_node(
    start_lab: StartLab, chains: tuple[MasqueradeChain, ...]
) -> None:
    """A Pod that reaches itself through a Service sees its node, by kube-proxy's rule, with and without an agent."""
    lab = await start_lab(make_default_topology(CLUSTER), beside=[BESIDE_POD])
    lab.set_masquerade(NODE.name, *chains)
    lab.set_services(NODE.name, dict(LOOPS))
    with Tracer(lab, destinations=[POD.name]) as tracer:
        results = await tracer.follow(attempt_loops())
    assert results == [TraceResult(outcome=Outcome.ANSWERED, source=each) for each in (NODE.address, NODE.ipv6_address)]


@pytest.mark.packets
async def test_a_pod_cannot_answer_itself_through_a_service_that_only_translates(start_lab: StartLab) -> None:
    """Without that rule the packet arrives with the Pod's own address, and no connection opens."""
    lab = await start_lab(make_default_topology(CLUSTER), beside=[BESIDE_POD])
    lab.set_services(NODE.name, dict(LOOPS), masquerades_loops=False)
    with Tracer(lab, destinations=[POD.name]) as tracer:
        results = await tracer.follow(attempt_loops())
    assert results == [TraceResult(outcome=Outcome.STOPPED, source=each) for each in (POD.address, POD.ipv6_address)]


def attempt_loops() -> list[Attempt]:
    """Describe connections from the Pod to the Services whose endpoint it is."""
    return [Attempt(part=POD.name, address=each, port=DEFAULT_PORT, endpoint=endpoint) for each, endpoint in LOOPS]


def pack_ipv4(*, flags: int, protocol: int = 6) -> bytes:
    """Write a TCP segment in an IPv4 packet without options."""
    ends = IPv4Address("192.168.0.2").packed + IPv4Address("10.200.0.20").packed
    return struct.pack(">BBHHHBBH", 0x45, 0, 40, 0, 0, 64, protocol, 0) + ends + pack_tcp_header(flags)


def pack_ipv6(*, flags: int) -> bytes:
    """Write a TCP segment in an IPv6 packet."""
    ends = IPv6Address("fd00:168::2").packed + IPv6Address("fd00:200::20").packed
    return struct.pack(">IHBB", 0x60000000, 20, 6, 64) + ends + pack_tcp_header(flags)


def pack_tcp_header(flags: int) -> bytes:
    """Write a TCP header without options."""
    return struct.pack(">HHIIBBHHH", 40000, DEFAULT_PORT, 1, 0, 0x50, flags, 1024, 0, 0)


def test_only_the_first_packet_of_a_connection_counts() -> None:
    """A SYN opens a connection; its answer, later packets and other protocols do not."""
    assert parse_opening_packet(pack_ipv4(flags=0x02)) == (IPv4Address("192.168.0.2"), IPv4Address("10.200.0.20"))
    assert parse_opening_packet(pack_ipv6(flags=0xC2)) == (IPv6Address("fd00:168::2"), IPv6Address("fd00:200::20"))
    for packet in (pack_ipv4(flags=0x12), pack_ipv6(flags=0x10), pack_ipv4(flags=0x02, protocol=17), b""):
        assert parse_opening_packet(packet) is None


@pytest.mark.parametrize("packet", [pack_ipv4(flags=0x02), pack_ipv6(flags=0x02)])
def test_a_packet_that_ends_early_opens_nothing(packet: bytes) -> None:
    """A packet that is cut off before its flags opens no connection."""
    flags_end = len(packet) - 6
    assert {parse_opening_packet(packet[:length]) for length in range(flags_end)} == {None}
    assert parse_opening_packet(packet[:flags_end]) is not None
