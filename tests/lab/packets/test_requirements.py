"""The messages about requirements that a machine lacks."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest

from lab.packets.errors import NetlinkError
from lab.packets.requirements import find_missing, main

pytestmark = [pytest.mark.packets, pytest.mark.usefixtures("sandbox")]

ROOT = Path(__file__).resolve().parents[3]


def refuse(*_: object, **__: object) -> NoReturn:
    """Answer like a kernel without the module."""
    raise NetlinkError(purpose="try", code=errno.EOPNOTSUPP, explanation="Unknown device type")


@pytest.mark.parametrize(
    ("function", "complaint"),
    [("links.create_link", "no veth in this kernel (try: Operation not supported"), ("replace_table", "no nf_tables")],
)
def test_what_the_kernel_lacks_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], function: str, complaint: str
) -> None:
    """For a kernel without veth or nf_tables, one line says what to load; one that has them is accepted."""
    assert find_missing() == ()
    monkeypatch.setattr(f"lab.packets.requirements.{function}", refuse)
    (line,) = find_missing()
    assert line.startswith(complaint)
    assert "modprobe" in line
    assert main() == 1
    assert capsys.readouterr().out == f"{line}\n"


#: Becomes root of a user namespace in which no further network namespace is allowed.
FORBIDS_NETWORK_NAMESPACES = """
import os
from pathlib import Path
from lab.packets.requirements import find_missing
from lab.packets.system_calls import Namespaces, unshare
user, group = os.geteuid(), os.getegid()
unshare(Namespaces.USER)
Path("/proc/self/setgroups").write_text("deny")
Path("/proc/self/uid_map").write_text(f"0 {user} 1")
Path("/proc/self/gid_map").write_text(f"0 {group} 1")
Path("/proc/sys/user/max_net_namespaces").write_text("0")
print(*find_missing(), sep="\\n")
"""


def test_forbidden_network_namespaces_are_explained() -> None:
    """If network namespaces are forbidden, the message names the setting."""
    command = [sys.executable, "-c", FORBIDS_NETWORK_NAMESPACES]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert told.startswith("cannot make a network namespace: No space left on device; user.max_net_namespaces is 0")
