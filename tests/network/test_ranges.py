"""Addresses are read strictly, a Pod's address names its node, and an observed one belongs to a range."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from netaddr import IPAddress, IPNetwork

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.network.ranges import (
    ATTRIBUTED_KINDS,
    PREDICTED_KINDS,
    SOURCE_KINDS,
    AddressKind,
    NetworkRanges,
    drop_inner_ranges,
    parse_address,
    parse_cidr,
)

ADDRESSES = st.ip_addresses(v=4).map(str)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("10.0.0.5", "10.0.0.5"),
        ("0.0.0.0", "0.0.0.0"),
        ("255.255.255.255", "255.255.255.255"),
        ("2001:db8::1", "2001:db8::1"),
        ("::ffff:10.0.0.5", "10.0.0.5"),
        ("::FFFF:0a00:5", "10.0.0.5"),
        ("::10.0.0.5", "::10.0.0.5"),
    ],
)
def test_an_address_in_its_usual_notation_is_read(text: str, address: str) -> None:
    """Every usual notation is read, and an IPv4-mapped address becomes the IPv4 address it stands for."""
    assert parse_address(text) == IPAddress(address)
    assert parse_address(text).version == IPAddress(address).version


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10.1",
        "10",
        "0x0a000005",
        "010.0.0.5",
        "10.0.0.05",
        "10.0.0.256",
        " 10.0.0.5",
        "10.0.0.5 ",
        "10.0.0.5\n",
        "10.0.0.5/32",
        "10.0.0.5:80",
        "10.0.0.5\0",
        "10.0.0.\u0665",
        "fe80::1%eth0",
        "[::1]",
        "localhost",
    ],
)
def test_an_address_in_any_other_notation_is_refused(text: str) -> None:
    """Short forms, leading zeros, blanks, zones, ports and names are refused, never guessed at."""
    with pytest.raises(InvalidInputError, match="allowed_sources: expected an IP address"):
        parse_address(text, where="allowed_sources")


@pytest.mark.parametrize("text", ["10.0.0.0/8", "0.0.0.0/0", "10.0.0.5/32", "2001:db8::/32", "::/0"])
def test_an_aligned_cidr_is_read(text: str) -> None:
    """A CIDR whose address is aligned to its prefix is read unchanged."""
    assert parse_cidr(text) == IPNetwork(text)
    assert str(parse_cidr(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/8",
        "10.0.0.0",
        "10.0.0.0/",
        "10.0.0.0/08",
        "10.0.0.0/+8",
        "10.0.0.0/33",
        "10.0.0.0/-1",
        "10.0.0.0/255.0.0.0",
        "10.0.0.0/8/8",
        "10.0.0.0 /8",
        "10.0.0.0/ 8",
        "10/8",
        "010.0.0.0/8",
        "10.0.0.0/\u0668",
        "2001:db8::/129",
        "fe80::%1/64",
    ],
)
def test_a_cidr_in_any_other_notation_is_refused(text: str) -> None:
    """Netmasks, short forms, leading zeros, signs and blanks are refused."""
    with pytest.raises(InvalidInputError, match="CIDR: expected a CIDR such as"):
        parse_cidr(text)


def test_a_misaligned_cidr_is_refused_with_the_aligned_one() -> None:
    """A host's address with a prefix is refused, and the error names its block."""
    with pytest.raises(
        InvalidInputError, match=r"aligned to its prefix, here 10\.128\.0\.0/20, saw '10\.128\.0\.5/20'"
    ):
        parse_cidr("10.128.0.5/20")


def test_an_ipv4_mapped_cidr_is_refused() -> None:
    """A range that no address could ever match is refused."""
    with pytest.raises(InvalidInputError, match="not an IPv4-mapped one"):
        parse_cidr("::ffff:10.0.0.0/104")


def test_an_error_shows_foreign_text_short_and_escaped() -> None:
    """What an error quotes can neither flood a log nor act on a terminal."""
    with pytest.raises(InvalidInputError) as caught:
        parse_cidr("\x1b[31m" + "9" * 1000)
    assert "\\x1b[31m" in str(caught.value)
    assert len(str(caught.value)) < 200


ANY_ADDRESS = st.ip_addresses()
ANY_NETWORK = st.tuples(ANY_ADDRESS, st.integers(0, 32)).map(lambda pair: ipaddress.ip_network(pair, strict=False))


