"""Where a lab may be built: namespaces of its own, with a loopback interface and no way out.

    launcher ── forks ──▶ process 1 ── forks ──▶ the command, and all that it starts
        └ ends: process 1 is killed     └ ends: the kernel kills everything in the sandbox

The lab's addresses exist elsewhere too, so nothing may send to them from the machine's own network namespace. ``python
-m lab.packets.sandbox -- COMMAND…`` runs a command in a fresh one: as root directly, as a plain user by way of a user
namespace (in which the user is called root). :func:`inside` proves that the calling thread is in one.

The network, processes, IPC and the hostname are cut off. Files are the machine's own, so Unix sockets that live in the
file system stay within reach. This module must not know what a lab is.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import resource
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from lab.packets.errors import LabError, SandboxError
from lab.packets.links import raise_interface
from lab.packets.netlink import NetlinkSocket, Protocol
from lab.packets.process_one import COULD_NOT_START, WATCHED, run_as_process_one, watch
from lab.packets.requirements import explain_refusal
from lab.packets.system_calls import MountFlags, Namespaces, mount, own_network_inode, unshare

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Set in a sandbox to the inode of its network namespace.
VARIABLE = "AIRFLOW_MASQ_SANDBOX"

_CUT_OFF = Namespaces.NETWORK | Namespaces.MOUNT | Namespaces.PID | Namespaces.UTS | Namespaces.IPC
_LOOPBACK = "lo"
_LOOPBACK_INDEX = 1
_OPEN_FILES = 65536  # a lab holds a descriptor for every namespace, and many sockets
_ROOT_DIRECTORY = Path(__file__).resolve().parents[2]

_DESCRIPTION = """Run a command in a sandbox: no network but its own loopback, and its own processes.

Everything in it ends with the command, and with this launcher, however that ends. The exit status is the command's
(128 and the signal's number if it was killed; 125 if there could be no sandbox, with the reason in one line)."""

_EXAMPLES = """examples:
  python -m lab.packets.sandbox -- python -m pytest tests
  python -m lab.packets.sandbox -- bash
  python -m lab.packets.sandbox --check     what does this machine lack for the lab?"""


def inside() -> bool:
    """Tell whether the calling thread is in a sandbox's own network namespace; not so in one of a lab's.

    The variable's word is not enough: the namespace must be the one that it names, and must have no route out.

    :return: whether it is.
    """
    return os.environ.get(VARIABLE) == str(own_network_inode()) and not _interfaces_with_routes() - {_LOOPBACK}


def require_inside() -> None:
    """Refuse to go on anywhere but in a sandbox.

    :raises SandboxError: says how to get into one.
    """
    if not inside():
        raise SandboxError(
            "a packet lab is built in a sandbox only, and this process is not in one: "
            "start it with `python -m lab.packets.sandbox -- COMMAND…`"
        )


def _interfaces_with_routes() -> set[str]:
    """List the interfaces by which the calling thread's packets could leave (proc_pid_net(5))."""
    tables = Path("/proc/thread-self/net")
    interfaces = {line.split()[0] for line in (tables / "route").read_text().splitlines()[1:]}
    with contextlib.suppress(FileNotFoundError):  # a kernel without IPv6
        interfaces |= {line.split()[-1] for line in (tables / "ipv6_route").read_text().splitlines()}
    return interfaces


def launch(command: Sequence[str]) -> int:
    """Run a command in a fresh sandbox.

    The process must have one thread only, and is partly in the sandbox afterwards: it is good for nothing else.

    :param command: the program and its arguments.
    :return: its exit status, as the command line has it.
    :raises SandboxError: if the machine does not allow one; says what is missing.
    """
    signal_mask = signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
    _cut_off()
    launcher, held_while_we_live = os.pipe()
    child = os.fork()
    if child:
        return watch(child)
    os.close(held_while_we_live)
    status = COULD_NOT_START
    try:
        status = run_as_process_one(command, launcher=launcher, prepare=_prepare, signal_mask=signal_mask)
    except (LabError, OSError) as error:
        sys.stderr.write(f"sandbox: {error}\n")
    except BaseException:  # noqa: BLE001 - whatever went wrong, the child must not go on as if it were the launcher
        sys.excepthook(*sys.exc_info())
    sys.stderr.flush()
    os._exit(status)


def _cut_off() -> None:
    if os.geteuid() == 0:
        try:
            unshare(_CUT_OFF)
        except PermissionError:
            pass  # root in a container may be no better off than a plain user, and has that one's way
        except OSError as error:
            raise SandboxError(explain_refusal(error, doing="make namespaces")) from error
        else:
            return
    user, group = os.geteuid(), os.getegid()
    try:
        unshare(Namespaces.USER)
        Path("/proc/self/setgroups").write_text("deny")  # a plain user may not map groups otherwise
        Path("/proc/self/uid_map").write_text(f"0 {user} 1")
        Path("/proc/self/gid_map").write_text(f"0 {group} 1")
        unshare(_CUT_OFF)
    except OSError as error:
        raise SandboxError(explain_refusal(error, doing="make a user namespace with a network in it")) from error


def _prepare() -> None:
    """Make the sandbox fit to live in, from within."""
    mount("none", "/", kind=None, flags=MountFlags.RECURSIVE | MountFlags.PRIVATE)
    # A fresh /proc is not allowed where a container hides parts of the old one, which does as well then.
    with contextlib.suppress(PermissionError):
        flags = MountFlags.NO_SET_USER_ID | MountFlags.NO_DEVICES | MountFlags.NO_EXECUTION
        mount("proc", "/proc", kind="proc", flags=flags)
    _forget_name_servers()
    with contextlib.closing(NetlinkSocket(Protocol.ROUTE)) as netlink:
        netlink.send([raise_interface(_LOOPBACK_INDEX, name="the sandbox's loopback")])
    _, limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = _OPEN_FILES if limit == resource.RLIM_INFINITY else min(limit, _OPEN_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, limit))
    os.environ[VARIABLE] = str(own_network_inode())


