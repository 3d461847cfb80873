"""How a probe comes by its socket, and what a socket's addresses are in the package's own values."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from netaddr import IPAddress

from airflow_masq.network.ranges import unmap

if TYPE_CHECKING:
    from collections.abc import Sequence

OpenSocket: TypeAlias = Callable[[socket.AddressFamily, socket.SocketKind], socket.socket]
"""Opens a fresh, unconnected socket; a lab passes one that opens it inside a network namespace."""


def ip_and_port(name: Sequence[object]) -> tuple[IPAddress, int]:
    """Read what ``getsockname`` or ``getpeername`` gave.

    :param name: address, port, and for IPv6 two numbers more.
    :return: the address, IPv4 where IPv6 only wraps it, without a zone; and the port.
    """
    address, _, _zone = str(name[0]).partition("%")
    return unmap(IPAddress(address)), int(str(name[1]))