@given(st.text(max_size=60) | st.text("0123456789abcdef.:/", max_size=20) | (ANY_ADDRESS | ANY_NETWORK).map(str))
def test_any_text_is_read_or_refused(text: str) -> None:
    """For every text, the answer is a refusal or a value that prints the same text."""
    for parse in (parse_address, parse_cidr):
        try:
            value = parse(text)
        except InvalidInputError:
            continue
        assert parse(str(value)) == value


@pytest.mark.parametrize(
    ("pods_per_node", "block"),
    [(8, "192.168.7.0/28"), (32, "192.168.7.0/26"), (33, "192.168.7.0/25"), (110, "192.168.7.0/24")],
)
def test_a_node_block_is_the_next_power_of_two_of_twice_its_pods(pods_per_node: int, block: str) -> None:
    """A node with room for 32 Pods owns a /26, with room for 110 a /24."""
    ranges = NetworkRanges(pods_per_node=pods_per_node)
    assert ranges.find_node_block(parse_address("192.168.7.5")) == IPNetwork(block)


def test_pods_of_two_nodes_have_two_blocks() -> None:
    """Two Pods share a node block exactly where their addresses lie in the same /26."""
    ranges = NetworkRanges()
    first = ranges.find_node_block(parse_address("192.168.0.2"))
    assert first == ranges.find_node_block(parse_address("192.168.0.63"))
    assert first != ranges.find_node_block(parse_address("192.168.0.64"))


def test_an_ipv6_pod_has_a_block_too() -> None:
    """An IPv6 Pod address is named by its /112."""
    assert NetworkRanges().find_node_block(parse_address("2001:db8::1:2")) == IPNetwork("2001:db8::1:0/112")


@given(ADDRESSES, st.integers(min_value=1, max_value=256))
def test_a_pod_lies_in_its_own_block(text: str, pods_per_node: int) -> None:
    """Every Pod lies in the block that names its node, and the block holds at least twice the node's Pods."""
    block = NetworkRanges(pods_per_node=pods_per_node).find_node_block(IPAddress(text))
    assert IPAddress(text) in block
    assert 2 * pods_per_node <= block.size < 4 * pods_per_node


def test_ranges_can_be_compared_and_hashed() -> None:
    """Two descriptions of the same network are the same value."""
    other = {"on-premises": (IPNetwork("172.20.0.0/16"),)}
    assert NetworkRanges(other=other) == NetworkRanges(other=dict(other))
    assert hash(NetworkRanges(other=other)) == hash(NetworkRanges(other=dict(other)))
    assert NetworkRanges(other=other) != NetworkRanges()


@pytest.mark.parametrize(
    ("texts", "left"),
    [
        ("10.0.0.0/8 10.1.0.0/16 11.0.0.0/8 10.0.0.0/8", "10.0.0.0/8 11.0.0.0/8"),
        ("10.1.0.0/16 10.0.0.0/8", "10.0.0.0/8"),
        ("::/0 10.0.0.0/8 fd00::/8", "::/0 10.0.0.0/8"),
        ("10.0.0.0/9 10.128.0.0/9", "10.0.0.0/9 10.128.0.0/9"),
        ("", ""),
    ],
)
def test_ranges_inside_others_are_left_out(texts: str, left: str) -> None:
    """Of ranges that share addresses the outermost stays, in the order in which they were given."""
    assert drop_inner_ranges(map(IPNetwork, texts.split())) == list(map(IPNetwork, left.split()))


RANGES = NetworkRanges(
    node=(IPNetwork("10.128.0.0/20"),),
    pod=(IPNetwork("192.168.0.0/16"),),
    service=(IPNetwork("10.96.0.0/20"),),
    other={"on-premises": (IPNetwork("172.20.0.0/16"), IPNetwork("192.168.200.0/24"))},
    nat_addresses=(IPAddress("203.0.113.7"),),
)


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("192.168.0.2", AddressKind.POD),
        ("10.128.0.10", AddressKind.NODE),
        ("10.96.0.10", AddressKind.SERVICE),
        ("203.0.113.7", AddressKind.NAT),
        ("203.0.113.8", AddressKind.FOREIGN),
        ("172.20.0.10", AddressKind.FOREIGN),
        ("192.168.200.1", AddressKind.FOREIGN),
        ("10.128.16.0", AddressKind.FOREIGN),
        ("34.1.2.3", AddressKind.FOREIGN),
        ("2001:db8::1", AddressKind.FOREIGN),
        ("::ffff:10.128.0.10", AddressKind.NODE),
    ],
)
def test_an_address_belongs_to_the_most_specific_range(address: str, kind: AddressKind) -> None:
    """Node, Pod, Service and Cloud NAT addresses are told apart, and a named range within the Pods' is foreign."""
    assert RANGES.attribute(IPAddress(address)) is kind


