"""Runs an Airflow's web server as a process, for as long as it is needed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_START_SECONDS: Final = 90
_STOP_SECONDS: Final = 10


def find_free_port() -> int:
    """Find a port of loopback that is free."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def run_server(
    command: Sequence[str], *, variables: Mapping[str, str], log: Path, url: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server during the block, which begins when it answers; then end all of its processes.

    :param command: the server's program with its arguments.
    :param variables: its whole environment.
    :param log: a file for its output; its folder is the server's working directory.
    :param url: an address at which it answers, with any status.
    :raises RuntimeError: it does not answer; the message has the end of the log.
    """
    with run_process(command, variables=variables, log=log) as server:
        _await_answer(url, server=server, log=log)
        yield server


@contextmanager
def run_process(
    command: Sequence[str], *, variables: Mapping[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program during the block, then end all of its processes; the parameters are those of ``run_server``."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=log.parent, env=variables, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        yield process
    finally:
        try:
            process.terminate()  # first, so that it leaves its coverage
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=_STOP_SECONDS)
        finally:  # also after a second Ctrl-C
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _await_answer(url: str, *, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=30).close()  # noqa: S310 - loopback
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise RuntimeError(f"Airflow did not start: {log.read_text(encoding='utf-8', errors='replace')[-2000:]}")
