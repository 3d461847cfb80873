"""A server runs as long as it is needed, and leaves no process."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import pytest

from lab.demo.server import find_free_port, run_server

if TYPE_CHECKING:
    from pathlib import Path

# Starts a process of its own before it serves, and writes that one's id down.
SERVER = """
import http.server, pathlib, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
pathlib.Path("child").write_text(str(child.pid))
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), http.server.SimpleHTTPRequestHandler).serve_forever()
"""


def is_running(process_id: int) -> bool:
    """Tell whether a process runs; one that has ended and waits for its parent does not."""
    try:
        with open(f"/proc/{process_id}/stat", encoding="utf-8") as stat:  # noqa: PTH123 - proc_pid_stat(5)
            return stat.read().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except FileNotFoundError:
        return False


def test_its_own_processes_end_with_it(tmp_path: Path) -> None:
    """When the block ends, the server and what it started have ended."""
    port = find_free_port()
    command = [sys.executable, "-c", SERVER, str(port)]
    url = f"http://127.0.0.1:{port}/nothing"
    with run_server(command, variables=os.environ, log=tmp_path / "log", url=url) as server:
        child = int((tmp_path / "child").read_text(encoding="utf-8"))
        assert is_running(server.pid)
        assert is_running(child)
    assert not is_running(server.pid)
    while is_running(child):  # it was killed, which takes a moment; the test's time limit ends what does not end
        time.sleep(0.01)


def test_a_server_that_ends_says_why(tmp_path: Path) -> None:
    """Where the server cannot start, the error has the end of its log."""
    command = [sys.executable, "-c", "raise SystemExit('no database')"]
    with (
        pytest.raises(RuntimeError, match="no database"),
        run_server(command, variables=os.environ, log=tmp_path / "log", url="http://127.0.0.1:9/"),
    ):
        pass
