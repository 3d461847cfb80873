"""The only place where a lab may be built: namespaces of its own, with a loopback interface and no way out.

    launcher ── forks ──▶ process 1 ── forks ──▶ the command, and everything that it starts
        └ ends: process 1 is killed     └ ends: the kernel kills everything in the sandbox

The lab's addresses exist elsewhere too, so nothing may send to them from the machine's own network namespace. ``python
-m lab.packets.sandbox -- COMMAND…`` runs a command in a new sandbox. Root makes it directly, a plain user makes it in a
user namespace, where the user is called root. :func:`inside` proves that the calling thread is in a sandbox.

Network, processes, IPC and hostname are cut off. Files are the machine's own, so Unix sockets in the file system stay
within reach.
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
from lab.packets.links import bring_up
from lab.packets.netlink import NetlinkSocket, Protocol
from lab.packets.process_one import COULD_NOT_START, WATCHED, run_as_process_one, watch
from lab.packets.requirements import explain_refusal
from lab.packets.system_calls import MountFlags, Namespaces, mount, read_own_network_inode, unshare

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Set in a sandbox to the inode of its network namespace.
VARIABLE = "AIRFLOW_MASQ_SANDBOX"

_CUT_OFF = Namespaces.NETWORK | Namespaces.MOUNT | Namespaces.PID | Namespaces.UTS | Namespaces.IPC
_LOOPBACK, _LOOPBACK_INDEX = "lo", 1
_OPEN_FILES = 65536  # a lab holds a descriptor for every namespace, and many sockets
_ROOT_DIRECTORY = Path(__file__).resolve().parents[2]

_DESCRIPTION = """Run a command in a sandbox: no network except its own loopback, and its own processes.

Everything in the sandbox ends with the command, and with this launcher even if the launcher is killed. The exit status
is the command's own. It is 128 plus the signal's number if a signal killed the command, and 125 with a reason in one
line if no sandbox could be made."""

_EXAMPLES = """examples:
  python -m lab.packets.sandbox -- python -m pytest tests
  python -m lab.packets.sandbox -- bash
  python -m lab.packets.sandbox --check     print what this machine lacks for a lab"""


def is_inside() -> bool:
    """Tell whether the calling thread is in a sandbox's own network namespace, and not in a namespace of a lab.

    The environment variable is not enough: the namespace must have the inode that it names, and no route out.
    """
    if os.environ.get(VARIABLE) != str(read_own_network_inode()):
        return False
    tables = Path("/proc/thread-self/net")  # proc_pid_net(5)
    interfaces = {line.split()[0] for line in (tables / "route").read_text().splitlines()[1:]}
    with contextlib.suppress(FileNotFoundError):  # a kernel without IPv6
        interfaces |= {line.split()[-1] for line in (tables / "ipv6_route").read_text().splitlines()}
    return interfaces <= {_LOOPBACK}


def require_inside() -> None:
    """Raise SandboxError, which says how to get into a sandbox, if the calling thread is not in one."""
    if not is_inside():
        raise SandboxError(
            "a packet lab can be built in a sandbox only, and this process is not in one: "
            "start it with `python -m lab.packets.sandbox -- COMMAND…`"
        )


def enter_or_continue() -> None:
    """Start this program again in a sandbox, unless it is in one; call this first in the program.

    It does not return if it starts the program again.
    """
    if not is_inside():
        _make_importable()
        command = [sys.executable, "-m", __name__, "--", sys.executable, *sys.orig_argv[1:]]
        os.execv(sys.executable, command)  # noqa: S606 - this very program, and no shell is wanted


def launch(command: Sequence[str]) -> int:
    """Run a command in a new sandbox.

    The process must have only one thread. It is partly in the sandbox afterwards, so it must end then.

    :return: the exit status, as the command line's help describes it.
    :raises SandboxError: if the machine does not allow a sandbox; the message says what is missing.
    """
    signal_mask = signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
    _cut_off()
    launcher, held_by_launcher = os.pipe()
    child = os.fork()
    if child:
        return watch(child)
    os.close(held_by_launcher)
    status = COULD_NOT_START
    try:
        status = run_as_process_one(command, launcher=launcher, prepare=_prepare, signal_mask=signal_mask)
    except (LabError, OSError) as error:
        sys.stderr.write(f"sandbox: {error}\n")
    except BaseException:  # noqa: BLE001 - after any error, the child must not continue as if it were the launcher
        sys.excepthook(*sys.exc_info())
    sys.stderr.flush()
    os._exit(status)


def _cut_off() -> None:
    if os.geteuid() == 0:
        try:
            unshare(_CUT_OFF)
        except PermissionError:
            pass  # root in a container may have no more rights than a plain user; try the plain user's way
        except OSError as error:
            raise SandboxError(explain_refusal(error, action="make namespaces")) from error
        else:
            return
    user, group = os.geteuid(), os.getegid()
    try:
        unshare(Namespaces.USER)
        Path("/proc/self/setgroups").write_text("deny")  # otherwise a plain user may not map groups
        Path("/proc/self/uid_map").write_text(f"0 {user} 1")
        Path("/proc/self/gid_map").write_text(f"0 {group} 1")
        unshare(_CUT_OFF)
    except OSError as error:
        raise SandboxError(explain_refusal(error, action="make a user namespace with a network in it")) from error


def _prepare() -> None:
    """Set the sandbox up from within."""
    mount("none", "/", kind=None, flags=MountFlags.RECURSIVE | MountFlags.PRIVATE)
    # A container that hides parts of /proc does not allow a new one; the old one is good enough then.
    with contextlib.suppress(PermissionError):
        flags = MountFlags.NO_SET_USER_ID | MountFlags.NO_DEVICES | MountFlags.NO_EXECUTION
        mount("proc", "/proc", kind="proc", flags=flags)
    # The machine's name servers are out of reach, and each lookup in a Pod would wait 10 s for them. With an empty
    # resolv.conf(5) the resolver asks this host, which refuses at once.
    with contextlib.suppress(FileNotFoundError):  # a machine without the file has no name servers to hide
        mount(os.devnull, str(Path("/etc/resolv.conf").resolve(strict=True)), kind=None, flags=MountFlags.BIND)
    with contextlib.closing(NetlinkSocket(Protocol.ROUTE)) as netlink:
        netlink.send([bring_up(_LOOPBACK_INDEX, name="the sandbox's loopback")])
    _, limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = _OPEN_FILES if limit == resource.RLIM_INFINITY else min(limit, _OPEN_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, limit))
    os.environ[VARIABLE] = str(read_own_network_inode())


def _make_importable() -> None:
    """Make this package importable for Python processes that this one starts, in any working directory."""
    paths = [str(_ROOT_DIRECTORY), *filter(None, [os.environ.get("PYTHONPATH")])]
    os.environ["PYTHONPATH"] = os.pathsep.join(paths)


def main() -> NoReturn:
    """Run the command line; always raise SystemExit with the status that the help describes."""
    parser = argparse.ArgumentParser(
        prog="python -m lab.packets.sandbox",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--check", action="store_true", help="print what this machine lacks for a packet lab, and end")
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
