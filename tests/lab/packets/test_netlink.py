"""Netlink messages as bytes, and the kernel's answers to real ones."""

from __future__ import annotations

import contextlib
import errno
import struct
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.packets.errors import NetlinkError
from lab.packets.links import bring_up
from lab.packets.netlink import (
    Answer,
    Flags,
    NetlinkSocket,
    Protocol,
    Request,
    pack_attribute,
    pack_nested,
    parse_answers,
)

#: A refusal as Linux 6.18 sent it for a link that does not exist, with a text (NLMSGERR_ATTR_MSG).
REFUSAL = struct.pack("=IHHII", 48, 2, 0x300, 7, 0) + struct.pack("=i", -errno.ENODEV) + bytes(16)
REFUSAL += struct.pack("=HH", 12, 1) + b"No link\0"

little_endian = pytest.mark.skipif(sys.byteorder != "little", reason="the golden bytes are of a little-endian machine")


@little_endian
def test_an_attribute_has_a_length_a_type_and_padding() -> None:
    """A text ends with a zero and is padded to four bytes; its length does not count the padding."""
    assert pack_attribute(3, "eth0") == bytes.fromhex("0900 0300 65746830 00 000000")
    assert pack_nested(18, pack_attribute(1, b"\x01")) == bytes.fromhex("0c00 1280 0500 0100 01 000000")


@little_endian
def test_a_request_asks_for_an_acknowledgement() -> None:
    """The header contains length, type, flags (request, acknowledge, create) and the sequence number."""
    request = Request(kind=16, payload=b"\xff", purpose="test", flags=Flags.CREATE)
    assert request.encode(9) == bytes.fromhex("11000000 1000 0504 09000000 00000000 ff 000000")


@little_endian
def test_a_request_can_ask_for_no_acknowledgement() -> None:
    """The ends of an nftables batch are not acknowledged."""
    request = Request(kind=16, payload=b"", purpose="test", acknowledged=False)
    assert request.encode(1) == bytes.fromhex("10000000 1000 0100 01000000 00000000")


def test_a_refusal_carries_the_kernels_text() -> None:
    """The number and the text of a refusal are read, and other messages are skipped."""
    other = struct.pack("=IHHII", 16, 3, 0, 7, 0)
    assert list(parse_answers(other + REFUSAL)) == [Answer(sequence=7, code=errno.ENODEV, explanation="No link")]


@pytest.mark.parametrize("length", range(1, len(REFUSAL)))
def test_a_truncated_answer_is_an_error(length: int) -> None:
    """An answer that is cut off anywhere raises an error."""
    with pytest.raises(ValueError, match="netlink message"):
        list(parse_answers(REFUSAL[:length]))


@settings(max_examples=200)
@given(st.binary(max_size=80))
def test_arbitrary_bytes_are_read_or_refused(data: bytes) -> None:
    """Reading arbitrary bytes ends with answers or with a ValueError."""
    with contextlib.suppress(ValueError):
        list(parse_answers(data))


@pytest.mark.packets
@pytest.mark.usefixtures("sandbox")
def test_an_error_names_the_requests_purpose() -> None:
    """An error from the kernel repeats the purpose of the request."""
    with contextlib.closing(NetlinkSocket(Protocol.ROUTE)) as netlink:
        good, bad = bring_up(1, name="loopback"), bring_up(4_000_000, name="no such interface")
        netlink.send([good])
        with pytest.raises(NetlinkError, match="bring up no such interface: No such device") as refused:
            netlink.send([good, bad])
    assert refused.value.code == errno.ENODEV
