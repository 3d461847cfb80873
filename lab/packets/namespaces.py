"""The network namespaces that the lab made, and the only ways into them.

Every socket, netlink socket and process in a namespace is opened through this module. It compares the namespace's inode
with the one noted when the namespace was made. A name that the lab does not know, or a descriptor that leads to another
namespace, is refused *before* anything is opened: the lab must never send from the machine's own namespace.

The namespaces have no name in the file system. They exist as long as the lab's descriptors or a process in them, so
none can outlive its sandbox.
"""

from __future__ import annotations

import contextlib
import os
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from lab.packets.errors import NamespaceError
from lab.packets.netlink import NetlinkSocket, Protocol
from lab.packets.system_calls import (
    OWN_NETWORK_NAMESPACE,
    Namespaces,
    read_own_network_inode,
    set_namespace,
    unshare,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, kw_only=True)
class NamespaceHandle:
    """How another process of the same sandbox finds a namespace; it can be written as JSON.

    :param path: where the namespace can be opened while the lab runs.
    :param inode: the inode that must be found there.
    """

    name: str
    path: str
    inode: int


def enter_permanently(handle: NamespaceHandle, *, hostname: str | None = None) -> None:
    """Move the calling thread, and the processes that it forks, into a namespace.

    :param hostname: the hostname that is seen there; ``None`` keeps the machine's.
    :raises NamespaceError: if another namespace is at the handle's path, or none; nothing has changed then.
    """
    try:
        descriptor = os.open(handle.path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise NamespaceError(
            f"namespace {handle.name!r}: expected it at {handle.path}, saw {error.strerror}"
        ) from error
    try:
        _enter_verified(descriptor, name=handle.name, inode=handle.inode)
    finally:
        os.close(descriptor)
    if hostname is not None:
        unshare(Namespaces.UTS)
        socket.sethostname(hostname)


def _enter_verified(descriptor: int, *, name: str, inode: int) -> None:
    found = os.fstat(descriptor).st_ino
    if found != inode:
        raise NamespaceError(f"namespace {name!r}: expected the one with inode {inode} that the lab made, saw {found}")
    set_namespace(descriptor, kind=Namespaces.NETWORK)


@contextlib.contextmanager
def _return_afterwards() -> Iterator[None]:
    """Move the thread back to its present namespace when the block ends."""
    home = os.open(OWN_NETWORK_NAMESPACE, os.O_RDONLY | os.O_CLOEXEC)
    inode = read_own_network_inode()
    try:
        yield
    finally:
        try:
            if read_own_network_inode() != inode:
                _enter_verified(home, name="home", inode=inode)
        finally:
            os.close(home)


@dataclass(frozen=True, kw_only=True)
class _Namespace:
    descriptor: int
    inode: int
    sockets: dict[Protocol, NetlinkSocket] = field(default_factory=dict)


class NamespaceRegistry:
    """The namespaces of one lab, by name.

    Every method returns with the calling thread in the namespace in which it was.
    """

    def __init__(self) -> None:
        self._namespaces: dict[str, _Namespace] = {}

    def __contains__(self, name: object) -> bool:
        return name in self._namespaces

    @property
    def inodes(self) -> dict[str, int]:
        """The inode of every namespace, by name."""
        return {name: namespace.inode for name, namespace in self._namespaces.items()}

    def create(self, name: str) -> None:
        """Make an empty namespace.

        :raises NamespaceError: if the name is taken.
        :raises OSError: if the kernel refuses.
        """
        if name in self._namespaces:
            raise NamespaceError(f"namespace {name!r}: expected a new name, saw one that the lab has already")
        with _return_afterwards():
            unshare(Namespaces.NETWORK)
            descriptor = os.open(OWN_NETWORK_NAMESPACE, os.O_RDONLY | os.O_CLOEXEC)
            self._namespaces[name] = _Namespace(descriptor=descriptor, inode=os.fstat(descriptor).st_ino)

    def remove(self, name: str) -> None:
        """Release a namespace; the kernel removes it when no process and no socket is left in it."""
        namespace = self._find(name)
        for netlink in namespace.sockets.values():
            netlink.close()
        os.close(namespace.descriptor)
        del self._namespaces[name]

    def close(self) -> None:
        """Release every namespace."""
        for name in list(self._namespaces):
            self.remove(name)

    @contextlib.contextmanager
    def enter(self, name: str) -> Iterator[None]:
        """Move the calling thread into a namespace for the block, which must not wait for anything (no ``await``).

        :raises NamespaceError: if the lab did not make it; nothing has been opened then.
        """
        namespace = self._find(name)
        with _return_afterwards():
            _enter_verified(namespace.descriptor, name=name, inode=namespace.inode)
            yield

    def get_descriptor(self, name: str) -> int:
        """Return the open file that keeps a namespace alive; it belongs to the registry."""
        return self._find(name).descriptor

    def make_handle(self, name: str) -> NamespaceHandle:
        """Describe a namespace to other processes of the sandbox, until the lab or the namespace ends."""
        namespace = self._find(name)
        process = Path("/proc/self").readlink()  # os.getpid() is wrong where /proc is not the sandbox's own
        return NamespaceHandle(name=name, path=f"/proc/{process}/fd/{namespace.descriptor}", inode=namespace.inode)

    def open_netlink(self, name: str, *, protocol: Protocol) -> NetlinkSocket:
        """Return a netlink socket in a namespace; it belongs to the registry and is for one thread at a time.

        It stays open as long as the namespace. To close a socket that has just changed rules takes some 10 ms, in which
        the kernel cleans up after the change.
        """
        sockets = self._find(name).sockets
        if protocol not in sockets:
            with self.enter(name):
                sockets[protocol] = NetlinkSocket(protocol)
        return sockets[protocol]

    def _find(self, name: str) -> _Namespace:
        try:
            return self._namespaces[name]
        except KeyError:
            raise NamespaceError(
                f"namespace {name!r}: expected one that this lab made ({', '.join(self._namespaces) or 'none yet'})"
            ) from None
