"""The Linux system calls that Python offers from 3.12 on only, or not at all.

It must stay thin: a function here is one system call, its numbers are the kernel's, and policy belongs to its callers.
Numbers: include/uapi/linux/sched.h, mount.h and prctl.h of Linux 6.12, the same on every architecture but Alpha's.
"""

from __future__ import annotations

import ctypes
import enum
import os
from pathlib import Path

_LIBC = ctypes.CDLL(None, use_errno=True)

_PR_SET_PDEATHSIG = 1
_MNT_DETACH = 2

#: Where the calling *thread* finds its own network namespace; ``/proc/self`` would be the main thread's.
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
    """Give the calling thread new namespaces (unshare(2)).

    :param kinds: which; a new PID namespace holds the next child, not the caller.
    :raises OSError: where the kernel refuses.
    """
    _check(_LIBC.unshare(ctypes.c_int(kinds)))


def set_namespace(descriptor: int, *, kind: Namespaces) -> None:
    """Move the calling thread into a namespace (setns(2)).

    :param descriptor: an open file under ``/proc/PID/ns``.
    :param kind: what the descriptor must be; the kernel checks it.
    :raises OSError: where the kernel refuses.
    """
    _check(_LIBC.setns(ctypes.c_int(descriptor), ctypes.c_int(kind)))


def mount(source: str, target: str, *, kind: str | None, flags: MountFlags) -> None:
    """Mount a file system, or change how one propagates (mount(2)).

    :param source: the device, or any word where the kind has none.
    :param target: the directory.
    :param kind: the file system's type; ``None`` where only propagation changes.
    :param flags: see :class:`MountFlags`.
    :raises OSError: where the kernel refuses.
    """
    kind_bytes = None if kind is None else kind.encode()
    _check(_LIBC.mount(source.encode(), target.encode(), kind_bytes, ctypes.c_ulong(flags), None))


def unmount(target: str) -> None:
    """Take a mounted file system away, at once (umount2(2), MNT_DETACH).

    :param target: the directory.
    :raises OSError: where the kernel refuses.
    """
    _check(_LIBC.umount2(target.encode(), ctypes.c_int(_MNT_DETACH)))


def die_with_parent(signal_number: int) -> None:
    """Have the kernel send this process a signal when the thread that forked it ends (prctl(2), PR_SET_PDEATHSIG).

    :param signal_number: which signal.
    :raises OSError: where the kernel refuses.
    """
    unused = ctypes.c_ulong(0)
    _check(_LIBC.prctl(ctypes.c_int(_PR_SET_PDEATHSIG), ctypes.c_ulong(signal_number), unused, unused, unused))


def own_network_inode() -> int:
    """Tell which network namespace the calling thread is in.

    :return: the namespace's inode, unique on the machine while the namespace lives.
    """
    return OWN_NETWORK_NAMESPACE.stat().st_ino
