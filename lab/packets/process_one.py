"""The first process of a sandbox: it starts the command, reaps orphans, and passes signals and the exit status on.

With it everything in the sandbox ends, and it ends with the launcher, even where that is killed. It must stay small: it
runs the whole time, beside whatever the command does.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import sys
from typing import TYPE_CHECKING, Final, NoReturn

from lab.packets.system_calls import die_with_parent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: Exit statuses beside the command's own, as of env(1) and the shells.
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
    """Do the first process's work; every signal in ``WATCHED`` must be blocked already.

    :param command: the program and its arguments.
    :param launcher: the reading end of a pipe whose other end only the launcher holds.
    :param prepare: what to do before the command starts.
    :param signal_mask: the signals that the command is to find blocked.
    :return: the exit status for the sandbox.
    """
    die_with_parent(signal.SIGKILL)
    if has_hung_up(launcher):  # it died before it could be said that we die with it
        return KILLED_BY + signal.SIGKILL
    prepare()
    child = os.fork()
    if child == 0:
        _become(command, signal_mask=signal_mask)
    return watch(child)


def has_hung_up(pipe: int) -> bool:
    """Tell whether nobody holds the writing end of a pipe any more.

    :param pipe: the reading end.
    :return: whether it is so, without waiting.
    """
    poll = select.poll()
    poll.register(pipe, 0)
    return bool(poll.poll(0))


def watch(child: int) -> int:
    """Wait for a child to end; pass signals on to it and reap whatever else ends meanwhile.

    Signals that the terminal sent (Ctrl-C) are not passed on: the whole foreground group has had them.

    :param child: the process.
    :return: its exit status; 128 and the signal's number if it was killed.
    """
    while True:
        received = signal.sigwaitinfo(WATCHED)
        if received.si_signo != signal.SIGCHLD:
            if received.si_code <= 0:  # SI_USER and its kin: a process sent it
                os.kill(child, received.si_signo)
            continue
        status = _reap().get(child)
        if status is not None:
            return status if status >= 0 else KILLED_BY - status


def _reap() -> dict[int, int]:
    """Collect every child that has ended: its exit status, or the signal's number, negative."""
    ended: dict[int, int] = {}
    while True:
        try:
            process, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if process == 0:
            return ended
        ended[process] = os.waitstatus_to_exitcode(status)


def _become(command: Sequence[str], *, signal_mask: set[int | signal.Signals]) -> NoReturn:
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores these two, and an ignored signal stays ignored
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, signal_mask)
    try:
        os.execvp(command[0], list(command))  # noqa: S606 - the command is the user's own, and no shell is wanted
    except OSError as error:
        sys.stderr.write(f"sandbox: cannot run {command[0]!r}: {error.strerror}\n")
        sys.stderr.flush()
        os._exit(NOT_EXECUTABLE if shutil.which(command[0], mode=os.F_OK) else NOT_FOUND)
