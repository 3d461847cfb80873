"""Conditions, verdicts and tables as the kernel's bytes."""

from __future__ import annotations

import struct
import sys
from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.packets.netlink import pack_attribute
from lab.packets.nftables import (
    ACCEPT,
    RETURN,
    Family,
    Rule,
    Table,
    jump_to,
    masquerade,
    match_destination,
    match_input_interface,
    match_output_interface,
    match_source,
    translate_destination,
    translate_source,
)

little_endian = pytest.mark.skipif(sys.byteorder != "little", reason="the golden bytes are of a little-endian machine")


@little_endian
def test_a_verdict_is_an_immediate_value() -> None:
    """Accept is 1 in the verdict register, return is -5."""
    head = "30000180 0e000100 696d6d656469617465000000 1c000280 08000100 00000000 10000280 0c000280 08000100"
    assert ACCEPT.code == bytes.fromhex(head + "00000001")
    assert RETURN.code == bytes.fromhex(head + "fffffffb")


@little_endian
def test_random_ports_set_a_flag() -> None:
    """``--random-fully`` is bit 4; without it there is no flag."""
    assert masquerade(random_fully=True).code == bytes.fromhex(
        "1c000180 09000100 6d61737100000000 0c000280 08000100 00000010"
    )
    assert b"masq" in masquerade(random_fully=False).code
    assert len(masquerade(random_fully=False).code) < len(masquerade(random_fully=True).code)


@settings(max_examples=60)
@given(prefix=st.integers(0, 32), address=st.integers(0, 2**32 - 1))
def test_a_network_is_compared_under_its_mask(prefix: int, address: int) -> None:
    """Every prefix length is matched by mask and value, also within a byte; a single address needs no mask."""
    network = ip_network((address, prefix), strict=False)
    encoded = match_destination(network).code
    assert network.network_address.packed in encoded
    assert (network.netmask.packed in encoded and b"bitwise" in encoded) or prefix == 32
    assert encoded != match_source(network).code


def test_a_network_of_the_other_family_is_refused() -> None:
    """An IPv4 table refuses a rule for an IPv6 network, which would compare other bytes of the header."""
    rule = Rule(chain="INPUT", matches=(match_source(ip_network("fd00::/8")),), verdict=ACCEPT)
    with pytest.raises(ValueError, match="'firewall' is for IPV4, saw the expression source in fd00::/8"):
        Table(family=Family.IPV4, name="firewall", rules=(rule,))
    assert Table(family=Family.IPV6, name="firewall", rules=(rule,)).rules == (rule,)


@pytest.mark.parametrize(
    ("network", "length", "source", "destination"), [("10.0.0.0/8", 4, 12, 16), ("fd00::/8", 16, 8, 24)]
)
def test_headers_differ_between_the_families(network: str, length: int, source: int, destination: int) -> None:
    """The source is 12 bytes into an IPv4 header and 8 bytes into an IPv6 header; the destination follows it."""
    for match, offset in ((match_source, source), (match_destination, destination)):
        loaded = pack_attribute(3, struct.pack(">I", offset)) + pack_attribute(4, struct.pack(">I", length))
        assert loaded in match(ip_network(network)).code


def test_input_and_output_interfaces_are_different_matches() -> None:
    """The whole name of an interface is compared, padded to 16 bytes."""
    arriving, leaving = match_input_interface("eth0").code, match_output_interface("eth0").code
    assert arriving != leaving
    assert b"eth0".ljust(16, b"\0") in arriving
    assert b"eth0".ljust(16, b"\0") in leaving


@pytest.mark.parametrize("address", [IPv4Address("203.0.113.7"), IPv6Address("2001:db8::7")])
def test_source_translation_loads_the_address(address: IPv4Address | IPv6Address) -> None:
    """The rule of Cloud NAT contains its whole address."""
    assert address.packed in translate_source(address).code


@little_endian
@pytest.mark.parametrize("address", [IPv4Address("10.200.0.20"), IPv6Address("fd00:200::20")])
def test_only_the_kind_differs_between_translating_source_and_destination(address: IPv4Address | IPv6Address) -> None:
    """One number says which address is replaced: 0 for the source, 1 for the destination."""
    kinds = [bytes.fromhex(f"08000100 6e617400 1c000280 08000100 0000000{kind}") for kind in (0, 1)]
    head, tail = translate_source(address).code.split(kinds[0])
    assert translate_destination(address).code == head + kinds[1] + tail


def test_a_jump_names_its_chain() -> None:
    """A jump to the agent's chain contains its name and a zero."""
    assert b"IP-MASQ\0" in jump_to("IP-MASQ").code
