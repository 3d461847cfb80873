"""Network namespaces that the lab made, and the only doors into them.

Whoever opens a socket, a netlink socket or a process in a namespace comes through here, and here the namespace's inode
is compared with the one that was noted when it was made. A name that the lab does not know, or a descriptor that is not
what it was, is refused *before* anything is opened: traffic must never leave from the machine's own namespace.

The namespaces have no name in the file system. They live as long as the lab's descriptors or a process inside, so none
can outlast its sandbox.
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
from lab.packets.system_calls import OWN_NETWORK_NAMESPACE, Namespaces, own_network_inode, set_namespace, unshare

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, kw_only=True)
class NamespaceHandle:
    """How another process of the same sandbox finds a namespace; plain text and numbers, fit for JSON.

    :param name: the namespace's name in the lab.
    :param path: where it can be opened while the lab runs.
    :param inode: what it must be found to be.
    """

    name: str
    path: str
    inode: int


def enter(handle: NamespaceHandle, *, hostname: str | None = None) -> None:
    """Move the calling thread, and what it forks, into a namespace for good.

    :param handle: which, as the lab gave it.
    :param hostname: the hostname to have there, seen by nobody else; ``None`` keeps the machine's.
    :raises NamespaceError: if what is found at the handle's path is not the lab's namespace; nothing has changed then.
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
    seen = os.fstat(descriptor).st_ino
    if seen != inode:
        raise NamespaceError(f"namespace {name!r}: expected the one with inode {inode} that the lab made, saw {seen}")
    set_namespace(descriptor, kind=Namespaces.NETWORK)


@dataclass(frozen=True, kw_only=True)
class _Made:
    descriptor: int
    inode: int
    sockets: dict[Protocol, NetlinkSocket] = field(default_factory=dict)

    def close(self) -> None:
        for netlink in self.sockets.values():
            netlink.close()
        os.close(self.descriptor)


class NamespaceRegistry:
    """The namespaces of one lab, by name.

    The calling thread's namespace at the time of the call is where every method returns to.
    """

    def __init__(self) -> None:
        self._made: dict[str, _Made] = {}

    def __contains__(self, name: object) -> bool:
        return name in self._made

    @property
    def inodes(self) -> dict[str, int]:
        """The inode of every namespace, by name."""
        return {name: made.inode for name, made in self._made.items()}

    def create(self, name: str) -> None:
        """Make an empty namespace.

        :param name: its name in the lab.
        :raises NamespaceError: if there is one of that name.
        :raises OSError: if the kernel refuses.
        """
        if name in self._made:
            raise NamespaceError(f"namespace {name!r}: expected a new name, saw one that the lab has already")
        with _returning():
            unshare(Namespaces.NETWORK)
            descriptor = os.open(OWN_NETWORK_NAMESPACE, os.O_RDONLY | os.O_CLOEXEC)
            self._made[name] = _Made(descriptor=descriptor, inode=os.fstat(descriptor).st_ino)

    def remove(self, name: str) -> None:
        """Let go of a namespace; the kernel removes it once no process and no socket is left in it.

        :param name: its name.
        :raises NamespaceError: if there is none of that name.
        """
        self._find(name).close()
        del self._made[name]

    def close(self) -> None:
        """Let go of every namespace."""
        for name in list(self._made):
            self.remove(name)

    @contextlib.contextmanager
    def inside(self, name: str) -> Iterator[None]:
        """Be in a namespace, in this thread, for a few statements; they must not wait for anything (no ``await``).

        :param name: its name.
        :raises NamespaceError: if the lab did not make it; nothing has been opened then.
        """
        made = self._find(name)
        with _returning():
            _enter_verified(made.descriptor, name=name, inode=made.inode)
            yield

    def descriptor(self, name: str) -> int:
        """Give the descriptor that keeps a namespace alive; it belongs to the registry.

        :param name: its name.
        :return: an open file.
        :raises NamespaceError: if there is none of that name.
        """
        return self._find(name).descriptor

    def handle(self, name: str) -> NamespaceHandle:
        """Describe a namespace to other processes of the sandbox.

        :param name: its name.
        :return: the handle, good until the lab or the namespace ends.
        :raises NamespaceError: if there is none of that name.
        """
        made = self._find(name)
        process = Path("/proc/self").readlink()  # os.getpid() is wrong where /proc is not the sandbox's own
        return NamespaceHandle(name=name, path=f"/proc/{process}/fd/{made.descriptor}", inode=made.inode)

    def netlink(self, name: str, *, protocol: Protocol) -> NetlinkSocket:
        """Give a netlink socket in a namespace, kept for the namespace's life.

        Closing one that has just changed rules would wait some 10 ms for the kernel to clean up after the change.

        :param name: the namespace's name.
        :param protocol: which of the kernel's subsystems to talk to.
        :return: the socket, which belongs to the registry; for one thread at a time.
        :raises NamespaceError: if the lab did not make the namespace.
        """
        sockets = self._find(name).sockets
        if protocol not in sockets:
            with self.inside(name):
                sockets[protocol] = NetlinkSocket(protocol)
        return sockets[protocol]

    def _find(self, name: str) -> _Made:
        try:
            return self._made[name]
        except KeyError:
            raise NamespaceError(
                f"namespace {name!r}: expected one that this lab made ({', '.join(self._made) or 'none yet'})"
            ) from None


@contextlib.contextmanager
def _returning() -> Iterator[None]:
    """Come back to the thread's namespace, whatever happens."""
    home = os.open(OWN_NETWORK_NAMESPACE, os.O_RDONLY | os.O_CLOEXEC)
    inode = own_network_inode()
    try:
        yield
    finally:
        try:
            if own_network_inode() != inode:
                _enter_verified(home, name="home", inode=inode)
        finally:
            os.close(home)
