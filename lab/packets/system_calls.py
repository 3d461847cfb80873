"""The Linux system calls that Python 3.11 does not offer.

Each function is one system call [source: linux-namespaces].
"""

from __future__ import annotations

import ctypes
import enum
import os
from pathlib import Path

_LIBC = ctypes.CDLL(None, use_errno=True)

_PR_SET_PDEATHSIG = 1
_MNT_DETACH = 2

#: The network namespace of the calling *thread*; ``/proc/self`` would show the main thread's.
OWN_NETWORK_NAMESPACE = Path("/proc/thread-self/ns/net")


class Namespaces(enum.IntFlag):
    """The kinds of namespace that the lab uses (``CLONE_NEW…``)."""

    MOUNT = 0x00020000
    UTS = 0x04000000
    IPC = 0x08000000
    USER = 0x10000000
    PID = 0x20000000
    NETWORK = 0x40000000


class MountFlags(enum.IntFlag):
    """The flags of mount(2) that the lab uses (``MS_…``)."""

    NO_SET_USER_ID = 1 << 1
    NO_DEVICES = 1 << 2
    NO_EXECUTION = 1 << 3
    BIND = 1 << 12
    RECURSIVE = 1 << 14
    PRIVATE = 1 << 18


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def unshare(kinds: Namespaces) -> None:
    """Move the calling thread into new namespaces; a new PID namespace starts with its next child (unshare(2))."""
    _check(_LIBC.unshare(ctypes.c_int(kinds)))


def set_namespace(descriptor: int, *, kind: Namespaces) -> None:
    """Move the calling thread into an existing namespace; the kernel checks that it is of that kind (setns(2))."""
    _check(_LIBC.setns(ctypes.c_int(descriptor), ctypes.c_int(kind)))


def mount(source: str, target: str, *, kind: str | None, flags: MountFlags) -> None:
    """Mount a file system, or change how mounts propagate (mount(2)).

    :param source: the device, or any word if the file system has none.
    :param kind: the type of the file system; ``None`` to bind a file or to change propagation only.
    """
    kind_bytes = None if kind is None else kind.encode()
    _check(_LIBC.mount(source.encode(), target.encode(), kind_bytes, ctypes.c_ulong(flags), None))


def unmount(target: str) -> None:
    """Detach a mounted file system at once (umount2(2), MNT_DETACH)."""
    _check(_LIBC.umount2(target.encode(), ctypes.c_int(_MNT_DETACH)))


def die_with_parent(signal_number: int) -> None:
    """Have the kernel send this process a signal when the thread that forked it ends (prctl(2), PR_SET_PDEATHSIG)."""
    unused = ctypes.c_ulong(0)
    _check(_LIBC.prctl(ctypes.c_int(_PR_SET_PDEATHSIG), ctypes.c_ulong(signal_number), unused, unused, unused))


def read_own_network_inode() -> int:
    """Return the inode of the calling thread's network namespace, unique on the machine while the namespace exists."""
    return OWN_NETWORK_NAMESPACE.stat().st_ino