def _forget_name_servers() -> None:
    """Hide the machine's name servers: they are out of reach, and whoever asks a lab's Pod for a name waits 10 s.

    Without any, the resolver asks this host (resolv.conf(5)), which refuses at once.
    """
    with contextlib.suppress(FileNotFoundError):  # a machine without the file has nothing to forget
        mount(os.devnull, str(Path("/etc/resolv.conf").resolve(strict=True)), kind=None, flags=MountFlags.BIND)


def enter_or_continue() -> None:
    """Start this program over in a sandbox, unless it is in one; to be called before anything else happens.

    Does not return where it starts over.
    """
    if inside():
        return
    _make_importable()
    command = [sys.executable, "-m", __name__, "--", sys.executable, *sys.orig_argv[1:]]
    os.execv(sys.executable, command)  # noqa: S606 - this very program, and no shell is wanted


def _make_importable() -> None:
    """Let Python processes that this one starts find this package, wherever they run."""
    paths = [str(_ROOT_DIRECTORY), *filter(None, [os.environ.get("PYTHONPATH")])]
    os.environ["PYTHONPATH"] = os.pathsep.join(paths)


def main() -> NoReturn:
    """Run the command line.

    :raises SystemExit: always, with the status that the help describes.
    """
    parser = argparse.ArgumentParser(
        prog="python -m lab.packets.sandbox",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--check", action="store_true", help="say what a packet lab lacks on this machine, and end")
    parser.add_argument("command", nargs="*", metavar="COMMAND", help="the program and its arguments, after --")
    arguments = parser.parse_args()
    if not arguments.check and not arguments.command:
        parser.error("expected a command after --, or --check; saw neither")
    command = arguments.command
    if arguments.check:
        _make_importable()
        command = [sys.executable, "-m", "lab.packets.requirements"]
    try:
        sys.exit(launch(command))
    except SandboxError as error:
        sys.stderr.write(f"sandbox: {error}\n")
        sys.exit(COULD_NOT_START)


if __name__ == "__main__":
    main()
