"""A netlink client on the standard library alone: messages, attributes, and one socket to the kernel.

Every request is acknowledged and carries its purpose in words, which an error repeats. The messages themselves are in
:mod:`lab.packets.links` and :mod:`lab.packets.nftables` [source: rfc-3549-netlink, linux-rtnetlink].
"""

from __future__ import annotations

import contextlib
import errno
import socket
import struct
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import TYPE_CHECKING

from lab.packets.errors import NetlinkError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_HEADER = struct.Struct("=IHHII")  # length, type, flags, sequence number, port
_MESSAGE_ERROR = 2  # NLMSG_ERROR; with code 0 it is an acknowledgement
_ACKNOWLEDGEMENT_BYTES = 4 + _HEADER.size  # the code and the request's header; the request itself is capped
_MULTIPLE_OF = 4

_SOL_NETLINK = 270
_CAPPED_ACKNOWLEDGEMENTS = 10  # NETLINK_CAP_ACK: an error does not repeat the whole request
_EXTENDED_ACKNOWLEDGEMENTS = 11  # NETLINK_EXT_ACK: an error carries the kernel's own text
_FLAG_HAS_ATTRIBUTES = 0x200  # NLM_F_ACK_TLVS
_ATTRIBUTE_MESSAGE = 1  # NLMSGERR_ATTR_MSG

_NESTED = 0x8000  # NLA_F_NESTED
_REPLY_BYTES = 1 << 16
_BUFFER_BYTES = 1 << 20
_REQUESTS_AT_ONCE = 64  # their acknowledgements must fit the receive buffer of an unprivileged user
_TIMEOUT_SECONDS = 10.0


class Protocol(IntEnum):
    """The kernel's subsystems that the lab talks to (``NETLINK_…``)."""

    ROUTE = 0
    NETFILTER = 12


class Flags(IntFlag):
    """What a request asks for (``NLM_F_…``)."""

    NONE = 0
    REQUEST = 0x1
    ACKNOWLEDGE = 0x4
    REPLACE = 0x100
    EXCLUSIVE = 0x200
    CREATE = 0x400
    APPEND = 0x800


def pad(data: bytes) -> bytes:
    """Add zeros up to a multiple of four bytes, netlink's alignment."""
    return data + b"\0" * (-len(data) % _MULTIPLE_OF)


def pack_attribute(kind: int, value: bytes | str) -> bytes:
    """Write one attribute, padded; a text ends with a zero."""
    data = value.encode() + b"\0" if isinstance(value, str) else value
    return pad(struct.pack("=HH", 4 + len(data), kind) + data)


def pack_nested(kind: int, *attributes: bytes) -> bytes:
    """Write an attribute that holds other attributes."""
    return pack_attribute(kind | _NESTED, b"".join(attributes))


@dataclass(frozen=True, kw_only=True)
class Request:
    """One netlink message.

    :param payload: everything after the header.
    :param purpose: what it is for, in words; errors begin with it.
    :param flags: beyond "request" and "acknowledge".
    :param acknowledged: whether the kernel answers it; it does not answer the ends of an nftables batch.
    """

    kind: int
    payload: bytes
    purpose: str
    flags: Flags = Flags.NONE
    acknowledged: bool = True

    def encode(self, sequence: int) -> bytes:
        """Write the message with the number by which the kernel's answer refers to it."""
        flags = self.flags | Flags.REQUEST | (Flags.ACKNOWLEDGE if self.acknowledged else Flags.NONE)
        header = _HEADER.pack(_HEADER.size + len(self.payload), self.kind, flags, sequence, 0)
        return pad(header + self.payload)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The kernel's acknowledgement of a request, or its refusal.

    :param sequence: the number of the request.
    :param code: 0, or the error number, positive.
    :param explanation: the kernel's own text; empty if it sent none.
    """

    sequence: int
    code: int
    explanation: str


class NetlinkSocket:
    """A socket to one of the kernel's subsystems, in the network namespace of the thread that makes it."""

    def __init__(self, protocol: Protocol) -> None:
        self._sequence = 0
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)
        self._socket.settimeout(_TIMEOUT_SECONDS)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)
        for option in (_CAPPED_ACKNOWLEDGEMENTS, _EXTENDED_ACKNOWLEDGEMENTS):
            with contextlib.suppress(OSError):  # older kernels answer with more bytes or without a text
                self._socket.setsockopt(_SOL_NETLINK, option, 1)
        self._socket.bind((0, 0))

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def send(self, requests: Sequence[Request]) -> None:
        """Send requests in order.

        :raises NetlinkError: for the first request that the kernel refused; it may have carried out later ones.
        """
        for start in range(0, len(requests), _REQUESTS_AT_ONCE):
            self.send_at_once(requests[start : start + _REQUESTS_AT_ONCE])

    def send_at_once(self, requests: Sequence[Request]) -> None:
        """Send requests as one datagram, which an nftables batch must be.

        :raises NetlinkError: for the first request that the kernel refused.
        """
        numbered = {self._sequence + offset: request for offset, request in enumerate(requests, start=1)}
        self._sequence += len(requests)
        self._socket.send(b"".join(request.encode(number) for number, request in numbered.items()))
        waiting = {number for number, request in numbered.items() if request.acknowledged}
        while waiting:
            try:
                data = self._socket.recv(_REPLY_BYTES)
            except TimeoutError as error:
                purpose = numbered[min(waiting)].purpose
                explanation = f"no answer from the kernel within {_TIMEOUT_SECONDS:g} s"
                raise NetlinkError(purpose=purpose, code=errno.ETIMEDOUT, explanation=explanation) from error
            for answer in parse_answers(data):
                if answer.code and answer.sequence in numbered:
                    purpose = numbered[answer.sequence].purpose
                    raise NetlinkError(purpose=purpose, code=answer.code, explanation=answer.explanation)
                waiting.discard(answer.sequence)


def parse_answers(data: bytes) -> Iterator[Answer]:
    """Read the acknowledgements in one datagram, in order; skip messages of other kinds.

    :raises ValueError: if the datagram ends within a message.
    """
    while data:
        if len(data) < _HEADER.size:
            raise ValueError(f"a netlink message needs {_HEADER.size} bytes of header, saw {len(data)}")
        length, kind, flags, sequence, _ = _HEADER.unpack_from(data)
        if not _HEADER.size <= length <= len(data):
            raise ValueError(f"a netlink message says that it has {length} bytes, saw {len(data)}")
        if kind == _MESSAGE_ERROR:
            body = data[_HEADER.size : length]
            if len(body) < _ACKNOWLEDGEMENT_BYTES:
                raise ValueError(f"a netlink acknowledgement needs {_ACKNOWLEDGEMENT_BYTES} bytes, saw {len(body)}")
            code = -struct.unpack_from("=i", body)[0]
            explanation = _parse_explanation(body[_ACKNOWLEDGEMENT_BYTES:]) if flags & _FLAG_HAS_ATTRIBUTES else ""
            yield Answer(sequence=sequence, code=code, explanation=explanation)
        data = data[length + -length % _MULTIPLE_OF :]


def _parse_explanation(attributes: bytes) -> str:
    while len(attributes) >= _MULTIPLE_OF:
        length, kind = struct.unpack_from("=HH", attributes)
        if kind == _ATTRIBUTE_MESSAGE:
            return attributes[4:length].rstrip(b"\0").decode(errors="replace")
        attributes = attributes[max(_MULTIPLE_OF, length + -length % _MULTIPLE_OF) :]
    return ""
