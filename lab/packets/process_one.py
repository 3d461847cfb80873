"""The first process of a sandbox: it starts the command, reaps orphans, and passes on signals and the exit status.

When it ends, everything in the sandbox ends; and it ends with the launcher, even if the launcher is killed. It is kept
small because it runs the whole time beside the command.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import sys
from typing import TYPE_CHECKING, Final

from lab.packets.system_calls import die_with_parent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: Exit statuses beside the command's own, as in env(1) and the shells.
COULD_NOT_START: Final = 125
NOT_EXECUTABLE: Final = 126
NOT_FOUND: Final = 127
KILLED_BY: Final = 128

#: The signals that are passed on to the command.
PASSED_ON = frozenset(
    {signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH}
)
WATCHED = PASSED_ON | {signal.SIGCHLD}


def run_as_process_one(
    command: Sequence[str], *, launcher: int, prepare: Callable[[], None], signal_mask: set[int | signal.Signals]
) -> int:
    """Run the command as a child of the first process; every signal in ``WATCHED`` must be blocked already.

    :param launcher: the reading end of a pipe whose other end only the launcher holds.
    :param prepare: called before the command starts.
    :param signal_mask: the signals that are blocked for the command.
    :return: the exit status for the sandbox.
    """
    die_with_parent(signal.SIGKILL)
    poll = select.poll()
    poll.register(launcher, 0)
    if poll.poll(0):  # the launcher died before the line above took effect
        return KILLED_BY + signal.SIGKILL
    prepare()
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores these two, and the command would inherit that
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, signal_mask)
        try:
            os.execvp(command[0], list(command))  # noqa: S606 - the command is the user's own, and no shell is wanted
        except OSError as error:
            sys.stderr.write(f"sandbox: cannot run {command[0]!r}: {error.strerror}\n")
            sys.stderr.flush()
            os._exit(NOT_EXECUTABLE if shutil.which(command[0], mode=os.F_OK) else NOT_FOUND)
    return watch(child)


def watch(child: int) -> int:
    """Wait for a child to end. Meanwhile pass signals on to it and reap other processes that end.

    Signals from the terminal (Ctrl-C) are not passed on: the whole foreground group has received them.

    :return: the child's exit status; 128 plus the signal's number if a signal killed it.
    """
    while True:
        received = signal.sigwaitinfo(WATCHED)
        if received.si_signo != signal.SIGCHLD:
            if received.si_code <= 0:  # SI_USER and similar codes: a process sent it
                os.kill(child, received.si_signo)
            continue
        status = _reap().get(child)
        if status is not None:
            return status if status >= 0 else KILLED_BY - status


def _reap() -> dict[int, int]:
    """Collect every child that has ended, with its exit status or the negative number of the signal."""
    ended: dict[int, int] = {}
    while True:
        try:
            process, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if process == 0:
            return ended
        ended[process] = os.waitstatus_to_exitcode(status)
