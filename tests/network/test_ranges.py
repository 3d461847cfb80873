"""Addresses are read strictly, and a Pod's address names its node."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from netaddr import IPAddress, IPNetwork

from airflow_masq.exceptions import InvalidInputError
from airflow_masq.network.ranges import NetworkRanges, outermost, parse_address, parse_cidr

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
    """A CIDR whose address is aligned to its prefix is read as it stands there."""
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
    """Who writes a host's address with a prefix is told the block it lies in."""
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


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Whatever the text, the answer is a value that prints the same again or a refusal."""
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
    assert ranges.node_block(parse_address("192.168.7.5")) == IPNetwork(block)


def test_pods_of_two_nodes_have_two_blocks() -> None:
    """Two Pods share a node block exactly where their addresses lie in the same /26."""
    ranges = NetworkRanges()
    first = ranges.node_block(parse_address("192.168.0.2"))
    assert first == ranges.node_block(parse_address("192.168.0.63"))
    assert first != ranges.node_block(parse_address("192.168.0.64"))


def test_an_ipv6_pod_has_a_block_too() -> None:
    """An IPv6 Pod address is named by its /112."""
    assert NetworkRanges().node_block(parse_address("2001:db8::1:2")) == IPNetwork("2001:db8::1:0/112")


@given(ADDRESSES, st.integers(min_value=1, max_value=256))
def test_a_pod_lies_in_its_own_block(text: str, pods_per_node: int) -> None:
    """Every Pod lies in the block that names its node, and the block holds at least twice the node's Pods."""
    block = NetworkRanges(pods_per_node=pods_per_node).node_block(IPAddress(text))
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
    assert outermost(map(IPNetwork, texts.split())) == list(map(IPNetwork, left.split()))
