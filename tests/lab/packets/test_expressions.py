"""Conditions and verdicts as the kernel's bytes."""

from __future__ import annotations

import sys
from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.packets.expressions import (
    ArrivesBy,
    DestinationIn,
    DestinationNat,
    Family,
    Jump,
    LeavesBy,
    Masquerade,
    Simple,
    SourceIn,
    SourceNat,
)

little_endian = pytest.mark.skipif(sys.byteorder != "little", reason="the golden bytes are of a little-endian machine")


@little_endian
def test_a_verdict_is_an_immediate_value() -> None:
    """Accept is 1 in the verdict register, return is -5."""
    head = "30000180 0e000100 696d6d656469617465000000 1c000280 08000100 00000000 10000280 0c000280 08000100"
    assert Simple.ACCEPT.encode() == bytes.fromhex(head + "00000001")
    assert Simple.RETURN.encode() == bytes.fromhex(head + "fffffffb")


@little_endian
def test_masquerading_at_random_sets_a_flag() -> None:
    """``--random-fully`` is bit 4; without it there is no flag at all."""
    assert Masquerade(random_fully=True).encode() == bytes.fromhex(
        "1c000180 09000100 6d61737100000000 0c000280 08000100 00000010"
    )
    assert b"masq" in Masquerade(random_fully=False).encode()
    assert len(Masquerade(random_fully=False).encode()) < len(Masquerade(random_fully=True).encode())


@settings(max_examples=60)
@given(prefix=st.integers(0, 32), address=st.integers(0, 2**32 - 1))
def test_a_network_is_compared_under_its_mask(prefix: int, address: int) -> None:
    """Any prefix length is matched by mask and value, off byte borders too; a single address needs no mask."""
    network = ip_network((address, prefix), strict=False)
    encoded = DestinationIn(network).encode(Family.IPV4)
    assert network.network_address.packed in encoded
    assert (network.netmask.packed in encoded and b"bitwise" in encoded) or prefix == 32
    assert encoded != SourceIn(network).encode(Family.IPV4)


def test_a_network_of_the_other_family_is_refused() -> None:
    """An IPv6 network cannot stand in an IPv4 table, where it would match nonsense."""
    with pytest.raises(ValueError, match="IPV4 needs a network of that family, saw fd00::/8"):
        SourceIn(ip_network("fd00::/8")).encode(Family.IPV4)


def test_headers_differ_between_the_families() -> None:
    """IPv6's source stands 8 bytes into its header, and the destination 16 later."""
    assert (Family.IPV4.source_offset, Family.IPV4.destination_offset) == (12, 16)
    assert (Family.IPV6.source_offset, Family.IPV6.destination_offset) == (8, 24)


def test_the_ways_in_and_out_are_told_apart() -> None:
    """An interface's name is compared whole, filled up to 16 bytes, as way in or as way out."""
    arriving, leaving = (match.encode(Family.IPV4) for match in (ArrivesBy("eth0"), LeavesBy("eth0")))
    assert arriving != leaving
    assert b"eth0".ljust(16, b"\0") in arriving
    assert b"eth0".ljust(16, b"\0") in leaving


@pytest.mark.parametrize("address", [IPv4Address("203.0.113.7"), IPv6Address("2001:db8::7")])
def test_source_translation_loads_the_address(address: IPv4Address | IPv6Address) -> None:
    """The address of Cloud NAT stands in the rule, whole."""
    assert address.packed in SourceNat(address).encode()


@little_endian
@pytest.mark.parametrize("address", [IPv4Address("10.200.0.20"), IPv6Address("fd00:200::20")])
def test_a_destination_is_translated_like_a_source_but_for_the_kind(address: IPv4Address | IPv6Address) -> None:
    """Which of the two addresses is replaced is one number: 0 for the source, 1 for the destination."""
    kinds = [bytes.fromhex(f"08000100 6e617400 1c000280 08000100 0000000{kind}") for kind in (0, 1)]
    head, tail = SourceNat(address).encode().split(kinds[0])
    assert DestinationNat(address).encode() == head + kinds[1] + tail


def test_a_jump_names_its_chain() -> None:
    """A jump to the agent's chain names it, ended by a zero."""
    assert b"IP-MASQ\0" in Jump("IP-MASQ").encode()