def test_two_ranges_of_one_size_leave_an_address_ambiguous() -> None:
    """Where the same block is said to be nodes and Pods, no address in it is either."""
    block = (IPNetwork("10.0.0.0/16"),)
    overlapping = NetworkRanges(node=block, pod=block)
    address = IPAddress("10.0.0.5")
    assert overlapping.attribute(address) is AddressKind.AMBIGUOUS
    assert overlapping.attribute(address, local_address=address) is AddressKind.AMBIGUOUS
    assert NetworkRanges(pod=block * 2).attribute(address) is AddressKind.POD


def test_a_nat_address_within_the_node_range_is_nats() -> None:
    """A single address is more specific than any range around it."""
    ranges = NetworkRanges(node=(IPNetwork("203.0.113.0/24"),), nat_addresses=(IPAddress("203.0.113.7"),))
    assert ranges.attribute(IPAddress("203.0.113.7")) is AddressKind.NAT
    assert ranges.attribute(IPAddress("203.0.113.8")) is AddressKind.NODE


def test_a_public_address_is_a_nodes_only_where_nodes_have_public_ones() -> None:
    """A public source is a node's external address with public nodes, and foreign without; a private one is neither."""
    public = NetworkRanges(public_nodes=True, nat_addresses=(IPAddress("203.0.113.7"),))
    assert public.attribute(IPAddress("34.1.2.3")) is AddressKind.NODE_EXTERNAL
    assert NetworkRanges().attribute(IPAddress("34.1.2.3")) is AddressKind.FOREIGN
    assert public.attribute(IPAddress("10.9.9.9")) is AddressKind.FOREIGN


def test_a_public_address_is_no_nodes_where_it_could_be_cloud_nats() -> None:
    """Without Cloud NAT's addresses it may be an unmasqueraded Pod's; towards a private service it is foreign."""
    unlisted = NetworkRanges(public_nodes=True)
    listed = NetworkRanges(public_nodes=True, nat_addresses=(IPAddress("203.0.113.7"),))
    seen, public, private = IPAddress("34.1.2.3"), IPAddress("8.8.8.8"), IPAddress("172.20.0.10")
    assert unlisted.attribute(seen, destination=public) is AddressKind.FOREIGN
    assert listed.attribute(seen, destination=public) is AddressKind.NODE_EXTERNAL
    assert listed.attribute(seen, destination=private) is AddressKind.FOREIGN
    assert listed.attribute(IPAddress("203.0.113.7"), destination=private) is AddressKind.NAT


def test_the_sockets_own_address_is_the_pods() -> None:
    """A source that arrives unchanged is the Pod's, even where no range says so; a changed one is not."""
    pod = IPAddress("10.50.0.2")
    assert RANGES.attribute(pod, local_address=pod) is AddressKind.POD
    assert RANGES.attribute(IPAddress("::ffff:10.50.0.2"), local_address=pod) is AddressKind.POD
    assert RANGES.attribute(pod, local_address=IPAddress("::ffff:10.50.0.2")) is AddressKind.POD
    assert RANGES.attribute(IPAddress("10.50.0.3"), local_address=pod) is AddressKind.FOREIGN


def test_on_the_host_network_the_sockets_own_address_is_the_nodes() -> None:
    """A Pod on the host network shows its node's address although nothing was masqueraded."""
    node = IPAddress("10.128.0.10")
    assert RANGES.attribute(node, local_address=node) is AddressKind.NODE


def test_plans_predictions_and_attributions_each_have_their_own_words() -> None:
    """Only a prediction can say that nothing arrives; only an observed address is a Service's, foreign or ambiguous."""
    assert {"pod", "node", "nat", "node-external"} == SOURCE_KINDS
    assert {*SOURCE_KINDS, "dropped"} == PREDICTED_KINDS
    assert {*SOURCE_KINDS, "service", "foreign", "ambiguous"} == ATTRIBUTED_KINDS


@given(st.ip_addresses())
def test_every_address_has_one_name(address: object) -> None:
    """Every address gets exactly one kind, and without public nodes never that of an external one."""
    kind = RANGES.attribute(IPAddress(str(address)))
    assert kind in ATTRIBUTED_KINDS - {AddressKind.NODE_EXTERNAL, AddressKind.AMBIGUOUS}
