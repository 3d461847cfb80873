"""The sandbox as a command: exit status, signals, orphans, and the message if no sandbox can be made."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lab.packets.requirements import explain_refusal, find_missing

ROOT = Path(__file__).resolve().parents[3]
SANDBOX = (sys.executable, "-m", "lab.packets.sandbox")
TIMEOUT_SECONDS = 60

WAITS_FOR_A_SIGNAL = """
import signal, sys
awaited = {int(sys.argv[1])}
signal.pthread_sigmask(signal.SIG_BLOCK, awaited)
print("ready", flush=True)
signal.sigwait(awaited)
sys.exit(42)
"""

needs_sandbox = pytest.mark.usefixtures("sandbox")
pytestmark = pytest.mark.packets


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command line."""
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False)


@needs_sandbox
@pytest.mark.parametrize(
    ("script", "status"), [("exit 0", 0), ("exit 7", 7), ("kill -KILL $$", 137), ("kill -TERM $$", 143)]
)
def test_the_exit_status_is_the_commands(script: str, status: int) -> None:
    """The launcher ends with the command's status, or with 128 plus the number of the signal that killed it."""
    assert run(*SANDBOX, "--", "sh", "-c", script).returncode == status


@needs_sandbox
def test_a_command_that_cannot_be_run_is_named() -> None:
    """A missing program gives status 127, a file that is no program gives 126, as in a shell."""
    absent, no_program = run(*SANDBOX, "--", "no-such-program"), run(*SANDBOX, "--", "/etc/passwd")
    assert (absent.returncode, no_program.returncode) == (127, 126)
    assert absent.stderr.startswith("sandbox: cannot run 'no-such-program': ")


@needs_sandbox
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_signals_reach_the_command(number: signal.Signals) -> None:
    """A signal sent to the launcher is passed on to the command."""
    with subprocess.Popen(
        [*SANDBOX, "--", sys.executable, "-c", WAITS_FOR_A_SIGNAL, str(int(number))],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as launcher:
        assert launcher.stdout is not None
        assert launcher.stdout.readline() == "ready\n"
        launcher.send_signal(number)
        assert launcher.wait(timeout=TIMEOUT_SECONDS) == 42


@needs_sandbox
def test_orphans_are_reaped() -> None:
    """A process whose parent has ended does not stay as a zombie."""
    program = (
        "import os, sys, time\n"
        "orphan = int(os.popen('sh -c \"true & echo \\\\$!\"').read())\n"
        "deadline = time.monotonic() + 30\n"
        "while os.path.exists(f'/proc/{orphan}'):\n"
        "    assert time.monotonic() < deadline, 'a zombie is left'\n"
        "    os.sched_yield()\n"
    )
    ended = run(*SANDBOX, "--", sys.executable, "-c", program)
    assert (ended.returncode, ended.stderr) == (0, "")


@needs_sandbox
def test_a_sandbox_has_its_own_processes_and_a_loopback() -> None:
    """In a sandbox the command sees only its own processes, has a loopback, and can prove where it is."""
    program = (
        "import os, socket; from lab.packets.sandbox import is_inside; "
        "server = socket.create_server(('127.0.0.1', 0)); socket.create_connection(server.getsockname()).close(); "
        "print(is_inside(), os.getpid() < 10, os.geteuid(), os.getcwd(), sep='\\n')"
    )
    assert run(*SANDBOX, "--", sys.executable, "-c", program).stdout.splitlines() == ["True", "True", "0", str(ROOT)]


def test_the_help_shows_examples() -> None:
    """The help shows how to use a sandbox; a missing command is wrong usage."""
    assert "-m pytest tests" in run(*SANDBOX, "--help").stdout
    wrong = run(*SANDBOX)
    assert (wrong.returncode, "expected a command after --" in wrong.stderr) == (2, True)


@needs_sandbox
def test_the_check_finds_nothing_missing_here() -> None:
    """A lab can be built where this test runs, and the check says so."""
    checked = run(*SANDBOX, "--check")
    assert (checked.returncode, checked.stdout) == (0, "A lab can be built here.\n")
    assert find_missing() == ()


#: Becomes a plain user who may make no further user namespace, and runs a command.
FORBIDS_USER_NAMESPACES = """
import os, sys
from pathlib import Path
from lab.packets.system_calls import Namespaces, unshare
user, group = os.geteuid(), os.getegid()
unshare(Namespaces.USER)
Path("/proc/self/setgroups").write_text("deny")
Path("/proc/self/uid_map").write_text(f"1000 {user} 1")
Path("/proc/self/gid_map").write_text(f"1000 {group} 1")
Path("/proc/sys/user/max_user_namespaces").write_text("0")
os.execv(sys.argv[1], sys.argv[1:])
"""


@needs_sandbox
def test_forbidden_user_namespaces_are_explained() -> None:
    """If user namespaces are forbidden, one line names the setting and says what to do."""
    refused = run(sys.executable, "-c", FORBIDS_USER_NAMESPACES, *SANDBOX, "--", "true")
    assert refused.returncode == 125
    assert refused.stderr == (
        "sandbox: cannot make a user namespace with a network in it: No space left on device; "
        "user.max_user_namespaces is 0: run as root, or run this on the machine as root: "
        "sysctl -w user.max_user_namespaces=10000\n"
    )


def test_a_refusal_that_no_setting_explains_points_to_the_container(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """If no setting forbids it and the kernel still refuses, a container's profile is the likely cause."""
    monkeypatch.setattr("lab.packets.requirements._SETTINGS", ())
    explained = explain_refusal(PermissionError(1, os.strerror(1)), action="try")
    assert explained.startswith("cannot try: Operation not permitted; no sysctl forbids it")
    assert "--privileged" in explained
